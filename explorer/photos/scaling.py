"""How raw latents and those of a pipeline differ: a factor, a shift, or each channel's mean and standard deviation."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

KEYS = ("scaling_factor", "shift_factor", "latents_mean", "latents_std")  # of a config.json
Latents = TypeVar("Latents")  # torch.Tensor or np.ndarray, (..., C, h, w)


@dataclass(frozen=True)
class Scaling:
    """What a pipeline makes of an autoencoder's raw latents, so that they have about unit variance.

    (raw - shift) * factor, as Stable Diffusion's and FLUX's pipelines do; where a mean and a standard deviation of each
    of the C channels are given, (raw - mean) * factor / std, as diffusers' StableDiffusionXLPipeline does, which then
    asks for no shift.
    """

    factor: float = 1.0
    shift: float = 0.0
    mean: tuple[float, ...] | None = None
    std: tuple[float, ...] | None = None

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> Scaling:
        """That of a diffusers config.json.

        Raises ValueError: a factor or deviation that is not above 0, a mean without its deviation for each channel, or
        what is no finite number.
        """
        factor = _number(config.get("scaling_factor", 1.0))
        mean, std = config.get("latents_mean"), config.get("latents_std")
        if factor <= 0:
            raise ValueError("A scaling factor is above 0.")
        if mean is None or std is None:  # diffusers goes by both or by neither
            return cls(factor, _number(config.get("shift_factor") or 0.0))
        if not isinstance(mean, Sequence) or not isinstance(std, Sequence) or len(mean) != len(std) or not mean:
            raise ValueError("The latents' mean and standard deviation are a number for each channel.")
        scaling = cls(factor, mean=tuple(map(_number, mean)), std=tuple(map(_number, std)))
        if min(scaling.std or ()) <= 0:
            raise ValueError("The latents' standard deviation is above 0.")
        return scaling

    @classmethod
    def from_metadata(cls, metadata: Mapping[str, str]) -> Scaling | None:
        """That of a file which `metadata` describes; None where it says nothing, or nothing that can be."""
        if "scaling_factor" not in metadata:
            return None
        try:
            return cls.of({key: json.loads(metadata[key]) for key in KEYS if key in metadata})
        except (ValueError, RecursionError):
            return None

    def metadata(self) -> dict[str, str]:
        """Texts that from_metadata reads again; what has no effect is left out."""
        values = (self.factor, self.shift, self.mean, self.std)
        return {key: json.dumps(value) for key, value in zip(KEYS, values, strict=True) if value}

    def apply(self, raw: Latents) -> Latents:
        """Raw latents (..., C, h, w) -> those of the pipeline."""
        values: Any = raw
        if self.mean and self.std:
            return (values - _channels(self.mean, values)) * self.factor / _channels(self.std, values)
        return (values - self.shift if self.shift else values) * self.factor

    def undo(self, latents: Latents) -> Latents:
        """A pipeline's latents (..., C, h, w) -> raw ones."""
        values: Any = latents
        if self.mean and self.std:
            return values * _channels(self.std, values) / self.factor + _channels(self.mean, values)
        raw = values / self.factor
        return raw + self.shift if self.shift else raw

    def spread(self, deviation: Latents) -> Latents:
        """The standard deviation of raw latents (..., C, h, w) -> that of the pipeline's."""
        values: Any = deviation
        scaled = values * self.factor
        return scaled / _channels(self.std, values) if self.mean and self.std else scaled

    def fits(self, channels: int) -> bool:
        return self.mean is None or len(self.mean) == channels


def _number(value: Any) -> float:
    number = math.nan
    if isinstance(value, int | float) and not isinstance(value, bool):
        number = float(value) if abs(value) < 1e9 else math.inf
    if not math.isfinite(number):
        raise ValueError("A scaling is finite numbers.")
    return number


def _channels(values: Sequence[float], like: Any) -> Any:
    """One number a channel, as (C, 1, 1) of the kind, type and device of `like`."""
    if hasattr(like, "new_tensor"):
        return like.new_tensor(values).view(-1, 1, 1)
    import numpy as np

    return np.array(values, like.dtype)[:, None, None]
