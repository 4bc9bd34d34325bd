"""JPEG files: their picture, without comments, thumbnails, previews and what follows it."""

from __future__ import annotations

import re
import struct
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from explorer.photos.formats.frame import Frame, Rare
from explorer.photos.formats.tags import orientation_alone

SOI, EOI, SOS, TEM, COM, EXIF, APP = 0xD8, 0xD9, 0xDA, 0x01, 0xFE, 0xE1, range(0xE0, 0xF0)
FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}
DECODED = {0xC0, 0xC1, 0xC2, 0xC9, 0xCA}  # baseline, extended and progressive; the last two by the arithmetic code
MARKER = re.compile(rb"\xff(?=[^\x00\xd0-\xd7\xff])")  # neither a byte of the pixels nor a restart among them
USED = {0xE0: (b"JFIF\0", 14), EXIF: (b"Exif\0\0", 8), 0xE2: (b"ICC_PROFILE\0", 14), 0xEE: (b"Adobe", 12)}
MOST_SEGMENTS = 200_000
MOST_SCANS = 100  # a progressive JPEG has about ten
MOST_SCANNED = 2_000_000_000  # pixels, over all scans: each takes a decoder through the whole picture
END = b"\xff\xd9"
# What no decoder needs where all pixels are there: bits in turn, and after them every restart. The two begin
# with restarts apart, since libjpeg waits where the one that it finds is up to two ahead (its resync_to_restart).
OTHER_ENDS = [
    b"".join([bits, *(bytes([0xFF, 0xD0 + number % 8]) + bits for number in range(first, first + 16)), END])
    for bits, first in ((b"\x55" * 64, 0), (b"\xaa" * 64, 4))
]


class TooManyScans(Exception):
    """More than `most`."""

    def __init__(self, most: int) -> None:
        super().__init__(most)
        self.most = most


@dataclass
class Segments:
    """What bears on the pixels; `coded`: by component, which of its 64 coefficients the scans have completed."""

    parts: list[bytes | memoryview] = field(default_factory=lambda: [b"\xff\xd8"])
    info: dict[str, Any] = field(default_factory=dict)
    components: bytes = b""
    pixels: int = 0
    coded: dict[int, int] = field(default_factory=lambda: defaultdict(int))
    scans: int = 0
    ended: bool = False


def first_frame(data: bytes) -> Frame:
    """A JPEG -> its first picture. Of the segments before its scans those that bear on its pixels are kept.

    A file that ends without its end marker is `cut`, and its content ends without one. It decodes to the same pixels
    with END and with each of OTHER_ENDS where all of them are there; else what follows the end decides about some.
    ITU-T T.81, annexes B and G. Raises ValueError where there is no scan, or one is known to be missing; Rare;
    TooManyScans.
    """
    found = sort(data)
    if not found.scans:
        raise ValueError("There are no pixels.")
    if found.ended:
        return Frame(b"".join([*found.parts, END]), found.info)
    if any(found.coded[component] != 2**64 - 1 for component in found.components):
        raise ValueError("A scan is missing.")
    found.parts[-1] = trimmed(bytes(found.parts[-1]))
    return Frame(b"".join(found.parts), found.info, cut=True)


def sort(data: bytes) -> Segments:
    found, at = Segments(), 2
    for _ in range(MOST_SEGMENTS):
        place = MARKER.search(data, at)
        if place is None or place.end() == len(data):
            return found
        at = place.end() + 1
        marker = data[at - 1]
        if marker == EOI or (marker == SOI and found.scans):
            found.ended = marker == EOI
            return found
        if marker in (SOI, TEM):
            continue
        length = int.from_bytes(data[at : at + 2], "big")
        segment = data[at + 2 : at + length]
        if len(segment) < length - 2 or (length < 2 and marker not in APP):
            return found
        at += max(length, 2)
        if marker == SOS:
            ends = MARKER.search(data, at)
            pixels = memoryview(data)[at : ends.start() if ends else len(data)]
            add_scan(found, segment, pixels)
            at += len(pixels)
        elif marker in APP or marker == COM:
            add_metadata(found, marker, segment)
        else:
            if marker in FRAMES:
                add_frame(found, marker, segment)
            found.parts.append(framed(marker, segment))
    raise ValueError("No picture has as many segments.")


def add_frame(found: Segments, marker: int, segment: bytes) -> None:
    if marker not in DECODED or segment[0] != 8:
        raise Rare("Lossless or hierarchical, or of other than 8 bits.")
    height, width = struct.unpack_from(">HH", segment, 1)
    found.pixels, found.components = width * height, segment[6::3]


def add_scan(found: Segments, segment: bytes, pixels: memoryview) -> None:
    found.scans += 1
    if found.scans > (most := most_scans(found.pixels)):
        raise TooManyScans(most)
    first, last, approximation = segment[-3:]
    if not approximation & 15:  # no later scan refines it
        for component in segment[1:-3:2]:
            found.coded[component] |= 2 ** (last + 1) - 2**first
    found.parts += framed(SOS, segment), pixels


def most_scans(pixels: int) -> int:
    """How many scans a picture may have: each takes as long as the whole picture, however few bytes it has."""
    return min(MOST_SCANS, MOST_SCANNED // max(pixels, 1))


def add_metadata(found: Segments, marker: int, segment: bytes) -> None:
    """JFIF and Adobe's say what the colours are; of EXIF the orientation is kept, of the first."""
    begins, least = USED.get(marker, (b"", 0))
    if found.scans or not begins or len(segment) < least or not segment.startswith(begins):
        return
    if marker != EXIF:
        found.parts.append(framed(marker, segment))
    elif "exif" not in found.info:
        found.info |= orientation_alone(segment)


def framed(marker: int, segment: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(segment) + 2) + segment


def trimmed(pixels: bytes) -> bytes:
    """Without the zeros and fill bytes that follow the last byte of the pixels, which ends in ones."""
    rest = pixels.rstrip(b"\0")
    if not rest.endswith(b"\xff"):
        return rest
    return rest.rstrip(b"\xff") + (b"\xff\0" if len(rest) < len(pixels) else b"")
