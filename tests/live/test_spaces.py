"""The spaces that are open: by name, in a plane, and visitors' own until they are removed."""

import gc
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from explorer.live.places import Place
from explorer.live.spaces import Spaces, UnknownModel
from explorer.maps.comparison import shared_neighbours
from explorer.maps.latent_space import LatentSpace
from explorer.maps.recorded import formation


def test_a_folder_that_is_not_among_the_names_is_refused(digits_checkpoint: Path, digits_checkpoint_5d: Path) -> None:
    spaces = Spaces([str(digits_checkpoint)], device="cpu")
    with pytest.raises(UnknownModel):
        spaces.open(str(digits_checkpoint_5d))


def test_a_map_is_opened_in_a_plane_at_its_first_use(digits_checkpoint_5d: Path) -> None:
    spaces = Spaces([str(digits_checkpoint_5d)], device="cpu")
    shown = spaces.open(spaces.names[0], "z0-z4")
    assert shown.plane_name == "z0-z4"
    assert spaces.open(spaces.names[0], "z0-z4") is shown
    assert spaces.open(spaces.names[0]).plane_name == ""


@pytest.mark.parametrize("name", [None, 1, ["own-"], {"own-": 1}, "own-", ""])
def test_what_is_no_name_is_an_unknown_model(name: Any) -> None:
    with pytest.raises(UnknownModel):
        Spaces([], device="cpu").open(name)


def test_a_removed_model_is_freed_with_its_planes(digits_checkpoint_5d: Path) -> None:
    spaces = Spaces([], device="cpu")
    spaces.add("own-a", LatentSpace.open(str(digits_checkpoint_5d), "cpu"))
    held = weakref.ref(spaces.open("own-a", "z0-z1")), weakref.ref(spaces.open("own-a"))
    spaces.remove("own-a")
    gc.collect()
    assert [reference() for reference in held] == [None, None]


def test_a_removed_model_is_freed_though_it_was_compared_and_its_history_was_shown(digits_checkpoint_5d: Path) -> None:
    spaces = Spaces([], device="cpu")
    for name in ("own-a", "own-b"):
        spaces.add(name, LatentSpace.open(str(digits_checkpoint_5d), "cpu"))
    one, other = spaces.open("own-a"), spaces.open("own-b")
    shared_neighbours(one, other, 10)
    shared_neighbours(other, one, 10)
    history = weakref.ref(formation(one))
    one.in_plane("z0-z1").neighbours(one.latents[:2], 3)
    held = weakref.ref(one)
    spaces.remove("own-a")
    del one
    gc.collect()
    assert (held(), history()) == (None, None)
    assert shared_neighbours(other, other, 10) == 1.0


@pytest.mark.parametrize("plane", [None, "z1-z3"])
def test_a_place_is_resolved_at_once_where_its_map_and_plane_are_open(
    digits_checkpoint_5d: Path, copied: Callable[[Path], Path], plane: str | None
) -> None:
    spaces = Spaces([str(copied(digits_checkpoint_5d))], device="cpu")
    place = Place(spaces.names[0], 0.5, -0.25, 3, plane)
    assert spaces.resolve_at_once(place) is None
    assert spaces.loaded == []
    space = spaces.open(place.model)
    assert (spaces.resolve_at_once(place) is None) == (plane is not None)
    expected = spaces.resolve(place)
    found = spaces.resolve_at_once(place)
    assert found is not None
    assert found.space is expected.space is space
    np.testing.assert_array_equal(found.latent, expected.latent)


def test_what_can_be_refused_without_a_map_is_refused_at_once(digits_checkpoint: Path) -> None:
    spaces = Spaces([str(digits_checkpoint)], device="cpu")
    for name in ("digits", "own-0123456789abcdef"):
        with pytest.raises(UnknownModel):
            spaces.resolve_at_once(Place(name, 0.0, 0.0))
    assert spaces.loaded == []
