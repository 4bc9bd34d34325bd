"""WebP files: their first frame, without texts, unknown chunks and the frames after it."""

from __future__ import annotations

import struct
from typing import Any

from explorer.photos.formats.frame import Frame
from explorer.photos.formats.tags import orientation_alone

PIXELS = {b"VP8 ", b"VP8L", b"ANMF"}
KEPT = {b"VP8X", b"ANIM", b"ALPH", *PIXELS}
MOST_PROFILE = 16 * 2**20  # bytes
PROFILE, EXIF = 0x20, 0x08  # flags of VP8X
MOST_CHUNKS = 10_000


def first_frame(data: bytes) -> Frame:
    """A WebP -> its first frame. Chunks that the file's end cuts off are left out. RFC 9649.

    Raises ValueError where there are no whole pixels.
    """
    view, at = memoryview(data), 12
    parts: list[bytes | memoryview] = []
    info: dict[str, Any] = {}
    flags, shown = 0, False
    for _ in range(MOST_CHUNKS):
        if at + 8 > len(data):
            break
        name, length = struct.unpack_from("<4sI", data, at)
        content = view[at + 8 : at + 8 + length]
        whole, at = len(content) == length, at + 8 + length + length % 2
        if not whole:
            break
        if name == b"VP8X" and length == 10:
            flags = content[0]
            content = memoryview(bytes([flags & ~(PROFILE | EXIF | 4)]) + content[1:])
        if name == b"ICCP" and flags & PROFILE and length <= MOST_PROFILE:
            info.setdefault("icc_profile", bytes(content))
        elif name == b"EXIF" and flags & EXIF:
            info = orientation_alone(content) | info
        elif name in KEPT and not shown:
            parts += struct.pack("<4sI", name, length), content, b"\0" * (length % 2)
            shown = name in PIXELS
    if not shown:
        raise ValueError("There are no whole pixels.")
    body = b"".join(parts)
    return Frame(b"RIFF" + struct.pack("<I4s", len(body) + 4, b"WEBP") + body, info)
