"""PNG files: their first frame, without the texts, damaged extras and later frames that no pixel depends on."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from explorer.photos.formats.frame import Frame
from explorer.photos.formats.tags import orientation_alone

SIGNATURE = b"\x89PNG\r\n\x1a\n"
MOST_CHUNKS = 200_000
MOST_PROFILE = 16 * 2**20  # bytes; a printer's profile has up to 4 MB
BEFORE_PIXELS = {b"PLTE", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"iCCP", b"cICP", b"acTL"}
LENGTHS = {b"IHDR": 13, b"gAMA": 4, b"cHRM": 32, b"sRGB": 1, b"cICP": 4, b"acTL": 8, b"fcTL": 26}
GREY, RGB, PALETTE = 0, 2, 3  # colour types
ADLER = 4  # bytes of the checksum that ends a zlib stream


@dataclass
class Chunks:
    """What bears on the first frame's pixels; `sound`: the checksums of the pixels' own chunks are right."""

    kept: dict[bytes, memoryview] = field(default_factory=dict)
    pixels: list[memoryview] = field(default_factory=list)
    shown: memoryview | None = None  # an fcTL, where the first frame shown is not the image itself
    shown_pixels: list[memoryview] = field(default_factory=list)
    sound: bool = True


def first_frame(data: bytes) -> Frame:
    """A PNG -> its first frame: of an animation the first that is shown, which need not be the image itself.

    Only chunks that bear on the pixels are kept, and only where they are whole: browsers too pass over a chunk with a
    wrong checksum, length or place. Texts are not unpacked. Portable Network Graphics Specification, third edition.
    Raises ValueError where the header is damaged or there are no pixels.
    """
    found = sort(data)
    header = found.kept.pop(b"IHDR", None)
    if header is None or not found.pixels:
        raise ValueError("A PNG begins with its header and has pixels.")
    _, _, depth, colour, *_ = struct.unpack(">IIBBBBB", header)
    info: dict[str, Any] = orientation_alone(found.kept.pop(b"eXIf", b""))
    if b"iCCP" in found.kept:
        info["icc_profile"] = unpacked_profile(found.kept.pop(b"iCCP"))
    if b"cICP" in found.kept:
        info["cicp"] = bytes(found.kept.pop(b"cICP"))
    chunks = colours(found.kept, depth, colour)
    canvas = struct.unpack_from(">II", header)
    if found.shown is not None and found.shown_pixels:
        _, width, height, left, top = struct.unpack_from(">IIIII", found.shown)
        if 0 < width <= canvas[0] - left and 0 < height <= canvas[1] - top:
            size = struct.pack(">II", width, height)
            content = joined(size + bytes(header[8:]), chunks, found.shown_pixels, found.sound)
            return Frame(content, info, canvas, (left, top))
    return Frame(joined(bytes(header), chunks, found.pixels, found.sound), info)


def sort(data: bytes) -> Chunks:
    found = Chunks()
    still = False
    for name, content, right in walk(data):
        if name == b"IEND":
            break
        if name != b"IHDR" and not found.kept:
            break
        fits = right and len(content) == LENGTHS.get(name, len(content))
        if name == b"IDAT":
            found.pixels.append(content)
            found.sound &= right
        elif name == b"fdAT" and found.shown is not None:
            found.shown_pixels.append(content[4:])
            found.sound &= right
        elif name == b"fcTL" and fits and not still:
            if found.shown is not None:
                break
            still = not found.pixels or b"acTL" not in found.kept  # the image itself is the first frame shown
            found.shown = None if still else content
        elif fits and (name in (b"IHDR", b"eXIf") or (name in BEFORE_PIXELS and not found.pixels)):
            found.kept.setdefault(name, content)
    return found


def walk(data: bytes) -> Iterator[tuple[bytes, memoryview, bool]]:
    """A PNG -> name, content and whether the checksum is right, of each of its chunks; the last one may be cut."""
    view, at = memoryview(data), len(SIGNATURE)
    for _ in range(MOST_CHUNKS):
        if at + 8 > len(view):
            return
        length, name = struct.unpack_from(">I4s", view, at)
        content = view[at + 8 : at + 8 + length]
        at += 8 + length
        checksum = zlib.crc32(content, zlib.crc32(name))
        yield name, content, view[at : at + 4] == struct.pack(">I", checksum)
        at += 4
    raise ValueError("No picture has as many chunks.")


def unpacked_profile(chunk: memoryview) -> bytes | None:
    """The ICC profile in an iCCP chunk; None where that is damaged or over MOST_PROFILE."""
    name, _, packed = bytes(chunk).partition(b"\0")
    unpacking = zlib.decompressobj()
    try:
        profile = unpacking.decompress(packed[1:], MOST_PROFILE)
    except zlib.error:
        return None
    return profile if name and packed[:1] == b"\0" and unpacking.eof else None


def colours(kept: dict[bytes, memoryview], depth: int, colour: int) -> list[tuple[bytes, bytes]]:
    """The chunks that Pillow is to read: gamma, primaries, rendering intent, a palette with a colour for every index,
    and the transparent colour as Pillow takes it."""
    chunks = {name: bytes(kept[name]) for name in (b"gAMA", b"cHRM", b"sRGB", b"PLTE", b"tRNS") if name in kept}
    palette, clear = chunks.pop(b"PLTE", b""), chunks.pop(b"tRNS", b"")
    count = len(palette) // 3
    if colour == PALETTE:
        if not 1 <= count <= 256:
            raise ValueError("A palette has 1 to 256 colours.")
        chunks[b"PLTE"] = palette[: 3 * count] + palette[3 * count - 3 : 3 * count] * (2 ** min(depth, 8) - count)
    if colour == PALETTE and list(kept).index(b"PLTE") > [*kept, b"tRNS"].index(b"tRNS"):
        clear = b""
    if clear and len(clear) == {GREY: 2, RGB: 6, PALETTE: min(len(clear), count)}.get(colour, 0):
        if colour == GREY and depth in (2, 4):  # Pillow compares with pixels that it has scaled
            most = 2**depth - 1
            clear = struct.pack(">H", (clear[1] & most) * (255 // most))
        chunks[b"tRNS"] = clear
    return list(chunks.items())


def joined(header: bytes, chunks: Sequence[tuple[bytes, bytes]], pixels: Sequence[memoryview], sound: bool) -> bytes:
    """A PNG of these chunks. Where their checksums are right, that of the zlib stream stands apart: Pillow stops before
    it when it has all pixels, so that a wrong one does not matter, as it does not in browsers."""
    split: list[list[memoryview]] = [list(pixels), []]
    if sound and len(pixels[-1]) > ADLER:
        split = [[*pixels[:-1], pixels[-1][:-ADLER]], [pixels[-1][-ADLER:]]]
    parts: list[bytes | memoryview] = [SIGNATURE]
    for name, content in [(b"IHDR", header), *chunks]:
        parts += framed(name, [content])
    for contents in split:
        parts += framed(b"IDAT", contents)
    return b"".join([*parts, *framed(b"IEND", [])])


def framed(name: bytes, contents: Sequence[bytes | memoryview]) -> list[bytes | memoryview]:
    checksum = zlib.crc32(name)
    for content in contents:
        checksum = zlib.crc32(content, checksum)
    return [struct.pack(">I4s", sum(map(len, contents)), name), *contents, struct.pack(">I", checksum)]
