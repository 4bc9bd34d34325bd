"""A photo opened: any mode and orientation becomes RGB, and what is no photo is refused with a sentence."""

import re
import struct
import zlib
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from photo_notes import read_photo
from PIL import Image, ImageSequence

from explorer.photos import image as photo
from explorer.photos.image import limit_side, open_photo, preprocess, to_rgb

RNG = np.random.default_rng(0)
NOISE = RNG.integers(0, 256, (6, 9, 3), dtype=np.uint8)
TURNED = {
    1: lambda pixels: pixels,
    2: lambda pixels: pixels[:, ::-1],
    3: lambda pixels: pixels[::-1, ::-1],
    4: lambda pixels: pixels[::-1],
    5: lambda pixels: pixels.transpose(1, 0, 2),
    6: lambda pixels: np.rot90(pixels, -1),
    7: lambda pixels: pixels[::-1, ::-1].transpose(1, 0, 2),
    8: lambda pixels: np.rot90(pixels),
}


def pixels_of(image: Image.Image) -> np.ndarray:
    assert image.mode == "RGB"
    return np.asarray(image)


def saved(image: Image.Image, file: Path, **options: Any) -> Path:
    image.save(file, **options)
    return file


def png_chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png(width: int, height: int, depth: int, colour: int, rows: bytes) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    chunks = png_chunk(b"IHDR", header) + png_chunk(b"IDAT", zlib.compress(rows, 1)) + png_chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunks


@pytest.mark.parametrize("orientation", TURNED)
@pytest.mark.parametrize("kind", ["png", "tiff", "webp"])
def test_a_photo_is_turned_as_its_exif_says(kind: str, orientation: int, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[photo.ORIENTATION] = orientation
    options = {"lossless": True} if kind == "webp" else {}
    file = saved(Image.fromarray(NOISE), tmp_path / f"turned.{kind}", exif=exif, **options)
    expected = TURNED[orientation](NOISE)
    np.testing.assert_array_equal(pixels_of(open_photo(file)), expected)
    read, note = read_photo(file, None)
    assert (read.size, note) == (expected.shape[1::-1], "")


@pytest.mark.parametrize("orientation", TURNED)
def test_a_jpeg_that_is_read_smaller_is_turned_too(orientation: int, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[photo.ORIENTATION] = orientation
    colours = np.array(
        [[[250, 0, 0], [0, 250, 0], [0, 0, 250]], [[250, 250, 0], [0, 250, 250], [250, 0, 250]]], np.uint8
    )
    file = saved(Image.fromarray(colours.repeat(400, 0).repeat(400, 1)), tmp_path / "large.jpg", exif=exif, quality=95)
    read, note = read_photo(file, 90)
    expected = TURNED[orientation](colours)
    height, width = expected.shape[:2]
    assert read.size == (30 * width, 30 * height)
    assert note == f"The photo was reduced from {400 * width} × {400 * height} to {30 * width} × {30 * height} pixels."
    assert np.abs(pixels_of(read)[15::30, 15::30].astype(int) - expected).max() < 12


@pytest.mark.parametrize("kind", ["png", "webp", "jpeg"])
def test_a_photo_with_damaged_exif_opens_as_it_lies(kind: str, tmp_path: Path) -> None:
    file = saved(
        Image.new("RGB", (16, 8), "red"), tmp_path / f"damaged.{kind}", exif=b"Exif\0\0MM\xff\xff\0\0\0\x08\0\x01"
    )
    read, note = read_photo(file, None)
    assert (read.mode, read.size, note) == ("RGB", (16, 8), "")


def half_transparent(mode: str) -> Image.Image:
    """Left half transparent, right half a colour."""
    image = Image.new("RGBA", (4, 2), (200, 100, 50, 0))
    image.paste((200, 100, 50, 255), (2, 0, 4, 2))
    return image.convert(mode)


@pytest.mark.parametrize(("mode", "colour"), [("RGBA", [200, 100, 50]), ("LA", [124] * 3), ("PA", [200, 100, 50])])
def test_alpha_is_laid_over_white(mode: str, colour: list[int]) -> None:
    if mode == "PA":
        image = half_transparent("RGB").convert("P", palette=Image.Palette.ADAPTIVE).convert("PA")
        image.putalpha(half_transparent("RGBA").getchannel("A"))
    else:
        image = half_transparent(mode)
    assert image.mode == mode
    pixels = pixels_of(to_rgb(image))
    assert (pixels[:, :2] == 255).all()
    assert (np.abs(pixels[:, 2:].astype(int) - colour) <= 1).all()


def test_half_alpha_is_halfway_to_white() -> None:
    pixels = pixels_of(to_rgb(Image.new("RGBA", (2, 2), (0, 100, 255, 128))))
    np.testing.assert_allclose(pixels, np.broadcast_to([127, 177, 255], (2, 2, 3)), atol=1)


def test_the_transparent_colour_of_a_palette_is_white(tmp_path: Path) -> None:
    image = Image.new("P", (4, 2), 1)
    image.putpalette([10, 20, 30, 200, 100, 50])
    image.paste(0, (0, 0, 2, 2))
    pixels = pixels_of(open_photo(saved(image, tmp_path / "palette.png", transparency=0)))
    assert (pixels[:, :2] == 255).all()
    assert (pixels[:, 2:] == [200, 100, 50]).all()


@pytest.mark.parametrize(("mode", "colour", "transparent"), [("RGB", (9, 8, 7), (9, 8, 7)), ("L", 9, 9)])
def test_the_transparent_colour_of_a_png_without_alpha_is_white(
    mode: str, colour: Any, transparent: Any, tmp_path: Path
) -> None:
    image = Image.new(mode, (4, 2), colour)
    image.paste("black", (2, 0, 4, 2))
    pixels = pixels_of(open_photo(saved(image, tmp_path / "keyed.png", transparency=transparent)))
    assert (pixels[:, :2] == 255).all()
    assert (pixels[:, 2:] == 0).all()


@pytest.mark.parametrize(
    ("mode", "colour", "expected"),
    [
        ("1", 1, [255, 255, 255]),
        ("L", 77, [77, 77, 77]),
        ("P", 0, [0, 0, 0]),
        ("RGB", (1, 2, 3), [1, 2, 3]),
        ("RGBX", (1, 2, 3, 4), [1, 2, 3]),
        ("CMYK", (0, 255, 255, 0), [255, 0, 0]),
        ("YCbCr", (255, 128, 128), [255, 255, 255]),
        ("HSV", (0, 255, 255), [255, 0, 0]),
        ("LAB", (255, 128, 128), [255, 255, 255]),
    ],
)
def test_every_mode_becomes_rgb(mode: str, colour: Any, expected: list[int]) -> None:
    pixels = pixels_of(open_photo(Image.new(mode, (3, 2), colour)))
    assert pixels.shape == (2, 3, 3)
    assert (np.abs(pixels.astype(int) - expected) <= (2 if mode == "LAB" else 0)).all()


def test_a_cmyk_jpeg_opens(tmp_path: Path) -> None:
    file = saved(Image.new("CMYK", (16, 16), (0, 255, 255, 0)), tmp_path / "print.jpg", quality=100)
    assert np.abs(pixels_of(open_photo(file)).astype(int) - [255, 0, 0]).max() <= 3
    assert read_photo(file, 8)[0].size == (8, 8)


SIXTEEN = np.array([[0, 128, 129, 385], [32767, 32768, 65278, 65535]], np.uint16)


@pytest.mark.parametrize("kind", ["png", "tiff"])
def test_sixteen_bits_are_rounded_to_eight(kind: str, tmp_path: Path) -> None:
    pixels = pixels_of(open_photo(saved(Image.fromarray(SIXTEEN), tmp_path / f"deep.{kind}")))
    expected = (SIXTEEN / 257).round()
    np.testing.assert_array_equal(pixels, expected[..., None].repeat(3, 2))


def test_whole_numbers_of_32_bits_are_taken_as_16() -> None:
    pixels = pixels_of(open_photo(Image.fromarray(np.array([[-5, 0, 32896, 65535, 2**31 - 1]], np.int32))))
    np.testing.assert_array_equal(pixels[0, :, 0], [0, 0, 128, 255, 255])


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([0.0, 0.5, 1.0, -3.0], [0, 128, 255, 0]),
        ([0.0, 127.6, 255.0, 900.0], [0, 128, 255, 255]),
        ([np.nan, -np.inf, 0.25, 1.0], [0, 0, 64, 255]),
        ([np.nan, np.inf, 50.0, -np.inf], [0, 255, 50, 0]),
    ],
    ids=["unit", "bytes", "infinite below", "infinite above"],
)
def test_floating_point_pixels_are_taken_as_unit_or_bytes(values: list[float], expected: list[int]) -> None:
    pixels = pixels_of(open_photo(Image.fromarray(np.array([values], np.float32))))
    np.testing.assert_array_equal(pixels[0, :, 2], expected)


def test_sixteen_bit_colour_opens(tmp_path: Path) -> None:
    row = b"\0" + struct.pack(">3H", 0x8080, 0xFFFF, 0) * 2
    file = tmp_path / "deep.png"
    file.write_bytes(png(2, 2, 16, 2, row * 2))
    assert (np.abs(pixels_of(open_photo(file)).astype(int) - [128, 255, 0]) <= 1).all()


@pytest.mark.parametrize("kind", ["gif", "webp", "png"])
def test_an_animation_gives_its_first_frame(kind: str, tmp_path: Path) -> None:
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "blue", "lime")]
    options = {"lossless": True} if kind == "webp" else {}
    file = saved(frames[0], tmp_path / f"moving.{kind}", save_all=True, append_images=frames[1:], **options)
    with Image.open(file) as opened:
        assert len(list(ImageSequence.Iterator(opened))) == 3
    assert (pixels_of(open_photo(file)) == [255, 0, 0]).all()


def test_a_large_jpeg_is_read_at_a_fraction_that_is_large_enough(tmp_path: Path) -> None:
    file = saved(Image.new("RGB", (1600, 1200), "teal"), tmp_path / "large.jpg")
    assert open_photo(file).size == (1600, 1200)
    assert open_photo(file, longest=300).size == (400, 300)
    assert open_photo(file, longest=301).size == (800, 600)
    assert open_photo(file, longest=5000).size == (1600, 1200)


def test_a_photo_that_is_small_enough_is_not_touched(tmp_path: Path) -> None:
    file = saved(Image.fromarray(NOISE), tmp_path / "small.png")
    read, note = read_photo(file, 9)
    assert note == ""
    np.testing.assert_array_equal(pixels_of(read), NOISE)


@pytest.mark.parametrize(
    ("size", "longest", "expected"),
    [
        ((300, 200), 150, (150, 100)),
        ((200, 300), 150, (100, 150)),
        ((150, 100), 150, (150, 100)),
        ((150, 100), None, (150, 100)),
        ((1000, 1), 10, (10, 1)),
        ((1, 1), 512, (1, 1)),
    ],
)
def test_the_longest_side_is_limited(size: tuple[int, int], longest: int | None, expected: tuple[int, int]) -> None:
    assert limit_side(Image.new("RGB", size), longest).size == expected


def image_bytes(kind: str, size: tuple[int, int] = (64, 64)) -> bytes:
    image = Image.fromarray(np.random.default_rng(1).integers(0, 256, (*size, 3), dtype=np.uint8))
    buffer = BytesIO()
    image.save(buffer, kind)
    return buffer.getvalue()


NO_PHOTOS: dict[str, bytes] = {
    "nothing": b"",
    "text": b"The quick brown fox jumps over the lazy dog.\n" * 20,
    "svg": b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><script>x</script></svg>',
    "program": b"\x7fELF\x02\x01\x01" + bytes(9) + b"\x02\x00\x3e\x00" + bytes(300),
    "postscript": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n%%EndComments\nshowpage\n",
    "pdf": b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\n",
    "a magic number alone": b"\x89PNG\r\n\x1a\n",
    "three bytes of a jpeg": b"\xff\xd8\xff",
}


@pytest.mark.parametrize("content", NO_PHOTOS.values(), ids=NO_PHOTOS)
@pytest.mark.parametrize("longest", [None, 64])
def test_what_is_no_photo_is_refused_with_a_sentence(content: bytes, longest: int | None, tmp_path: Path) -> None:
    file = tmp_path / "secret-name.jpg"
    file.write_bytes(content)
    with pytest.raises(ValueError, match=r"^That file is no photo this page can open") as refused:
        read_photo(file, longest)
    assert "secret-name" not in str(refused.value)


@pytest.mark.parametrize("name", ["no-such-file.png", "."])
def test_what_is_no_file_is_refused_with_a_sentence(name: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"^That file is no photo"):
        open_photo(tmp_path / name)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF"])
@pytest.mark.parametrize("longest", [None, 16])
def test_a_photo_that_is_cut_off_is_refused_with_a_sentence(kind: str, longest: int | None, tmp_path: Path) -> None:
    file = tmp_path / "secret-name"
    content = image_bytes(kind)
    file.write_bytes(content[: len(content) // 2])
    with pytest.raises(ValueError, match=rf"^({photo.BROKEN}|{photo.NO_IMAGE})$") as refused:
        read_photo(file, longest)
    assert "secret-name" not in str(refused.value)


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_a_photo_without_its_second_half_is_called_damaged(kind: str, tmp_path: Path) -> None:
    file = tmp_path / "half"
    content = image_bytes(kind)
    file.write_bytes(content[: len(content) // 2])
    with pytest.raises(ValueError, match=r"^The photo is damaged or cut off"):
        open_photo(file)


@pytest.mark.filterwarnings("ignore")  # Pillow's, about what it found damaged
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF"])
def test_a_damaged_photo_opens_or_is_refused_with_a_sentence(kind: str, tmp_path: Path) -> None:
    random, content, file = np.random.default_rng(2), image_bytes(kind, (16, 16)), tmp_path / "damaged"
    for _ in range(100):
        damaged = np.frombuffer(content, np.uint8).copy()
        damaged[random.integers(0, len(damaged), 3)] = random.integers(0, 256, 3)
        file.write_bytes(damaged.tobytes())
        try:
            assert read_photo(file, 512)[0].mode == "RGB"
        except ValueError as error:
            assert re.match(rf"{photo.BROKEN}|{photo.TOO_MANY}|That file is no photo", str(error))  # noqa: PT017


@pytest.mark.parametrize("size", [(30_000, 30_000), (11_000, 11_000), (8_001, 8_000), (2**31 - 1, 1)])
def test_a_bomb_is_refused_by_its_header(size: tuple[int, int], tmp_path: Path) -> None:
    file = tmp_path / "bomb.png"
    file.write_bytes(png(*size, 8, 2, bytes(100)))
    with pytest.raises(ValueError, match=r"^The photo has more than 64 megapixels; make it smaller and try again\.$"):
        read_photo(file, 512)


def test_a_photo_of_65_megapixels_is_refused(tmp_path: Path) -> None:
    file = saved(Image.new("1", (10_000, 6_500)), tmp_path / "large.png")
    with pytest.raises(ValueError, match="more than 64 megapixels"):
        open_photo(file, 512)


@pytest.mark.parametrize("size", [(1, 1), (8, 8), (9, 7), (301, 203), (1, 500)])
def test_preprocessing_repeats_the_last_pixels_up_to_a_multiple_of_8(size: tuple[int, int]) -> None:
    pixels = np.random.default_rng(3).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    grown = preprocess(Image.fromarray(pixels))
    height, width = pixels.shape[:2]
    assert grown.dtype == np.uint8
    assert grown.shape == (-(-height // 8) * 8, -(-width // 8) * 8, 3)
    np.testing.assert_array_equal(grown[:height, :width], pixels)
    np.testing.assert_array_equal(grown[height:, :width], pixels[-1:].repeat(-height % 8, 0))
    np.testing.assert_array_equal(grown[:, width:], grown[:, width - 1 : width].repeat(-width % 8, 1))


def test_preprocessing_takes_another_step_and_any_mode() -> None:
    assert preprocess(Image.new("LA", (17, 33)), step=16).shape == (48, 32, 3)
