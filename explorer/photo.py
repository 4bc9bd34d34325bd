"""A photo as the models take it: any image file becomes RGB, its sides multiples of the model's step."""

from __future__ import annotations

import os
from contextlib import suppress

import numpy as np
from PIL import Image, ImageOps

from explorer.photo_file import BROKEN as BROKEN
from explorer.photo_file import NO_IMAGE as NO_IMAGE
from explorer.photo_file import TOO_MANY as TOO_MANY
from explorer.photo_file import read_image
from explorer.photo_frame import ORIENTATION

LARGEST = 4096  # pixels on the longest side that a visitor's photo keeps: others wait for the same models
SIDEWAYS = (5, 6, 7, 8)  # EXIF's orientations that swap the sides


def open_photo(source: str | os.PathLike[str] | Image.Image, longest: int | None = None) -> Image.Image:
    """An image file, or a PIL image of any mode -> the same in RGB, the right way up.

    Alpha is laid over white, an animation gives the first frame that it shows, 16 bits become 8.
    longest: a hint; a large JPEG is read at a fraction of its size that has at least this many pixels on a side.
    Raises ValueError with a sentence: no image, damaged, over 64 megapixels.
    """
    if isinstance(source, Image.Image):
        return to_rgb(source)
    return _read(source, longest)[0]


def read_photo(source: str | os.PathLike[str], longest: int | None) -> tuple[Image.Image, str]:
    """An image file -> RGB with no side over `longest`, and a line that says so when it was made smaller.

    Raises ValueError as open_photo does.
    """
    photo, (width, height) = _read(source, longest)
    limited = limit_side(photo, longest)
    if limited.size == (width, height):
        return limited, ""
    return limited, f"The photo was reduced from {width} × {height} to {limited.width} × {limited.height} pixels."


def _read(source: str | os.PathLike[str], longest: int | None) -> tuple[Image.Image, tuple[int, int]]:
    """An image file -> RGB, and the (width, height) that it has at its full size, the right way up."""
    image, (width, height) = read_image(source, longest)
    sideways = False
    with suppress(Exception):  # damaged EXIF: as it lies
        sideways = image.getexif().get(ORIENTATION) in SIDEWAYS
    try:
        return to_rgb(image), (height, width) if sideways else (width, height)
    except Exception:
        raise ValueError(BROKEN) from None


def to_rgb(image: Image.Image) -> Image.Image:
    """A PIL image of any mode -> RGB with 8 bits, turned as its EXIF orientation says, alpha over white."""
    image.load()
    with suppress(Exception):  # damaged EXIF: as it lies
        image = ImageOps.exif_transpose(image)
    if image.mode in ("I", "F") or image.mode.startswith("I;16"):
        return _from_deep(image)
    if image.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in image.info:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        return Image.alpha_composite(white, image).convert("RGB")
    return image.convert("RGB")


def _from_deep(image: Image.Image) -> Image.Image:
    """Grey with 16 or 32 bits -> RGB; floating-point pixels are taken as [0, 1] where they fit it."""
    values = np.nan_to_num(np.asarray(image).astype(np.float32))
    white = 65535.0 if image.mode != "F" else 1.0 if values.max(initial=0) <= 1 else 255.0
    grey = Image.fromarray(((values / white).clip(0, 1) * 255).round().astype(np.uint8))
    return grey.convert("RGB")


def limit_side(image: Image.Image, longest: int | None) -> Image.Image:
    """The same photo with no side over `longest` pixels; None leaves it as it is."""
    if longest is None or max(image.size) <= longest:
        return image
    scale = longest / max(image.size)
    return image.resize([max(round(side * scale), 1) for side in image.size], Image.Resampling.LANCZOS)


def preprocess(image: Image.Image, step: int = 8) -> np.ndarray:
    """A PIL image of any mode -> (H, W, 3) uint8, H and W multiples of `step`.

    Sides that are none grow to the right and downwards by repeating the last pixels; `latents_to_pil(size=)` cuts
    them off again.
    """
    pixels = np.asarray(to_rgb(image))
    height, width = pixels.shape[:2]
    return np.pad(pixels, ((0, -height % step), (0, -width % step), (0, 0)), mode="edge")
