"""Image files as they come: what browsers show opens, what does not open is told what it is, and both stay small."""

import gzip
import struct
import tracemalloc
import zlib
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pillow_heif
import pytest
from photo_notes import read_photo
from PIL import Image, ImageCms

from explorer.photos.colour import DAMAGED
from explorer.photos.formats import bmp as photo_bmp
from explorer.photos.formats import gif
from explorer.photos.formats import jpeg as photo_jpeg
from explorer.photos.formats import kind as photo_kind
from explorer.photos.formats import png as photo_png
from explorer.photos.formats.file import read_image
from explorer.photos.formats.tags import ORIENTATION
from explorer.photos.image import BROKEN, TOO_MANY, open_photo

WIDTH, HEIGHT = 24, 16
PIXELS = np.random.default_rng(0).integers(0, 256, (HEIGHT, WIDTH, 3), dtype=np.uint8)
OTHER = 255 - PIXELS
PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
SIDEWAYS = b"MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0"  # EXIF: a quarter to the right


def chunk(name: bytes, content: bytes, wrong: int = 0) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content) ^ wrong)


def rows(pixels: np.ndarray) -> bytes:
    return b"".join(b"\0" + row.tobytes() for row in pixels)


def header(width: int = WIDTH, height: int = HEIGHT, depth: int = 8, colour: int = 2) -> bytes:
    return chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0))


PACKED = zlib.compress(rows(PIXELS))
END = chunk(b"IEND", b"")


def png(before: bytes = b"", after: bytes = END, pixels: bytes = b"", begins: bytes = b"") -> bytes:
    return photo_png.SIGNATURE + (begins or header()) + before + (pixels or chunk(b"IDAT", PACKED)) + after


def opened(content: bytes, tmp_path: Path, longest: int | None = None) -> np.ndarray:
    file = tmp_path / "photo.jpg"  # whatever it is
    file.write_bytes(content)
    photo, note = read_photo(file, longest)
    assert photo.mode == "RGB"
    assert longest or note in ("", DAMAGED)
    return np.asarray(photo)


def refusal(content: bytes, tmp_path: Path) -> str:
    file = tmp_path / "secret-name"
    file.write_bytes(content)
    with pytest.raises(ValueError, match=r"\.$") as refused:
        read_photo(file, 64)
    assert "secret-name" not in str(refused.value)
    return str(refused.value)


LONG = zlib.compress(b"steps: 20, " * 300_000)
HARMLESS: dict[str, bytes] = {
    "a long zTXt": chunk(b"zTXt", b"parameters\0\0" + LONG),
    "a long packed iTXt": chunk(b"iTXt", b"parameters\0\1\0\0\0" + LONG),
    "a long plain iTXt": chunk(b"iTXt", b"parameters\0\0\0\0\0" + b"x" * 2_000_000),
    "a long tEXt": chunk(b"tEXt", b"parameters\0" + b"x" * 2_000_000),
    "ninety texts": chunk(b"zTXt", b"k\0\0" + zlib.compress(bytes(900_000))) * 90,
    "a text packed in an unknown way": chunk(b"zTXt", b"k\0\7abc"),
    "a text without an end to its key": chunk(b"iTXt", b"k" * 300),
    "a wrong checksum of a text": chunk(b"tEXt", b"k\0v", wrong=1),
    "a wrong checksum of the time": chunk(b"tIME", bytes(7), wrong=1),
    "a wrong checksum of the background": chunk(b"bKGD", bytes(6), wrong=1),
    "a wrong checksum of an unknown chunk": chunk(b"prVt", bytes(99), wrong=1),
    "a wrong checksum of EXIF": chunk(b"eXIf", SIDEWAYS, wrong=1),
    "a name that is none": chunk(b"t\0x\1", b"abc"),
    "EXIF of nothing": chunk(b"eXIf", b""),
    "EXIF of noise": chunk(b"eXIf", b"MM\xff" * 99),
    "a resolution cut short": chunk(b"pHYs", bytes(8)),
    "an empty animation": chunk(b"acTL", b""),
}


@pytest.mark.parametrize("extra", HARMLESS.values(), ids=HARMLESS)
def test_a_png_opens_whatever_stands_beside_its_pixels(extra: bytes, tmp_path: Path) -> None:
    np.testing.assert_array_equal(opened(png(before=extra), tmp_path), PIXELS)
    np.testing.assert_array_equal(opened(png(after=extra + END), tmp_path), PIXELS)


BEFORE: dict[str, bytes] = {
    "a wrong checksum of gamma": chunk(b"gAMA", struct.pack(">I", 100_000), wrong=1),
    "gamma cut short": chunk(b"gAMA", b"\0"),
    "primaries cut short": chunk(b"cHRM", bytes(31)),
    "an empty intent": chunk(b"sRGB", b""),
    "a wrong checksum of the transparent colour": chunk(b"tRNS", bytes(6), wrong=1),
    "half a transparent colour": chunk(b"tRNS", bytes(3)),
    "a profile that is no zlib stream": chunk(b"iCCP", b"p\0\0" + b"noise" * 9),
    "a profile packed in an unknown way": chunk(b"iCCP", b"p\0\1" + zlib.compress(PROFILE)),
    "a profile without a name": chunk(b"iCCP", b""),
    "a profile with a wrong checksum": chunk(b"iCCP", b"p\0\0" + zlib.compress(PROFILE), wrong=1),
    "a profile that is cut off": chunk(b"iCCP", b"p\0\0" + zlib.compress(PROFILE)[:-9]),
}


@pytest.mark.parametrize("extra", BEFORE.values(), ids=BEFORE)
def test_a_damaged_chunk_about_colours_is_passed_over(extra: bytes, tmp_path: Path) -> None:
    np.testing.assert_array_equal(opened(png(before=extra), tmp_path), PIXELS)
    image, _ = read_image(tmp_path / "photo.jpg")
    assert image.info.pop("icc_profile", None) is None
    assert not {"gamma", "chromaticity", "srgb", "transparency"} & image.info.keys()


def test_what_a_png_says_of_its_colours_is_handed_on_with_a_profile_of_megabytes(tmp_path: Path) -> None:
    large = PROFILE + bytes(3_000_000)
    said = chunk(b"gAMA", struct.pack(">I", 45455)) + chunk(b"sRGB", b"\1") + chunk(b"cICP", b"\x09\x10\0\1")
    opened(png(before=said + chunk(b"iCCP", b"p\0\0" + zlib.compress(large))), tmp_path)
    info = read_image(tmp_path / "photo.jpg")[0].info
    assert info["icc_profile"] == large
    assert (info["gamma"], info["srgb"], info["cicp"]) == (0.45455, 1, b"\x09\x10\0\1")


half = len(PACKED) // 2
ENDINGS: dict[str, bytes] = {
    "no end": png(after=b""),
    "half an end": png(after=END[:6]),
    "another file after it": png() + png(begins=header(2, 2)),
    "a text cut off after the pixels": png(after=chunk(b"zTXt", b"k\0\0" + LONG)[:-99]),
    "a length beyond the file": png(after=struct.pack(">I", 2**31) + b"tEXtk"),
    "a wrong checksum of the zlib stream": png(pixels=chunk(b"IDAT", PACKED[:-1] + bytes([PACKED[-1] ^ 1]))),
    "no checksum of the zlib stream": png(pixels=chunk(b"IDAT", PACKED[:-4])),
    "more pixels than the header says": png(pixels=chunk(b"IDAT", zlib.compress(rows(PIXELS) + bytes(30_000_000)))),
    "pixels in many chunks": png(pixels=b"".join(chunk(b"IDAT", PACKED[at : at + 3]) for at in range(0, 9999, 3))),
    "a wrong checksum of pixels that are right": png(pixels=chunk(b"IDAT", PACKED, wrong=1)),
    "a text among the pixels": png(pixels=chunk(b"IDAT", PACKED[:half]) + HARMLESS["a name that is none"]).removesuffix(
        END
    )
    + chunk(b"IDAT", PACKED[half:]),
}


@pytest.mark.parametrize("content", ENDINGS.values(), ids=ENDINGS)
def test_a_png_opens_when_its_pixels_are_all_there(content: bytes, tmp_path: Path) -> None:
    np.testing.assert_array_equal(opened(content, tmp_path), PIXELS)


@pytest.mark.parametrize(
    "content",
    [
        png(pixels=chunk(b"IDAT", PACKED[:-8])),
        png(pixels=chunk(b"IDAT", PACKED[:half])),
        png(pixels=chunk(b"IDAT", PACKED[:half] + bytes(4) + PACKED[half + 4 :], wrong=1)),
        png(begins=header()[:-1] + b"\0"),
        png(pixels=b"\0" * 12),
        png(begins=header(colour=3)),
        png()[:40],
    ],
    ids=["eight bytes less", "half", "noise", "header", "no pixels", "no palette", "header alone"],
)
def test_a_png_whose_pixels_are_not_all_there_is_called_damaged(content: bytes, tmp_path: Path) -> None:
    assert refusal(content, tmp_path) == BROKEN


@pytest.mark.parametrize("depth", [1, 2, 4])
def test_the_transparent_grey_of_few_bits_is_white(depth: int, tmp_path: Path) -> None:
    packed = zlib.compress(b"\0\x1b" + b"\0\x1b")
    grey = chunk(b"tRNS", b"\0\1") + chunk(b"IDAT", packed)
    content = photo_png.SIGNATURE + header(8 // depth, 2, depth, 0) + grey + END
    values = [0x1B >> (8 - depth - at) & (2**depth - 1) for at in range(0, 8, depth)]
    expected = [255 if value == 1 else value * 255 // (2**depth - 1) for value in values]
    assert opened(content, tmp_path)[0, :, 0].tolist() == expected


def test_a_palette_that_is_too_short_goes_on_with_its_last_colour(tmp_path: Path) -> None:
    pixels = chunk(b"IDAT", zlib.compress(b"\0\0\1\2\xff"))
    content = png(chunk(b"PLTE", bytes([9, 8, 7, 60, 50, 40])), pixels=pixels, begins=header(4, 1, 8, 3))
    assert opened(content, tmp_path)[0].tolist() == [[9, 8, 7], [60, 50, 40], [60, 50, 40], [60, 50, 40]]


def control(number: int, width: int = WIDTH, height: int = HEIGHT, left: int = 0, top: int = 0) -> bytes:
    return chunk(b"fcTL", struct.pack(">IIIIIHHBB", number, width, height, left, top, 1, 10, 0, 0))


def test_an_animation_apart_from_its_still_image_gives_its_own_first_frame(tmp_path: Path) -> None:
    packed, animated = zlib.compress(rows(OTHER)), chunk(b"acTL", struct.pack(">II", 1_000_000, 0))
    parts = [chunk(b"fdAT", struct.pack(">I", 1 + at // 50) + packed[at : at + 50]) for at in range(0, len(packed), 50)]
    frames = control(0) + b"".join(parts) + control(99) + chunk(b"fdAT", struct.pack(">I", 100) + PACKED)
    np.testing.assert_array_equal(opened(png(animated, frames + END), tmp_path), OTHER)
    np.testing.assert_array_equal(opened(png(animated + control(0), frames + END), tmp_path), PIXELS)
    np.testing.assert_array_equal(opened(png(b"", frames + END), tmp_path), PIXELS)


@pytest.mark.parametrize("turned", [False, True])
def test_a_first_frame_smaller_than_its_canvas_lies_on_white(turned: bool, tmp_path: Path) -> None:
    before = chunk(b"acTL", struct.pack(">II", 1, 0)) + (chunk(b"eXIf", SIDEWAYS) if turned else b"")
    frame = control(0, 8, 4, 5, 7) + chunk(b"fdAT", struct.pack(">I", 1) + zlib.compress(rows(OTHER[:4, :8])))
    expected = np.full_like(PIXELS, 255)
    expected[7:11, 5:13] = OTHER[:4, :8]
    np.testing.assert_array_equal(opened(png(before, frame + END), tmp_path), np.rot90(expected, -turned))


def test_a_text_bomb_is_never_unpacked(tmp_path: Path) -> None:
    bomb = chunk(b"zTXt", b"k\0\0" + zlib.compress(bytes(50_000_000), 9))
    profile = chunk(b"iCCP", b"p\0\0" + zlib.compress(bytes(200_000_000), 9))
    file = tmp_path / "bomb.png"
    file.write_bytes(png(before=profile + bomb * 40, after=bomb * 40 + END))
    tracemalloc.start()
    try:
        open_photo(file)
        assert tracemalloc.get_traced_memory()[1] < 60_000_000
    finally:
        tracemalloc.stop()


def jpeg(pixels: np.ndarray = PIXELS, **options: Any) -> bytes:
    buffer = BytesIO()
    Image.fromarray(pixels.repeat(8, 0).repeat(8, 1)).save(buffer, "JPEG", **{"quality": 90, **options})
    return buffer.getvalue()


def segment(marker: int, content: bytes) -> bytes:
    return photo_jpeg.framed(marker, content)


JPEGS: dict[str, dict[str, Any]] = {
    "baseline": {},
    "full colour": {"subsampling": 0},
    "progressive": {"progressive": True},
    "restarts": {"restart_marker_blocks": 2},
    "optimized": {"optimize": True},
}


@pytest.mark.parametrize("options", JPEGS.values(), ids=JPEGS)
@pytest.mark.parametrize("longest", [None, 48])
def test_a_jpeg_without_its_end_marker_opens_when_its_pixels_are_all_there(
    options: dict[str, Any], longest: int | None, tmp_path: Path
) -> None:
    content = jpeg(**options)
    whole = opened(content, tmp_path, longest)
    for ended in (content[:-2], content[:-1], content[:-2] + bytes(700), content + b"trailing" * 99):
        np.testing.assert_array_equal(opened(ended, tmp_path, longest), whole)


@pytest.mark.parametrize("options", JPEGS.values(), ids=JPEGS)
@pytest.mark.parametrize("lost", [9, 15, 60, 700, "half"])
@pytest.mark.parametrize("padding", [b"", bytes(5000)], ids=["ends", "zeros"])
def test_a_jpeg_that_lacks_pixels_is_called_damaged(
    options: dict[str, Any], lost: Any, padding: bytes, tmp_path: Path
) -> None:
    content = jpeg(**options)
    assert refusal(content[: len(content) // 2 if lost == "half" else -lost] + padding, tmp_path) == BROKEN


def test_a_progressive_jpeg_without_its_last_scan_is_called_damaged(tmp_path: Path) -> None:
    content = jpeg(progressive=True)
    assert refusal(content[: content.rindex(b"\xff\xda")], tmp_path) == BROKEN
    assert refusal(content[: content.rindex(b"\xff\xc4")], tmp_path) == BROKEN


def test_a_jpeg_without_its_last_restart_is_called_damaged(tmp_path: Path) -> None:
    content = jpeg(restart_marker_blocks=2)
    at = max(content.rindex(bytes([0xFF, 0xD0 + number])) for number in range(8))
    assert refusal(content[:at], tmp_path) == BROKEN
    assert refusal(content[: at + 2], tmp_path) == BROKEN


SEGMENTS: dict[str, bytes] = {
    "comments of megabytes": segment(0xFE, b"x" * 60_000) * 100,
    "many comments": segment(0xFE, b"x") * 30_000,
    "noise in every application's": b"".join(segment(marker, b"\xff\0MM" * 20) for marker in range(0xE0, 0xF0)),
    "nothing in every application's": b"".join(segment(marker, b"") for marker in range(0xE0, 0xF0)),
    "JFIF cut short": segment(0xE0, b"JFIF\0"),
    "Adobe's cut short": segment(0xEE, b"Adobe"),
    "a profile cut short": segment(0xE2, b"ICC_PROFILE\0"),
    "Photoshop's cut short": segment(0xED, b"Photoshop 3.0\x008BIM\x04\x04\0\0\xff\xff\xff\xff"),
    "pictures that are not there": segment(0xE2, b"MPF\0MM\0\x2a\0\0\0\x08\0\1\xb0\1\0\4\0\0\0\1\0\0\0\2\0\0\0\0"),
    "EXIF of noise": segment(0xE1, b"Exif\0\0MM\0\x2a" + b"\xff" * 400),
    "an orientation in XMP": segment(0xE1, b'http://ns.adobe.com/xap/1.0/\0<x tiff:Orientation="6"/>'),
    "fill bytes": b"\xff" * 40,
}


@pytest.mark.parametrize("extra", SEGMENTS.values(), ids=SEGMENTS)
def test_a_jpeg_opens_whatever_stands_before_its_pixels(extra: bytes, tmp_path: Path) -> None:
    content = jpeg()
    whole = opened(content, tmp_path)
    np.testing.assert_array_equal(opened(content[:2] + extra + content[2:], tmp_path), whole)


def test_a_jpeg_keeps_its_orientation_and_its_profile_among_much_else(tmp_path: Path) -> None:
    noise, part = segment(0xE1, b"Exif\0\0" + SIDEWAYS + b"\xff" * 60_000), b"ICC_PROFILE\0%c\3%b"
    parts = [segment(0xE2, part % (at // 200 + 1, PROFILE[at : at + 200])) for at in (0, 200, 400)]
    content = jpeg()
    file = tmp_path / "turned.jpg"
    file.write_bytes(content[:2] + noise + b"".join(reversed(parts)) + content[2:-2])
    assert read_photo(file, None)[0].size == (8 * HEIGHT, 8 * WIDTH)
    assert read_image(file)[0].info["icc_profile"] == PROFILE[:600]


def test_a_jpeg_of_twelve_bits_is_no_damaged_one(tmp_path: Path) -> None:
    content = jpeg()
    frame = content.index(b"\xff\xc0")
    twelve = content[: frame + 4] + b"\x0c" + content[frame + 5 :]
    assert "it is a rare kind of JPEG" in refusal(twelve, tmp_path)


def test_several_pictures_in_one_jpeg_give_the_first(tmp_path: Path) -> None:
    buffer = BytesIO()
    first, second = (Image.fromarray(pixels) for pixels in (PIXELS, OTHER))
    first.save(buffer, "MPO", save_all=True, append_images=[second], quality=95)
    whole = opened(buffer.getvalue(), tmp_path)
    assert np.abs(whole.astype(int) - PIXELS).mean() < np.abs(whole.astype(int) - OTHER).mean()
    np.testing.assert_array_equal(opened(buffer.getvalue()[:-300], tmp_path), whole)


def test_the_first_frame_of_a_gif_lies_on_white_where_it_is_smaller_than_its_canvas(tmp_path: Path) -> None:
    frame = Image.new("P", (4, 3), 1)
    frame.putpalette([200, 0, 0, 0, 0, 250])
    buffer = BytesIO()
    frame.save(buffer, "GIF")
    content = bytearray(buffer.getvalue())
    content[6:10] = struct.pack("<HH", 9, 8)
    at = content.rindex(b",\0\0\0\0\4\0\3\0")
    content[at + 1 : at + 5] = struct.pack("<HH", 2, 3)
    expected = np.full((8, 9, 3), 255)
    expected[3:6, 2:6] = [0, 0, 250]
    comment = b"\x21\xfe" + (b"\xff" + b"x" * 255) * 2000 + b"\0"
    for whole in (content, content[:-1], content[:at] + comment + content[at:], content + b"after"):
        np.testing.assert_array_equal(opened(bytes(whole), tmp_path), expected)


def test_a_gif_with_more_blocks_than_a_picture_has_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(gif, "MOST_BLOCKS", 1000)
    assert refusal(b"GIF89a" + bytes(7) + b"\x21\xfe" + b"\1x" * 5000 + b"\0", tmp_path) == BROKEN


def test_a_webp_opens_when_only_what_follows_its_pixels_is_cut_off(tmp_path: Path) -> None:
    buffer = BytesIO()
    Image.fromarray(PIXELS).save(buffer, "WEBP", lossless=True, exif=SIDEWAYS, xmp=b"x" * 5000)
    content = buffer.getvalue()
    turned = np.rot90(PIXELS, -1)
    np.testing.assert_array_equal(opened(content, tmp_path), turned)
    np.testing.assert_array_equal(opened(content[:-3000], tmp_path), turned)
    np.testing.assert_array_equal(opened(content[: content.index(b"EXIF") + 9], tmp_path), PIXELS)
    assert refusal(content[: content.index(b"EXIF") - 40], tmp_path) == BROKEN


def bmp(
    bits: int, pixels: bytes, compression: int = 0, table: bytes = b"", size: int = 40, height: int = HEIGHT
) -> bytes:
    about = struct.pack("<IiiHHIIiiII", size, WIDTH, height, 1, bits, compression, 0, 0, 0, 0, 0)[:size] + table
    return struct.pack("<2sIHHI", b"BM", 0, 0, 0, 14 + len(about)) + about + pixels


def test_a_bmp_opens_with_any_masks(tmp_path: Path) -> None:
    red, green, blue = (PIXELS[::-1, :, channel].astype(np.uint32) for channel in range(3))
    alpha, clear = np.full_like(red, 255), np.zeros_like(red)
    masks = struct.pack("<4I", 0xFF00, 0xFF0000, 0xFF000000, 0xFF)
    for value, expected in ((alpha, PIXELS), (clear, PIXELS)):
        packed = (red << 8 | green << 16 | blue << 24 | value).astype("<u4").tobytes()
        np.testing.assert_array_equal(opened(bmp(32, packed, 3, masks, 56), tmp_path), expected)
    ten = (red * 1023 // 255 << 20 | green * 1023 // 255 << 10 | blue * 1023 // 255).astype("<u4").tobytes()
    found = opened(bmp(32, ten, 3, struct.pack("<3I", 0x3FF00000, 0xFFC00, 0x3FF)), tmp_path)
    assert np.abs(found.astype(int) - PIXELS).max() <= 1
    four = (red >> 4 << 8 | green >> 4 << 4 | blue >> 4).astype("<u2").tobytes()
    found = opened(bmp(16, four, 3, struct.pack("<3I", 0xF00, 0xF0, 0xF)), tmp_path)
    np.testing.assert_array_equal(found, PIXELS // 16 * 17)


def test_a_bmp_of_run_lengths_of_two_bits_or_of_os2_opens(tmp_path: Path) -> None:
    palette = bytes([0, 0, 255, 0, 0, 255, 0, 0, 255, 0, 0, 0, 9, 9, 9, 0])
    colours = np.array([[255, 0, 0], [0, 255, 0], [0, 0, 255], [9, 9, 9]])
    indices = np.arange(WIDTH)[None].repeat(HEIGHT, 0) // 6 % 4
    runs = b"".join(b"\6\0\6\1\0\6\2\2\2\2\2\2\6\3\0\0" for _ in range(HEIGHT))
    fours = b"".join(b"\6\x00\6\x11\0\6\x22\x22\x22\0\6\x33\0\0" for _ in range(HEIGHT))
    two = bytes([0b00000000, 0b00000101, 0b01010101, 0b10101010, 0b10101111, 0b11111111, 0, 0])
    contents = [
        bmp(8, runs + b"\0\1", 1, palette),
        bmp(4, fours + b"\0\1", 2, palette),
        bmp(2, two * HEIGHT, 0, palette),
    ]
    for content in contents:
        np.testing.assert_array_equal(opened(content, tmp_path), colours[indices])
    assert refusal(bmp(8, runs[:-40], 1, palette), tmp_path) == BROKEN
    short = b"\x10\0\0\0" + struct.pack("<IIHH", WIDTH, HEIGHT, 1, 24)
    plain = struct.pack("<2sIHHI", b"BM", 0, 0, 0, 30) + short + PIXELS[::-1, :, ::-1].tobytes()
    np.testing.assert_array_equal(opened(plain, tmp_path), PIXELS)


def test_runs_without_end_are_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(photo_bmp, "MOST_RUNS", 100)
    assert "it is a rare kind of BMP" in refusal(bmp(8, b"\1\0" * 300, 1, bytes(1024)), tmp_path)


@pytest.mark.parametrize("kind", [1, 2], ids=["icon", "cursor"])
def test_an_icon_gives_its_largest_picture(kind: int, tmp_path: Path) -> None:
    contents = [png(begins=header(1, 1), pixels=chunk(b"IDAT", zlib.compress(bytes(4)))), png(HARMLESS["a long zTXt"])]
    entries, at = b"", 6 + 16 * len(contents)
    for side, content in zip((1, WIDTH), contents, strict=True):
        entries += struct.pack("<BBBBHHII", side, side, 0, 0, 1, 24, len(content), at)
        at += len(content)
    content = struct.pack("<HHH", 0, kind, len(contents)) + entries + b"".join(contents)
    np.testing.assert_array_equal(opened(content, tmp_path), PIXELS)


def heic(**options: Any) -> bytes:
    buffer = BytesIO()
    side = options.pop("side", 48)
    image = Image.new("RGB", (64, side), "red")
    image.paste("blue", (32, 0, 64, side))
    pillow_heif.from_pillow(image.convert(options.pop("mode", "RGB"))).save(buffer, quality=90, **options)
    return buffer.getvalue()


def test_a_heic_opens_the_right_way_up(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    for options in ({}, {"exif": exif.tobytes()}, {"mode": "RGBA"}):
        found = opened(heic(**options), tmp_path).astype(int)
        first, last = (found[0, 0], found[-1, -1])
        assert np.abs(first - [254, 0, 0]).max() < 12
        assert np.abs(last - [0, 0, 254]).max() < 12
        assert found.shape == ((64, 48, 3) if "exif" in options else (48, 64, 3))


def test_a_heic_that_is_cut_off_or_too_large_says_so(tmp_path: Path) -> None:
    content = heic(side=64)
    assert refusal(content[: len(content) // 2], tmp_path) == BROKEN
    giant = content.replace(struct.pack(">II", 64, 64), struct.pack(">II", 30_000, 20_000))
    assert giant != content
    assert refusal(giant, tmp_path) == TOO_MANY


def test_an_avif_opens_the_right_way_up(tmp_path: Path) -> None:
    pytest.importorskip("PIL._avif")
    buffer = BytesIO()
    Image.new("RGB", (40, 24), "teal").save(buffer, "AVIF", exif=SIDEWAYS)
    assert opened(buffer.getvalue(), tmp_path).shape == (40, 24, 3)


@pytest.mark.parametrize("kind", ["AVIF", "HEIC"])
def test_what_a_package_is_missing_for_is_named(kind: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(photo_kind, "can_decode", lambda wanted: wanted != kind)
    brand = {"AVIF": b"avif", "HEIC": b"heic"}[kind]
    assert f"it is a {kind} file" in refusal(b"\0\0\0\x18ftyp" + brand + bytes(12), tmp_path)


def tiff(*tags: tuple[int, int]) -> bytes:
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in sorted(tags))
    return b"II*\0\x08\0\0\0" + struct.pack("<H", len(tags)) + entries + bytes(400)


SIZE = [(256, 8), (257, 8), (258, 8), (262, 1), (273, 200), (278, 8), (279, 64)]
NAMED: dict[str, tuple[str, bytes]] = {
    "nothing": ("it is empty", b""),
    "svg": ("a vector graphic", b'\xef\xbb\xbf\n<?xml version="1.0"?>\n<!-- by hand -->\n<svg width="9"></svg>'),
    "svg in utf-16": ("a vector graphic", '<svg xmlns="x"></svg>'.encode("utf-16")),
    "svgz": ("a vector graphic", gzip.compress(b"<svg>" + b"<g/>" * 99 + b"</svg>")),
    "web page": ("text or a web page", b"<!DOCTYPE html><html><svg></svg>" + b"<p>404</p>" * 9),
    "text": ("text or a web page", "Größe: 512 × 512, 步数: 20\n".encode() * 9),
    "json": ("text or a web page", b'{"nodes": [1, 2, 3]}\n'),
    "mp4": ("a video", b"\0\0\0\x20ftypisom\0\0\2\0isomiso2avc1mp41"),
    "mov": ("a video", b"\0\0\0\x14ftypqt  \0\0\0\0qt  "),
    "webm": ("a video", b"\x1a\x45\xdf\xa3" + bytes(60)),
    "avi": ("a video", b"RIFF\x99\0\0\0AVI LIST" + bytes(60)),
    "jpeg xl": ("a JPEG XL file", b"\xff\x0a\xfa\x7f" + bytes(60)),
    "jpeg xl in boxes": ("a JPEG XL file", b"\0\0\0\x0cJXL \r\n\x87\n\0\0\0\x14ftypjxl "),
    "jpeg 2000": ("a JPEG 2000 file", b"\xff\x4f\xff\x51\0\x2f" + bytes(60)),
    "jpeg 2000 in boxes": ("a JPEG 2000 file", b"\0\0\0\x0cjP  \r\n\x87\n\0\0\0\x14ftypjp2 "),
    "psd": ("a Photoshop file", b"8BPS\0\1" + bytes(60)),
    "exr": ("OpenEXR file", b"v/1\x01\2\0\0\0" + bytes(60)),
    "radiance": ("a Radiance HDR file", b"#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n-Y 1 +X 1\n"),
    "pdf": ("a PDF file", b"%PDF-1.7\n" + bytes(60)),
    "cr2": ("camera's raw file", b"II*\0\x10\0\0\0CR\2\0" + bytes(60)),
    "cr3": ("camera's raw file", b"\0\0\0\x18ftypcrx \0\0\0\1crx isom"),
    "raf": ("camera's raw file", b"FUJIFILMCCD-RAW 0201" + bytes(60)),
    "orf": ("camera's raw file", b"IIRO\x08\0\0\0" + bytes(60)),
    "rw2": ("camera's raw file", b"IIU\0\x18\0\0\0" + bytes(60)),
    "dng": ("camera's raw file", tiff(*SIZE, (50706, 0x0401))),
    "nef": ("camera's raw file", tiff(*SIZE, (254, 1), (271, 0), (330, 300))),
    "arw": ("camera's raw file", tiff(*SIZE, (259, 32767))),
    "sensor": ("camera's raw file", tiff(*SIZE[:3], *SIZE[4:], (262, 32803))),
    "tiff of 5 bits": ("a rare kind of TIFF", tiff(*SIZE[:2], (258, 5), *SIZE[3:])),
    "bmp of huffman's code": ("a rare kind of BMP", bmp(1, bytes(400), 3, size=40)),
    "a pixmap in very many digits": ("a rare kind of PPM", b"P3 2 2 255\n" + b"1 2 3 " * 2_000_000),
    "a pixmap of comments": ("a rare kind of PPM", b"P3 2 2 255\n" + b"#\n" * 200 + b"1 2 3 " * 4),
    "zip": ("use a JPEG, PNG", b"PK\3\4" + bytes(range(256))),
    "program": ("use a JPEG, PNG", b"\x7fELF\2\1\1" + bytes(range(256))),
}


@pytest.mark.parametrize(("named", "content"), NAMED.values(), ids=NAMED)
def test_what_does_not_open_is_called_what_it_is(named: str, content: bytes, tmp_path: Path) -> None:
    sentence = refusal(content, tmp_path)
    assert sentence.startswith("That file is no photo this page can open")
    assert named in sentence


def test_a_tiff_of_a_camera_that_is_no_raw_file_opens(tmp_path: Path) -> None:
    for options in ({}, {"compression": "tiff_lzw"}, {"big_tiff": True}):
        buffer = BytesIO()
        Image.fromarray(PIXELS).save(buffer, "TIFF", tiffinfo={271: "Some Camera", 254: 0}, **options)
        np.testing.assert_array_equal(opened(buffer.getvalue(), tmp_path), PIXELS)


def test_a_line_that_would_take_minutes_is_refused(tmp_path: Path) -> None:
    assert "a rare kind of PPM" in refusal(b"P5 20000000 1 255\n" + bytes(100), tmp_path)
    assert refusal(b"P6\n" + b"#\n" * 9000 + b"2 2 255\n" + bytes(12), tmp_path) == BROKEN


def test_a_pixmap_written_in_digits_opens(tmp_path: Path) -> None:
    height, width = PIXELS.shape[:2]
    digits = "\n".join(" ".join(map(str, row.ravel())) for row in PIXELS)
    np.testing.assert_array_equal(
        opened(f"P3\n# made by hand\n{width} {height}\n255\n{digits}\n".encode(), tmp_path), PIXELS
    )
