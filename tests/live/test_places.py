"""What a visitor may name as a place."""

import math

import pytest

from explorer.live.places import Place, parse_place


def test_a_place_may_lie_at_the_limit() -> None:
    assert parse_place({"model": "a", "x": -1e6, "y": 1_000_000}) == Place("a", -1e6, 1e6)


@pytest.mark.parametrize("value", [None, "1", True, [1], {}, math.nan, math.inf, -math.inf, 1.1e6, 10**400])
def test_a_coordinate_that_is_no_finite_number_in_range_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match=r"^y must be (a number|finite and within ±1e\+06)\.$"):
        parse_place({"model": "a", "x": 0, "y": value})


@pytest.mark.parametrize("value", [-1, 1.0, "3", True, [0]])
def test_a_point_that_is_no_index_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="point must be the index of a test point"):
        parse_place({"model": "a", "x": 0, "y": 0, "point": value})


@pytest.mark.parametrize("value", [None, 3, ["a"]])
def test_a_model_that_is_no_name_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match=r"^model must be the name of a map\.$"):
        parse_place({"model": value, "x": 0, "y": 0})


def test_a_latent_may_lie_at_the_limit_and_needs_no_place() -> None:
    assert parse_place({"model": "a", "z": [1e6, -1_000_000, 0]}) == Place("a", 0.0, 0.0, z=(1e6, -1e6, 0.0))


def test_a_latent_that_is_none_and_a_plane_that_is_none_are_left_out() -> None:
    assert parse_place({"model": "a", "x": 1, "y": 2, "z": None, "plane": None}) == Place("a", 1.0, 2.0)


@pytest.mark.parametrize("value", ["1,2", 3, True, {"0": 1}, [0.0] * 1025, [0.0] * 10**6, "<b>", (1, 2)])
def test_a_latent_that_is_no_short_list_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match=r"^z must be a list of as many numbers as the map has latent dimensions\.$"):
        parse_place({"model": "a", "x": 0, "y": 0, "z": value})


@pytest.mark.parametrize("value", [None, "1", "<b>", True, [1], {}, math.nan, math.inf, -math.inf, 1.1e6, 10**400])
def test_a_latent_with_something_else_than_finite_numbers_in_range_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match=r"^each number of z must be (a number|finite and within ±1e\+06)\.$"):
        parse_place({"model": "a", "x": 0, "y": 0, "z": [0.0, value]})


@pytest.mark.parametrize("value", [3, True, ["z0-z1"], {"z0": "z1"}, 1.5])
def test_a_plane_that_is_no_name_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match=r"^plane must be the name of a plane, or left out\.$"):
        parse_place({"model": "a", "x": 0, "y": 0, "plane": value})
