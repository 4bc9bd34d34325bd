"""Numbers that somebody sent, checked once and for all. What is wrong with them raises ValueError with a sentence."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from explorer.sentences import Sentence

LIMIT = 1e6  # a coordinate beyond it means nothing to any decoder
LARGEST_SEED = 2**63 - 1  # that PyTorch and NumPy both take


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


def whole_number(value: Any, name: str, most: int, least: int = 1) -> int:
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or not least <= value <= most:
        raise ValueError(f"{name} must be a whole number from {least} to {most:,}.")
    return int(value)


def number_within(value: Any, name: str, limit: float) -> float:
    """`value` as a float within ±limit."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"{name} must be a number.")
    if not abs(value) <= limit:  # nor is NaN
        raise ValueError(f"{name} must lie within ±{limit:g}.")
    return float(value)


def seed_of(value: Any, most: int = LARGEST_SEED) -> int:
    """`value` as a seed; 7.0 is one, as JSON and forms may have it."""
    if isinstance(value, bool) or not isinstance(value, int | float | np.integer) or value != value:
        raise ValueError(Sentence("told.seed.whole", "The seed must be a whole number."))
    if not 0 <= value <= most:
        raise ValueError(Sentence("told.seed.between", "The seed must lie between 0 and {most}.", most=most))
    if value != int(value):
        raise ValueError(Sentence("told.seed.whole", "The seed must be a whole number."))
    return int(value)


def at_most(asked: Any, most: int, name: str) -> list:
    """name: of those in the list, in the plural."""
    if not isinstance(asked, list) or len(asked) > most:
        raise ValueError(f"{name} must be a list of at most {most:,} {name}.")
    return asked
