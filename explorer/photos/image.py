"""A photo as the models take it: any image file becomes RGB, its sides multiples of the model's step."""

from __future__ import annotations

import os
from contextlib import suppress

import numpy as np
from PIL import Image, ImageOps

from explorer.photos.colour import note_cicp, source_of, to_srgb
from explorer.photos.depth import low_bytes, to_eight_bits
from explorer.photos.formats.file import BROKEN as BROKEN
from explorer.photos.formats.file import TOO_MANY as TOO_MANY
from explorer.photos.formats.file import read_image
from explorer.photos.formats.kind import NO_IMAGE as NO_IMAGE
from explorer.photos.formats.tags import ORIENTATION
from explorer.photos.rgb_space import RGBSpace, srgb_levels
from explorer.sentences import Sentence

LARGEST = 4096  # pixels on the longest side that a visitor's photo keeps: others wait for the same models
SIDEWAYS = (5, 6, 7, 8)  # EXIF's orientations that swap the sides


def open_photo(source: str | os.PathLike[str] | Image.Image, longest: int | None = None) -> Image.Image:
    """An image file, or a PIL image of any mode -> the same in RGB, in sRGB, the right way up.

    Alpha is laid over white, an animation gives the first frame that it shows, more than 8 bits become 8 as `depth`
    says.
    longest: a hint; a large JPEG is read at a fraction of its size that has at least this many pixels on a side.
    Raises ValueError with a sentence: no image, damaged, over 64 megapixels.
    """
    if isinstance(source, Image.Image):
        return to_rgb(source)
    return _read(source, longest)[0]


def read_photo(source: str | os.PathLike[str], longest: int | None) -> tuple[Image.Image, tuple[str, ...]]:
    """An image file -> RGB with no side over `longest`, and sentences about it: the range of its values that
    was taken, a profile that was left out, that it was made smaller.

    Raises ValueError as open_photo does.
    """
    photo, (width, height), notes = _read(source, longest)
    limited = limit_side(photo, longest)
    if limited.size != (width, height):
        smaller = Sentence(
            "told.photo.reduced",
            "The photo was reduced from {width} × {height} to {less_wide} × {less_high} pixels.",
            width=width,
            height=height,
            less_wide=limited.width,
            less_high=limited.height,
        )
        notes = (*notes, smaller)
    return limited, notes


def _read(source: str | os.PathLike[str], longest: int | None) -> tuple[Image.Image, tuple[int, int], tuple[str, ...]]:
    """An image file -> RGB, the (width, height) that it has at its full size, the right way up, and sentences."""
    image, (width, height) = read_image(source, longest)
    sideways = False
    with suppress(Exception):  # damaged EXIF: as it lies
        sideways = image.getexif().get(ORIENTATION) in SIDEWAYS
    try:
        converted, notes = convert(image)
    except Exception:
        raise ValueError(BROKEN) from None
    return converted, (height, width) if sideways else (width, height), notes


def to_rgb(image: Image.Image) -> Image.Image:
    """A PIL image of any mode -> RGB with 8 bits in sRGB, turned as its EXIF orientation says, alpha over white."""
    return convert(image)[0]


def convert(image: Image.Image) -> tuple[Image.Image, tuple[str, ...]]:
    """`to_rgb`, and a sentence for each thing that had to be left out or guessed."""
    note_cicp(image)
    low = image.info.pop("low_bytes") if "low_bytes" in image.info else low_bytes(image)
    source = source_of(image)
    image.load()
    levels = None
    if isinstance(source, RGBSpace) and not source.hdr and (low is not None or image.mode.startswith("I;16")):
        levels, source = srgb_levels(source, 65536), source.with_srgb_curve()
    image, range_told = to_eight_bits(image, low, levels)
    with suppress(Exception):  # damaged EXIF: as it lies
        image = ImageOps.exif_transpose(image)
    told = image.info.get("range", range_told)
    image, profile_told = to_srgb(image, source)
    if image.mode == "RGBA":
        white = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(white, image).convert("RGB")
    return image, tuple(note for note in (told, profile_told) if note)


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
