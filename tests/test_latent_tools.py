"""Lattices, walks, samples, trust and neighbours of a latent space."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest

import explorer
from explorer import LatentSpace


@pytest.fixture(scope="module", params=["flat", "deep"])
def space(request: pytest.FixtureRequest, digits_checkpoint: Path, digits_checkpoint_5d: Path) -> LatentSpace:
    return explorer.load({"flat": digits_checkpoint, "deep": digits_checkpoint_5d}[request.param], device="cpu")


def test_a_lattice_has_its_first_row_at_the_top_and_its_first_column_at_the_left(space: LatentSpace) -> None:
    images = space.lattice(((-1, 2), (-3, 1)), 4)
    assert images.shape == (4, 4, *space.image_shape)
    corners = {(0, 0): (-1, 1), (0, 3): (2, 1), (3, 0): (-1, -3), (3, 3): (2, -3), (1, 2): (1, 1 - 4 / 3)}
    for (row, column), place in corners.items():
        expected = space.decode(space.from_plane([place]))[0]
        np.testing.assert_allclose(images[row, column], expected, atol=1e-5)


def test_a_lattice_through_a_point_lies_in_the_plane_through_it(space: LatentSpace) -> None:
    anchor = space.latents[3]
    (x, y) = space.plane[3]
    images = space.lattice(((x - 1, x + 1), (y - 1, y + 1)), 3, anchor)
    np.testing.assert_allclose(images[1, 1], space.decode(anchor[None])[0], atol=1e-4)


@pytest.mark.parametrize("n", [0, -1, 65, 500, 2.5, True, "4", None])
def test_a_lattice_of_another_size_is_refused(space: LatentSpace, n: object) -> None:
    with pytest.raises(ValueError, match="n must be a whole number from 1 to 64"):
        space.lattice(((0, 1), (0, 1)), n)  # type: ignore[arg-type]


@pytest.mark.parametrize("bounds", [((0, np.nan), (0, 1)), ((0, np.inf), (0, 1)), (0, 1), "wide", ((0, 1e9), (0, 1))])
def test_a_lattice_without_finite_bounds_is_refused(space: LatentSpace, bounds: object) -> None:
    with pytest.raises(ValueError, match="bounds must"):
        space.lattice(bounds, 3)  # type: ignore[arg-type]


@pytest.mark.parametrize("method", ["linear", "spherical"])
def test_a_walk_includes_both_ends(space: LatentSpace, method: str) -> None:
    walk = space.interpolate(space.latents[0], space.latents[1], 7, method)
    assert walk.shape == (7, space.latent_dim)
    assert walk.dtype == np.float32
    np.testing.assert_allclose(walk[[0, -1]], space.latents[:2], atol=1e-6)


def test_a_linear_walk_is_straight_and_a_spherical_one_keeps_its_distance_from_the_origin(space: LatentSpace) -> None:
    a, b = np.zeros((2, space.latent_dim), np.float32)
    a[0], b[1] = 2, 2
    np.testing.assert_allclose(space.interpolate(a, b, 3)[1], (a + b) / 2)
    lengths = np.linalg.norm(space.interpolate(a, b, 9, "spherical"), axis=1)
    np.testing.assert_allclose(lengths, 2, rtol=1e-6)


@pytest.mark.parametrize("steps", [1, 0, 10_001, 1.5])
def test_a_walk_of_another_length_is_refused(space: LatentSpace, steps: object) -> None:
    with pytest.raises(ValueError, match="steps must be a whole number from 2 to 10,000"):
        space.interpolate(space.latents[0], space.latents[1], steps)  # type: ignore[arg-type]


def test_another_way_to_walk_or_to_sample_is_refused(space: LatentSpace) -> None:
    with pytest.raises(ValueError, match="method must be linear or spherical"):
        space.interpolate(space.latents[0], space.latents[1], 3, "cubic")
    with pytest.raises(ValueError, match="how must be prior, box or density"):
        space.sample(3, "dream")


@pytest.mark.parametrize("how", ["prior", "box", "density"])
def test_the_same_seed_gives_the_same_sample(space: LatentSpace, how: str) -> None:
    first = space.sample(18, how, 0)
    assert first.shape == (18, space.latent_dim)
    assert first.dtype == np.float32
    np.testing.assert_array_equal(first, space.sample(18, how, 0))
    assert not np.array_equal(first, space.sample(18, how, 1))


def test_samples_come_from_where_they_are_said_to_come_from(space: LatentSpace) -> None:
    prior, box, density = (space.sample(10_000, how, 0) for how in ("prior", "box", "density"))
    np.testing.assert_allclose(prior.mean(0), 0, atol=0.05)
    np.testing.assert_allclose(prior.std(0), 1, atol=0.05)
    assert (box >= space.latents.min(0)).all()
    assert (box <= space.latents.max(0)).all()
    np.testing.assert_allclose(box.mean(0), (space.latents.min(0) + space.latents.max(0)) / 2, atol=0.1)
    np.testing.assert_allclose(density.mean(0), space.latents.mean(0), atol=0.1)
    np.testing.assert_allclose(density.std(0), space.latents.std(0), rtol=0.15)


def test_the_nearest_neighbour_of_an_encoded_point_is_itself(space: LatentSpace) -> None:
    indices, distances = space.neighbours(space.latents[:5], 3)
    assert (indices.dtype, distances.dtype) == (np.int64, np.float32)
    assert indices.shape == distances.shape == (5, 3)
    np.testing.assert_allclose(distances[:, 0], 0, atol=1e-3)
    assert (np.diff(distances, axis=1) >= 0).all()
    every = np.linalg.norm(space.latents - space.latents[4], axis=1)
    np.testing.assert_allclose(distances[4], np.sort(every)[:3], atol=1e-3)


@pytest.mark.parametrize("k", [0, 10**9, 1.0])
def test_more_neighbours_than_points_are_refused(space: LatentSpace, k: object) -> None:
    with pytest.raises(ValueError, match="k must be a whole number from 1 to"):
        space.neighbours(space.latents[:1], k)  # type: ignore[arg-type]


def test_drift_is_how_far_a_latent_moves_when_it_is_decoded_and_encoded_again(space: LatentSpace) -> None:
    z = space.latents[:4]
    expected = np.linalg.norm(space.encode(space.decode(z)) - z, axis=1)
    np.testing.assert_allclose(space.drift(z), expected, rtol=1e-5)
    far = np.full((1, space.latent_dim), 50, np.float32)
    assert space.drift(far)[0] > space.drift(z).max()


def test_density_sums_to_one_over_the_plane(digits_checkpoint: Path) -> None:
    space = explorer.load(digits_checkpoint, device="cpu")
    low, high = space.latents.min(0) - 2, space.latents.max(0) + 2
    x, y = np.meshgrid(np.linspace(low[0], high[0], 80), np.linspace(low[1], high[1], 80))
    cell = np.prod((high - low) / 79)
    density = space.density(np.stack([x.ravel(), y.ravel()], 1))
    assert density.min() >= 0
    assert density.sum() * cell == pytest.approx(1, abs=0.02)


def test_density_is_high_where_points_are_and_vanishes_far_away(space: LatentSpace) -> None:
    far = np.full((1, space.latent_dim), 100, np.float32)
    assert space.density(space.latents[:20]).min() > space.density(far)[0]


def test_log_prior_is_the_standard_normals(space: LatentSpace) -> None:
    from scipy.stats import multivariate_normal

    expected = multivariate_normal(np.zeros(space.latent_dim)).logpdf(space.latents[:6])
    np.testing.assert_allclose(space.log_prior(space.latents[:6]), expected, rtol=1e-5)


def test_the_posteriors_mean_is_what_encode_gives_and_its_deviation_is_positive(space: LatentSpace) -> None:
    images = space.decode(space.latents[:3])
    mean, deviation = space.posterior(images)
    np.testing.assert_array_equal(mean, space.encode(images))
    assert deviation.shape == mean.shape
    assert (deviation > 0).all()


def test_a_plain_autoencoder_has_no_posterior() -> None:
    space = explorer.load("fashion-ae-2d", device="cpu")
    with pytest.raises(ValueError, match="it has no posterior"):
        space.posterior(np.zeros((1, *space.image_shape)))


@pytest.mark.parametrize("name", ["drift", "density", "log_prior"])
def test_latents_of_another_shape_or_not_finite_are_refused(space: LatentSpace, name: str) -> None:
    for z in (np.zeros(space.latent_dim), np.zeros((1, 99)), np.full((1, space.latent_dim), np.nan), "z"):
        with pytest.raises(ValueError, match="z must"):
            getattr(space, name)(z)


def test_no_latents_give_no_answers(space: LatentSpace) -> None:
    none = np.zeros((0, space.latent_dim), np.float32)
    assert space.drift(none).shape == space.density(none).shape == space.log_prior(none).shape == (0,)
    assert space.neighbours(none, 2)[0].shape == (0, 2)


def test_many_threads_may_ask_at_once(space: LatentSpace) -> None:
    found: list[np.ndarray] = []
    ask = [threading.Thread(target=lambda: found.append(space.neighbours(space.latents[:9], 2)[0])) for _ in range(8)]
    for thread in ask:
        thread.start()
    for thread in ask:
        thread.join()
    assert len(found) == 8
    assert all(np.array_equal(found[0], other) for other in found)
