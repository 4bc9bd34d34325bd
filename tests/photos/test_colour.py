"""A photo's colours: whatever space its file names, its pixels become sRGB, as a browser shows them."""

import struct
import zlib
from base64 import b64encode
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pillow_heif
import pytest
from photo_notes import read_photo
from PIL import Image, ImageCms
from playwright.sync_api import BrowserContext

from explorer.photos.colour import DAMAGED, LARGEST_PROFILE, UNFIT
from explorer.photos.image import open_photo, preprocess, to_rgb
from explorer.photos.rgb_space import PRIMARIES, SRGB_PRIMARIES, RGBSpace, from_srgb, to_xyz
from explorer.ui.photo.files import save_png

HEIGHT, WIDTH = 18, 32
DOWN, ACROSS = np.mgrid[0:HEIGHT, 0:WIDTH] / [[[HEIGHT - 1]], [[WIDTH - 1]]]
PIXELS = (np.stack([ACROSS, 1 - DOWN, np.abs(ACROSS - DOWN)], -1) * 255).round().astype(np.uint8)
GREY = PIXELS[..., 0]
DCI, BT2020 = PRIMARIES[12], PRIMARIES[9]
GBR = (*SRGB_PRIMARIES[:2], *SRGB_PRIMARIES[4:], *SRGB_PRIMARIES[2:4])  # red is green, green blue, blue red
P3 = RGBSpace(DCI, from_srgb)
KINDS: dict[str, dict[str, Any]] = {
    "png": {},
    "jpg": {"quality": 100, "subsampling": 0},
    "webp": {"lossless": True, "exact": True},
    "tiff": {},
    "avif": {"quality": 100, "subsampling": "4:4:4"},
}


def power(exponent: float) -> Any:
    return lambda values: np.asarray(values) ** exponent


def expected(pixels: np.ndarray, chromaticities: tuple[float, ...], light: Any) -> np.ndarray:
    """By the definitions: numbers to light, to XYZ, to sRGB's light, and that to its numbers (IEC 61966-2-1)."""
    matrix = np.linalg.inv(to_xyz(SRGB_PRIMARIES)) @ to_xyz(chromaticities)
    linear = (light(pixels / np.iinfo(pixels.dtype).max) @ matrix.T).clip(0, 1)
    return 255 * np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055)


def off(photo: Image.Image, wanted: np.ndarray) -> float:
    assert photo.mode == "RGB"
    return float(np.abs(np.asarray(photo).astype(float) - wanted).mean())


def saved(image: Image.Image, file: Path, **options: Any) -> Path:
    image.save(file, **options)
    return file


def chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def png(pixels: np.ndarray, *chunks: bytes) -> bytes:
    """A PNG of 8 or 16 bits with chunks before its pixels."""
    colour = {1: 0, 2: 4, 3: 2, 4: 6}[1 if pixels.ndim == 2 else pixels.shape[2]]
    header = struct.pack(">IIBBBBB", pixels.shape[1], pixels.shape[0], pixels.itemsize * 8, colour, 0, 0, 0)
    rows = b"".join(b"\0" + row.astype(row.dtype.newbyteorder(">")).tobytes() for row in pixels)
    parts = [chunk(b"IHDR", header), *chunks, chunk(b"IDAT", zlib.compress(rows)), chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def opened(content: bytes, folder: Path) -> Image.Image:
    file = folder / "photo.png"
    file.write_bytes(content)
    photo, note = read_photo(file, None)
    assert note == ""
    return photo


def gama(value: float) -> bytes:
    return chunk(b"gAMA", struct.pack(">I", round(value * 100_000)))


def chrm(chromaticities: tuple[float, ...]) -> bytes:
    return chunk(b"cHRM", struct.pack(">8I", *(round(value * 100_000) for value in chromaticities)))


def cicp(*numbers: int) -> bytes:
    return chunk(b"cICP", bytes(numbers))


def iccp(profile: bytes) -> bytes:
    return chunk(b"iCCP", b"photo\0\0" + zlib.compress(profile))


def icc(space: bytes, tags: dict[bytes, bytes], pcs: bytes = b"XYZ ") -> bytes:
    """A profile of version 2 for a printer: of a space that explorer.photos.rgb_space makes none for."""
    tags = {b"wtpt": b"XYZ \0\0\0\0" + struct.pack(">3i", 63190, 65536, 54061), **tags}
    table, data, start = b"", b"", 132 + 12 * len(tags)
    for name, value in tags.items():
        table += struct.pack(">4sII", name, start + len(data), len(value))
        data += value + bytes(-len(value) % 4)
    head = struct.pack(">I4xI4s4s4s12x4s", start + len(data), 0x02400000, b"prtr", space, pcs, b"acsp")
    head = (head.ljust(68, b"\0") + struct.pack(">3i", 63190, 65536, 54061)).ljust(128, b"\0")
    return head + struct.pack(">I", len(tags)) + table + data


def table(channels: int, colours: Any) -> bytes:
    """A lut16Type from `channels` numbers in [0, 1] to CIELab, by sRGB colours in [0, 1] (ICC.1:2001-04, 6.5.7)."""
    points = 17
    grid = np.stack(np.meshgrid(*[np.linspace(0, 1, points)] * channels, indexing="ij"), -1).reshape(-1, channels)
    white = np.array([0.9642, 1, 0.8249])
    xyz = from_srgb(colours(grid)) @ to_xyz(SRGB_PRIMARIES).T / white
    f = np.where(xyz > 216 / 24389, np.cbrt(xyz), (24389 / 27 * xyz + 16) / 116)
    lab = np.stack([116 * f[:, 1] - 16, 500 * (f[:, 0] - f[:, 1]), 200 * (f[:, 1] - f[:, 2])], -1)
    entries = ((lab + np.array([0, 128, 128])) * [652.8, 256, 256]).round().clip(0, 65535).astype(">u2").tobytes()
    identity = struct.pack(">9i", 65536, 0, 0, 0, 65536, 0, 0, 0, 65536)
    ramp = struct.pack(">HH", 0, 65535)
    head = struct.pack(">4s4xBBBx", b"mft2", channels, 3, points) + identity + struct.pack(">HH", 2, 2)
    return head + ramp * channels + entries + ramp * 3


GREY_LINEAR = icc(b"GRAY", {b"kTRC": b"curv" + bytes(8)})
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
BLACK = icc(b"RGB ", {b"A2B0": table(3, lambda colours: 0 * colours)}, b"Lab ")
CMYK = icc(b"CMYK", {b"A2B0": table(4, lambda ink: 0.05 + 0.9 * (1 - ink[:, :3]) * (1 - ink[:, 3:]))}, b"Lab ")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "space",
    [P3, RGBSpace(BT2020, power(2.4)), RGBSpace(GBR, power(1.8)), RGBSpace(SRGB_PRIMARIES, power(1.0))],
    ids=["Display P3", "BT.2020", "swapped channels", "linear"],
)
def test_a_profile_is_followed_in_every_format(space: RGBSpace, kind: str, tmp_path: Path) -> None:
    image = Image.fromarray(PIXELS)
    file = saved(image, tmp_path / f"photo.{kind}", icc_profile=space.profile(), **KINDS[kind])
    assert off(image, expected(PIXELS, space.chromaticities, space.light)) > 8
    photo, note = read_photo(file, None)
    assert note == ""
    assert off(photo, expected(PIXELS, space.chromaticities, space.light)) < 1.5


def test_a_profile_of_version_4_with_a_table_is_followed(tmp_path: Path) -> None:
    profile = icc(b"RGB ", {b"A2B0": table(3, lambda colours: 1 - 0.9 * colours)}, b"Lab ")
    profile = profile[:8] + b"\4\x20\0\0" + profile[12:]
    photo, note = read_photo(saved(Image.fromarray(PIXELS), tmp_path / "photo.png", icc_profile=profile), None)
    assert note == ""
    assert off(photo, 255 - 0.9 * PIXELS.astype(float)) < 3


@pytest.mark.parametrize("kind", ["tiff", "jpg"])
def test_a_cmyk_photo_is_converted_by_its_own_profile(kind: str, tmp_path: Path) -> None:
    inks = np.dstack([PIXELS, GREY[::-1] // 3])
    options = {"quality": 100} if kind == "jpg" else {}
    file = saved(Image.fromarray(inks, "CMYK"), tmp_path / f"photo.{kind}", icc_profile=CMYK, **options)
    part = 1 - inks / 255
    photo, note = read_photo(file, None)
    assert note == ""
    assert off(photo, 255 * (0.05 + 0.9 * part[..., :3] * part[..., 3:])) < 1.5


def test_the_profile_of_a_grey_photo_is_followed_whether_it_is_grey_or_rgb(tmp_path: Path) -> None:
    wanted = expected(PIXELS[..., :1].repeat(3, 2), SRGB_PRIMARIES, power(1.0))
    for name, profile in (("grey", GREY_LINEAR), ("rgb", RGBSpace(SRGB_PRIMARIES, power(1.0)).profile())):
        photo, note = read_photo(saved(Image.fromarray(GREY), tmp_path / f"{name}.png", icc_profile=profile), None)
        assert note == ""
        assert off(photo, wanted) < 1.5
        clear = Image.merge("LA", (Image.fromarray(GREY), Image.new("L", (WIDTH, HEIGHT), 128)))
        photo, _ = read_photo(saved(clear, tmp_path / f"{name}.png", icc_profile=profile), None)
        assert off(photo, wanted * 128 / 255 + 127) < 1.5


def test_alpha_is_laid_over_white_after_the_colours_are_srgb(tmp_path: Path) -> None:
    image = Image.fromarray(np.dstack([PIXELS, GREY[::-1]]))
    file = saved(image, tmp_path / "photo.png", icc_profile=P3.profile())
    alpha = GREY[::-1, :, None] / 255
    assert off(open_photo(file), expected(PIXELS, DCI, from_srgb) * alpha + 255 * (1 - alpha)) < 1


def test_the_colours_of_a_palette_follow_its_profile(tmp_path: Path) -> None:
    image = Image.fromarray(PIXELS).quantize(32)
    file = saved(image, tmp_path / "photo.png", icc_profile=P3.profile())
    assert off(open_photo(file), expected(np.asarray(image.convert("RGB")), DCI, from_srgb)) < 1


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "RGBX", "CMYK", "L", "P", "HSV", "YCbCr"])
def test_an_image_given_in_memory_brings_its_profile_and_is_not_converted_twice(mode: str) -> None:
    image = Image.fromarray(PIXELS).convert(mode)
    image.info["icc_profile"] = CMYK if mode == "CMYK" else RGBSpace(DCI, power(1.8)).profile()
    once = to_rgb(image)
    assert "icc_profile" in image.info
    assert off(image.convert("RGB"), np.asarray(once).astype(float)) > 5
    assert once.info == {}
    np.testing.assert_array_equal(to_rgb(once), once)
    np.testing.assert_array_equal(preprocess(image)[:HEIGHT, :WIDTH], once)


@pytest.mark.parametrize("kind", ["png", "jpg", "webp", "tiff"])
@pytest.mark.parametrize(
    ("profile", "told"),
    [
        (b"", ""),
        (b"\0", DAMAGED),
        (b"no profile at all " * 20, DAMAGED),
        (P3.profile()[:-200], DAMAGED),
        (P3.profile()[:140], DAMAGED),
        (P3.profile()[:128] + b"\xff\xff\xff\xff" + P3.profile()[132:], DAMAGED),
        (BLACK, DAMAGED),
        (P3.profile().replace(b"mntr", b"link", 1), DAMAGED),
        (P3.profile() + bytes(LARGEST_PROFILE), DAMAGED),
        (GREY_LINEAR, UNFIT),
        (CMYK, UNFIT),
    ],
    ids=["empty", "byte", "text", "cut", "header", "tags", "point", "link", "huge", "grey", "CMYK"],
)
def test_a_profile_that_is_no_use_is_left_out_and_told(profile: bytes, told: str, kind: str, tmp_path: Path) -> None:
    file = saved(Image.fromarray(PIXELS), tmp_path / f"photo.{kind}", icc_profile=profile, **KINDS[kind])
    photo, note = read_photo(file, None)
    assert note == told
    assert off(photo, PIXELS.astype(float)) < 1


@pytest.mark.parametrize("packed", [b"", b"no zlib", zlib.compress(P3.profile())[:40], zlib.compress(b"")])
def test_a_profile_in_a_png_that_can_not_be_unpacked_is_told(packed: bytes, tmp_path: Path) -> None:
    file = tmp_path / "photo.png"
    file.write_bytes(png(PIXELS, chunk(b"iCCP", b"photo\0\0" + packed)))
    photo, note = read_photo(file, None)
    assert note == DAMAGED
    np.testing.assert_array_equal(photo, PIXELS)


def test_a_profile_in_several_segments_of_a_jpeg_is_put_together_or_told(tmp_path: Path) -> None:
    profile = bytearray(P3.profile() + bytes(150_000))
    profile[:4] = struct.pack(">I", len(profile))
    file = saved(Image.fromarray(PIXELS), tmp_path / "photo.jpg", icc_profile=bytes(profile), **KINDS["jpg"])
    assert off(open_photo(file), expected(PIXELS, DCI, from_srgb)) < 1.5
    content = file.read_bytes()
    second = content.index(b"ICC_PROFILE\0\2")
    after = second - 2 + int.from_bytes(content[second - 2 : second], "big")
    file.write_bytes(content[: second - 4] + content[after:])
    photo, note = read_photo(file, None)
    assert note == DAMAGED
    assert off(photo, PIXELS.astype(float)) < 1.5


def test_an_srgb_profile_changes_no_pixel(tmp_path: Path) -> None:
    for number, profile in enumerate((SRGB, RGBSpace(SRGB_PRIMARIES, from_srgb).profile())):
        file = saved(Image.fromarray(PIXELS), tmp_path / f"{number}.png", icc_profile=profile)
        np.testing.assert_array_equal(open_photo(file), PIXELS)


@pytest.mark.parametrize("gamma", [1.0, 0.55556, 0.36, 0.1])
def test_the_gamma_of_a_png_is_followed_at_every_depth(gamma: float, tmp_path: Path) -> None:
    wanted = expected(PIXELS, SRGB_PRIMARIES, power(1 / gamma))
    deep = PIXELS.astype(np.uint16) * 257
    assert off(opened(png(PIXELS, gama(gamma)), tmp_path), wanted) < 0.5
    assert off(opened(png(deep, gama(gamma)), tmp_path), wanted) < 0.5
    assert off(opened(png(GREY, gama(gamma)), tmp_path), wanted[..., :1]) < 0.5
    assert off(opened(png(deep[..., 0], gama(gamma)), tmp_path), wanted[..., :1]) < 0.5
    opaque = np.full((HEIGHT, WIDTH, 1), 65535, np.uint16)
    assert off(opened(png(np.dstack([deep, opaque]), gama(gamma)), tmp_path), wanted) < 0.5


def test_the_dark_parts_of_a_linear_16_bit_png_keep_their_steps(tmp_path: Path) -> None:
    dark = np.tile(np.arange(0, 640, 20, dtype=np.uint16)[None, :, None], (4, 1, 3))
    for pixels in (dark, dark[..., 0]):
        photo = np.asarray(opened(png(pixels, gama(1.0)), tmp_path)).astype(float)
        wanted = expected(dark, SRGB_PRIMARIES, power(1.0))
        np.testing.assert_allclose(photo, wanted, atol=0.51)


def test_the_primaries_of_a_png_count_with_its_gamma_alone(tmp_path: Path) -> None:
    wanted = expected(PIXELS, DCI, power(2.2))
    assert off(opened(png(PIXELS, gama(0.45455), chrm(DCI)), tmp_path), wanted) < 0.5
    assert off(opened(png(PIXELS.astype(np.uint16) * 257, gama(0.45455), chrm(DCI)), tmp_path), wanted) < 0.5
    np.testing.assert_array_equal(opened(png(PIXELS, chrm(DCI)), tmp_path), PIXELS)


PROFILED = iccp(RGBSpace(BT2020, power(1.8)).profile())


@pytest.mark.parametrize(
    ("chunks", "space"),
    [
        ([gama(0.45455)], None),
        ([gama(0.45455), chrm(SRGB_PRIMARIES)], None),
        ([gama(0.0)], None),
        ([gama(0.45455), chrm((0.0,) * 8)], None),
        ([gama(0.45455), chrm((0.3, 0.3) * 4)], None),
        ([chunk(b"sRGB", b"\0"), gama(1.0), chrm(BT2020)], None),
        ([PROFILED, gama(1.0)], RGBSpace(BT2020, power(1.8))),
        ([PROFILED, chunk(b"sRGB", b"\0")], RGBSpace(BT2020, power(1.8))),
        ([cicp(12, 13, 0, 1)], P3),
        ([cicp(12, 13, 0, 1), PROFILED, gama(1.0)], P3),
        ([cicp(1, 13, 0, 1), gama(1.0)], None),
        ([cicp(9, 8, 0, 1)], RGBSpace(BT2020, power(1.0))),
        ([cicp(2, 2, 0, 1), gama(1.0)], RGBSpace(SRGB_PRIMARIES, power(1.0))),
        ([cicp(12, 13, 0, 0)], None),
        ([cicp(12, 200, 0, 1)], None),
    ],
)
def test_of_what_a_png_says_of_its_colours_the_best_counts(
    chunks: list[bytes], space: RGBSpace | None, tmp_path: Path
) -> None:
    wanted = PIXELS if space is None else expected(PIXELS, space.chromaticities, space.light)
    assert off(opened(png(PIXELS, *chunks), tmp_path), wanted) < (0.5 if space else 1e-9)
    with Image.open(BytesIO(png(PIXELS, *chunks))) as image:
        assert off(to_rgb(image), wanted) < (0.5 if space else 1e-9)


@pytest.mark.parametrize(("transfer", "levels"), [(16, (0, 49, 102, 187, 255)), (18, (0, 40, 99, 203, 255))])
def test_an_hdr_png_is_mapped_to_white_steadily(transfer: int, levels: tuple[int, ...], tmp_path: Path) -> None:
    """levels: what Chromium shows of greys at 0, 0.3, 0.445, 0.58 and 1 of PQ, and 0, 0.25, 0.5, 0.78 and 1 of HLG."""
    places = {16: (0, 0.3137, 0.443, 0.5804, 1), 18: (0, 0.251, 0.502, 0.784, 1)}[transfer]
    ramp = np.tile(np.arange(256, dtype=np.uint8)[None, :, None], (2, 1, 3))
    photo = np.asarray(opened(png(ramp, cicp(9, transfer, 0, 1)), tmp_path))[0]
    assert (np.diff(photo.astype(int), axis=0) >= 0).all()
    assert (np.ptp(photo.astype(int), axis=1) <= 1).all()
    np.testing.assert_allclose([photo[round(255 * place), 0] for place in places], levels, atol=4)


def test_avif_and_heic_name_their_colours_by_numbers_too(tmp_path: Path) -> None:
    image = Image.fromarray(PIXELS)
    file = saved(image, tmp_path / "photo.avif", **KINDS["avif"])
    content = bytearray(file.read_bytes())
    place = content.index(b"colrnclx") + 8
    for primaries, transfer in ((12, 13), (12, 1)):  # a film's transfer is meant as sRGB's
        content[place : place + 4] = struct.pack(">HH", primaries, transfer)
        file.write_bytes(content)
        assert off(open_photo(file), expected(PIXELS, DCI, from_srgb)) < 1
        with Image.open(file) as avif:
            assert off(to_rgb(avif), expected(PIXELS, DCI, from_srgb)) < 1
    heic = tmp_path / "photo.heic"
    numbers = {"color_primaries": 12, "transfer_characteristics": 13, "matrix_coefficients": 1, "full_range_flag": 1}
    pillow_heif.from_pillow(image).save(heic, quality=-1, chroma=444, **numbers)
    assert off(open_photo(heic), expected(PIXELS, DCI, from_srgb)) < 2


def test_lab_photos_need_no_profile(tmp_path: Path) -> None:
    lab = ImageCms.createProfile("LAB")
    image = ImageCms.profileToProfile(Image.fromarray(PIXELS), ImageCms.createProfile("sRGB"), lab, outputMode="LAB")
    assert image is not None
    within = np.abs(np.asarray(image.convert("RGB")).astype(int) - PIXELS).max(2) < 4  # Pillow's a* and b* are coarse
    photo, note = read_photo(saved(image, tmp_path / "photo.tif"), None)
    assert note == ""
    assert within.mean() > 0.7
    assert np.abs(np.asarray(photo).astype(int) - PIXELS)[within].max() < 5


def test_the_pictures_that_go_back_say_srgb_and_nothing_else(tmp_path: Path) -> None:
    file = saved(Image.fromarray(PIXELS), tmp_path / "photo.png", icc_profile=P3.profile())
    photo = open_photo(file)
    with Image.open(save_png(photo, tmp_path / "saved.png")) as again:
        again.load()
        assert again.info == {"srgb": 0, "gamma": 0.45455}
        np.testing.assert_array_equal(again, photo)
    np.testing.assert_array_equal(open_photo(tmp_path / "saved.png"), photo)


SHOW = """async url => {
    const image = new Image()
    image.src = url
    await image.decode()
    const canvas = document.createElement("canvas")
    canvas.width = image.naturalWidth
    canvas.height = image.naturalHeight
    const context = canvas.getContext("2d")
    context.fillStyle = "white"
    context.fillRect(0, 0, canvas.width, canvas.height)
    context.drawImage(image, 0, 0)
    return [...context.getImageData(0, 0, canvas.width, canvas.height).data]
}"""


@pytest.mark.browser
def test_a_browser_shows_the_same_colours(context: BrowserContext, tmp_path: Path) -> None:
    page = context.new_page()
    page.goto("about:blank")
    image, half = Image.fromarray(PIXELS), Image.fromarray(np.dstack([PIXELS, GREY[::-1]]))
    saved(image, tmp_path / "p3.png", icc_profile=P3.profile())
    saved(half, tmp_path / "half.png", icc_profile=P3.profile())
    saved(image, tmp_path / "linear.webp", icc_profile=RGBSpace(SRGB_PRIMARIES, power(1.0)).profile(), lossless=True)
    saved(image, tmp_path / "swapped.jpg", icc_profile=RGBSpace(GBR, power(2.2)).profile(), **KINDS["jpg"])
    saved(Image.fromarray(GREY), tmp_path / "grey.png", icc_profile=RGBSpace(DCI, power(1.2)).profile())
    saved(image, tmp_path / "unfit.png", icc_profile=GREY_LINEAR)
    saved(image, tmp_path / "damaged.jpg", icc_profile=P3.profile()[:-100], **KINDS["jpg"])
    dark = icc(b"RGB ", {b"A2B0": table(3, lambda colours: 0.1 + 0.8 * colours)}, b"Lab ")
    saved(image, tmp_path / "table.png", icc_profile=dark)
    for name, content in {
        "gamma": png(PIXELS, gama(0.8)),
        "primaries": png(PIXELS, gama(0.45455), chrm(BT2020)),
        "numbers": png(PIXELS, cicp(12, 13, 0, 1), gama(1.0)),
        "film": png(PIXELS, cicp(1, 1, 0, 1)),
        "pq": png(PIXELS, cicp(9, 16, 0, 1)),
        "hlg": png(PIXELS, cicp(9, 18, 0, 1)),
        "nothing": png(PIXELS, chrm(BT2020)),
    }.items():
        (tmp_path / f"{name}.png").write_bytes(content)
    distances = {}
    for file in sorted(tmp_path.iterdir()):
        kind = {".jpg": "jpeg"}.get(file.suffix, file.suffix[1:])
        data = page.evaluate(SHOW, f"data:image/{kind};base64,{b64encode(file.read_bytes()).decode()}")
        distances[file.name] = off(open_photo(file), np.array(data, float).reshape(HEIGHT, WIDTH, 4)[..., :3])
    page.close()
    assert len(distances) == 15
    assert {name: distance for name, distance in distances.items() if distance > 2} == {}
