"""Photos of more than 8 bits a channel -> 8 bits: which of their values is black, and which white.

A format that declares its range is taken at its word, even where the picture stays dark by it: an unsigned TIFF of up
to 16 bits, a PNG or a PPM goes from 0 to its largest number, 12 bits in 16 are said by MaxSampleValue alone, and
SMinSampleValue and SMaxSampleValue go before all that. The rest is guessed by `guess_range`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from PIL import Image

from explorer.sentences import Sentence

BITS_PER_SAMPLE, PHOTOMETRIC, MAX_SAMPLE, S_MIN, S_MAX = 258, 262, 281, 340, 341
WHITE_IS_ZERO, BLACK_IS_ZERO, RGB, PALETTE, CMYK, LAB, ICC_LAB = 0, 1, 2, 3, 5, 8, 9
ASSOCIATED, UNASSOCIATED = 1, 2  # what a TIFF's ExtraSamples say of alpha
BAND = 1 << 20  # samples that are worked on at once
SAMPLE = 1 << 20  # values that a range is guessed from
TAIL = 0.005  # the share of values at either end that may be outliers
FAINT = 0.02  # up to where floating-point numbers are too small to be meant as parts of 1
OVERSHOOT = 0.1  # how far, as a part of the range, values may lie beyond it and still be taken as of it
Range = tuple[float, float]


def range_note(black: float, white: float) -> str:
    return Sentence(
        "told.photo.range",
        "The photo's values from {black} to {white} were taken for black to white.",
        black=f"{black:.5g}",
        white=f"{white:.5g}",
    )


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
    # 12 bits in 16, say; any other number only tells the brightest pixel.
    fewer = [2.0**count - 1 for count in range(9, bits)]
    return 0.0, float(used) if used in fewer else 2.0**bits - 1


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
