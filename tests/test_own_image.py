"""Drawings and photos: made like a data set's images, whatever they are drawn with, and refused with a sentence."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

import explorer
from explorer.classifier import open_classifier
from explorer.datasets import SOURCES, DataUnavailable, load
from explorer.ink import EMPTY, FILLED
from explorer.own_image import like_data
from explorer.recipes import RECIPES

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
