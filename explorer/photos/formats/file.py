"""An image file and its first picture."""

from __future__ import annotations

import os
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import Image, UnidentifiedImageError

from explorer.photos.colour import note_cicp
from explorer.photos.depth import low_bytes
from explorer.photos.formats import bmp, gif, jpeg, png, ppm, tiff, webp
from explorer.photos.formats.frame import MAX_PIXELS, Frame, Rare
from explorer.photos.formats.kind import NO_IMAGE, kind_of, tags_of
from explorer.photos.formats.tags import orientation_alone
from explorer.sentences import Sentence

LONGEST_SIDE = 250_000  # pixels
TOO_MANY = Sentence(
    "told.photo.large",
    "The photo has more than {most} megapixels; make it smaller and try again.",
    most=MAX_PIXELS // 1_000_000,
)
BROKEN = Sentence("told.photo.broken", "The photo is damaged or cut off; save or download it again.")

FRAMES: dict[str, Callable[[bytes], Frame]] = {
    "PNG": png.first_frame,
    "JPEG": jpeg.first_frame,
    "GIF": gif.first_frame,
    "WebP": webp.first_frame,
    "BMP": bmp.first_frame,
    "ICO": bmp.largest_icon,
}
FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "PPM", "AVIF", "ICO")  # of Pillow's; none starts a program
MOST_STRIPS, STRIPS = 100_000, (273, 324)
WIDTH = 256


class TooLarge(Exception):
    """Over MAX_PIXELS."""


def read_image(source: str | os.PathLike[str], longest: int | None = None) -> tuple[Image.Image, tuple[int, int]]:
    """An image file -> its first picture, loaded, as it lies, and its (width, height) in the file.

    The picture's info holds what colours, depth and orientation need: icc_profile, gamma, chromaticity, srgb, cicp,
    nclx_profile, exif, low_bytes (see photos/depth.py), and range, a sentence.
    longest: a hint; a large JPEG is read at a fraction of its size that has at least this many pixels on a side.
    Raises ValueError with a sentence that says what the file is, or that it is damaged or too large.
    """
    try:
        with Path(source).open("rb") as file:
            return decoded(file, kind_of(file), longest)
    except OSError:
        raise ValueError(NO_IMAGE) from None


def decoded(file: BinaryIO, kind: str, longest: int | None) -> tuple[Image.Image, tuple[int, int]]:
    try:
        return first_picture(file, kind, longest)
    except Rare:
        raise ValueError(
            Sentence(
                "told.photo.rare",
                "That file is no photo this page can open: it is a rare kind of {kind}; "
                "save the picture as a PNG or JPEG and choose that.",
                kind=kind,
            )
        ) from None
    except jpeg.TooManyScans as scans:
        raise ValueError(
            Sentence(
                "told.photo.scans",
                "The JPEG has more than {most} scans; save it again as a plain one.",
                most=scans.most,
            )
        ) from None
    except (TooLarge, Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise ValueError(TOO_MANY) from None
    except Exception:
        raise ValueError(BROKEN) from None


def first_picture(file: BinaryIO, kind: str, longest: int | None) -> tuple[Image.Image, tuple[int, int]]:
    if kind in FRAMES:
        frame = FRAMES[kind](file.read())
        return closed(frame, longest) if frame.cut else of_frame(frame, frame.content, longest)
    if kind == "PPM":
        ppm.check(file)
        if (deep := ppm.read_pfm(file, MAX_PIXELS)) is not None:
            return deep, deep.size
    if any(tag.held > MOST_STRIPS for number, tag in tags_of(file).items() if number in STRIPS):
        raise Rare("so many strips take minutes")
    if kind == "TIFF" and (deep := tiff.first_picture(file, MAX_PIXELS)) is not None:
        return deep, deep.size
    with heic(file) if kind == "HEIC" else pillow(file) as image:
        note_cicp(image)
        image.load()
        image.info.pop("xmp", None)  # Pillow would take an orientation out of it; browsers do not
        image.info.update(orientation_alone(image.info.pop("exif", None) or b""))
        return image, image.size


def of_frame(frame: Frame, content: bytes, longest: int | None) -> tuple[Image.Image, tuple[int, int]]:
    refuse_large(frame.canvas or (0, 0))
    with pillow(BytesIO(content)) as image:
        size = frame.canvas or image.size
        if longest and image.format == "JPEG":
            image.draft("RGB", (longest, longest))
        image.info.update(frame.info)
        if (low := low_bytes(image)) is not None and size == image.size:
            image.info["low_bytes"] = low
        return frame.lay(image), size


def closed(frame: Frame, longest: int | None) -> tuple[Image.Image, tuple[int, int]]:
    """A JPEG without its end marker. Raises ValueError where some of its pixels depend on what comes after its end."""
    image, size = of_frame(frame, frame.content + jpeg.END, longest)
    for end in jpeg.OTHER_ENDS:
        other, _ = of_frame(frame, frame.content + end, longest)
        if not np.array_equal(np.asarray(image), np.asarray(other)):
            raise ValueError("pixels are missing")
    return image, size


def pillow(file: BinaryIO) -> Image.Image:
    """An image whose header has been read, and no more. Raises TooLarge, Rare, or what Pillow raises."""
    Image.init()
    try:
        image = Image.open(file, formats=[name for name in FORMATS if name in Image.OPEN])
    except UnidentifiedImageError:
        if WIDTH in tags_of(file):
            raise Rare("no mode for its pixels, or no decoder") from None
        raise
    refuse_large(image.size)
    return image


def heic(file: BinaryIO) -> Image.Image:
    """As `pillow` does; libheif turns the picture itself."""
    from pillow_heif import HeifImageFile

    try:
        image: Image.Image = HeifImageFile(file)
    except SyntaxError as error:
        if "nsupported" in str(error):
            raise Rare("no decoder for its pixels") from None
        raise
    refuse_large(image.size)
    return image


def refuse_large(size: tuple[int, int]) -> None:
    if size[0] * size[1] > MAX_PIXELS:
        raise TooLarge
    if max(size) > LONGEST_SIDE:
        raise Rare("Pillow takes minutes for such a line, or gigabytes")
