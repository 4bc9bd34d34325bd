"""Planes through a latent space: through its mean and principal components, two dimensions, or three test points."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import explorer
from explorer import LatentSpace
from explorer.maps import planes

LATENTS = np.random.default_rng(0).normal(1, [3, 1, 2, 0.5, 1], (60, 5)).astype(np.float32)
NAMES = ("z1-z3", "z4-z0", "p12-p5-p40", "p0-p1-p2")


@pytest.fixture(scope="module")
def space(digits_checkpoint_5d: Path) -> LatentSpace:
    return explorer.load(digits_checkpoint_5d, device="cpu")


@pytest.mark.parametrize("name", NAMES)
def test_the_axes_of_a_plane_are_orthonormal(name: str) -> None:
    plane = planes.named(name, LATENTS)
    assert (plane.origin.shape, plane.axes.shape) == ((5,), (2, 5))
    np.testing.assert_allclose(plane.axes @ plane.axes.T, np.eye(2), atol=1e-12)


def test_the_principal_plane_goes_through_the_mean_along_the_largest_spread() -> None:
    plane = planes.principal(LATENTS)
    np.testing.assert_allclose(plane.origin, LATENTS.mean(0), atol=1e-6)
    np.testing.assert_allclose(plane.axes @ plane.axes.T, np.eye(2), atol=1e-6)
    _, _, directions = np.linalg.svd(LATENTS - LATENTS.mean(0), full_matrices=False)
    np.testing.assert_allclose(np.abs((plane.axes * directions[:2]).sum(1)), 1, atol=1e-5)


def test_a_plane_of_two_dimensions_has_their_values_as_coordinates(space: LatentSpace) -> None:
    np.testing.assert_array_equal(space.in_plane("z3-z1").plane, space.latents[:, [3, 1]])


def test_a_plane_of_two_dimensions_keeps_all_others_at_their_mean(space: LatentSpace) -> None:
    mean = space.latents.mean(0)
    found = space.in_plane("z3-z1").from_plane([[0.5, -2.0], [0, 0]])
    expected = np.array([[mean[0], y, mean[2], x, mean[4]] for x, y in ((0.5, -2.0), (0, 0))])
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_the_three_points_of_a_plane_lie_in_it(space: LatentSpace) -> None:
    through = space.in_plane("p12-p5-p40")
    points = space.latents[[12, 5, 40]]
    np.testing.assert_allclose(through.from_plane(through.to_plane(points)), points, atol=1e-5)


def test_the_first_of_three_points_is_the_origin_and_the_second_lies_on_the_x_axis(space: LatentSpace) -> None:
    through = space.in_plane("p12-p5-p40")
    first, second, third = through.plane[[12, 5, 40]]
    assert first.tolist() == [0, 0]
    assert second[0] == pytest.approx(np.linalg.norm(space.latents[5] - space.latents[12]), rel=1e-6)
    assert second[1] == pytest.approx(0, abs=1e-5)
    assert third[1] > 0


def test_distances_within_a_plane_are_those_of_the_latent_space(space: LatentSpace) -> None:
    through = space.in_plane("p12-p5-p40")
    for one, other in ((12, 5), (12, 40), (5, 40)):
        there = np.linalg.norm(space.latents[one] - space.latents[other])
        assert np.linalg.norm(through.plane[one] - through.plane[other]) == pytest.approx(there, rel=1e-5)


@pytest.mark.parametrize("name", ["", *NAMES])
def test_a_point_decodes_to_its_own_reconstruction_in_any_plane_through_it(space: LatentSpace, name: str) -> None:
    shown = space.in_plane(name) if name else space
    latents = shown.from_plane(shown.plane[:20], space.latents[:20])
    np.testing.assert_array_equal(latents, space.latents[:20])
    for point in range(20):
        alone = shown.from_plane(shown.plane[point : point + 1], space.latents[point])
        np.testing.assert_array_equal(alone[0], space.latents[point])
    np.testing.assert_array_equal(shown.decode(latents), space.decode(space.latents[:20]))


@pytest.mark.parametrize("name", ["", *NAMES])
def test_a_place_away_from_its_anchor_keeps_the_anchors_part_outside_the_plane(space: LatentSpace, name: str) -> None:
    shown = space.in_plane(name) if name else space
    anchor = space.latents[7]
    moved = shown.from_plane((shown.plane[7] + np.array([0.5, -1]))[None], anchor)[0]
    np.testing.assert_allclose(moved - anchor, np.array([0.5, -1]) @ shown.axes, atol=1e-5)
    np.testing.assert_allclose(shown.to_plane(moved[None])[0], shown.plane[7] + [0.5, -1], atol=1e-5)


@pytest.mark.parametrize(
    "anchor",
    [
        ["<b>", 0, 0, 0, 0],
        "<b>",
        {"<b>": 1},
        [[0, 0, 0, 0, 0], [0]],
        [10**400, 0, 0, 0, 0],
        [1e300, 0, 0, 0, 0],
        [np.nan, 0, 0, 0, 0],
        [None, 0, 0, 0, 0],
        [0, 0, 0, 0],
        [],
        [[]],
        [[[0, 0, 0, 0, 0]]],
        [[0, 0, 0, 0, 0]] * 3,
        3,
    ],
    ids=lambda anchor: repr(anchor)[:24],
)
def test_an_anchor_that_is_no_latent_is_refused_with_a_sentence(space: LatentSpace, anchor: Any) -> None:
    with pytest.raises(ValueError, match=r"^anchor must .*\.$") as refusal:
        space.from_plane([[0, 0], [1, 1]], anchor)
    assert "<b>" not in str(refusal.value)


@pytest.mark.parametrize("name", NAMES)
def test_a_latents_place_does_not_depend_on_the_company_in_which_it_is_asked_for(space: LatentSpace, name: str) -> None:
    shown = space.in_plane(name)
    alone = np.concatenate([shown.to_plane(space.latents[point : point + 1]) for point in range(40)])
    np.testing.assert_array_equal(alone, shown.plane[:40])


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("", "A plane is named"),
        ("pca", "A plane is named"),
        ("z1", "A plane is named"),
        ("z1-z2-z3", "A plane is named"),
        ("p1-p2", "A plane is named"),
        ("p1-z2-p3", "A plane is named"),
        ("z-1-z2", "A plane is named"),
        ("z1.0-z2", "A plane is named"),
        ("Z1-Z2", "A plane is named"),
        (" z1-z2", "A plane is named"),
        ("z1-z2\n", "A plane is named"),
        ("z١-z٢", "A plane is named"),
        ("z1-z99999", "A plane is named"),
        ("z" + "1" * 100_000, "A plane is named"),
        ("../../etc/passwd", "A plane is named"),
        ("<b>z1-z2</b>", "A plane is named"),
        ("z1-z2\x00", "A plane is named"),
        ("\ud800", "A plane is named"),
        ("z1-z5", "Each dimension of a plane must be smaller than 5."),
        ("z9999-z0", "Each dimension of a plane must be smaller than 5."),
        ("p0-p1-p60", "Each point of a plane must be smaller than 60."),
        ("z2-z2", "Each dimension of a plane can be named only once."),
        ("z2-z02", "Each dimension of a plane can be named only once."),
        ("p7-p1-p7", "Each point of a plane can be named only once."),
    ],
    ids=lambda text: ascii(text)[:24],
)
def test_a_name_of_no_plane_is_refused_with_a_sentence(name: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence) as refusal:
        planes.named(name, LATENTS)
    assert str(refusal.value).endswith(".")
    assert "passwd" not in str(refusal.value)
    assert "<b>" not in str(refusal.value)


@pytest.mark.parametrize(
    "points",
    [
        [[0, 0, 0, 0, 0], [1, 2, 3, 4, 5], [2.5, 5, 7.5, 10, 12.5]],
        [[0, 0, 0, 0, 0], [1, 2, 3, 4, 5], [2.5, 5, 7.5, 10, 12.50001]],
        [[0, 0, 0, 0, 0], [1, 0, 0, 0, 0], [1, 0, 0, 0, 0]],
        [[1, 0, 0, 0, 0], [1, 0, 0, 0, 0], [0, 0, 0, 0, 0]],
        [[1, 0, 0, 0, 0], [0, 0, 0, 0, 0], [1, 0, 0, 0, 0]],
        [[1, 1, 1, 1, 1]] * 3,
    ],
    ids=["on a line", "almost on a line", "second twice", "first twice", "third is first", "all the same"],
)
def test_three_points_on_a_line_span_no_plane(points: list[list[float]]) -> None:
    with pytest.raises(ValueError, match=r"^These three points lie on one line: they span no plane\.$"):
        planes.named("p0-p1-p2", np.array(points, np.float32))


@pytest.mark.parametrize("scale", [1e-5, 1, 1e5])
def test_whether_points_span_a_plane_does_not_depend_on_the_spaces_scale(scale: float) -> None:
    plane = planes.named("p0-p1-p2", (LATENTS * scale).astype(np.float32))
    np.testing.assert_allclose(plane.axes @ plane.axes.T, np.eye(2), atol=1e-9)


def test_a_map_of_two_dimensions_has_no_other_planes(digits_checkpoint: Path) -> None:
    flat = explorer.load(digits_checkpoint, device="cpu")
    for name in ("z0-z1", "p0-p1-p2", "<b>"):
        with pytest.raises(ValueError, match=r"^digits has two dimensions: its map shows all of it\.$"):
            flat.in_plane(name)


def test_a_map_in_another_plane_shares_its_latents_with_the_original(space: LatentSpace) -> None:
    shown = space.in_plane("z1-z3")
    assert shown.latents is space.latents
    assert shown.labels is space.labels
    assert shown.model is space.model
    assert (shown.name, shown.config) == (space.name, space.config)
    assert (space.plane_name, shown.plane_name) == ("", "z1-z3")


def test_a_map_in_another_plane_leaves_the_original_as_it_was(space: LatentSpace) -> None:
    before = [array.copy() for array in (space.plane, space.origin, space.axes)]
    shown = space.in_plane("p3-p9-p27")
    for was, now, other in zip(before, (space.plane, space.origin, space.axes), shown._plane, strict=False):
        np.testing.assert_array_equal(was, now)
        assert not np.array_equal(was, other)
    np.testing.assert_array_equal(space.to_plane(space.latents), before[0])


def test_what_a_map_knows_is_the_same_in_all_of_its_planes(space: LatentSpace) -> None:
    shown = space.in_plane("z2-z4")
    np.testing.assert_array_equal(shown.centroids, space.centroids)
    np.testing.assert_array_equal(shown.active, space.active)
    assert (shown.gap, shown.typical_log_density) == (space.gap, space.typical_log_density)


def test_the_same_name_gives_the_same_map(space: LatentSpace) -> None:
    assert space.in_plane("z0-z2") is space.in_plane("z0-z2")
    assert space.in_plane("z0-z2") is not space.in_plane("z2-z0")


def test_a_plane_of_a_plane_is_the_spaces_own(space: LatentSpace) -> None:
    again = space.in_plane("z0-z2").in_plane("p1-p2-p3")
    np.testing.assert_array_equal(again.plane, space.in_plane("p1-p2-p3").plane)
    assert again.plane_name == "p1-p2-p3"


def test_many_threads_may_ask_for_planes_at_once(space: LatentSpace) -> None:
    found: list[tuple[str, np.ndarray]] = []
    names = [f"p{i}-p{i + 1}-p{i + 2}" for i in range(8)] * 4
    ask = [threading.Thread(target=lambda n=name: found.append((n, space.in_plane(n).plane))) for name in names]  # type: ignore[misc]
    for thread in ask:
        thread.start()
    for thread in ask:
        thread.join()
    assert len(found) == len(names)
    for name, plane in found:
        np.testing.assert_array_equal(plane, space.in_plane(name).plane)


def test_planes_cannot_be_changed(space: LatentSpace) -> None:
    shown = space.in_plane("p3-p9-p27")
    for array in (shown.plane, shown.origin, shown.axes, space.plane, space.origin, space.axes):
        with pytest.raises(ValueError, match="read-only"):
            array[...] = 0
