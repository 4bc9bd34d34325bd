"""What a visitor takes home from a map, as the bytes of files: GIF, NPZ, CSV."""

from __future__ import annotations

import csv
import io

import numpy as np
from PIL import Image

GIF_PIXELS = 224  # about the side of a picture in a GIF
GIF_CENTISECOND = 10  # milliseconds; the format counts in hundredths of a second


def gif(images: np.ndarray, milliseconds: int) -> bytes:
    """A looping GIF of images (S, H, W) uint8, enlarged unsmoothed; each shown so long, in steps of 10 ms from 20."""
    height, width = images.shape[1:]
    scale = max(GIF_PIXELS // max(height, width), 1)
    frames = [
        Image.fromarray(image).resize((width * scale, height * scale), Image.Resampling.NEAREST) for image in images
    ]
    shown = max(round(milliseconds / GIF_CENTISECOND), 2) * GIF_CENTISECOND
    file = io.BytesIO()
    # Without optimize=False, Pillow would drop unused greys from the palette of each frame anew.
    frames[0].save(file, "GIF", save_all=True, append_images=frames[1:], duration=shown, loop=0, optimize=False)
    return file.getvalue()


def npz(**arrays: np.ndarray) -> bytes:
    """Arrays by name, as numpy.load reads them without pickles."""
    file = io.BytesIO()
    np.savez_compressed(file, **arrays)  # type: ignore[arg-type]
    return file.getvalue()


def table(indices: np.ndarray, names: list[str], plane: np.ndarray, latents: np.ndarray) -> bytes:
    """Test points as CSV: index, label, x, y, z0 and so on; UTF-8, one header line."""
    file = io.StringIO(newline="")
    writer = csv.writer(file)
    writer.writerow(["index", "label", "x", "y", *(f"z{i}" for i in range(latents.shape[1]))])
    for index, name, place, latent in zip(indices.tolist(), names, plane, latents, strict=True):
        writer.writerow([index, name, *map(_short, place), *map(_short, latent)])
    return file.getvalue().encode()


def _short(value: np.floating) -> str:
    return f"{value:.6g}"
