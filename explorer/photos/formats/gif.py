"""GIF files: their first frame, without comments and the frames after it."""

from __future__ import annotations

import struct

from explorer.photos.formats.frame import Frame

EXTENSION, IMAGE, TRAILER = 0x21, 0x2C, 0x3B
CONTROL = b"\xf9\4"  # label and length of a graphic control extension
MOST_BLOCKS = 1_000_000


def first_frame(data: bytes) -> Frame:
    """A GIF -> its first frame, on a canvas that is transparent where it does not reach, as browsers show it.

    GIF89a Specification. Raises ValueError, IndexError or struct.error where there is no frame.
    """
    width, height, flags = struct.unpack_from("<HHB", data, 6)
    at = 13 + (3 * 2 ** ((flags & 7) + 1) if flags & 0x80 else 0)
    begins, control = data[10:at], b""
    blocks = iter(range(MOST_BLOCKS))
    for _ in blocks:
        if data[at] == IMAGE:
            left, top, wide, high, local = struct.unpack_from("<HHHHB", data, at + 1)
            size, descriptor = struct.pack("<HH", wide, high), struct.pack("<BHHHHB", IMAGE, 0, 0, wide, high, local)
            content = b"".join([b"GIF89a", size, begins, control, descriptor, memoryview(data)[at + 10 :]])
            return Frame(content, canvas=(max(width, left + wide), max(height, top + high)), corner=(left, top))
        if data[at] == TRAILER:
            break
        if data[at] != EXTENSION:
            at += 1
            continue
        if data[at + 1 : at + 3] == CONTROL:
            control = data[at : at + 7] + b"\0"
        at += 2
        while data[at] and next(blocks, None) is not None:
            at += data[at] + 1
        at += 1
    raise ValueError("There is no frame, or more blocks before it than any picture has.")
