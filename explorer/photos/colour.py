"""A photo's colours brought to sRGB: from its ICC profile, from a PNG's gAMA, cHRM and cICP, from an AVIF's or HEIC's
nclx. Where they contradict each other, and where the formats leave it open, it is done as browsers do it."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, BinaryIO

import numpy as np
from PIL import Image, ImageCms

from explorer.photos.depth import bands

DAMAGED = "The photo's colour profile is damaged and was left out."
UNFIT = "The photo's colour profile belongs to another kind of picture and was left out."
LARGEST_PROFILE = 16_000_000  # bytes; a printer's have two or three million
GREY, ALPHA = ("1", "L", "LA", "La"), ("RGBA", "RGBa", "LA", "La", "PA")
SRGB_GAMMA = 0.45455  # what a PNG's gAMA says for sRGB
D50 = np.array([0.9642, 1.0, 0.8249])  # ICC.1, 7.2.16
BRADFORD = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])  # ICC.1, annex E
D65 = (0.3127, 0.329)
# The white point's and the primaries' x and y by their number in ITU-T H.273, table 2.
PRIMARIES = {
    1: (*D65, 0.64, 0.33, 0.3, 0.6, 0.15, 0.06),
    4: (0.31, 0.316, 0.67, 0.33, 0.21, 0.71, 0.14, 0.08),
    5: (*D65, 0.64, 0.33, 0.29, 0.6, 0.15, 0.06),
    6: (*D65, 0.63, 0.34, 0.31, 0.595, 0.155, 0.07),
    7: (*D65, 0.63, 0.34, 0.31, 0.595, 0.155, 0.07),
    9: (*D65, 0.708, 0.292, 0.17, 0.797, 0.131, 0.046),
    11: (0.314, 0.351, 0.68, 0.32, 0.265, 0.69, 0.15, 0.06),
    12: (*D65, 0.68, 0.32, 0.265, 0.69, 0.15, 0.06),
    22: (*D65, 0.63, 0.34, 0.295, 0.605, 0.155, 0.077),
}
SRGB_PRIMARIES = PRIMARIES[1]
Curve = Callable[[np.ndarray], np.ndarray]


def from_srgb(values: np.ndarray) -> np.ndarray:
    """sRGB's numbers in [0, 1] -> linear light (IEC 61966-2-1)."""
    return np.where(values <= 0.04045, values / 12.92, ((np.maximum(values, 0) + 0.055) / 1.055) ** 2.4)


def into_srgb(light: np.ndarray) -> np.ndarray:
    """Linear light in [0, 1] -> sRGB's numbers."""
    return np.where(light <= 0.0031308, light * 12.92, 1.055 * np.maximum(light, 0) ** (1 / 2.4) - 0.055)


def _from_pq(values: np.ndarray) -> np.ndarray:
    """SMPTE ST 2084 -> linear light, 1 for the 203 cd/m² of ITU-R BT.2408's white."""
    power = values ** (1 / 78.84375)
    return (np.maximum(power - 0.8359375, 0) / (18.8515625 - 18.6875 * power)) ** (1 / 0.1593017578125) * (10_000 / 203)


def _from_hlg(values: np.ndarray) -> np.ndarray:
    """ITU-R BT.2100's hybrid log-gamma -> the scene's linear light in [0, 1]."""
    return np.where(values <= 0.5, values**2 / 3, (np.exp((values - 0.55991073) / 0.17883277) + 0.28466892) / 12)


def _power(exponent: float) -> Curve:
    return lambda values: values**exponent


PQ, HLG = 16, 18
BT709_TRANSFERS = (1, 6, 14, 15)
BRIGHTEST = 1000 / 203  # of an HDR picture, as a multiple of its white
# What turns numbers into light, by its number in ITU-T H.273, table 3.
TRANSFERS: dict[int, Curve] = {
    **dict.fromkeys(BT709_TRANSFERS, _power(2.4)),  # as BT.1886's displays show them
    4: _power(2.2),
    5: _power(2.8),
    8: _power(1.0),
    13: from_srgb,
    PQ: _from_pq,
    17: lambda values: values**2.6 * (52.37 / 48),
    HLG: _from_hlg,
}


@dataclass(frozen=True)
class Space:
    """An RGB space by its numbers. chromaticities: white, red, green, blue, each x and y. light: [0, 1] -> linear."""

    chromaticities: tuple[float, ...]
    light: Curve
    hdr: int = 0  # PQ or HLG, whose light goes beyond white

    @property
    def is_srgb(self) -> bool:
        return self.light is from_srgb and np.allclose(self.chromaticities, SRGB_PRIMARIES, atol=1e-3)

    def with_srgb_curve(self) -> Space:
        return replace(self, light=from_srgb, hdr=0)

    def profile(self) -> bytes:
        """The same as an ICC profile."""
        return _profile(to_xyz(self.chromaticities), self.light(np.linspace(0, 1, 4096)))


Source = bytes | Space | None


def source_of(image: Image.Image) -> Source:
    """What the pixels of an image are: an ICC profile, an RGB space, None for sRGB.

    A PNG's cICP goes before its profile, that before sRGB, and that before gAMA (Portable Network Graphics, third
    edition, 4.3). cHRM counts with gAMA alone. b"" stands for a profile that could not be read.
    """
    if (code := _code_points(image)) and (space := _space_of(*code)):
        return space
    if "icc_profile" in image.info:
        profile = image.info["icc_profile"]
        return profile if isinstance(profile, bytes) else b""
    gamma = image.info.get("gamma")
    if "srgb" in image.info or not isinstance(gamma, int | float) or not 0 < gamma <= 100:
        return None
    return _space_of_gamma(gamma, image.info.get("chromaticity"))


def _space_of_gamma(gamma: float, chromaticities: Any) -> Space | None:
    usual = abs(gamma - SRGB_GAMMA) < 1e-5
    if chromaticities is None:
        return None if usual else Space(SRGB_PRIMARIES, _power(1 / gamma))
    try:
        to_xyz(chromaticities)
    except (ValueError, TypeError, ArithmeticError):
        return None
    if usual and np.allclose(chromaticities, SRGB_PRIMARIES, atol=1e-3):
        return None
    return Space(tuple(chromaticities), _power(1 / gamma))


def _space_of(primaries: int, transfer: int) -> Space | None:
    """ITU-T H.273's numbers -> the space; None where they say nothing, or sRGB in other words."""
    if primaries not in PRIMARIES or transfer not in TRANSFERS:
        return None
    return Space(PRIMARIES[primaries], TRANSFERS[transfer], transfer if transfer in (PQ, HLG) else 0)


def _code_points(image: Image.Image) -> tuple[int, int] | None:
    """The numbers of the primaries and the transfer that a file names: info["cicp"] of `read_image` and `note_cicp`."""
    if isinstance(cicp := image.info.get("cicp"), bytes) and len(cicp) == 4:
        primaries, transfer, matrix, full = cicp
        return (primaries, transfer) if (matrix, full) == (0, 1) else None
    if isinstance(nclx := image.info.get("nclx_profile"), dict) and "icc_profile" not in image.info:  # pillow-heif's
        return _of_a_photo(nclx.get("color_primaries", 2), nclx.get("transfer_characteristics", 2))
    return None


def _of_a_photo(primaries: int, transfer: int) -> tuple[int, int]:
    """A film's usual transfers stand for sRGB's in AVIF and HEIC: encoders write them without a thought."""
    return primaries, 13 if transfer in BT709_TRANSFERS else transfer


def note_cicp(image: Image.Image) -> None:
    """Write the numbers by which an opened PNG or AVIF names its colours, and which Pillow passes over, into its info
    as "cicp". To be done before it is loaded."""
    file, reader = getattr(image, "fp", None), {"PNG": _cicp, "AVIF": _nclx}.get(image.format or "")
    if not file or not reader or not getattr(image, "tile", None) or "cicp" in image.info:
        return
    place = file.tell()
    with suppress(OSError, ValueError, struct.error):
        if cicp := reader(file):
            image.info["cicp"] = cicp
    file.seek(place)


def _cicp(file: BinaryIO) -> bytes | None:
    """A PNG's cICP chunk, which stands before its pixels."""
    file.seek(8)
    for _ in range(1000):
        length, kind = struct.unpack(">I4s", file.read(8))
        if kind == b"cICP":
            return file.read(4)
        if kind in (b"IDAT", b"IEND"):
            return None
        file.seek(length + 4, io.SEEK_CUR)
    return None


def _nclx(file: BinaryIO) -> bytes | None:
    """The first colr box of an AVIF that names its colours by numbers; None where a profile stands beside it."""
    file.seek(0)
    head = file.read(65_536)
    place = head.find(b"colrnclx")
    if place < 0 or b"colrprof" in head or b"colrrICC" in head:
        return None
    primaries, transfer = _of_a_photo(*struct.unpack_from(">HH", head, place + 8))
    return bytes((primaries, transfer, 0, 1))


def to_srgb(image: Image.Image, source: Source) -> tuple[Image.Image, str]:
    """An image with 8 bits a channel, of any mode, whose pixels are `source` -> RGB or RGBA in sRGB, and a sentence
    where its profile was left out, or "". What its file said of its colours is gone from its info."""
    alpha = None
    grey = image.mode in GREY
    if image.mode == "LAB":  # says by itself what its colours are
        source = None
    if image.mode in ALPHA or "transparency" in image.info:
        image = image.convert("LA" if grey else "RGBA")
        alpha = image.getchannel("A")
    if image.mode != "CMYK":
        image = image.convert("L" if grey else "RGB")
    note = ""
    if isinstance(source, Space):
        image = _from_space(image, source)
    elif source is not None:
        image, note = _from_profile(image, source)
    if image.mode != "RGB":
        image = image.convert("RGB")
    if alpha:
        image.putalpha(alpha)
    image.info = {}
    return image, note


def _from_space(image: Image.Image, space: Space) -> Image.Image:
    if space.is_srgb or image.mode == "CMYK":
        return image
    if space.hdr:
        return _from_hdr(image.convert("RGB"), space)
    if image.mode == "L":  # no primaries matter
        return image.point(srgb_levels(space, 256).tolist())
    return _from_profile(image, space.profile())[0]


def _from_profile(image: Image.Image, profile: bytes) -> tuple[Image.Image, str]:
    fits = {"L": (b"GRAY", b"RGB "), "RGB": (b"RGB ",), "CMYK": (b"CMYK",)}[image.mode]
    if len(profile) < 128 or len(profile) > LARGEST_PROFILE or profile[36:40] != b"acsp":
        return image, DAMAGED
    if profile[16:20] not in fits:
        return image, UNFIT
    mode = {b"GRAY": "L", b"RGB ": "RGB", b"CMYK": "CMYK"}[profile[16:20]]
    try:
        transform = _transform(profile, mode)
        if mode == "RGB":
            before, after = _probe(transform)
            if np.abs(after - before).max() <= 1:  # sRGB under another name: a large photo need not go through it
                return image, ""
            if np.ptp(after, axis=(0, 1)).max() == 0:
                return image, DAMAGED
        return transform.apply(image.convert(mode)), ""
    except Exception:  # ImageCms raises several kinds
        return image, DAMAGED


def _transform(profile: bytes, mode: str) -> ImageCms.ImageCmsTransform:
    opened = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    flags = ImageCms.Flags.NOWHITEONWHITEFIXUP
    return ImageCms.ImageCmsTransform(opened, _srgb(), mode, "RGB", ImageCms.Intent.PERCEPTUAL, flags=flags)


@lru_cache(maxsize=1)
def _srgb() -> ImageCms.ImageCmsProfile:
    """Of version 2: one of version 4 lets black points be compensated for, which browsers do not."""
    return ImageCms.ImageCmsProfile(io.BytesIO(Space(SRGB_PRIMARIES, from_srgb).profile()))


def _probe(transform: ImageCms.ImageCmsTransform) -> tuple[np.ndarray, np.ndarray]:
    """Colours from all over RGB, and what becomes of them: (27, 27, 3) int."""
    levels = np.linspace(0, 255, 9).round().astype(np.uint8)
    probe = np.stack(np.meshgrid(levels, levels, levels, indexing="ij"), -1).reshape(27, 27, 3)
    return probe.astype(int), np.asarray(transform.apply(Image.fromarray(probe))).astype(int)


def srgb_levels(space: Space, count: int) -> np.ndarray:
    """What each of `count` levels of a channel becomes with sRGB's curve in place of the space's: (count,) uint8."""
    return (into_srgb(space.light(np.linspace(0, 1, count))).clip(0, 1) * 255).round().astype(np.uint8)


def to_xyz(chromaticities: Any) -> np.ndarray:
    """White, red, green, blue, each x and y -> (3, 3), whose columns are red, green and blue as XYZ beside a D50 white
    (Bradford's adaptation). Raises ValueError, TypeError or ArithmeticError when they make no space."""
    points = np.array(chromaticities, float).reshape(4, 2)
    if not np.isfinite(points).all() or not (points[:, 1] > 0).all() or (points < 0).any() or (points.sum(1) > 1).any():
        raise ValueError("no chromaticities")
    xyz = np.stack([points[:, 0] / points[:, 1], np.ones(4), (1 - points.sum(1)) / points[:, 1]])
    white, primaries = xyz[:, 0], xyz[:, 1:]
    if abs(np.linalg.det(primaries)) < 1e-6:
        raise ValueError("no chromaticities")
    matrix = primaries * np.linalg.solve(primaries, white)
    adaptation = np.linalg.inv(BRADFORD) @ np.diag((BRADFORD @ D50) / (BRADFORD @ white)) @ BRADFORD
    return np.asarray(adaptation @ matrix)


def _from_hdr(image: Image.Image, space: Space) -> Image.Image:
    """RGB in PQ or HLG -> sRGB."""
    levels, pixels = space.light(np.linspace(0, 1, 256)), np.asarray(image)
    wide = to_xyz(PRIMARIES[9])
    widened = (np.linalg.inv(wide) @ to_xyz(space.chromaticities)).T
    narrowed = (np.linalg.inv(to_xyz(SRGB_PRIMARIES)) @ wide).T
    done = np.empty_like(pixels)
    for rows in bands(pixels):
        light = levels[pixels[rows]]
        if space.hdr == HLG:  # the light of a display of 1000 cd/m² for the scene's (ITU-R BT.2100, table 5)
            light = light * (light @ [0.2627, 0.678, 0.0593])[..., None] ** 0.2 * BRIGHTEST
        light = _tone_mapped(light @ widened) @ narrowed
        done[rows] = (into_srgb(light.clip(0, 1)) * 255).round()
    return Image.fromarray(done)


def _tone_mapped(light: np.ndarray) -> np.ndarray:
    """(..., 3) linear BT.2020 with white at 1 -> within [0, 1], by what becomes of the largest channel: half of it up
    to white, and from there on a quadratic curve that leads the brightest to 1.

    The reference white tone mapping of SMPTE ST 2094-50, which Chromium uses.
    """
    along = np.linspace(0, 1, 257)
    before, between, after = (1 - along) ** 2, 2 * (1 - along) * along, along**2
    bright, mapped = before + between * 1.65 + after * BRIGHTEST, before * 0.5 + between * 0.825 + after
    largest = light.max(-1, keepdims=True)
    share = np.where(largest <= 1, largest / 2, np.interp(largest, bright, mapped)) / np.maximum(largest, 1e-9)
    return np.asarray(light * share)


def _profile(matrix: np.ndarray, curve: np.ndarray) -> bytes:
    """A matrix/TRC profile of version 2 (ICC.1:2001-04, 6.3.1.2).

    matrix: (3, 3), the primaries' XYZ in columns. curve: linear light at evenly spaced numbers, in [0, 1].
    """

    def fixed(*values: float) -> bytes:
        return struct.pack(f">{len(values)}i", *(round(float(value) * 65536) for value in values))

    levels = (curve.clip(0, 1) * 65535).round().astype(">u2").tobytes()
    name = struct.pack(">4s4xI", b"desc", 2) + b"-\0" + bytes(78)
    tags = {b"desc": name, b"cprt": b"text\0\0\0\0-\0", b"wtpt": b"XYZ \0\0\0\0" + fixed(*D50)}
    for index, letter in enumerate("rgb"):
        tags[f"{letter}XYZ".encode()] = b"XYZ \0\0\0\0" + fixed(*matrix[:, index])
        tags[f"{letter}TRC".encode()] = struct.pack(">4s4xI", b"curv", len(curve)) + levels
    table, data, start = b"", b"", 132 + 12 * len(tags)
    for key, value in tags.items():
        table += struct.pack(">4sII", key, start + len(data), len(value))
        data += value + b"\0" * (-len(value) % 4)
    head = struct.pack(">I4xI4s4s4s12x4s", start + len(data), 0x02400000, b"mntr", b"RGB ", b"XYZ ", b"acsp")
    head = (head.ljust(68, b"\0") + fixed(*D50)).ljust(128, b"\0")
    return head + struct.pack(">I", len(tags)) + table + data
