"""BMP, icon and cursor files: the layouts that browsers show and Pillow does not, as layouts that it does."""

from __future__ import annotations

import struct

import numpy as np

from explorer.photos.formats import png
from explorer.photos.formats.frame import MAX_PIXELS, Frame, Rare

HEADER = struct.Struct("<IiiHHIIiiII")  # BITMAPINFOHEADER: size, width, height, planes, bits, compression, ...
CORE, INFO, WITH_ALPHA = 12, 40, 56  # sizes of headers in bytes
RAW, RLE8, RLE4, BITFIELDS = range(4)
PLAIN = {(16, 0xF800, 0x7E0, 0x1F), (16, 0x7C00, 0x3E0, 0x1F), (32, 0xFF0000, 0xFF00, 0xFF)}  # masks that Pillow takes
RGBA = (0xFF, 0xFF00, 0xFF0000, 0xFF000000)
MOST_RUNS = 500_000
BLOCK = 2**22  # pixels that are worked on at once
ICON_SIDE = 1024


def first_frame(data: bytes) -> Frame:
    """A BMP -> the same with a header that Pillow reads; run lengths, 2 bits and masks of any bits are unpacked.

    Microsoft's BITMAPV5HEADER and OS/2's BITMAPINFOHEADER2. Raises ValueError, struct.error, Rare.
    """
    offset, size = struct.unpack_from("<II", data, 10)
    if size == CORE:
        return Frame(data)
    if CORE < size < INFO:  # OS/2's, of any length
        data = data[:14] + struct.pack("<I", INFO) + data[18 : 14 + size] + bytes(INFO - size) + data[14 + size :]
        offset, size = offset + INFO - size, INFO
        data = data[:10] + struct.pack("<I", offset) + data[14:]
    _, width, height, _, bits, compression, _, _, _, count, _ = HEADER.unpack_from(data, 14)
    if width <= 0 or height == 0:
        raise ValueError("There are no pixels.")
    if width * abs(height) > MAX_PIXELS:
        return Frame(data)  # is refused by its size
    if (compression, bits) in ((RLE8, 8), (RLE4, 4)):
        rows = unrolled(data[offset:], width, abs(height), compression == RLE4)
        return indexed(rows, height, data[14 + size : offset], count or 2**bits)
    if compression == RAW and bits == 2:
        line = (width + 15) // 16 * 4
        packed = np.frombuffer(data, np.uint8, line * abs(height), offset).reshape(-1, line)
        rows = (packed[..., None] >> np.array([6, 4, 2, 0], np.uint8) & 3).reshape(len(packed), -1)[:, :width]
        return indexed(rows, height, data[14 + size : offset], count or 4)
    if compression == BITFIELDS and bits in (16, 32):
        masks = struct.unpack_from("<4I" if size >= WITH_ALPHA else "<3I", data, 14 + INFO)
        if any(masks[3:]) or (bits, *masks[:3]) not in PLAIN:
            return unmasked(data, offset, width, height, bits, masks)
    elif compression != RAW:
        raise Rare("JPEG or PNG within a BMP, or Huffman's code.")
    return Frame(data)


def unrolled(runs: bytes, width: int, height: int, fours: bool) -> np.ndarray:
    """Run lengths -> (H, W) uint8 indices, in the order of the file. What is skipped has index 0.

    Raises ValueError where the file ends before the picture does, Rare where that has too many runs.
    """
    rows = bytearray(width * height)
    x = y = at = 0
    for _ in range(MOST_RUNS):
        if y == height or (y == height - 1 and x >= width):
            break
        if at + 2 > len(runs):
            raise ValueError("The picture is cut off.")
        length, value = runs[at], runs[at + 1]
        at += 2
        if length:
            pair = bytes([value >> 4, value & 15]) if fours else bytes([value, value])
            values = (pair * 128)[:length]
        elif value > 2:
            held = (value + 1) // 2 if fours else value
            values = runs[at : at + held]
            at += held + held % 2
            if fours:
                values = bytes(nibble for byte in values for nibble in (byte >> 4, byte & 15))[:value]
            if len(values) < value:
                raise ValueError("The picture is cut off.")
        elif value == 2:
            x, y = x + runs[at], min(y + runs[at + 1], height)
            at += 2
            continue
        elif value == 1:
            break
        else:
            x, y = 0, y + 1
            continue
        values = values[: max(width - x, 0)]
        rows[y * width + x : y * width + x + len(values)] = values
        x += len(values)
    else:
        raise Rare("So many runs take long to unpack.")
    return np.frombuffer(rows, np.uint8).reshape(height, width)


def indexed(rows: np.ndarray, height: int, palette: bytes, count: int) -> Frame:
    """(H, W) indices into a palette of `count` BGRX colours -> a BMP with 8 bits; height: below 0 from the top down."""
    colours = palette[: 4 * min(count, 256)].ljust(1024, b"\0")
    lines = np.pad(rows, ((0, 0), (0, -rows.shape[1] % 4)))
    return built(lines.tobytes(), rows.shape[1], height, 8, colours)


def unmasked(data: bytes, offset: int, width: int, height: int, bits: int, masks: tuple[int, ...]) -> Frame:
    """Pixels of 16 or 32 bits, of which each mask takes some -> a BMP with 32 bits and alpha.

    Alpha that is 0 all over is none, as browsers hold.
    """
    line = (width * bits // 8 + 3) // 4 * 4
    packed = np.frombuffer(data, np.uint8, line * abs(height), offset).reshape(-1, line)[:, : width * bits // 8]
    pixels = np.zeros((abs(height), width, 4), np.uint8)
    step = max(BLOCK // width, 1)
    for top in range(0, len(pixels), step):
        values = np.ascontiguousarray(packed[top : top + step]).view(f"<u{bits // 8}").astype(np.uint32)
        for channel, mask in enumerate(masks):
            if mask:
                unused = (mask & -mask).bit_length() - 1
                taken, most = (values & mask) >> unused, mask >> unused
                pixels[top : top + step, :, channel] = taken if most == 255 else taken * (255.0 / most)
    if not pixels[..., 3].any():
        pixels[..., 3] = 255
    return built(pixels.tobytes(), width, height, 32, struct.pack("<4I", *RGBA))


def built(pixels: bytes, width: int, height: int, bits: int, table: bytes) -> Frame:
    compression, size = (BITFIELDS, WITH_ALPHA) if bits == 32 else (RAW, INFO)
    header = HEADER.pack(size, width, height, 1, bits, compression, 0, 0, 0, 0 if bits == 32 else 256, 0)
    begins = struct.pack("<2sIHHI", b"BM", 0, 0, 0, 14 + len(header) + len(table))
    return Frame(b"".join([begins, header, table, pixels]))


def largest_icon(data: bytes) -> Frame:
    """An icon or cursor -> the largest of its pictures, of those the one with the most bits.

    Raises ValueError, struct.error where it is damaged; Rare.
    """
    (count,) = struct.unpack_from("<H", data, 4)
    entries = [struct.unpack_from("<BBBBHHII", data, 6 + 16 * index) for index in range(min(count, 1000))]
    best = max(entries, key=lambda entry: ((entry[0] or 256) * (entry[1] or 256), entry[5]))
    length, at = best[-2:]
    content = data[at : at + length]
    if content.startswith(png.SIGNATURE):
        return png.first_frame(content)
    _, width, height, _, _, compression, *_ = HEADER.unpack_from(content)
    if compression != RAW:
        raise Rare("An icon's pixels are not packed.")
    if not (0 < width <= ICON_SIDE and 0 < height <= 2 * ICON_SIDE):
        raise ValueError("No icon has such a size.")
    entry = struct.pack("<BBBBHHII", *best[:4], 1, content[14], length, 22)
    return Frame(struct.pack("<HHH", 0, 1, 1) + entry + content)
