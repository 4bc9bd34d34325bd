"""PPM files and their kin: what of them Pillow would take minutes for, and PFM in colour, which it does not read."""

from __future__ import annotations

import re
from typing import BinaryIO

import numpy as np
from PIL import Image

from explorer.photos.depth import RGB, Samples
from explorer.photos.formats.frame import Rare

HEAD = 4096  # bytes
HEADER = re.compile(rb"P[456fF](\s+(#[^\n]*\n\s*)*\d+){2}")
PLAIN = re.compile(rb"P[123]")
MOST_DIGITS, MOST_COMMENTS = 6_000_000, 100  # bytes of a plain PPM, and comments in it
PFM_HEAD = 128  # bytes


def check(file: BinaryIO) -> None:
    """Pillow takes seconds for pixels that are written out in digits, and minutes for many comments among them."""
    head = file.read(HEAD)
    file.seek(0)
    if PLAIN.match(head):
        content = file.read(MOST_DIGITS + 1)
        file.seek(0)
        if len(content) > MOST_DIGITS or content.count(b"#") > MOST_COMMENTS:
            raise Rare("its pixels are written out in too many digits")
    elif not HEADER.match(head):
        raise ValueError("the header is damaged")


def read_pfm(file: BinaryIO, most_pixels: int) -> Image.Image | None:
    """A PFM in colour, which Pillow does not read -> RGB; info["range"] tells a range that was guessed. None for the
    rest.

    Its lines come from the last to the first; its scale is negative where the least byte comes first.
    Raises Image.DecompressionBombError beyond `most_pixels`, ValueError where it is damaged.
    """
    head = file.read(PFM_HEAD)
    file.seek(0)
    if not head.startswith(b"PF"):
        return None
    found = re.match(rb"PF\s+([1-9]\d{0,8})\s+([1-9]\d{0,8})\s+([-+.\deE]{1,20})\s", head)
    if not found:
        raise ValueError("the header is damaged")
    width, height, scale = int(found[1]), int(found[2]), float(found[3])
    if width * height > most_pixels:
        raise Image.DecompressionBombError("too many pixels")
    file.seek(found.end())
    values = np.frombuffer(file.read(width * height * 12), "<f4" if scale < 0 else ">f4")
    image, note = Samples(values.reshape(height, width, 3)[::-1], RGB).in_bytes()
    if note:
        image.info["range"] = note
    return image
