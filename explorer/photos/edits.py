"""What a visitor may do to latents before they are decoded again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from explorer.arrays import number_within

BITS = (0, 8, 4)  # 0: as they are
MAX_SEED = 2**31 - 1
MAX_GAIN = 4.0
MAX_OFFSET = 8.0
MAX_SIGMA = 4.0


@dataclass(frozen=True)
class Channel:
    """What is done to one channel: value * gain + offset, or 0 when it is off."""

    gain: float = 1.0
    offset: float = 0.0
    on: bool = True


@dataclass(frozen=True)
class Edits:
    """All edits of one view, in the order in which they apply: sample, channels, noise, quantisation.

    sample: the seed of a posterior sample, None for its mode. sigma: the standard deviation of added noise, in units
    of the scaled latents. bits: 8 or 4 evenly spaced steps between a channel's extremes; 0 for none.
    """

    channels: tuple[Channel, ...] = field(default_factory=tuple)
    sample: int | None = None
    sigma: float = 0.0
    noise_seed: int = 0
    bits: int = 0

    def apply(self, mean: np.ndarray, std: np.ndarray | None) -> np.ndarray:
        """The posterior's mean and standard deviation, (C, h, w) each -> edited latents (C, h, w) float32."""
        latents = mean.astype(np.float32, copy=True)
        if self.sample is not None and std is not None:
            latents += std * noise(latents.shape, self.sample)
        for values, channel in zip(latents, self.channels, strict=False):
            values *= channel.gain if channel.on else 0.0
            values += channel.offset if channel.on else 0.0
        if self.sigma:
            latents += np.float32(self.sigma) * noise(latents.shape, self.noise_seed)
        return quantise(latents, self.bits) if self.bits else latents


def noise(shape: tuple[int, ...], seed: int) -> np.ndarray:
    """Standard normal float32, the same for the same seed."""
    return np.random.default_rng(seed).standard_normal(shape, dtype=np.float32)


def quantise(latents: np.ndarray, bits: int) -> np.ndarray:
    """(C, h, w) -> the same on 2**bits evenly spaced values between the extremes of each channel."""
    low = latents.min((1, 2), keepdims=True)
    spacing = (latents.max((1, 2), keepdims=True) - low) / (2**bits - 1)
    spacing = np.where(spacing == 0, 1, spacing)
    return (low + np.round((latents - low) / spacing) * spacing).astype(np.float32)


def parse_channels(sent: Any, count: int) -> tuple[Channel, ...]:
    """What the page or a client sent -> `count` channels. Raises ValueError with a sentence.

    sent: a list of up to `count` dicts with gain within ±4, offset within ±8, on; what is missing stays as it is.
    """
    wrong = f"channels must be a list of at most {count} objects with gain, offset and on."
    if not isinstance(sent, list | tuple) or len(sent) > count or not all(isinstance(item, dict) for item in sent):
        raise ValueError(wrong)
    read = [
        Channel(
            number_within(item.get("gain", 1.0), "gain", MAX_GAIN),
            number_within(item.get("offset", 0.0), "offset", MAX_OFFSET),
            bool(item.get("on", True)),
        )
        for item in sent
    ]
    return tuple(read) + (Channel(),) * (count - len(read))


def take_channels(a: np.ndarray, b: np.ndarray, channels: Sequence[int]) -> np.ndarray:
    """`a` (C, h, w) with the given channels from `b`."""
    mixed = a.copy()
    mixed[list(channels)] = b[list(channels)]
    return mixed
