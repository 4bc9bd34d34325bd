"""Photos of more than 8 bits a channel -> 8 bits: which of their values is black, and which white.

A format that declares its range is taken at its word, even where the picture stays dark by it: an unsigned TIFF of up
to 16 bits, a PNG or a PPM goes from 0 to its largest number, 12 bits in 16 are said by MaxSampleValue alone, and
SMinSampleValue and SMaxSampleValue go before all that. The rest is guessed by `guess_range`.
"""

from __future__ import annotations

import logging
import math
import re
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, BinaryIO

import numpy as np
from PIL import Image

from explorer.photos.formats.frame import Rare
from explorer.photos.formats.tags import ORIENTATION

PROFILE = 34675
BITS_PER_SAMPLE, PHOTOMETRIC, MAX_SAMPLE, S_MIN, S_MAX = 258, 262, 281, 340, 341
WHITE_IS_ZERO, BLACK_IS_ZERO, RGB, PALETTE, CMYK, LAB, ICC_LAB = 0, 1, 2, 3, 5, 8, 9
CHANNELS = {WHITE_IS_ZERO: 1, BLACK_IS_ZERO: 1, RGB: 3, PALETTE: 1, CMYK: 4, LAB: 3, ICC_LAB: 3}
ASSOCIATED, UNASSOCIATED = 1, 2  # what a TIFF's ExtraSamples say of alpha
DEFLATE = (8, 32946)  # beside 1, what tifffile unpacks by itself; the rest is left to Pillow
MOST_SEGMENTS, MOST_BYTES = 100_000, 1 << 30
PFM_HEAD = 128  # bytes
BAND = 1 << 20  # samples that are worked on at once
SAMPLE = 1 << 20  # values that a range is guessed from
TAIL = 0.005  # the share of values at either end that may be outliers
FAINT = 0.02  # up to where floating-point numbers are too small to be meant as parts of 1
OVERSHOOT = 0.1  # how far, as a part of the range, values may lie beyond it and still be taken as of it
Range = tuple[float, float]


def range_note(black: float, white: float) -> str:
    return f"The photo's values from {black:.5g} to {white:.5g} were taken for black to white."


def guess_range(values: np.ndarray) -> tuple[Range, str]:
    """Values of which no format says what is black and white -> (black, white), and the sentence that says so.

    The half percent at either end is left out, as are NaN and infinity. Of what is left:
    whole numbers up to 1, up to 255, or well into 65535, 2³¹ - 1 or 2³² - 1 go from 0 to that;
    others from 0 to 1 with a tenth of overshoot on either side when they reach a fiftieth of it, from 0 to 255 or to
    65535 when they reach a quarter of it; a range about [-1, 1] is that;
    all others, as an HDR picture's or a CT scan's, go from their least (0 where that is near) to their largest value,
    of those at the ends that follow close on the rest.
    The sentence is "" for floating-point numbers within [0, 1].
    """
    sample = _sample(values)
    if not sample.size:
        return (0.0, 1.0), ""
    ordered = np.sort(sample.ravel())
    last = len(ordered) - 1
    low, high = float(ordered[math.ceil(last * TAIL)]), float(ordered[math.floor(last * (1 - TAIL))])
    low, high = min(low, high), max(low, high)
    whole = values.dtype.kind in "iu" or bool((sample == np.floor(sample)).all() and high > 1)
    black, white = _known_range(low, high, whole, values.dtype) or _spread(low, high, ordered)
    least, most = float(ordered[0]), float(ordered[-1])
    slack = OVERSHOOT * (white - black)
    usual = not whole and (black, white) == (0, 1) and least >= black - slack and most <= white + slack
    return (black, white), "" if usual else range_note(black, white)


def _known_range(low: float, high: float, whole: bool, dtype: np.dtype) -> Range | None:
    """The range that values from low to high are usually meant by."""
    constant, most = low == high, float(np.iinfo(dtype).max) if dtype.kind in "iu" else math.inf
    for white in (1.0, 255.0, 65535.0, 2.0**31 - 1, 2.0**32 - 1):
        white = min(white, most)
        if white > 65535 and not whole:
            break
        slack = 0 if whole and white <= 255 else OVERSHOOT * white
        if low < (0 if whole else -slack) or high > white + slack:
            continue
        least = 0 if whole and white <= 255 else FAINT if white == 1 else white / 4
        return (0.0, white) if constant or high > least or high == 0 else None
    if not whole and -1 - OVERSHOOT <= low < -0.5 and 0.5 < high <= 1 + OVERSHOOT:
        return -1.0, 1.0
    return None


def _spread(low: float, high: float, ordered: np.ndarray) -> Range:
    """From low to high, and on to the least and the largest value that lie no more than a tenth beyond."""
    slack = OVERSHOOT * (high - low)
    low = float(ordered[np.searchsorted(ordered, low - slack)])
    high = float(ordered[np.searchsorted(ordered, high + slack, "right") - 1])
    if 0 <= low < slack:
        low = 0.0
    return (low, high) if high > low else (low - 1, high) if high > 0 else (low, high + 1)


def _sample(values: np.ndarray) -> np.ndarray:
    """At most about a million finite ones of many values, from all over the picture."""
    step = max(math.ceil(math.sqrt(values.size / SAMPLE)), 1)
    some = values[::step, ::step].astype(np.float64)
    return np.asarray(some[np.isfinite(some)])


@dataclass(frozen=True)
class Samples:
    """A picture as its file holds it. values: (H, W, C), colours first, of any real type.

    alpha: ASSOCIATED or UNASSOCIATED when the last channel is one. declared: (black, white) where the format says so.
    """

    values: np.ndarray
    photometric: int = BLACK_IS_ZERO
    alpha: int = 0
    declared: Range | None = None

    def in_bytes(self) -> tuple[Image.Image, str]:
        """The same as a PIL image with 8 bits a channel, and the sentence that tells the range if it was guessed."""
        if self.photometric in (LAB, ICC_LAB):
            return Image.frombytes("LAB", self.values.shape[1::-1], _lab_bytes(self.values, self.photometric)), ""
        colours = self.values[..., : -1 if self.alpha else None]
        (black, white), note = (self.declared, "") if self.declared else guess_range(colours)
        ends = (white, black) if self.photometric == WHITE_IS_ZERO else (black, white)
        pixels = to_bytes(colours, *ends)
        if self.alpha:
            opaque = white if self.declared or self.values[..., -1].max(initial=0) > 1 else 1.0
            pixels = np.concatenate([pixels, to_bytes(self.values[..., -1:], 0.0, opaque)], 2)
        return _image(pixels, self), note


def _image(pixels: np.ndarray, samples: Samples) -> Image.Image:
    if samples.photometric == CMYK:
        return Image.frombytes("CMYK", pixels.shape[1::-1], pixels[..., :4].tobytes())
    if pixels.shape[2] == 4 and samples.alpha == ASSOCIATED:
        return Image.frombytes("RGBa", pixels.shape[1::-1], pixels.tobytes()).convert("RGBA")
    if pixels.shape[2] == 2 and samples.alpha == ASSOCIATED:
        grey, alpha = (Image.fromarray(pixels[..., index]) for index in (0, 1))
        return Image.merge("RGBa", (grey, grey, grey, alpha)).convert("RGBA")
    return Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels)


def to_bytes(values: np.ndarray, black: float, white: float) -> np.ndarray:
    """(H, W, C) -> the same in uint8, 0 at `black` and 255 at `white`, which may be the smaller one; NaN is black."""
    if values.dtype == np.uint16 and values.size > 65536:
        levels = to_bytes(np.arange(65536, dtype=np.int32)[:, None, None], black, white).ravel()
        done = np.empty(values.shape, np.uint8)
        for rows in bands(values):
            done[rows] = levels[values[rows]]
        return done
    done = np.empty(values.shape, np.uint8)
    wide = np.float64 if values.dtype.itemsize > 4 or abs(black) + abs(white) > 1e30 else np.float32
    for rows in bands(values):
        with np.errstate(invalid="ignore", over="ignore"):
            band = (values[rows].astype(wide) - wide(black)) / wide(white - black) * wide(255)
        done[rows] = np.nan_to_num(band, nan=0.0, posinf=255.0, neginf=0.0).clip(0, 255).round()
    return done


def bands(values: np.ndarray) -> Iterator[slice]:
    """Rows by the million samples: no copy of a large picture in floating point is made at once."""
    step = max(BAND // max(values[:1].size, 1), 1)
    for start in range(0, len(values), step):
        yield slice(start, start + step)


def _lab_bytes(values: np.ndarray, photometric: int) -> bytes:
    """CIELab or ICCLab of 16 bits -> 8 bits, with signed a* and b* (TIFF 6.0, section 23; ICCLab's are shifted)."""
    pixels = np.empty((*values.shape[:2], 3), np.uint8)
    for rows in bands(values):
        pixels[rows] = values[rows].astype(np.uint16) >> 8
    if photometric == ICC_LAB:
        pixels[..., 1:] ^= 128
    return pixels.tobytes()


def read_tiff(file: BinaryIO, most_pixels: int) -> Image.Image | None:
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
            samples = _read(page)
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
        if isinstance(error, _MissingError) and (error.in_planes or not _pillow_opens(file)):
            raise ValueError("samples are missing") from None
        return None
    finally:
        file.seek(0)


class _MissingError(Exception):
    """Samples that are not in the file, or can't be unpacked. in_planes: Pillow would misread them."""

    def __init__(self, in_planes: bool) -> None:
        self.in_planes = in_planes


def _pillow_opens(file: BinaryIO) -> bool:
    file.seek(0)
    with suppress(Exception):
        return Image.open(file, formats=["TIFF"]).width > 0
    return False


def _read(page: Any) -> Samples | None:
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
        values = _values(page)
    except Exception:
        raise _MissingError(int(page.planarconfig) == 2) from None
    extra = [int(sample) for sample in page.extrasamples] or ([UNASSOCIATED] if page.samplesperpixel > colours else [])
    alpha = extra[0] if extra and extra[0] in (ASSOCIATED, UNASSOCIATED) and photometric not in (CMYK, PALETTE) else 0
    values = values[..., : colours + bool(alpha)]
    if photometric == PALETTE:
        return _palette(values[..., 0], page.colormap)
    tags = {code: page.tags.valueof(code) for code in (MAX_SAMPLE, S_MIN, S_MAX)}
    return Samples(values, photometric, alpha, declared_range(bits, kind, tags.get))


def declared_range(bits: int, kind: int, tag: Callable[[int], Any]) -> Range | None:
    """What a TIFF says of its range: kind as in its SampleFormat, tag gives one of its values by number."""
    least, most = tag(S_MIN), tag(S_MAX)
    if least is not None or most is not None:
        whole = {1: (0, 2**bits - 1), 2: (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1), 3: (0, 1)}.get(kind, (0, 1))
        with suppress(TypeError, ValueError):
            black = float(np.min(whole[0] if least is None else least))
            white = float(np.max(whole[1] if most is None else most))
            if math.isfinite(black) and math.isfinite(white) and black < white:
                return black, white
    if kind != 1 or bits > 16:
        return None
    used = tag(MAX_SAMPLE)
    used = max(used, default=0) if isinstance(used, tuple) else used
    fewer = [2.0**count - 1 for count in range(9, bits)]  # a statistic, but of no picture by chance
    return 0.0, float(used) if used in fewer else 2.0**bits - 1


def _palette(indices: np.ndarray, colours: np.ndarray) -> Samples:
    """16-bit indices into (3, 65536) uint16."""
    values = np.empty((*indices.shape, 3), np.uint16)
    for rows in bands(indices):
        values[rows] = colours.T[indices[rows]]
    return Samples(values, RGB, declared=(0.0, 65535.0))


def _values(page: Any) -> np.ndarray:
    """All samples of a page, (H, W, C)."""
    _check_segments(page)
    if page.bitspersample in (8, 16, 32, 64):
        values = page.asarray(squeeze=False, maxworkers=1)[:, 0]
    else:
        values = _unpacked(page)
    return np.moveaxis(values[..., 0], 0, 2) if len(values) > 1 else np.asarray(values[0])


def _check_segments(page: Any) -> None:
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
            _check_unpacked(file.read(length), most)


def _check_unpacked(packed: bytes, most: int) -> None:
    machine, unpacked = zlib.decompressobj(), 0
    while packed and not machine.eof:
        unpacked += len(machine.decompress(packed, 1 << 20))
        packed = machine.unconsumed_tail
        if unpacked > most:
            raise ValueError("a segment is too large")


def _unpacked(page: Any) -> np.ndarray:
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


def read_colour_pfm(file: BinaryIO, most_pixels: int) -> Image.Image | None:
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


def low_bytes(image: Image.Image) -> np.ndarray | None:
    """The lower halves of a PNG's 16-bit colours, (H, W, C) uint8, of which Pillow gives the upper ones.

    None where they do not matter much, for other images, and for one that is loaded.
    """
    file, tiles = getattr(image, "fp", None), getattr(image, "tile", None)
    if image.format != "PNG" or not file or not tiles or tiles[0].args not in ("RGB;16B", "RGBA;16B"):
        return None
    if not {"transparency", "gamma", "cicp"} & image.info.keys():
        return None
    place = file.tell()
    try:
        file.seek(0)
        again: Any = Image.open(file, formats=["PNG"])
        again.tile = [tile._replace(args=tile.args.replace("16B", "16L")) for tile in again.tile]
        return np.asarray(again)
    except Exception:  # whatever is wrong with the file, its upper halves tell
        return None
    finally:
        file.seek(place)


def to_eight_bits(
    image: Image.Image, low: np.ndarray | None = None, levels: np.ndarray | None = None
) -> tuple[Image.Image, str]:
    """A loaded PIL image -> the same with 8 bits a channel, and a sentence that tells the range if it was guessed.

    low: the lower halves of its 16-bit colours, see `low_bytes`. levels: (65536,) uint8, in place of an even scale.
    A transparent colour of 16 bits becomes alpha.
    """
    if low is not None:
        return _from_sixteen(image, np.asarray(image), low, levels), ""
    if image.mode not in ("I", "F") and not image.mode.startswith("I;16"):
        return image, ""
    samples = _tagged(image, np.asarray(image)[..., None])
    if image.mode.startswith("I;16") and samples.declared == (0.0, 65535.0) and samples.photometric != WHITE_IS_ZERO:
        return _from_sixteen(image, samples.values, None, levels), ""
    done, note = samples.in_bytes()
    done.info = {key: value for key, value in image.info.items() if key != "transparency"}
    return done, note


def _from_sixteen(
    image: Image.Image, high: np.ndarray, low: np.ndarray | None, levels: np.ndarray | None
) -> Image.Image:
    """high: (H, W, C) uint16, or the upper halves of it beside the lower ones."""
    if levels is None:
        levels = (np.arange(65536) / 257).round().astype(np.uint8)
    key = None if high.shape[2] == 4 else _transparent_colour(image, high.shape[2])
    pixels = np.empty(high.shape, np.uint8)
    opaque = None if key is None else np.empty(high.shape[:2], np.uint8)
    for rows in bands(high):
        values = high[rows].astype(np.uint16)
        if low is not None:
            values = values << 8 | low[rows]
        pixels[rows] = levels[values]
        if opaque is not None:
            opaque[rows] = (values != key).any(2) * np.uint8(255)
    if high.shape[2] == 4:
        pixels[..., -1] = high[..., -1]
    done = Image.fromarray(pixels[..., 0] if high.shape[2] == 1 else pixels)
    done.info = {key: value for key, value in image.info.items() if key != "transparency"}
    if opaque is not None:
        done.putalpha(Image.fromarray(opaque))
    return done


def _transparent_colour(image: Image.Image, channels: int) -> np.ndarray | None:
    with suppress(TypeError, ValueError, OverflowError):
        key = np.array(image.info.get("transparency"), np.uint16).ravel()
        return key if len(key) == channels else None
    return None


def _tagged(image: Image.Image, values: np.ndarray) -> Samples:
    """Grey samples with what the file that Pillow read them from says of them."""
    samples = Samples(values, declared=(0.0, 65535.0) if values.dtype.itemsize == 2 else None)
    if image.format in ("PPM", "PNG") and image.mode == "I":  # Pillow stretches a PPM to 16 bits
        return replace(samples, declared=(0.0, 65535.0))
    tags = getattr(image, "tag_v2", None)
    if image.format != "TIFF" or tags is None:
        return samples
    bits = tags.get(BITS_PER_SAMPLE, (16,))[0]
    kind = {"I": 2, "F": 3}.get(image.mode, 1)
    photometric = WHITE_IS_ZERO if tags.get(PHOTOMETRIC) == WHITE_IS_ZERO else BLACK_IS_ZERO
    return replace(samples, photometric=photometric, declared=declared_range(bits, kind, tags.get))
