"""Numbers that somebody sent, checked once and for all."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

LIMIT = 1e6  # a coordinate beyond it means nothing to any decoder


def as_array(value: ArrayLike, name: str, shape: tuple[str, ...]) -> np.ndarray:
    """`value` as contiguous float32 of as many dimensions as `shape` names; its numbers among `shape` must match.

    Raises ValueError with a sentence: not numbers, another shape, not finite, beyond ±1e6.
    """
    try:
        with np.errstate(over="ignore"):  # what is too large for float32 becomes infinite and is refused below
            array = np.ascontiguousarray(value, dtype=np.float32)
    except (TypeError, ValueError, OverflowError):  # the last: a whole number beyond all floats
        raise ValueError(f"{name} must be numbers of the shape ({', '.join(shape)}).") from None
    wanted = [int(side) if side.isdigit() else None for side in shape]
    if array.ndim != len(wanted) or any(w not in (None, side) for w, side in zip(wanted, array.shape, strict=True)):
        raise ValueError(f"{name} must have the shape ({', '.join(shape)}), not {array.shape}.")
    if not np.isfinite(array).all():
        raise ValueError(f"{name} must be finite: it holds NaN or infinity.")
    if array.size and np.abs(array).max() > LIMIT:
        raise ValueError(f"{name} must lie within ±{LIMIT:.0e}.")
    return array
