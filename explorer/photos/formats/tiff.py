"""TIFF files of other samples than unsigned ones of 8 bits, which tifffile reads."""

from __future__ import annotations

import logging
import math
import zlib
from contextlib import suppress
from typing import Any, BinaryIO

import numpy as np
from PIL import Image

from explorer.photos.depth import (
    ASSOCIATED,
    BLACK_IS_ZERO,
    CMYK,
    ICC_LAB,
    LAB,
    MAX_SAMPLE,
    PALETTE,
    RGB,
    S_MAX,
    S_MIN,
    UNASSOCIATED,
    WHITE_IS_ZERO,
    Samples,
    bands,
    declared_range,
)
from explorer.photos.formats.frame import Rare
from explorer.photos.formats.tags import ORIENTATION

PROFILE = 34675
CHANNELS = {WHITE_IS_ZERO: 1, BLACK_IS_ZERO: 1, RGB: 3, PALETTE: 1, CMYK: 4, LAB: 3, ICC_LAB: 3}
DEFLATE = (8, 32946)  # beside 1, what tifffile unpacks by itself; the rest is left to Pillow
MOST_SEGMENTS, MOST_BYTES = 100_000, 1 << 30


def first_picture(file: BinaryIO, most_pixels: int) -> Image.Image | None:
    """A TIFF of other samples than unsigned ones of 8 bits -> 8 bits a channel, of mode L, LA, RGB, RGBA, CMYK or LAB,
    with its profile and orientation; info["range"] tells a range that was guessed. None for what is left to Pillow.

    Raises Image.DecompressionBombError beyond `most_pixels` or MOST_BYTES, Rare for complex numbers, ValueError where
    samples are missing.
    """
    from tifffile import TiffFile

    logging.getLogger("tifffile").setLevel(logging.CRITICAL)  # it tells the log of each damaged tag
    try:
        with TiffFile(file) as opened:
            page: Any = opened.pages[0]
            if page.imagewidth * page.imagelength > most_pixels:
                raise Image.DecompressionBombError("too many pixels")
            samples = samples_of(page)
            if samples is None:
                return None
            image, note = samples.in_bytes()
            if isinstance(profile := page.tags.valueof(PROFILE), bytes):
                image.info["icc_profile"] = profile
            image.getexif()[ORIENTATION] = page.tags.valueof(ORIENTATION, 1)
            if note:
                image.info["range"] = note
            return image
    except (Image.DecompressionBombError, Rare):
        raise
    except Exception as error:
        if isinstance(error, SamplesMissing) and (error.in_planes or not pillow_opens(file)):
            raise ValueError("samples are missing") from None
        return None
    finally:
        file.seek(0)


class SamplesMissing(Exception):
    """Samples that are not in the file, or can't be unpacked. in_planes: Pillow would misread them."""

    def __init__(self, in_planes: bool) -> None:
        self.in_planes = in_planes


def pillow_opens(file: BinaryIO) -> bool:
    file.seek(0)
    with suppress(Exception):
        return Image.open(file, formats=["TIFF"]).width > 0
    return False


def samples_of(page: Any) -> Samples | None:
    """What a page of tifffile's holds; None where Pillow reads it as well or better."""
    bits, kind = page.bitspersample, int(page.sampleformat)
    if not isinstance(bits, int) or (bits <= 8 and kind == 1):
        return None
    if kind in (5, 6):
        raise Rare("complex numbers")
    photometric = int(page.photometric)
    colours = CHANNELS.get(photometric)
    if colours is None or page.samplesperpixel < colours or page.imagedepth != 1:
        return None
    if int(page.compression) not in (1, *DEFLATE) or (int(page.predictor) == 3 and int(page.compression) != 1):
        return None
    if page.fillorder != 1:
        return None
    if math.prod(page.shaped) * -(-bits // 8) > MOST_BYTES:
        raise Image.DecompressionBombError("too many bytes")
    try:
        values = values_of(page)
    except Exception:
        raise SamplesMissing(int(page.planarconfig) == 2) from None
    extra = [int(sample) for sample in page.extrasamples] or ([UNASSOCIATED] if page.samplesperpixel > colours else [])
    alpha = extra[0] if extra and extra[0] in (ASSOCIATED, UNASSOCIATED) and photometric not in (CMYK, PALETTE) else 0
    values = values[..., : colours + bool(alpha)]
    if photometric == PALETTE:
        return coloured(values[..., 0], page.colormap)
    tags = {code: page.tags.valueof(code) for code in (MAX_SAMPLE, S_MIN, S_MAX)}
    return Samples(values, photometric, alpha, declared_range(bits, kind, tags.get))


def coloured(indices: np.ndarray, colours: np.ndarray) -> Samples:
    """16-bit indices into (3, 65536) uint16."""
    values = np.empty((*indices.shape, 3), np.uint16)
    for rows in bands(indices):
        values[rows] = colours.T[indices[rows]]
    return Samples(values, RGB, declared=(0.0, 65535.0))


def values_of(page: Any) -> np.ndarray:
    """All samples of a page, (H, W, C)."""
    check_segments(page)
    if page.bitspersample in (8, 16, 32, 64):
        values = page.asarray(squeeze=False, maxworkers=1)[:, 0]
    else:
        values = unpacked(page)
    return np.moveaxis(values[..., 0], 0, 2) if len(values) > 1 else np.asarray(values[0])


def check_segments(page: Any) -> None:
    """Raises ValueError where strips or tiles are missing, cut off, or, for tifffile unpacks all of it, hold more than
    their part of the picture."""
    file, count = page.parent.filehandle, len(page.dataoffsets)
    if count > MOST_SEGMENTS or (not page.is_contiguous and count != math.prod(page.chunked)):
        raise ValueError("another number of segments")
    whole = page.bitspersample * math.prod(page.shaped) // 8
    if sum(page.databytecounts) < (whole if int(page.compression) == 1 else count):
        raise ValueError("no segments")
    most = math.prod(page.chunks) * page.samplesperpixel * 8 + 64
    for offset, length in zip(page.dataoffsets, page.databytecounts, strict=True):
        if offset + length > file.size:
            raise ValueError("cut off")
        if int(page.compression) in DEFLATE:
            file.seek(offset)
            check_unpacked(file.read(length), most)


def check_unpacked(packed: bytes, most: int) -> None:
    machine, unpacked = zlib.decompressobj(), 0
    while packed and not machine.eof:
        unpacked += len(machine.decompress(packed, 1 << 20))
        packed = machine.unconsumed_tail
        if unpacked > most:
            raise ValueError("a segment is too large")


def unpacked(page: Any) -> np.ndarray:
    """Samples of 9 to 31 bits, packed one after the other from byte to byte in each row: (planes, H, W, C)."""
    if page.is_tiled or int(page.predictor) != 1 or page.bitspersample > 31 or int(page.sampleformat) != 1:
        raise ValueError("not packed like that")
    planes, _, height, width, channels = page.shaped
    bits, row = page.bitspersample, -(-width * channels * page.bitspersample // 8)
    parts = []
    for offset, count in zip(page.dataoffsets, page.databytecounts, strict=True):
        page.parent.filehandle.seek(offset)
        part = page.parent.filehandle.read(count)
        parts.append(zlib.decompress(part) if int(page.compression) in DEFLATE else part)
    data = np.frombuffer(b"".join(parts), np.uint8, planes * height * row).reshape(-1, row)
    values = np.empty((len(data), width * channels), np.uint16 if bits <= 16 else np.uint32)
    weights = 1 << np.arange(bits - 1, -1, -1)
    for rows in bands(values):
        band = np.unpackbits(data[rows], axis=1)[:, : width * channels * bits]
        values[rows] = band.reshape(len(band), -1, bits) @ weights
    return values.reshape(planes, height, width, channels)
