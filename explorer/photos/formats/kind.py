"""What a file is by its first bytes: a kind of image that opens, or a sentence about what it is instead."""

from __future__ import annotations

import re
import zlib
from contextlib import suppress
from importlib.util import find_spec
from typing import BinaryIO

from PIL import features

from explorer.photos.formats.tags import Tag, first_tags
from explorer.sentences import Sentence

LEAST = 16  # bytes without which there is no image
HEAD = 4096  # bytes that tell what a file is
NO_IMAGE = Sentence(
    "told.photo.none", "That file is no photo this page can open; use a JPEG, PNG, WebP, GIF, BMP, TIFF, AVIF or HEIC."
)
EMPTY = Sentence(
    "told.photo.empty", "That file is no photo this page can open: it is empty; save or download it again."
)
VECTOR = Sentence(
    "told.photo.vector",
    "That file is no photo this page can open: it is a vector graphic; export it as a PNG and choose that.",
)
RAW = Sentence(
    "told.photo.raw",
    "That file is no photo this page can open: it is a camera's raw file; export it as a JPEG and choose that.",
)
VIDEO = Sentence(
    "told.photo.video",
    "That file is no photo this page can open: it is a video; save one of its pictures as a PNG and choose that.",
)
TEXT = Sentence(
    "told.photo.text",
    "That file is no photo this page can open: it is text or a web page; download the picture itself.",
)
OPENED = {"PNG", "JPEG", "GIF", "WebP", "BMP", "ICO", "TIFF", "PPM", "AVIF", "HEIC"}
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
RAW_COMPRESSIONS = {32767, 32769, 32770, 34713, 34892, 65000, 65535}  # Sony's, Nikon's, Pentax' and others
RAW_COLOURS = {32803, 34892}  # a colour filter array, linear raw
SUBFILE, COMPRESSION, COLOURS, MAKE, SUBFILES, DNG = 254, 259, 262, 271, 330, 50706


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
            Sentence(
                "told.photo.kind",
                "That file is no photo this page can open: it is a {kind} file; "
                "save the picture as a PNG or JPEG and choose that.",
                kind=kind,
            )
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
