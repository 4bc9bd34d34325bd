"""A photo as the models take it: any image file becomes RGB, its sides multiples of the model's step."""

from __future__ import annotations

import os
from contextlib import suppress

import numpy as np
from PIL import Image, ImageOps

MAX_PIXELS = 64_000_000
LARGEST = 4096  # pixels on the longest side that a visitor's photo keeps: others wait for the same models
FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "MPO", "PPM", "AVIF", "ICO")  # none that starts a program
ORIENTATION, SIDEWAYS = 0x0112, (5, 6, 7, 8)  # EXIF
TOO_MANY = f"The photo has more than {MAX_PIXELS // 1_000_000} megapixels; make it smaller and try again."
NO_IMAGE = "That file is no photo this page can open; use a JPEG, PNG, WebP, GIF, BMP or TIFF."
BROKEN = "The photo is damaged or cut off; save or download it again."


def open_photo(source: str | os.PathLike[str] | Image.Image, longest: int | None = None) -> Image.Image:
    """An image file, or a PIL image of any mode -> the same in RGB, the right way up.

    Alpha is laid over white, an animation gives its first frame, 16 bits become 8.
    longest: a hint; a large JPEG is read at a fraction of its size that has at least this many pixels on a side.
    Raises ValueError with a sentence: no image, damaged, over 64 megapixels.
    """
    if isinstance(source, Image.Image):
        return to_rgb(source)
    try:
        Image.init()
        opened = Image.open(source, formats=[name for name in FORMATS if name in Image.OPEN])
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise ValueError(TOO_MANY) from None
    except Exception:
        raise ValueError(NO_IMAGE) from None
    with opened:
        if opened.width * opened.height > MAX_PIXELS:
            raise ValueError(TOO_MANY)
        try:
            if longest:
                opened.draft("RGB", (longest, longest))
            return to_rgb(opened)
        except Exception:
            raise ValueError(BROKEN) from None


def read_photo(source: str | os.PathLike[str], longest: int | None) -> tuple[Image.Image, str]:
    """An image file -> RGB with no side over `longest`, and a line that says so when it was made smaller.

    Raises ValueError as open_photo does.
    """
    photo = open_photo(source, longest)
    limited = limit_side(photo, longest)
    width, height = _size(source)
    if limited.size == (width, height):
        return limited, ""
    return limited, f"The photo was reduced from {width} × {height} to {limited.width} × {limited.height} pixels."


def _size(source: str | os.PathLike[str]) -> tuple[int, int]:
    """(width, height) of an image file, the right way up; nothing is decoded."""
    with Image.open(source) as header:
        with suppress(Exception):  # damaged EXIF: as it lies
            if header.format != "TIFF" and header.getexif().get(ORIENTATION) in SIDEWAYS:  # a TIFF's size is turned
                return header.height, header.width
        return header.size


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
