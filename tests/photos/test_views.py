"""Latents as pictures: scales with zero in the middle, and colours from a linear fit."""

import numpy as np
import pytest

from explorer.photos.views import (
    DIVERGING,
    SEQUENTIAL,
    channel_pictures,
    colour_bar,
    deviation_pictures,
    fit_preview,
    heat,
)

RNG = np.random.default_rng(0)
LATENTS = (RNG.normal(0, 1, (4, 6, 5)) * np.array([1, 2, 0.5, 3])[:, None, None]).astype(np.float32)
MIDDLE, LOWEST, HIGHEST = DIVERGING[5], DIVERGING[0], DIVERGING[-1]


def test_each_channel_has_a_picture_and_its_statistics() -> None:
    pictures = channel_pictures(LATENTS)
    assert len(pictures) == 4
    for channel, picture in zip(LATENTS, pictures, strict=True):
        assert (picture.pixels.shape, picture.pixels.dtype) == ((6, 5, 3), np.uint8)
        told = picture.statistics()
        expected = {"mean": channel.mean(), "std": channel.std(), "min": channel.min(), "max": channel.max()}
        assert {key: told[key] for key in expected} == pytest.approx(expected, abs=1e-4)
        assert (told["low"], told["high"]) == pytest.approx((picture.low, picture.high), abs=1e-4)


@pytest.mark.parametrize("shared", [True, False])
def test_zero_is_the_middle_colour_and_signs_have_their_own_sides(shared: bool) -> None:
    latents = np.array([[[-1.0, 0.0, 1.0]], [[-30.0, 0.0, 10.0]]], np.float32)
    for picture in channel_pictures(latents, shared):
        assert picture.low == -picture.high
        low, zero, high = picture.pixels[0].astype(int)
        np.testing.assert_array_equal(zero, MIDDLE)
        assert low[2] > low[0]  # blue
        assert high[0] > high[2]  # red


def test_a_shared_scale_is_that_of_all_channels() -> None:
    highs = [picture.high for picture in channel_pictures(LATENTS, shared=True)]
    assert highs == [float(np.abs(np.percentile(LATENTS, (2, 98))).max())] * 4


def test_an_own_scale_is_that_of_the_channel() -> None:
    for channel, picture in zip(LATENTS, channel_pictures(LATENTS, shared=False), strict=True):
        assert picture.high == float(np.abs(np.percentile(channel, (2, 98))).max())


def test_the_percentiles_say_how_far_the_scale_reaches() -> None:
    latents = np.linspace(-100, 50, 151, dtype=np.float32).reshape(1, 1, 151)
    assert channel_pictures(latents, percentile=(0, 100))[0].high == 100
    assert channel_pictures(latents, percentile=(10, 90))[0].high == pytest.approx(85)
    assert channel_pictures(latents + 100, percentile=(10, 90))[0].high == pytest.approx(135)


def test_what_lies_beyond_the_scale_has_the_colours_of_its_ends() -> None:
    latents = np.zeros((1, 10, 100), np.float32)
    latents[0, 0, :2] = -1e4, 1e4
    latents[0, 1:6] = np.tile([-1, 1], 250).reshape(5, 100)
    picture = channel_pictures(latents)[0]
    assert picture.high == 1
    np.testing.assert_array_equal(picture.pixels[0, 0], LOWEST)
    np.testing.assert_array_equal(picture.pixels[0, 1], HIGHEST)


@pytest.mark.parametrize("shared", [True, False])
def test_a_channel_that_is_zero_has_the_colour_of_zero(shared: bool) -> None:
    latents = LATENTS.copy()
    latents[2] = 0
    picture = channel_pictures(latents, shared)[2]
    assert (picture.pixels == MIDDLE).all()
    assert picture.high > 0
    assert (channel_pictures(np.zeros((4, 3, 3), np.float32), shared)[0].pixels == MIDDLE).all()


@pytest.mark.parametrize("value", [3.5, -3.5])
def test_a_constant_channel_has_one_colour(value: float) -> None:
    picture = channel_pictures(np.full((1, 3, 4), value, np.float32))[0]
    assert (picture.pixels == (HIGHEST if value > 0 else LOWEST)).all()
    assert picture.high == abs(value)


def test_a_single_cell_has_a_picture() -> None:
    assert channel_pictures(LATENTS[:, :1, :1])[3].pixels.shape == (1, 1, 3)


def test_deviations_reach_from_the_low_to_the_high_percentile() -> None:
    std = np.abs(LATENTS)
    for channel, own, shared in zip(std, deviation_pictures(std, shared=False), deviation_pictures(std), strict=True):
        np.testing.assert_allclose((own.low, own.high), np.percentile(channel, (2, 98)))
        np.testing.assert_allclose((shared.low, shared.high), np.percentile(std, (2, 98)))
        assert own.pixels.shape == (6, 5, 3)
        np.testing.assert_array_equal(own.pixels[np.unravel_index(channel.argmin(), (6, 5))], SEQUENTIAL[0])
        np.testing.assert_array_equal(own.pixels[np.unravel_index(channel.argmax(), (6, 5))], SEQUENTIAL[-1])


def test_constant_deviations_have_one_colour() -> None:
    assert (deviation_pictures(np.full((2, 3, 3), 0.1, np.float32))[0].pixels == SEQUENTIAL[0]).all()


def test_heat_goes_from_nothing_to_its_high_end() -> None:
    pixels = heat(np.array([[0.0, 0.5, 1.0, 2.0]]), high=1.0)
    assert (pixels.shape, pixels.dtype) == ((1, 4, 3), np.uint8)
    np.testing.assert_array_equal(pixels[0, [0, 2, 3]], SEQUENTIAL[[0, -1, -1]])
    assert (heat(np.zeros((2, 2)), high=0.0) == SEQUENTIAL[0]).all()


@pytest.mark.parametrize(("diverging", "colours"), [(True, DIVERGING), (False, SEQUENTIAL)])
def test_the_colour_bar_is_the_scale(diverging: bool, colours: np.ndarray) -> None:
    assert colour_bar(diverging).shape == (1, 64, 3)
    np.testing.assert_array_equal(colour_bar(diverging, len(colours))[0], colours)


def linear_photo(latents: np.ndarray, step: int = 8) -> tuple[np.ndarray, np.ndarray]:
    """A photo whose colours are a linear map of the latents, and the map."""
    weights = np.array([[9, -4, 3], [2, 8, -5], [-6, 1, 7], [3, 3, 3], [128, 120, 110]], np.float32)
    rows = np.concatenate([latents.reshape(4, -1), np.ones((1, latents[0].size))])
    colours = (weights.T @ rows).T.reshape(*latents.shape[1:], 3)
    return colours.clip(0, 255).round().astype(np.uint8).repeat(step, 0).repeat(step, 1), weights


@pytest.mark.parametrize("step", [8, 4])
def test_the_preview_finds_a_relation_that_is_linear(step: int) -> None:
    latents = RNG.normal(0, 1, (4, 20, 15)).astype(np.float32)
    photo, weights = linear_photo(latents, step)
    preview = fit_preview(latents, photo, step)
    np.testing.assert_allclose(preview.weights, weights, atol=0.2)
    assert preview.explained == pytest.approx(1, abs=1e-3)
    picture = preview.picture(latents)
    assert (picture.shape, picture.dtype) == ((20, 15, 3), np.uint8)
    assert np.abs(picture.astype(int) - photo[::step, ::step]).max() <= 1


def test_the_preview_explains_nothing_of_what_is_not_in_the_latents() -> None:
    latents = RNG.normal(0, 1, (4, 30, 30)).astype(np.float32)
    photo = RNG.integers(0, 256, (240, 240, 3), dtype=np.uint8)
    assert 0 <= fit_preview(latents, photo).explained < 0.05


@pytest.mark.parametrize("size", [(301, 203), (8, 8), (1, 1), (1, 500), (500, 1), (7, 9), (20, 5)])
def test_sides_that_are_no_multiple_of_8_have_a_preview(size: tuple[int, int]) -> None:
    width, height = size
    cells = -(-height // 8), -(-width // 8)
    latents = RNG.normal(0, 1, (4, *cells)).astype(np.float32)
    photo = linear_photo(latents)[0][:height, :width]
    preview = fit_preview(latents, photo)
    assert preview.weights.shape == (5, 3)
    assert np.isfinite(preview.weights).all()
    assert preview.explained == pytest.approx(1, abs=1e-2)
    assert preview.picture(latents).shape == (*cells, 3)


def test_a_photo_of_one_colour_and_channels_that_say_nothing_have_a_preview() -> None:
    latents = np.zeros((4, 3, 3), np.float32)
    preview = fit_preview(latents, np.full((24, 24, 3), 77, np.uint8))
    assert preview.explained == 1
    assert (preview.picture(latents) == 77).all()
