"""Photos of more than 8 bits: the file tells what is black and white, and where it is guessed a line says so."""

import struct
import tracemalloc
import zlib
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from photo_notes import read_photo
from PIL import Image

from explorer.photos import depth
from explorer.photos.depth import guess_range, range_note, to_bytes
from explorer.photos.formats.tags import ORIENTATION
from explorer.photos.image import BROKEN, TOO_MANY, open_photo, preprocess, to_rgb

HEIGHT, WIDTH = 24, 40
DOWN, ACROSS = np.mgrid[0:HEIGHT, 0:WIDTH] / [[[HEIGHT - 1]], [[WIDTH - 1]]]
GREY = ACROSS * 0.75 + DOWN * 0.25  # from 0 to 1
RGB = np.stack([ACROSS, 1 - DOWN, np.abs(ACROSS - DOWN)], -1)
WANTED = 255 * GREY[..., None].repeat(3, 2)
FLOAT, SIXTEEN = RGB.astype(np.float32), (RGB * 65535).round().astype(np.uint16)
PLANES: dict[str, Any] = {"photometric": "rgb", "planarconfig": "separate"}
ORDERS = ["<", ">"]


def check(photo: Image.Image, wanted: np.ndarray, within: float = 1.01) -> None:
    assert photo.mode == "RGB"
    np.testing.assert_allclose(np.asarray(photo).astype(float), np.broadcast_to(wanted, WANTED.shape), atol=within)


def tiff(values: np.ndarray, folder: Path, **options: Any) -> Path:
    file = folder / "deep.tif"
    tifffile.imwrite(file, values, **options)
    return file


def planes(values: np.ndarray) -> np.ndarray:
    return np.moveaxis(values, 2, 0)


def scaled(low: float, high: float, kind: Any) -> np.ndarray:
    values = GREY * (high - low) + low
    return (values if np.dtype(kind).kind == "f" else values.round()).astype(kind)


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize(
    ("values", "options"),
    [
        (SIXTEEN, {"photometric": "rgb"}),
        (planes(SIXTEEN), PLANES),
        (FLOAT, {"photometric": "rgb"}),
        (planes(FLOAT), PLANES),
        (RGB, {"photometric": "rgb"}),
        (RGB.astype(np.float16), {"photometric": "rgb"}),
        (SIXTEEN, {"photometric": "rgb", "tile": (16, 16)}),
        (planes(SIXTEEN), {**PLANES, "tile": (16, 32), "compression": "zlib"}),
        (SIXTEEN, {"photometric": "rgb", "compression": "zlib", "predictor": 2, "rowsperstrip": 7}),
        (planes(SIXTEEN), {**PLANES, "compression": "zlib", "rowsperstrip": 5}),
        (planes(SIXTEEN), {**PLANES, "compression": "lzma"}),
        (FLOAT, {"photometric": "rgb", "bigtiff": True, "compression": "zlib"}),
    ],
)
def test_deep_colours_are_read_however_they_lie_in_the_file(
    values: np.ndarray, options: Any, order: Any, tmp_path: Path
) -> None:
    photo, note = read_photo(tiff(values, tmp_path, byteorder=order, **options), None)
    assert note == ""
    check(photo, 255 * RGB)


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize(
    ("low", "high", "kind", "told"),
    [
        (0, 65535, np.uint16, ""),
        (0, 255, np.int16, range_note(0, 255)),
        (-1000, 3000, np.int16, range_note(-1000, 3000)),
        (-1024, 1023, np.int32, range_note(-1024, 1023)),
        (-128, 127, np.int8, range_note(-128, 127)),
        (0, 127, np.int8, range_note(0, 127)),
        (0, 255, np.uint32, range_note(0, 255)),
        (0, 4095, np.int32, range_note(0, 4095)),
        (0, 65535, np.uint32, range_note(0, 65535)),
        (0, 2**31 - 1, np.int32, range_note(0, 2**31 - 1)),
        (0, 2**32 - 1, np.uint32, range_note(0, 2**32 - 1)),
        (0, 1, np.float32, ""),
        (0, 1, np.float64, ""),
        (0, 1, np.float16, ""),
        (-1, 1, np.float32, range_note(-1, 1)),
        (0, 255, np.float32, range_note(0, 255)),
        (0, 65535, np.float64, range_note(0, 65535)),
        (0, 12.5, np.float32, range_note(0, 12.5)),
        (0, 10_000, np.float32, range_note(0, 10_000)),
        (0, 0.001, np.float32, range_note(0, 0.001)),
        (250, 310, np.float32, range_note(250, 310)),
        (-50, 1500, np.float64, range_note(-50, 1500)),
        (0, 1e30, np.float32, range_note(0, 1e30)),
    ],
)
@pytest.mark.parametrize("inverted", [False, True], ids=["", "white is zero"])
def test_the_range_is_the_samples_own_or_told(
    low: float, high: float, kind: Any, told: str, order: Any, inverted: bool, tmp_path: Path
) -> None:
    values = scaled(low, high, kind)
    if inverted:
        values = (high + low - values).astype(kind)
    photometric = "miniswhite" if inverted else "minisblack"
    photo, note = read_photo(tiff(values, tmp_path, photometric=photometric, byteorder=order), None)
    assert note == told
    check(photo, WANTED, 2)


@pytest.mark.parametrize("overshoot", [1.0005, 1.02, 1.09])
def test_floating_point_values_just_over_1_are_white(overshoot: float, tmp_path: Path) -> None:
    photo, note = read_photo(tiff((GREY * overshoot).astype(np.float32), tmp_path), None)
    assert note == ""
    check(photo, (WANTED * overshoot).clip(0, 255))


@pytest.mark.parametrize("outlier", [1.3, 7.0, 1e9, -4.0, np.inf, -np.inf, np.nan])
@pytest.mark.parametrize("high", [1.0, 30.0])
def test_single_pixels_do_not_decide_about_the_range(outlier: float, high: float, tmp_path: Path) -> None:
    values = (GREY * high).astype(np.float32)
    wanted = WANTED.copy()
    values[5, 7] = outlier
    wanted[5, 7] = 255 * np.clip(np.nan_to_num(outlier, nan=0) / high, 0, 1)
    photo, note = read_photo(tiff(values, tmp_path), None)
    assert note in ("", range_note(0, high))
    assert note or high == 1
    check(photo, wanted, 1.5)


@pytest.mark.parametrize(
    ("value", "kind", "grey"),
    [
        (0, np.float32, 0),
        (0.5, np.float32, 128),
        (1, np.float32, 255),
        (90, np.float32, 90),
        (-7, np.float32, 0),
        (np.nan, np.float32, 0),
        (np.inf, np.float32, 255),
        (-np.inf, np.float32, 0),
        (0, np.int32, 0),
        (30, np.int32, 30),
        (51400, np.int32, 200),
        (-3, np.int32, 0),
    ],
)
def test_pictures_of_one_value_are_read(value: float, kind: Any, grey: int, tmp_path: Path) -> None:
    values = np.full((HEIGHT, WIDTH), value, kind)
    check(open_photo(tiff(values, tmp_path)), np.array(float(grey)))
    check(to_rgb(Image.fromarray(values)), np.array(float(grey)))


@pytest.mark.parametrize(("high", "told"), [(255, 255), (100, 255), (4095, 4095), (65535, 65535), (1, 1)])
def test_an_image_of_mode_i_in_memory_is_as_bright_as_its_numbers_say(high: int, told: int) -> None:
    image = Image.fromarray(scaled(0, high, np.int32))
    assert image.mode == "I"
    check(to_rgb(image), 255 * np.round(WANTED / 255 * high) / told)
    assert guess_range(np.asarray(image)) == ((0, told), range_note(0, told))
    np.testing.assert_array_equal(preprocess(image)[:HEIGHT, :WIDTH], to_rgb(image))


@pytest.mark.parametrize("mode", ["I;16", "I;16L", "I;16B"])
def test_every_mode_of_16_bits_is_scaled_by_257(mode: str) -> None:
    values = scaled(0, 65535, np.uint16)
    image = Image.frombytes(mode, (WIDTH, HEIGHT), values.astype(">u2" if mode == "I;16B" else "<u2").tobytes())
    check(to_rgb(image), WANTED, 0.51)


def test_an_image_of_mode_l_becomes_the_same_by_way_of_mode_i_or_f() -> None:
    image = Image.fromarray(WANTED[..., 0].round().astype(np.uint8))
    for mode in ("I", "F"):
        np.testing.assert_array_equal(to_rgb(image.convert(mode)), image.convert("RGB"))


@pytest.mark.parametrize("compression", [None, "tiff_lzw", "tiff_adobe_deflate", "packbits"])
@pytest.mark.parametrize("inverted", [False, True], ids=["", "white is zero"])
def test_what_pillow_unpacks_is_read_by_the_same_rules(compression: str, inverted: bool, tmp_path: Path) -> None:
    file = tmp_path / "pillow.tif"
    tags = {262: 0} if inverted else {}
    for values in (scaled(0, 65535, np.uint16), scaled(0, 1, np.float32), scaled(0, 50, np.float32)):
        ramp = values[::-1, ::-1] if inverted else values
        Image.fromarray(np.ascontiguousarray(ramp)).save(file, compression=compression, tiffinfo=tags)
        check(open_photo(file), WANTED)


@pytest.mark.parametrize("kind", [np.uint16, np.float32])
@pytest.mark.parametrize("layout", [{}, {"planarconfig": "separate"}, {"compression": "zlib"}])
def test_alpha_of_more_than_8_bits_is_laid_over_white(kind: Any, layout: dict[str, Any], tmp_path: Path) -> None:
    most = 65535 if kind is np.uint16 else 1
    alpha = GREY[::-1, :, None]
    wanted = 255 * (RGB * alpha + 1 - alpha)
    for name, colours in (("unassalpha", RGB), ("assocalpha", RGB * alpha)):
        values = (np.concatenate([colours, alpha], 2) * most).astype(kind)
        values = planes(values) if "planarconfig" in layout else values
        file = tiff(values, tmp_path, photometric="rgb", extrasamples=[name], **layout)
        check(open_photo(file), wanted, 2)
    values = (np.stack([GREY, GREY[::-1]], -1) * most).astype(kind)
    file = tiff(values, tmp_path, photometric="minisblack", planarconfig="contig", extrasamples=["unassalpha"])
    check(open_photo(file), WANTED * alpha + 255 * (1 - alpha), 2)


def test_a_sample_that_is_said_to_be_no_alpha_is_none(tmp_path: Path) -> None:
    values = np.dstack([SIXTEEN, SIXTEEN[..., 0] // 3])
    check(open_photo(tiff(values, tmp_path, photometric="rgb", extrasamples=["unspecified"])), 255 * RGB)


@pytest.mark.parametrize(
    ("values", "tags", "told"),
    [
        (scaled(0, 4095, np.uint16), [(281, 3, 1, 4095, True)], ""),
        (scaled(0, 1000, np.uint16), [(341, 3, 1, 1000, True)], ""),
        (scaled(-20, 30, np.float32), [(340, 11, 1, -20.0, True), (341, 11, 1, 30.0, True)], ""),
        (scaled(0, 9, np.float32), [(341, 11, 1, 9.0, True)], ""),
        (scaled(0, 9, np.float32), [(341, 11, 1, float("nan"), True)], range_note(0, 9)),
        (scaled(0, 9, np.float32), [(340, 11, 1, 5.0, True), (341, 11, 1, 5.0, True)], range_note(0, 9)),
        (scaled(0, 65535, np.uint16), [(281, 3, 1, 60000, True)], ""),  # a statistic
    ],
)
def test_tags_that_declare_the_range_count(values: np.ndarray, tags: Any, told: str, tmp_path: Path) -> None:
    photo, note = read_photo(tiff(values, tmp_path, extratags=tags), None)
    assert note == told
    check(photo, WANTED)


def test_a_quarter_of_a_usual_range_is_enough_to_be_taken_for_it(tmp_path: Path) -> None:
    for high, white in ((90, 255), (20_000, 65535), (0.1, 1)):
        photo, note = read_photo(tiff(scaled(0, high, np.float32), tmp_path), None)
        assert note == (range_note(0, white) if white > 1 else "")
        check(photo, WANTED * high / white)


def test_a_dark_picture_of_16_bits_stays_dark(tmp_path: Path) -> None:
    photo, note = read_photo(tiff(scaled(0, 4095, np.uint16), tmp_path), None)
    assert note == ""
    check(photo, WANTED / 16)


def packed(values: np.ndarray, bits: int, order: Any, photometric: int) -> bytes:
    """A TIFF of one strip whose samples follow each other from byte to byte."""
    height, width = values.shape[:2]
    channels = values[0, 0].size
    places = values.reshape(height, -1, 1).astype(np.int64) >> np.arange(bits - 1, -1, -1)
    data = np.packbits((places & 1).astype(np.uint8).reshape(height, -1), axis=1).tobytes()
    tags = {256: width, 257: height, 259: 1, 262: photometric, 273: 0, 277: channels, 278: height, 279: len(data)}
    after = 8 + 2 + 12 * (len(tags) + 1) + 4
    tags[273] = after + 2 * channels
    entries = {number: struct.pack(f"{order}HHII", number, 4, 1, value) for number, value in tags.items()}
    depths = struct.pack(f"{order}{channels}H", *[bits] * channels)
    place = depths.ljust(4, b"\0") if channels < 3 else struct.pack(f"{order}I", after)
    entries[258] = struct.pack(f"{order}HHI", 258, 3, channels) + place
    head = {"<": b"II*\0", ">": b"MM\0*"}[order] + struct.pack(f"{order}IH", 8, len(entries))
    return head + b"".join(entries[number] for number in sorted(entries)) + bytes(4) + depths + data


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("bits", [9, 10, 12, 14, 15])
def test_samples_of_9_to_15_bits_are_unpacked(bits: int, order: Any, tmp_path: Path) -> None:
    file, most = tmp_path / "packed.tif", 2**bits - 1
    for photometric, values, wanted in (
        (0, 1 - GREY, WANTED),
        (1, GREY, WANTED),
        (2, RGB, 255 * RGB),
    ):
        file.write_bytes(packed((values * most).round(), bits, order, photometric))
        photo, note = read_photo(file, None)
        assert note == ""
        check(photo, wanted)


def test_a_palette_of_16_bits_is_looked_up(tmp_path: Path) -> None:
    steps = np.arange(65536)
    colours = np.stack([steps, 65535 - steps, steps // 2]).astype(np.uint16)
    indices = scaled(0, 65535, np.uint16)
    file = tiff(indices, tmp_path, photometric="palette", colormap=colours)
    check(open_photo(file), colours.T[indices] / 257)


@pytest.mark.parametrize("layout", [{}, {"planarconfig": "separate"}])
def test_inks_of_16_bits_are_converted(layout: dict[str, Any], tmp_path: Path) -> None:
    inks = np.dstack([SIXTEEN, SIXTEEN[..., 0] // 4])
    file = tiff(planes(inks) if layout else inks, tmp_path, photometric="separated", **layout)
    part = 1 - inks / 65535
    check(open_photo(file), 255 * part[..., :3] * part[..., 3:], 3)


@pytest.mark.parametrize("photometric", ["cielab", "icclab"])
def test_lab_of_16_bits_is_converted(photometric: Any, tmp_path: Path) -> None:
    steps = np.linspace(0, 100, WIDTH)[None, :, None] * np.ones((HEIGHT, 1, 1))
    lab = np.concatenate([steps * (655.35 if photometric == "cielab" else 652.8), np.zeros((HEIGHT, WIDTH, 2))], 2)
    if photometric == "icclab":
        lab[..., 1:] = 32768
    light = np.where(steps > 8, ((steps + 16) / 116) ** 3, steps / 903.3)
    wanted = 255 * np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)
    check(open_photo(tiff(lab.round().astype(np.uint16), tmp_path, photometric=photometric)), wanted, 3)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_deep_tiff_is_turned_as_it_says(orientation: int, tmp_path: Path) -> None:
    eight = Image.fromarray((255 * RGB).round().astype(np.uint8))
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    eight.save(tmp_path / "eight.png", exif=exif)
    wanted = np.asarray(open_photo(tmp_path / "eight.png")).astype(float)
    for values, options in ((FLOAT, {"photometric": "rgb"}), (planes(SIXTEEN), PLANES)):
        file = tiff(values, tmp_path, extratags=[(ORIENTATION, 3, 1, orientation, True)], **options)
        photo, note = read_photo(file, None)
        assert note == ""
        np.testing.assert_allclose(np.asarray(photo).astype(float), wanted, atol=1)
        smaller, note = read_photo(file, 20)
        sides = (40, 24) if orientation < 5 else (24, 40)
        assert max(smaller.size) == 20
        assert note.startswith(f"The photo was reduced from {sides[0]} × {sides[1]} to ")


def test_several_things_are_told_in_a_line_each(tmp_path: Path) -> None:
    file = tiff(scaled(0, 12, np.float32), tmp_path, iccprofile=b"no profile" * 20)
    lines = read_photo(file, 10)[1].splitlines()
    assert lines[0] == range_note(0, 12)
    assert lines[1] == "The photo's colour profile is damaged and was left out."
    assert lines[2].startswith("The photo was reduced from 40 × 24 ")
    assert len(lines) == 3


def test_the_first_page_is_taken(tmp_path: Path) -> None:
    check(open_photo(tiff(np.stack([SIXTEEN, SIXTEEN // 5]), tmp_path, photometric="rgb")), 255 * RGB)
    check(open_photo(tiff(np.stack([GREY, 1 - GREY]).astype(np.float32), tmp_path)), WANTED)


def chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def png(values: np.ndarray, *chunks: bytes) -> bytes:
    colour = {1: 0, 2: 4, 3: 2, 4: 6}[1 if values.ndim == 2 else values.shape[2]]
    header = struct.pack(">IIBBBBB", values.shape[1], values.shape[0], 16, colour, 0, 0, 0)
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)
    parts = [chunk(b"IHDR", header), *chunks, chunk(b"IDAT", zlib.compress(rows)), chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


@pytest.mark.parametrize("clear", [0, 1, 257, 30_001, 65_535])
@pytest.mark.parametrize("channels", [1, 3])
def test_the_transparent_colour_of_a_16_bit_png_is_that_one_alone(clear: int, channels: int, tmp_path: Path) -> None:
    values = np.full((HEIGHT, WIDTH, channels), clear, np.uint16)
    values[:, 10:20] ^= 1  # next to it, and the same in 8 bits
    values[:, 20:] = 20_000
    if channels == 3:
        values[:, 30:, :2] = clear  # in two channels only
    content = png(values[..., 0] if channels == 1 else values, chunk(b"tRNS", struct.pack(">H", clear) * channels))
    file = tmp_path / "clear.png"
    file.write_bytes(content)
    wanted = np.broadcast_to(values / 257, (HEIGHT, WIDTH, 3)).copy()
    wanted[:, :10] = 255
    check(open_photo(file), wanted)
    with Image.open(BytesIO(content)) as image:
        check(to_rgb(image), wanted)


def test_16_bit_pngs_with_alpha_or_fewer_significant_bits_are_read(tmp_path: Path) -> None:
    file, alpha = tmp_path / "deep.png", GREY[::-1, :, None]
    sixteen = (alpha * 65535).round().astype(np.uint16)
    file.write_bytes(png(np.dstack([SIXTEEN, sixteen])))
    check(open_photo(file), 255 * (RGB * alpha + 1 - alpha), 2)
    file.write_bytes(png(np.dstack([scaled(0, 65535, np.uint16), sixteen])))
    check(open_photo(file), WANTED * alpha + 255 * (1 - alpha), 2)
    file.write_bytes(png(SIXTEEN & 0xFFF0, chunk(b"sBIT", bytes((12, 12, 12)))))
    check(open_photo(file), 255 * RGB, 1.5)


@pytest.mark.parametrize("most", [1, 100, 300, 1023, 4095, 65535])
def test_a_ppm_declares_its_white(most: int, tmp_path: Path) -> None:
    file, kind = tmp_path / "photo.ppm", ">u2" if most > 255 else np.uint8
    for magic, values in (("P5", GREY), ("P6", RGB)):
        numbers = (values * most).round()
        file.write_bytes(f"{magic}\n{WIDTH} {HEIGHT}\n{most}\n".encode() + numbers.astype(kind).tobytes())
        photo, note = read_photo(file, None)
        assert note == ""
        check(photo, 255 * (numbers if magic == "P6" else numbers[..., None]) / most)


@pytest.mark.parametrize(("scale", "kind"), [(-1.0, "<f4"), (1.0, ">f4"), (-0.5, "<f4")])
def test_a_pfm_begins_with_its_last_line(scale: float, kind: str, tmp_path: Path) -> None:
    file = tmp_path / "photo.pfm"
    for magic, values, wanted in (("Pf", GREY, WANTED), ("PF", RGB, 255 * RGB)):
        head = f"{magic}\n{WIDTH} {HEIGHT}\n{scale}\n".encode()
        for high, told in ((1, ""), (40, range_note(0, 40))):
            file.write_bytes(head + (values * high)[::-1].astype(kind).tobytes())
            photo, note = read_photo(file, None)
            assert note == told
            check(photo, wanted)
        file.write_bytes(file.read_bytes()[:-9])
        with pytest.raises(ValueError, match=rf"^{BROKEN}$"):
            read_photo(file, None)


@pytest.mark.parametrize("head", [b"PF\n99999 99999\n-1.0\n", b"PF\n4 4\n--\n", b"PF\n4 4\n1e", b"PF\n0 4\n-1.0\n"])
def test_a_pfm_with_another_header_is_refused(head: bytes, tmp_path: Path) -> None:
    file = tmp_path / "photo.pfm"
    file.write_bytes(head + bytes(100))
    with pytest.raises(ValueError, match=rf"^({BROKEN}|{TOO_MANY})$"):
        read_photo(file, None)


@pytest.mark.parametrize("kind", [np.complex64, np.complex128])
def test_complex_numbers_are_refused_with_a_sentence(kind: Any, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"^That file is no photo this page can open: it is a rare kind of TIFF; "):
        read_photo(tiff(GREY.astype(kind), tmp_path), None)


@pytest.mark.parametrize(
    ("values", "options"),
    [
        (FLOAT, {"photometric": "rgb"}),
        (FLOAT, {"photometric": "rgb", "compression": "zlib", "rowsperstrip": 4}),
        (planes(SIXTEEN), PLANES),
        (SIXTEEN[..., 0], {}),
    ],
)
def test_a_deep_tiff_that_is_cut_off_is_called_damaged(values: np.ndarray, options: Any, tmp_path: Path) -> None:
    file = tiff(values, tmp_path, **options)
    content = file.read_bytes()
    for part in (0.6, 0.9, 0.99):
        file.write_bytes(content[: int(len(content) * part)])
        with pytest.raises(ValueError, match=rf"^{BROKEN}$"):
            read_photo(file, None)


def test_a_strip_that_unpacks_to_more_than_its_part_is_refused_without_unpacking_it(tmp_path: Path) -> None:
    values = np.zeros((16, 16, 3), np.float32)
    file = tiff(values, tmp_path, photometric="rgb", compression="zlib")
    with tifffile.TiffFile(file) as opened:
        page: Any = opened.pages[0]
        place, length = page.dataoffsets[0], page.tags[279].valueoffset
        kind = {3: "<H", 4: "<I"}[page.tags[279].dtype]
    bomb = zlib.compress(bytes(200_000_000), 9)[: 2**18]
    content = bytearray(file.read_bytes()[:place] + bomb)
    if kind == "<H":
        bomb = bomb[:65_535]
        content = content[: place + len(bomb)]
    struct.pack_into(kind, content, length, len(bomb))
    file.write_bytes(content)
    tracemalloc.start()
    with pytest.raises(ValueError, match=rf"^{BROKEN}$"):
        read_photo(file, None)
    assert tracemalloc.get_traced_memory()[1] < 20_000_000
    tracemalloc.stop()


@pytest.mark.parametrize("shape", [(9000, 9000), (8_000, 8_001), (70_000, 1_000)])
def test_a_deep_tiff_of_too_many_pixels_is_refused_by_its_header(shape: tuple[int, int], tmp_path: Path) -> None:
    file = tiff(FLOAT, tmp_path, photometric="rgb", metadata=None, rowsperstrip=1)
    content = bytearray(file.read_bytes())
    with tifffile.TiffFile(file) as opened:
        for number, side in ((256, shape[1]), (257, shape[0])):
            tag: Any = opened.pages[0].tags[number]  # type: ignore[union-attr]
            struct.pack_into(
                {3: "<H", 4: "<I"}[tag.dtype], content, tag.valueoffset, side % 65_536 if tag.dtype == 3 else side
            )
    file.write_bytes(content)
    with pytest.raises(ValueError, match=rf"^({TOO_MANY}|{BROKEN}|That file is no photo)"):
        read_photo(file, None)


def test_a_large_deep_picture_is_worked_on_in_bands(tmp_path: Path) -> None:
    values = np.zeros((1500, 2000, 3), np.uint16)
    file = tiff(values, tmp_path, photometric="rgb")
    open_photo(file)
    tracemalloc.start()
    open_photo(file)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2.5 * values.nbytes + 32 * depth.BAND


def test_values_are_rounded_and_not_a_number_is_black() -> None:
    values = np.array([[[-1.0, 0.0, 0.0019, 0.002, 0.5, 1.0, 2.0, np.nan, np.inf, -np.inf]]])
    np.testing.assert_array_equal(to_bytes(values, 0, 1).ravel(), [0, 0, 0, 1, 128, 255, 255, 0, 255, 0])
    np.testing.assert_array_equal(to_bytes(values, 1, 0).ravel(), [255, 255, 255, 254, 128, 0, 0, 0, 0, 255])
