"""A photo's colours brought to sRGB: from its ICC profile, from a PNG's gAMA, cHRM and cICP, from an AVIF's or HEIC's
nclx. Where they contradict each other, and where the formats leave it open, it is done as browsers do it."""

from __future__ import annotations

import io
import struct
from contextlib import suppress
from functools import lru_cache
from typing import BinaryIO

import numpy as np
from PIL import Image, ImageCms

from explorer.photos.depth import bands
from explorer.photos.rgb_space import (
    BT709_TRANSFERS,
    HLG,
    PRIMARIES,
    SRGB_PRIMARIES,
    RGBSpace,
    coded_space,
    from_srgb,
    gamma_space,
    into_srgb,
    srgb_levels,
    to_xyz,
)
from explorer.sentences import Sentence

DAMAGED = Sentence("told.photo.profile-damaged", "The photo's colour profile is damaged and was left out.")
UNFIT = Sentence(
    "told.photo.profile-unfit", "The photo's colour profile belongs to another kind of picture and was left out."
)
LARGEST_PROFILE = 16_000_000  # bytes; a printer's have two or three million
GREY, ALPHA = ("1", "L", "LA", "La"), ("RGBA", "RGBa", "LA", "La", "PA")
BRIGHTEST = 1000 / 203  # of an HDR picture, as a multiple of its white
Source = bytes | RGBSpace | None


def source_of(image: Image.Image) -> Source:
    """What the pixels of an image are: an ICC profile, an RGB space, None for sRGB.

    A PNG's cICP goes before its profile, that before sRGB, and that before gAMA (Portable Network Graphics, third
    edition, 4.3). cHRM counts with gAMA alone. b"" stands for a profile that could not be read.
    """
    if (code := _code_points(image)) and (space := coded_space(*code)):
        return space
    if "icc_profile" in image.info:
        profile = image.info["icc_profile"]
        return profile if isinstance(profile, bytes) else b""
    gamma = image.info.get("gamma")
    if "srgb" in image.info or not isinstance(gamma, int | float) or not 0 < gamma <= 100:
        return None
    return gamma_space(gamma, image.info.get("chromaticity"))


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
    if isinstance(source, RGBSpace):
        image = _from_space(image, source)
    elif source is not None:
        image, note = _from_profile(image, source)
    if image.mode != "RGB":
        image = image.convert("RGB")
    if alpha:
        image.putalpha(alpha)
    image.info = {}
    return image, note


def _from_space(image: Image.Image, space: RGBSpace) -> Image.Image:
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
    return ImageCms.ImageCmsProfile(io.BytesIO(RGBSpace(SRGB_PRIMARIES, from_srgb).profile()))


def _probe(transform: ImageCms.ImageCmsTransform) -> tuple[np.ndarray, np.ndarray]:
    """Colours from all over RGB, and what becomes of them: (27, 27, 3) int."""
    levels = np.linspace(0, 255, 9).round().astype(np.uint8)
    probe = np.stack(np.meshgrid(levels, levels, levels, indexing="ij"), -1).reshape(27, 27, 3)
    return probe.astype(int), np.asarray(transform.apply(Image.fromarray(probe))).astype(int)


def _from_hdr(image: Image.Image, space: RGBSpace) -> Image.Image:
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
