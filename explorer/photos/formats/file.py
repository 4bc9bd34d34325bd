"""An image file: what it is by its first bytes, and its first picture."""

from __future__ import annotations

import os
import re
import zlib
from collections.abc import Callable
from contextlib import suppress
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import Image, UnidentifiedImageError, features

from explorer.photos.colour import note_cicp
from explorer.photos.depth import low_bytes, read_colour_pfm, read_tiff
from explorer.photos.formats import bmp, gif, jpeg, png, webp
from explorer.photos.formats.frame import MAX_PIXELS, Frame, Rare
from explorer.photos.formats.tags import Tag, first_tags, orientation_alone

LONGEST_SIDE = 250_000  # pixels
LEAST = 16  # bytes without which there is no image
HEAD = 4096  # bytes that tell what a file is
TOO_MANY = f"The photo has more than {MAX_PIXELS // 1_000_000} megapixels; make it smaller and try again."
NO_IMAGE = "That file is no photo this page can open; use a JPEG, PNG, WebP, GIF, BMP, TIFF, AVIF or HEIC."
BROKEN = "The photo is damaged or cut off; save or download it again."
EMPTY = "That file is no photo this page can open: it is empty; save or download it again."
VECTOR = "That file is no photo this page can open: it is a vector graphic; export it as a PNG and choose that."
RAW = "That file is no photo this page can open: it is a camera's raw file; export it as a JPEG and choose that."
VIDEO = "That file is no photo this page can open: it is a video; save one of its pictures as a PNG and choose that."
TEXT = "That file is no photo this page can open: it is text or a web page; download the picture itself."

FRAMES: dict[str, Callable[[bytes], Frame]] = {
    "PNG": png.first_frame,
    "JPEG": jpeg.first_frame,
    "GIF": gif.first_frame,
    "WebP": webp.first_frame,
    "BMP": bmp.first_frame,
    "ICO": bmp.largest_icon,
}
OPENED = {*FRAMES, "TIFF", "PPM", "AVIF", "HEIC"}
FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "PPM", "AVIF", "ICO")  # of Pillow's; none starts a program
BEGINS: dict[str, bytes] = {  # what each kind of file, or each file that a sentence is about, begins with
    "PNG": rb"\x89PNG\r\n\x1a\n",
    "JPEG": rb"\xff\xd8\xff",
    "GIF": rb"GIF8[79]a",
    "WebP": rb"RIFF....WEBP",
    "BMP": rb"BM.{12}[\x0c-\x7c]\0\0\0",
    "ICO": rb"\0\0[\1\2]\0[^\0]",
    RAW: rb"FUJIFILMCCD-RAW|IIRO|IIRS|MMOR|IIU\0|II\*\0.{4}CR|II\x1a\0\0\0HEAPCCDR|\0MRM|FOVb|.{4}ftypcrx ",
    "TIFF": rb"II\*\0|MM\0\*|II\+\0|MM\0\+",
    "PPM": rb"P[1-6fF][\s#]",
    "AVIF": rb".{4}ftypavi[fs]",
    "HEIC": rb".{4}ftyp(hei[cxms]|hev[cxms]|mif1|msf1)",
    "JPEG XL": rb"\xff\x0a|\0\0\0\x0cJXL \r\n\x87\n",
    "JPEG 2000": rb"\xff\x4f\xff\x51|\0\0\0\x0cjP  \r\n\x87\n",
    "JPEG XR": rb"II\xbc\x01",
    "Photoshop": rb"8BPS",
    "GIMP": rb"gimp xcf",
    "OpenEXR": rb"v/1\x01",
    "Radiance HDR": rb"#\?RADIANCE|#\?RGBE",
    "PDF": rb"\s*%PDF-",
    "PostScript": rb"%!PS|\xc5\xd0\xd3\xc6",
    "DDS": rb"DDS ",
    "ICNS": rb"icns",
    "QOI": rb"qoif",
    VIDEO: rb"\x1a\x45\xdf\xa3|RIFF....AVI |FLV\x01|\0\0\x01[\xb3\xba]|.{4}(moov|mdat|wide)"
    rb"|.{4}ftyp(qt|iso|mp4|mp7|avc1|dash|M4V|3g|f4v|MSNV|XAVC)",
}
PPM_HEADER = re.compile(rb"P[456fF](\s+(#[^\n]*\n\s*)*\d+){2}")
PLAIN_PPM = re.compile(rb"P[123]")
MOST_DIGITS, MOST_COMMENTS = 6_000_000, 100  # bytes of a plain PPM, and comments in it
RAW_COMPRESSIONS = {32767, 32769, 32770, 34713, 34892, 65000, 65535}  # Sony's, Nikon's, Pentax' and others
RAW_COLOURS = {32803, 34892}  # a colour filter array, linear raw
MOST_STRIPS, STRIPS = 100_000, (273, 324)
SUBFILE, WIDTH, COMPRESSION, COLOURS, MAKE, SUBFILES, DNG = 254, 256, 259, 262, 271, 330, 50706


class TooLarge(Exception):
    """Over MAX_PIXELS."""


def read_image(source: str | os.PathLike[str], longest: int | None = None) -> tuple[Image.Image, tuple[int, int]]:
    """An image file -> its first picture, loaded, as it lies, and its (width, height) in the file.

    The picture's info holds what colours, depth and orientation need: icc_profile, gamma, chromaticity, srgb, cicp,
    nclx_profile, exif, low_bytes (see photos/depth.py), and range, a sentence.
    longest: a hint; a large JPEG is read at a fraction of its size that has at least this many pixels on a side.
    Raises ValueError with a sentence that says what the file is, or that it is damaged or too large.
    """
    try:
        with Path(source).open("rb") as file:
            return decoded(file, kind_of(file), longest)
    except OSError:
        raise ValueError(NO_IMAGE) from None


def kind_of(file: BinaryIO) -> str:
    """One of OPENED. Raises ValueError with a sentence about a file that is none of them."""
    head = file.read(HEAD)
    file.seek(0)
    if not head:
        raise ValueError(EMPTY)
    if len(head) < LEAST:
        raise ValueError(NO_IMAGE)
    kind = next((kind for kind, begins in BEGINS.items() if re.match(begins, head, re.DOTALL)), "")
    if kind == "HEIC" and b"avif" in head[8 : min(int.from_bytes(head[:4], "big"), 256)]:
        kind = "AVIF"
    if kind == "TIFF" and is_raw(file):
        kind = RAW
    if kind in (RAW, VIDEO):
        raise ValueError(kind)
    if not kind:
        raise ValueError(sentence_on_text(head))
    if kind not in OPENED or not can_decode(kind):
        raise ValueError(
            f"That file is no photo this page can open: it is a {kind} file; "
            "save the picture as a PNG or JPEG and choose that."
        )
    return kind


def can_decode(kind: str) -> bool:
    """Pillow has AVIF since 11.3, where it was built so; HEIC comes with a package of its own."""
    if kind == "AVIF":
        return "avif" in features.modules and features.check_module("avif")
    return kind != "HEIC" or find_spec("pillow_heif") is not None


def is_raw(file: BinaryIO) -> bool:
    """Whether a TIFF is a camera's raw file, whose first directory may hold no more than a preview."""
    tags = tags_of(file)
    values = {number: tag.value for number, tag in tags.items()}
    preview = values.get(SUBFILE, 0) & 1 and {MAKE, SUBFILES} <= tags.keys()
    named = DNG in tags or values.get(COMPRESSION) in RAW_COMPRESSIONS or values.get(COLOURS) in RAW_COLOURS
    return bool(preview or named)


def tags_of(file: BinaryIO) -> dict[int, Tag]:
    """Of a TIFF; none where they are damaged."""
    file.seek(0)
    try:
        return first_tags(file)
    except ValueError:
        return {}
    finally:
        file.seek(0)


def sentence_on_text(head: bytes) -> str:
    """What to say of a file that begins as no image does."""
    if head.startswith(b"\x1f\x8b"):  # packed by gzip, as .svgz is
        with suppress(zlib.error):
            head = zlib.decompressobj(31).decompress(head, HEAD)
    encoding = "utf-16" if head[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    text = head.decode(encoding, "replace")
    if re.match(r"\s*<", text) and re.search(r"<(svg:)?svg\b", text, re.IGNORECASE) and "<html" not in text.lower():
        return VECTOR
    strange = sum(letter == "\ufffd" or (letter < " " and letter not in "\t\n\r\f") for letter in text)
    return TEXT if strange <= len(text) // 100 else NO_IMAGE


def decoded(file: BinaryIO, kind: str, longest: int | None) -> tuple[Image.Image, tuple[int, int]]:
    try:
        return first_picture(file, kind, longest)
    except Rare:
        raise ValueError(
            f"That file is no photo this page can open: it is a rare kind of {kind}; "
            "save the picture as a PNG or JPEG and choose that."
        ) from None
    except jpeg.TooManyScans as scans:
        raise ValueError(f"The JPEG has more than {scans.most} scans; save it again as a plain one.") from None
    except (TooLarge, Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise ValueError(TOO_MANY) from None
    except Exception:
        raise ValueError(BROKEN) from None


def first_picture(file: BinaryIO, kind: str, longest: int | None) -> tuple[Image.Image, tuple[int, int]]:
    if kind in FRAMES:
        frame = FRAMES[kind](file.read())
        return closed(frame, longest) if frame.cut else of_frame(frame, frame.content, longest)
    if kind == "PPM":
        check_ppm(file)
        if (deep := read_colour_pfm(file, MAX_PIXELS)) is not None:
            return deep, deep.size
    if any(tag.held > MOST_STRIPS for number, tag in tags_of(file).items() if number in STRIPS):
        raise Rare("so many strips take minutes")
    if kind == "TIFF" and (deep := read_tiff(file, MAX_PIXELS)) is not None:
        return deep, deep.size
    with heic(file) if kind == "HEIC" else pillow(file) as image:
        note_cicp(image)
        image.load()
        image.info.pop("xmp", None)  # Pillow would take an orientation out of it; browsers do not
        image.info.update(orientation_alone(image.info.pop("exif", None) or b""))
        return image, image.size


def of_frame(frame: Frame, content: bytes, longest: int | None) -> tuple[Image.Image, tuple[int, int]]:
    refuse_large(frame.canvas or (0, 0))
    with pillow(BytesIO(content)) as image:
        size = frame.canvas or image.size
        if longest and image.format == "JPEG":
            image.draft("RGB", (longest, longest))
        image.info.update(frame.info)
        if (low := low_bytes(image)) is not None and size == image.size:
            image.info["low_bytes"] = low
        return frame.lay(image), size


def closed(frame: Frame, longest: int | None) -> tuple[Image.Image, tuple[int, int]]:
    """A JPEG without its end marker. Raises ValueError where some of its pixels depend on what comes after its end."""
    image, size = of_frame(frame, frame.content + jpeg.END, longest)
    for end in jpeg.OTHER_ENDS:
        other, _ = of_frame(frame, frame.content + end, longest)
        if not np.array_equal(np.asarray(image), np.asarray(other)):
            raise ValueError("pixels are missing")
    return image, size


def pillow(file: BinaryIO) -> Image.Image:
    """An image whose header has been read, and no more. Raises TooLarge, Rare, or what Pillow raises."""
    Image.init()
    try:
        image = Image.open(file, formats=[name for name in FORMATS if name in Image.OPEN])
    except UnidentifiedImageError:
        if WIDTH in tags_of(file):
            raise Rare("no mode for its pixels, or no decoder") from None
        raise
    refuse_large(image.size)
    return image


def heic(file: BinaryIO) -> Image.Image:
    """As `pillow` does; libheif turns the picture itself."""
    from pillow_heif import HeifImageFile

    try:
        image: Image.Image = HeifImageFile(file)
    except SyntaxError as error:
        if "nsupported" in str(error):
            raise Rare("no decoder for its pixels") from None
        raise
    refuse_large(image.size)
    return image


def check_ppm(file: BinaryIO) -> None:
    """Pillow takes seconds for pixels that are written out in digits, and minutes for many comments among them."""
    head = file.read(HEAD)
    file.seek(0)
    if PLAIN_PPM.match(head):
        content = file.read(MOST_DIGITS + 1)
        file.seek(0)
        if len(content) > MOST_DIGITS or content.count(b"#") > MOST_COMMENTS:
            raise Rare("its pixels are written out in too many digits")
    elif not PPM_HEADER.match(head):
        raise ValueError("the header is damaged")


def refuse_large(size: tuple[int, int]) -> None:
    if size[0] * size[1] > MAX_PIXELS:
        raise TooLarge
    if max(size) > LONGEST_SIDE:
        raise Rare("Pillow takes minutes for such a line, or gigabytes")
