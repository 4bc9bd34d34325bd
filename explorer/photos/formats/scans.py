"""How many scans a JPEG has: each goes over the whole picture once more, however few bytes it takes."""

from __future__ import annotations

import mmap
import os
import re
from pathlib import Path

MOST = 100  # a progressive JPEG has about ten
START, END = 0xDA, 0xD9
# Without a length and without data: the start of an image, restarts within a scan, and TEM.
BARE = frozenset((0x01, *range(0xD0, 0xD9)))
# As a decoder looks for the next marker: 0xFF 0x00 is a byte of the picture, restarts are passed by, and any number of
# 0xFFs may come before.
MARKER = re.compile(rb"\xff([\x01-\xcf\xd8-\xfe])")
MANY = f"The JPEG has more than {MOST} scans; save it again as a plain one."


def check_scans(source: str | os.PathLike[str]) -> None:
    """Raises ValueError with a sentence when a file is a JPEG of more than 100 scans; other files pass, and what is no
    file at all.

    Each byte is looked at once at most: ISO/IEC 10918-1, B.1.1. Nothing is decoded.
    """
    try:
        file = Path(source).open("rb")  # noqa: SIM115 - closed below
    except OSError:
        return
    with file:
        if file.read(2) != b"\xff\xd8":
            return
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            if count_scans(data) > MOST:
                raise ValueError(MANY)


def count_scans(data: bytes | mmap.mmap, most: int = MOST) -> int:
    """The scans of a JPEG up to its end; counting stops beyond `most`."""
    scans, place = 0, 2
    while scans <= most and (found := MARKER.search(data, place)):
        marker, place = found[1][0], found.end()
        if marker == END:
            break
        scans += marker == START
        if marker not in BARE:
            place += int.from_bytes(data[place : place + 2], "big")
    return scans
