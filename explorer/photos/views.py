"""Latents as pictures, with NumPy alone: channels on a zero-centred scale, deviations, colours from a linear fit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np


def _scale(colours: str) -> np.ndarray:
    return np.array([tuple(bytes.fromhex(colour)) for colour in colours.split()], np.float32)


# ColorBrewer's RdBu, blue for what is negative, and viridis: both can be told apart by colour-blind people.
DIVERGING = _scale("053061 2166ac 4393c3 92c5de d1e5f0 f7f7f7 fddbc7 f4a582 d6604d b2182b 67001f")
SEQUENTIAL = _scale("440154 482878 3e4a89 31688e 26828e 1f9e89 35b779 6ece58 b5de2b fde725")


@dataclass(frozen=True)
class ChannelPicture:
    """One channel: pixels (h, w, 3) uint8, the values at both ends of its colour bar, and what it holds."""

    pixels: np.ndarray
    low: float
    high: float
    mean: float
    std: float
    min: float
    max: float

    def statistics(self) -> dict[str, float]:
        return {key: round(getattr(self, key), 4) for key in ("mean", "std", "min", "max", "low", "high")}


def channel_pictures(
    latents: np.ndarray, shared: bool = True, percentile: tuple[float, float] = (2, 98)
) -> list[ChannelPicture]:
    """Scaled latents (C, h, w) -> a picture of each channel on a colour scale with zero in its middle.

    The scale reaches to the larger absolute value of the two percentiles, of all channels when shared.
    """
    limits = [_reach(latents if shared else channel, percentile) for channel in latents]
    return [_picture(channel, -limit, limit, DIVERGING) for channel, limit in zip(latents, limits, strict=True)]


def deviation_pictures(
    std: np.ndarray, shared: bool = True, percentile: tuple[float, float] = (2, 98)
) -> list[ChannelPicture]:
    """The posterior's standard deviation (C, h, w) -> a picture of each channel, from low to high percentile."""
    ranges = [np.percentile(std if shared else channel, percentile) for channel in std]
    return [
        _picture(channel, float(low), float(high), SEQUENTIAL) for channel, (low, high) in zip(std, ranges, strict=True)
    ]


def heat(values: np.ndarray, high: float) -> np.ndarray:
    """(h, w) values from 0 to `high` -> (h, w, 3) uint8 on the sequential scale."""
    return _colour(values, 0.0, high, SEQUENTIAL)


def colour_bar(diverging: bool, width: int = 64) -> np.ndarray:
    """The scale itself, low to high: (1, width, 3) uint8."""
    return _colour(np.linspace(0, 1, width)[None], 0.0, 1.0, DIVERGING if diverging else SEQUENTIAL)


def _reach(values: np.ndarray, percentile: tuple[float, float]) -> float:
    reach = float(np.abs(np.percentile(values, percentile)).max())
    return reach if reach > 1e-6 else 1.0  # zero keeps its colour where there is nothing else


def _picture(channel: np.ndarray, low: float, high: float, colours: np.ndarray) -> ChannelPicture:
    known: Any = {key: float(getattr(channel, key)()) for key in ("mean", "std", "min", "max")}
    return ChannelPicture(_colour(channel, low, high, colours), low, high, **known)


def _colour(values: np.ndarray, low: float, high: float, colours: np.ndarray) -> np.ndarray:
    place = (np.clip((values - low) / max(high - low, 1e-9), 0, 1) * (len(colours) - 1)).astype(np.float32)
    left = np.minimum(place.astype(np.intp), len(colours) - 2)
    part = (place - left)[..., None]
    return (colours[left] * (1 - part) + colours[left + 1] * part).round().astype(np.uint8)


@dataclass(frozen=True)
class LinearPreview:
    """The best linear map from a cell's C numbers to a colour. weights: (C + 1, 3), the last row the constant;
    explained: the part of the colours' variance that it explains, at most 1."""

    weights: np.ndarray
    explained: float

    def picture(self, latents: np.ndarray) -> np.ndarray:
        """Latents (C, h, w) -> (h, w, 3) uint8, at once and without the decoder."""
        return (_rows(latents) @ self.weights).clip(0, 255).round().astype(np.uint8).reshape(*latents.shape[1:], 3)


def fit_preview(latents: np.ndarray, image: np.ndarray, step: int = 8) -> LinearPreview:
    """Least squares from latents (C, h, w) to the mean colour of each cell of an image (H, W, 3) uint8.

    H and W are at most step * h and step * w; cells that reach beyond the image are left out, if others remain.
    """
    rows, columns = (max(side // step, 1) for side in image.shape[:2])
    height, width = (min(size * step, side) for size, side in zip((rows, columns), image.shape[:2], strict=True))
    whole = image[:height, :width].astype(np.float32).reshape(rows, height // rows, columns, width // columns, 3)
    colours = whole.mean((1, 3)).reshape(-1, 3)
    inputs = _rows(latents[:, :rows, :columns])
    weights = np.linalg.lstsq(inputs, colours, rcond=1e-4)[0]
    left, total = np.square(colours - inputs @ weights).sum(), np.square(colours - colours.mean(0)).sum()
    return LinearPreview(weights, float(1 - left / total) if total > 1e-3 else 1.0)


def _rows(latents: np.ndarray) -> np.ndarray:
    cells = latents.reshape(len(latents), -1).T
    return np.hstack([cells, np.ones((len(cells), 1), np.float32)])
