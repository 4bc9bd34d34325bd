"""What may be done to latents, and what a page may not ask for."""

from typing import Any

import numpy as np
import pytest

from explorer.arrays import number_within
from explorer.photos.edits import (
    Channel,
    Edits,
    noise,
    parse_channels,
    quantise,
    take_channels,
)

RNG = np.random.default_rng(0)
MEAN = RNG.normal(0, 1, (4, 9, 7)).astype(np.float32)
STD = RNG.uniform(0.1, 0.5, (4, 9, 7)).astype(np.float32)


def test_no_edits_change_no_bit() -> None:
    for edits in (Edits(), Edits(channels=(Channel(),) * 4), Edits(noise_seed=7)):
        edited = edits.apply(MEAN, STD)
        assert edited.tobytes() == MEAN.tobytes()
        assert edited.dtype == np.float32


def test_the_latents_themselves_are_left_alone() -> None:
    before = MEAN.tobytes(), STD.tobytes()
    Edits((Channel(2, 1), Channel(on=False)), sample=1, sigma=1, bits=4).apply(MEAN, STD)
    assert (MEAN.tobytes(), STD.tobytes()) == before


def test_a_channel_that_is_off_is_zero_and_the_others_stay() -> None:
    edited = Edits((Channel(), Channel(gain=3, offset=5, on=False))).apply(MEAN, STD)
    assert edited[1].tobytes() == np.zeros((9, 7), np.float32).tobytes()
    np.testing.assert_array_equal(edited[[0, 2, 3]], MEAN[[0, 2, 3]])


def test_gain_comes_before_offset() -> None:
    edited = Edits((Channel(2.0, -1.5), Channel(), Channel(-0.5))).apply(MEAN, None)
    np.testing.assert_allclose(edited[0], MEAN[0] * 2 - 1.5, rtol=1e-6)
    np.testing.assert_array_equal(edited[1], MEAN[1])
    np.testing.assert_allclose(edited[2], MEAN[2] * -0.5, rtol=1e-6)


def test_noise_has_the_deviation_that_was_asked_for() -> None:
    mean = np.zeros((4, 64, 64), np.float32)
    added = Edits(sigma=0.7, noise_seed=3).apply(mean, None)
    assert added.std() == pytest.approx(0.7, rel=0.03)
    assert added.mean() == pytest.approx(0, abs=0.03)


def test_noise_is_the_same_for_the_same_seed_and_another_for_another() -> None:
    first, again, other = (Edits(sigma=0.5, noise_seed=number).apply(MEAN, STD) for number in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert not np.allclose(first, other)
    assert noise((3, 2), 5).dtype == np.float32


def test_noise_comes_after_the_channels() -> None:
    edited = Edits((Channel(on=False),) * 4, sigma=2.0, noise_seed=4).apply(MEAN, STD)
    np.testing.assert_allclose(edited, 2 * noise(MEAN.shape, 4), rtol=1e-6)


def test_a_sample_is_the_mean_and_its_deviation_times_noise() -> None:
    edited = Edits(sample=11).apply(MEAN, STD)
    np.testing.assert_allclose(edited, MEAN + STD * noise(MEAN.shape, 11), rtol=1e-6)
    np.testing.assert_array_equal(edited, Edits(sample=11).apply(MEAN, STD))
    assert not np.allclose(edited, Edits(sample=12).apply(MEAN, STD))
    np.testing.assert_array_equal(Edits(sample=0).apply(MEAN, STD * 0), MEAN)


def test_without_a_posterior_a_sample_is_the_mean() -> None:
    np.testing.assert_array_equal(Edits(sample=11).apply(MEAN, None), MEAN)


@pytest.mark.parametrize("bits", [4, 8])
def test_quantising_leaves_2_to_the_bits_values_and_keeps_the_extremes(bits: int) -> None:
    latents = RNG.normal(0, 3, (4, 40, 40)).astype(np.float32)
    for before, after in zip(latents, Edits(bits=bits).apply(latents, None), strict=True):
        assert len(np.unique(after)) <= 2**bits
        assert (after.min(), after.max()) == pytest.approx((before.min(), before.max()), rel=1e-6)
        spacing = (before.max() - before.min()) / (2**bits - 1)
        assert np.abs(after - before).max() <= spacing * 0.5001
    assert quantise(latents, bits).dtype == np.float32


def test_quantising_twice_is_quantising_once() -> None:
    once = quantise(MEAN, 4)
    np.testing.assert_allclose(quantise(once, 4), once, atol=1e-6)


@pytest.mark.parametrize("value", [0.0, 3.25, -1e4])
def test_quantising_a_constant_channel_changes_nothing(value: float) -> None:
    latents = np.full((2, 3, 3), value, np.float32)
    np.testing.assert_array_equal(quantise(latents, 4), latents)


def test_channels_are_taken_from_the_other_latents() -> None:
    mixed = take_channels(MEAN, STD, [1, 3])
    np.testing.assert_array_equal(mixed[[0, 2]], MEAN[[0, 2]])
    np.testing.assert_array_equal(mixed[[1, 3]], STD[[1, 3]])
    np.testing.assert_array_equal(take_channels(MEAN, STD, []), MEAN)


def test_channels_are_read_and_the_missing_ones_stay_as_they_are() -> None:
    sent = [{"gain": 2, "offset": -8, "on": False}, {}, {"gain": -4.0, "more": "ignored"}]
    assert parse_channels(sent, 4) == (Channel(2.0, -8.0, False), Channel(), Channel(-4.0), Channel())
    assert parse_channels([], 2) == (Channel(), Channel())


@pytest.mark.parametrize(
    "sent",
    [None, {}, "on", 4, [1], [None], [[]], [{}] * 5],
    ids=["None", "a dict", "words", "a number", *map(str, range(4))],
)
def test_channels_that_are_no_list_of_objects_are_refused(sent: Any) -> None:
    with pytest.raises(ValueError, match="channels must be a list of at most 4 objects with gain, offset and on"):
        parse_channels(sent, 4)


NO_NUMBERS: dict[str, tuple[Any, str]] = {
    "NaN": (float("nan"), "must lie within"),
    "infinity": (float("inf"), "must lie within"),
    "minus infinity": (float("-inf"), "must lie within"),
    "too large": (4.001, "must lie within ±4"),
    "huge": (10**400, "must lie within"),
    "huge below": (-(10**400), "must lie within"),
    "true": (True, "must be a number"),
    "words": ("1", "must be a number"),
    "nothing": (None, "must be a number"),
    "a list": ([1], "must be a number"),
    "complex": (1j, "must be a number"),
}


@pytest.mark.parametrize(("value", "sentence"), NO_NUMBERS.values(), ids=NO_NUMBERS)
def test_what_is_no_number_within_its_limit_is_refused(value: Any, sentence: str) -> None:
    with pytest.raises(ValueError, match=f"^gain {sentence}"):
        parse_channels([{"gain": value}], 4)
    with pytest.raises(ValueError, match=f"^sigma {sentence}"):
        number_within(value, "sigma", 4.0)
