"""The first frame of an image file as a file of its own, and where it lies on the file's canvas."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any, BinaryIO, NamedTuple

from PIL import Image

MAX_PIXELS = 64_000_000
ORIENTATION = 0x0112  # EXIF
MOST_TAGS = 4096
WHOLE_NUMBERS = {1: "B", 3: "H", 4: "I"}  # TIFF 6.0's types


class Rare(Exception):
    """An image of a kind that nothing here decodes, though its format is one that opens."""


@dataclass
class Frame:
    """content: an image file that holds this frame alone, and nothing that does not bear on its pixels.

    info: what PIL.Image.info is to hold besides: icc_profile, cicp, exif with the orientation alone.
    canvas: (width, height) of the picture in pixels where the frame is a part of it, its corner at `corner`.
    cut: the file ends before its pixels are known to be all there.
    """

    content: bytes
    info: dict[str, Any] = field(default_factory=dict)
    canvas: tuple[int, int] | None = None
    corner: tuple[int, int] = (0, 0)
    cut: bool = False

    def lay(self, image: Image.Image) -> Image.Image:
        """This frame's pixels on its canvas; what it does not cover is transparent."""
        image.load()
        image.info.update(self.info)
        if self.canvas is None or self.canvas == image.size:
            return image
        if image.mode.startswith("I;16"):
            laid = Image.new(image.mode, self.canvas, 65535)
            laid.paste(image, self.corner)
        else:
            laid = Image.new("RGBA", self.canvas)
            laid.paste(image.convert("RGBA"), self.corner)
        laid.info = {key: value for key, value in image.info.items() if key != "transparency"}
        return laid


class Tag(NamedTuple):
    value: int  # the first; 0 where that is no whole number kept in place
    held: int  # how many values


def first_tags(file: BinaryIO) -> dict[int, Tag]:
    """The first directory of a TIFF or of EXIF -> its tags by number.

    TIFF 6.0, section 2; BigTIFF as well. Raises ValueError where there is no directory.
    """
    try:
        header = file.read(16)
        order = {b"II": "<", b"MM": ">"}[header[:2]]
        big = header[2:4] in (b"+\0", b"\0+")
        (at,) = struct.unpack_from(f"{order}Q" if big else f"{order}I", header, 8 if big else 4)
        file.seek(at)
        counted, entry = (f"{order}Q", f"{order}HHQ8s") if big else (f"{order}H", f"{order}HHI4s")
        (count,) = struct.unpack(counted, file.read(struct.calcsize(counted)))
        size = struct.calcsize(entry)
        entries = file.read(size * min(count, MOST_TAGS))
    except (KeyError, OverflowError, OSError, struct.error):
        raise ValueError("There is no directory of tags.") from None
    found: dict[int, Tag] = {}
    for tag, kind, count, value in struct.iter_unpack(entry, entries[: len(entries) // size * size]):
        letter = WHOLE_NUMBERS.get(kind)
        found.setdefault(tag, Tag(struct.unpack_from(order + letter, value)[0] if letter else 0, count))
    return found


def orientation_alone(exif: bytes | memoryview) -> dict[str, bytes]:
    """EXIF -> {"exif": EXIF with the orientation alone}; {} where that is 1 or can't be read."""
    try:
        turned = first_tags(BytesIO(bytes(exif).removeprefix(b"Exif\0\0")))[ORIENTATION].value
    except (KeyError, ValueError):
        return {}
    if not 2 <= turned <= 8:
        return {}
    alone = Image.Exif()
    alone[ORIENTATION] = turned
    return {"exif": alone.tobytes()}
