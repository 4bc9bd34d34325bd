"""The tags of a TIFF file or of EXIF, as its first directory holds them."""

from __future__ import annotations

import struct
from io import BytesIO
from typing import BinaryIO, NamedTuple

from PIL import Image

ORIENTATION = 0x0112  # EXIF
MOST_TAGS = 4096
WHOLE_NUMBERS = {1: "B", 3: "H", 4: "I"}  # TIFF 6.0's types


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
