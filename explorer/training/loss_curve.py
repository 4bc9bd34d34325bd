"""The loss-curve picture, drawn with Pillow: Gradio would import a plotting library at every visitor's first click."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

SIZE = (840, 460)
BOX = (70, 46, 820, 410)  # left, top, right, bottom of the axes
INK, GRID = "#334155", "#e2e8f0"
COLOURS = ("#3f90da", "#e76300", "#832db6")


def draw_curves(title: str, curves: Mapping[str, Sequence[float]], file: Path) -> None:
    """Curves over epochs 1, 2, …, one colour each, on a common axis that need not start at 0."""
    values = np.array(list(curves.values()), float)  # (curves, E)
    low, high = _span(values)
    values = values.clip(low, high)
    image = Image.new("RGB", SIZE, "white")
    draw = ImageDraw.Draw(image)
    font = ImageFont.load_default(14)
    left, top, right, bottom = BOX
    draw.text((left, 14), title, INK, font)
    for level in np.linspace(low, high, 6):
        y = bottom - (level - low) / (high - low) * (bottom - top)
        draw.line((left, y, right, y), GRID)
        draw.text((left - 8, y), f"{level:.4g}", INK, font, anchor="rm")
    epochs = values.shape[1]
    x = np.linspace(left, right, epochs) if epochs > 1 else np.array([left])
    for epoch in sorted({1, *np.linspace(1, epochs, min(epochs, 6)).round().astype(int)}):
        draw.text((x[epoch - 1], bottom + 8), str(epoch), INK, font, anchor="ma")
    draw.text(((left + right) / 2, bottom + 28), "epoch", INK, font, anchor="ma")
    for name, curve, colour, place in zip(curves, values, COLOURS, range(right, 0, -190), strict=False):
        points = list(zip(x, bottom - (curve - low) / (high - low) * (bottom - top), strict=True))
        draw.line(points, colour, 2)
        for px, py in points if epochs <= 60 else points[-1:]:
            draw.ellipse((px - 2, py - 2, px + 2, py + 2), colour)
        draw.text((place, 14), name, colour, font, anchor="ra")
    image.save(file)


def _span(values: np.ndarray) -> tuple[float, float]:
    """The range shown: the first epoch, far above the others, must not flatten what follows."""
    late = values[:, 1:] if values.shape[1] > 8 else values
    low, high = float(late.min()), float(late.max())
    margin = 0.05 * (high - low) or 0.05 * abs(high) or 1.0
    return low - margin, high + margin
