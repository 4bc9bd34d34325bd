"""Numbers that somebody sent."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from explorer.arrays import LARGEST_SEED, at_most, number_within, seed_of, whole_number

MARKED = "<b>do not repeat me</b>"


@pytest.mark.parametrize("value", [1, 5, np.int64(3)])
def test_a_whole_number_is_taken(value: Any) -> None:
    assert (whole_number(value, "n", 5), type(whole_number(value, "n", 5))) == (value, int)


@pytest.mark.parametrize("value", [0, 6, -1, True, 2.0, "2", MARKED, None, [2], 10**400, float("nan")], ids=repr)
def test_what_is_no_whole_number_in_its_bounds_is_refused(value: Any) -> None:
    with pytest.raises(ValueError, match=r"^n must be a whole number from 1 to 5\.$"):
        whole_number(value, "n", 5)


@pytest.mark.parametrize("value", [4, -4.0, 0, 1e-300])
def test_a_number_within_its_limit_becomes_a_float(value: float) -> None:
    assert (number_within(value, "gain", 4), type(number_within(value, "gain", 4))) == (value, float)


@pytest.mark.parametrize("value", [0, 1, LARGEST_SEED, 7.0, np.int32(3)])
def test_a_whole_number_is_a_seed(value: float) -> None:
    assert (seed_of(value), type(seed_of(value))) == (value, int)


NO_SEEDS = [
    float("nan"),
    float("inf"),
    float("-inf"),
    True,
    False,
    "7",
    None,
    1.5,
    -1,
    2**31,
    10**400,
    1e300,
    [1],
]


@pytest.mark.parametrize("value", NO_SEEDS, ids=lambda value: str(value)[:12])
def test_what_is_no_seed_is_refused(value: Any) -> None:
    with pytest.raises(ValueError, match=r"^The seed must (be a whole number|lie between 0 and 2147483647)\.$"):
        seed_of(value, 2**31 - 1)
    if value != 2**31:
        with pytest.raises(
            ValueError, match=r"^The seed must (be a whole number|lie between 0 and 9223372036854775807)"
        ):
            seed_of(value)


@pytest.mark.parametrize("value", [None, MARKED, {"a": 1}, (1, 2), [0] * 3], ids=repr)
def test_what_is_no_short_list_is_refused(value: Any) -> None:
    with pytest.raises(ValueError, match=r"^points must be a list of at most 2 points\.$"):
        at_most(value, 2, "points")
    assert at_most([1, 2], 2, "points") == [1, 2]
