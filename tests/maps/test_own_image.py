"""Drawings and photos: made like a data set's images, whatever they are drawn with, and refused with a sentence."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image

import explorer
from explorer.maps.classifier import open_classifier
from explorer.maps.datasets import SOURCES, DataUnavailable, load
from explorer.maps.ink import EMPTY, FILLED
from explorer.maps.own_image import like_data
from explorer.maps.recipes import RECIPES

SIDES = {"digits": 8, "mnist": 28, "fashion-mnist": 28}


def enlarged(image: np.ndarray, times: int = 5) -> np.ndarray:
    height, width = image.shape
    return np.asarray(Image.fromarray(image).resize((width * times, height * times), Image.Resampling.BICUBIC))


def originals(data: str) -> np.ndarray:
    """200 test images, (200, H, W) uint8."""
    try:
        return load(data).images[:200]
    except DataUnavailable as error:
        pytest.skip(str(error))


def made(picture: np.ndarray, data: str = "mnist") -> np.ndarray:
    return like_data(picture, data, (SIDES[data], SIDES[data]))


def seven(thick: int = 12, height: int = 100) -> np.ndarray:
    """A seven, bright on a black canvas of 180 × 200."""
    drawn = np.zeros((180, 200), np.uint8)
    drawn[40 : 40 + thick, 60:120] = 255
    for row in range(height):
        left = 120 - thick - row * 30 // height
        drawn[40 + row, left : left + thick] = 255
    return drawn


@pytest.mark.parametrize(("data", "most"), [("digits", 0.11), ("mnist", 0.027), ("fashion-mnist", 0.043)])
def test_an_image_of_the_data_set_comes_back_nearly_the_same(data: str, most: float) -> None:
    images = originals(data)
    again = np.stack([made(enlarged(image), data) for image in images])
    assert np.abs(again - images / 255).mean() < most  # images of the set differ from each other by 0.16 to 0.29


@pytest.mark.parametrize("name", RECIPES)
def test_what_is_redrawn_lands_on_the_map_near_the_original(name: str) -> None:
    space = explorer.load(name, device="cpu")
    images = originals(RECIPES[name].data)
    again = [like_data(enlarged(image), RECIPES[name].data, space.image_shape) for image in images]
    there = space.latents[: len(images)]
    moved = np.linalg.norm(space.encode(np.stack(again)) - there, axis=1)
    apart = np.median(np.linalg.norm(there - there[::-1], axis=1))
    assert np.median(moved) < 0.2 * apart
    assert (moved < 0.5 * apart).mean() > 0.9


def test_the_digits_of_one_data_set_are_read_as_those_of_the_other() -> None:
    digits = load("digits")
    as_mnist = np.stack([made(enlarged(image, 30)) for image in digits.images])
    read = open_classifier("mnist").probabilities(as_mnist).argmax(1)
    assert (read == digits.labels).mean() > 0.92


@pytest.mark.parametrize("data", SOURCES)
def test_dark_on_light_is_the_same_as_light_on_dark(data: str) -> None:
    np.testing.assert_array_equal(made(255 - seven(), data), made(seven(), data))


@pytest.mark.parametrize("data", SOURCES)
def test_faint_ink_on_dim_paper_is_the_same_as_white_on_black(data: str) -> None:
    dim = (110 - seven() / 255 * 40).round().astype(np.uint8)
    np.testing.assert_array_equal(made(dim, data), made(seven(), data))


@pytest.mark.parametrize("data", SOURCES)
def test_shade_and_grain_of_paper_are_left_out(data: str) -> None:
    grain = np.random.default_rng(0).normal(0, 3, (180, 200)) + np.linspace(-12, 12, 200)
    photo = (190 - seven() / 255 * 140 + grain).round().astype(np.uint8)
    found = made(photo, data)
    assert np.abs(found - made(seven(), data)).mean() < 0.03
    assert found[0, 0] == found[-1, -1] == 0


@pytest.mark.parametrize("data", SOURCES)
@pytest.mark.parametrize("shift", [(-40, -60), (33, 17), (40, 80)])
def test_it_does_not_matter_where_the_figure_lies(data: str, shift: tuple[int, int]) -> None:
    np.testing.assert_array_equal(made(np.roll(seven(), shift, (0, 1)), data), made(seven(), data))


@pytest.mark.parametrize("data", SOURCES)
def test_it_hardly_matters_how_large_the_figure_is(data: str) -> None:
    larger = np.asarray(Image.fromarray(seven()).resize((500, 450), Image.Resampling.BICUBIC))
    assert np.abs(made(larger, data) - made(seven(), data)).mean() < 0.02


def test_like_mnist_fills_20_pixels_around_its_centre_of_mass() -> None:
    found = made(seven())
    rows, columns = np.flatnonzero(found.any(1)), np.flatnonzero(found.any(0))
    assert rows[-1] - rows[0] + 1 == 20
    assert columns[-1] - columns[0] + 1 == 12  # as wide for its height as it was drawn
    assert abs(np.average(np.arange(28), weights=found.sum(1)) - 14) <= 0.5
    assert abs(np.average(np.arange(28), weights=found.sum(0)) - 14) <= 0.5


def test_like_fashion_mnist_fills_28_pixels_and_lies_in_the_middle() -> None:
    rows, columns = (np.flatnonzero(made(seven(), "fashion-mnist").any(axis)) for axis in (1, 0))
    assert (rows[0], rows[-1]) == (0, 27)
    assert columns[0] - (27 - columns[-1]) in (0, 1)


def test_like_digits_counts_sixteenths_and_fills_the_height() -> None:
    found = made(seven(), "digits")
    np.testing.assert_array_equal(found * 16, np.round(found * 16))
    assert found.any(1).all()
    assert not found[:, 0].any()


def test_like_digits_stands_upright() -> None:
    slanted = np.zeros((120, 120), np.uint8)
    for row in range(100):
        slanted[10 + row, 90 - row // 2 : 100 - row // 2] = 255
    across = made(slanted, "digits") @ np.arange(8) / made(slanted, "digits").sum(1)
    assert np.ptp(across) < 0.5


@pytest.mark.parametrize("data", SOURCES)
def test_a_fine_pen_is_seen_as_well_as_a_broad_one(data: str) -> None:
    for thick in (1, 3, 25):
        assert made(seven(thick), data).max() > 0.9
    if data == "digits":
        assert 0.5 < made(seven(1), data).sum() / made(seven(25), data).sum() < 1


@pytest.mark.parametrize("data", SOURCES)
def test_a_models_margin_is_zeros(data: str) -> None:
    side = SIDES[data] + 4
    found = like_data(seven(), data, (side, side))
    assert found.shape == (side, side)
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, np.pad(made(seven(), data), 2))


@pytest.mark.parametrize("data", SOURCES)
@pytest.mark.parametrize("lines", [(slice(7, 8), slice(None)), (slice(None), slice(7, 8)), (slice(7, 8), slice(7, 8))])
@pytest.mark.parametrize("shape", [(8, 8), (512, 512), (8, 512), (512, 8)])
def test_a_line_or_a_dot_on_any_canvas_becomes_an_image(
    data: str, lines: tuple[slice, slice], shape: tuple[int, int]
) -> None:
    drawn = np.zeros(shape, np.uint8)
    drawn[3, 3], drawn[lines] = 255, 255
    found = made(drawn, data)
    assert np.isfinite(found).all()
    assert 0 <= found.min() < found.max() <= 1


def test_two_dots_far_apart_are_not_rounded_away() -> None:
    drawn = np.zeros((512, 512), np.uint8)
    drawn[[1, 510], [1, 510]] = 255
    for data in SOURCES:
        assert made(drawn, data).max() > 0


@pytest.mark.parametrize("level", [0, 90, 255])
def test_nothing_drawn_is_said_so(level: int) -> None:
    blank = np.full((64, 64), level, np.uint8)
    with pytest.raises(ValueError, match=EMPTY):
        made(blank)
    grain = np.random.default_rng(0).integers(-5, 6, blank.shape)
    with pytest.raises(ValueError, match=EMPTY):
        made((blank + grain).clip(0, 255).astype(np.uint8))


def test_a_canvas_filled_nearly_everywhere_is_refused() -> None:
    drawn = np.full((300, 300), 255, np.uint8)
    drawn[0] = drawn[-1] = drawn[:, 0] = drawn[:, -1] = 0
    with pytest.raises(ValueError, match=FILLED):
        made(drawn)


def test_a_figure_that_touches_all_borders_is_taken() -> None:
    drawn = np.zeros((56, 56), np.uint8)
    drawn[20:36], drawn[:, 20:36] = 200, 200
    assert made(drawn, "fashion-mnist")[[0, -1, 13, 13], [13, 13, 0, -1]].min() > 0.9


@pytest.mark.parametrize(
    "picture",
    [
        seven().astype(np.float32),
        np.full((30, 30), np.nan),
        seven().astype(bool),
        seven().astype(np.int64),
        np.zeros((30, 30, 3), np.uint8),
        np.zeros(64, np.uint8),
        [[1, 2], [3]],
        "<b>picture</b>",
        None,
    ],
)
def test_what_is_no_grey_picture_of_bytes_is_refused(picture: object) -> None:
    with pytest.raises(ValueError, match=r"^The picture must be .*\.$") as refused:
        like_data(picture, "mnist", (28, 28))
    assert "<b>" not in str(refused.value)


@pytest.mark.parametrize("shape", [(7, 100), (100, 7), (513, 100), (100, 513), (0, 0)])
def test_a_picture_too_small_or_too_large_is_refused(shape: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="sides must be from 8 to 512 pixels"):
        made(np.zeros(shape, np.uint8))


def test_an_unknown_data_set_or_too_small_a_model_is_refused() -> None:
    with pytest.raises(ValueError, match="There is no data set of that name; there are digits, mnist, fashion-mnist"):
        like_data(seven(), "photos", (28, 28))
    for shape in ((27, 27), (28, 32), (28,)):
        with pytest.raises(ValueError, match="image_shape must be a square of at least 28 × 28"):
            like_data(seven(), "mnist", shape)


def test_the_picture_that_was_given_is_not_changed() -> None:
    drawn = seven()
    drawn.setflags(write=False)
    made(drawn)
    np.testing.assert_array_equal(drawn, seven())


# --- frames, bars, light and paper ---

DOWN, ACROSS = np.mgrid[0:160, 0:160] / 160
FROM_CENTRE = np.hypot(DOWN - 0.5, ACROSS - 0.5)


def paper(ink: np.ndarray, light: np.ndarray | float = 245, darkness: float = 0.8) -> np.ndarray:
    """Ink (h, w) from 0 to 1 on paper in some light, dark on bright."""
    return light * (1 - darkness * ink)


def chalk(ink: np.ndarray, light: np.ndarray | float = 1) -> np.ndarray:
    return (25 + 210 * ink) * light


def lined(picture: np.ndarray, lines: list[tuple[slice, slice]], level: float) -> np.ndarray:
    picture = picture.copy()
    for line in lines:
        picture[line] = np.where(picture[line] > level, level, picture[line])
    return picture


def outlined(picture: np.ndarray, inset: int, wide: int, level: float, dash: int = 0) -> np.ndarray:
    """A rectangle drawn `inset` pixels from the border, dashed where `dash` says how long."""
    drawn = np.zeros(picture.shape, bool)
    drawn[inset : len(drawn) - inset, inset : len(drawn) - inset] = True
    drawn[inset + wide : len(drawn) - inset - wide, inset + wide : len(drawn) - inset - wide] = False
    if dash:
        drawn &= (np.add.outer(*(np.arange(side) for side in picture.shape)) // dash % 2).astype(bool)
    return np.where(drawn, level, picture)


def grain(deviation: float, shape: tuple[int, int] = (160, 160)) -> np.ndarray:
    return np.random.default_rng(3).normal(0, deviation, shape)


EVERY_12TH = [(slice(row, row + 1), slice(None)) for row in range(5, 160, 12)]
SQUARES = EVERY_12TH + [(across, down) for down, across in EVERY_12TH]
MARGIN = [(slice(None), slice(14, 16))]
WATERMARK = (np.abs(FROM_CENTRE - 0.3) < 0.07) | (np.abs(DOWN - ACROSS) < 0.05)

SURROUNDINGS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "a lamp in a corner": lambda ink: paper(ink, 245 - 70 * (DOWN + 1 - ACROSS)),
    "a lamp far above": lambda ink: paper(ink, 240 * np.exp(-1.2 * DOWN)),
    "dark corners": lambda ink: paper(ink, 240 - 320 * FROM_CENTRE**2),
    "chalk in light from the right": lambda ink: chalk(ink, 0.5 + 0.5 * ACROSS),
    "a soft shadow across": lambda ink: paper(ink, 245 - 100 / (1 + np.exp((0.45 - DOWN) / 0.05))),
    "a grey frame of 3": lambda ink: np.pad(paper(ink), 3, constant_values=130),
    "a white frame of 2 around chalk": lambda ink: np.pad(chalk(ink), 2, constant_values=255),
    "a frame of 12": lambda ink: np.pad(paper(ink), 12, constant_values=10),
    "a frame with a margin": lambda ink: np.pad(outlined(paper(ink), 0, 2, 40), 5, constant_values=245),
    "a double frame": lambda ink: outlined(outlined(paper(ink), 1, 1, 20), 5, 2, 20),
    "a dashed frame": lambda ink: outlined(paper(ink), 3, 2, 30, dash=7),
    "a frame in uneven light": lambda ink: outlined(paper(ink), 2, 2, 30) * (1 - 0.4 * DOWN),
    "bars above and below": lambda ink: np.pad(paper(ink), ((50, 50), (0, 0))),
    "a bar on the right": lambda ink: np.pad(paper(ink), ((0, 0), (0, 40)), constant_values=90),
    "white bars beside chalk": lambda ink: np.pad(chalk(ink), ((0, 0), (45, 55)), constant_values=255),
    "grey bars beside a lamp's light": lambda ink: np.pad(
        paper(ink, 245 - 100 * ACROSS), ((40, 40), (0, 0)), constant_values=195
    ),
    "uneven bars on all sides": lambda ink: np.pad(paper(ink), ((30, 10), (5, 60)), constant_values=15),
    "lines": lambda ink: lined(paper(ink), EVERY_12TH, 180),
    "squares": lambda ink: lined(paper(ink), SQUARES, 200),
    "lines under chalk": lambda ink: 255 - lined(255 - chalk(ink), EVERY_12TH, 165),
    "lines and a margin": lambda ink: lined(lined(paper(ink), EVERY_12TH, 190), MARGIN, 120),
    "a watermark": lambda ink: np.minimum(paper(ink), np.where(WATERMARK, 205, 245)),
    "grain": lambda ink: paper(ink) + grain(18),
    "faint pencil in uneven light": lambda ink: paper(ink, 230 - 80 * DOWN, darkness=0.25) + grain(2),
    "a photo of a page": lambda ink: lined(paper(ink), EVERY_12TH, 190) * (1 - 0.4 * ACROSS) + grain(4),
}


@pytest.fixture(scope="module")
def decoded() -> tuple[np.ndarray, np.ndarray]:
    """Ink of 40 decoded digits, (40, 160, 160) from 0 to 1, and what they are."""
    space = explorer.load("mnist-vae-20d", device="cpu")
    images = space.decode(space.latents[::100])
    sure = np.flatnonzero(space.classify(images).argmax(1) == space.labels[::100])[:40]
    ink = [np.pad(enlarged((image * 255).astype(np.uint8)), 10) / 255 for image in images[sure]]
    return np.stack(ink), space.labels[::100][sure]


@pytest.mark.parametrize("around", SURROUNDINGS)
def test_a_digit_is_read_whatever_surrounds_it(around: str, decoded: tuple[np.ndarray, np.ndarray]) -> None:
    ink, labels = decoded
    pictures = [SURROUNDINGS[around](one).clip(0, 255).round().astype(np.uint8) for one in ink]
    read = open_classifier("mnist").probabilities(np.stack([made(picture) for picture in pictures])).argmax(1)
    assert (read == labels).mean() >= 0.95


@pytest.mark.parametrize(
    "around", [name for name in SURROUNDINGS if "frame" in name or "bar" in name or "lamp" in name]
)
def test_a_garment_stays_whole_whatever_surrounds_it(around: str) -> None:
    garment = np.zeros((160, 160))
    garment[30:130, 50:110] = 0.8
    garment[30:60, 25:135] = 0.6  # paler sleeves
    garment[70:74, 60:100] = 0.3  # a print
    plain = made(paper(garment).round().astype(np.uint8), "fashion-mnist")
    found = made(SURROUNDINGS[around](garment).clip(0, 255).round().astype(np.uint8), "fashion-mnist")
    assert np.abs(found - plain).mean() < 0.08
    assert found[14, 14] > 0.6


@pytest.mark.parametrize("data", SOURCES)
@pytest.mark.parametrize(
    "blank",
    [
        240 - 120 * ACROSS,
        240 - 300 * FROM_CENTRE**2,
        245 - 60 * (DOWN + ACROSS) + grain(3),
        np.pad(np.full((160, 160), 230.0), ((0, 0), (50, 50))),
        40 + 60 * DOWN,
    ],
)
def test_a_blank_page_is_empty_in_any_light(data: str, blank: np.ndarray) -> None:
    with pytest.raises(ValueError, match=EMPTY):
        made(blank.round().astype(np.uint8), data)


def test_an_enlarged_image_that_fills_the_picture_is_not_taken_for_a_frame() -> None:
    garments = originals("fashion-mnist")
    found = np.stack([made(image, "fashion-mnist") for image in garments])
    assert np.abs(found - garments / 255).mean() < 0.03
