"""Lattices, walks, samples, trust and neighbours of a latent space."""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

import explorer
from explorer import LatentSpace
from explorer.maps import latent_space


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


def test_a_typical_points_density_has_the_ratio_0_in_powers_of_ten(space: LatentSpace) -> None:
    ratios = space.density_ratio(space.latents[:20])
    expected = np.log10(space.density(space.latents[:20])) - space.typical_log_density / np.log(10)
    np.testing.assert_allclose(ratios, expected)


def test_a_covariance_is_the_posteriors_seen_in_the_plane(space: LatentSpace) -> None:
    images = space.decode(space.latents[:2])
    variance = space.posterior(images)[1].astype(np.float64) ** 2
    expected = [space.axes @ np.diag(of_one) @ space.axes.T for of_one in variance]
    np.testing.assert_allclose(space.covariance(images), expected)


@pytest.mark.parametrize("seed", [-1, 2**63, True, 1.5])
def test_what_is_no_seed_is_refused(space: LatentSpace, seed: int) -> None:
    with pytest.raises(ValueError, match="The seed must "):
        space.sample(3, seed=seed)


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


def test_a_lattice_may_have_other_rows_than_columns(space: LatentSpace) -> None:
    images = space.lattice(((-1, 2), (-3, 1)), (2, 4))
    assert images.shape == (2, 4, *space.image_shape)
    places = [(x, y) for y in (1, -3) for x in (-1, 0, 1, 2)]
    np.testing.assert_allclose(images.reshape(8, 8, 8), space.decode(space.from_plane(places)), atol=1e-5)


def test_a_grid_holds_the_latents_of_its_lattice(space: LatentSpace) -> None:
    bounds, anchor = ((-1, 2), (-3, 1)), space.latents[3]
    grid = space.grid(bounds, (3, 2), anchor)
    assert (grid.shape, grid.dtype) == ((3, 2, space.latent_dim), np.float32)
    expected = space.from_plane([(x, y) for y in (1, -1, -3) for x in (-1, 2)], anchor)
    np.testing.assert_allclose(grid.reshape(6, -1), expected, atol=1e-6)
    np.testing.assert_allclose(space.decode(grid[1]), space.lattice(bounds, (3, 2), anchor)[1], atol=1e-5)


def test_a_decoded_grid_is_the_lattice_there(space: LatentSpace) -> None:
    bounds, anchor = ((-1, 2), (-3, 1)), space.latents[3]
    images = space.decode_grid(space.grid(bounds, (3, 2), anchor))
    assert (images.shape, images.dtype) == ((3, 2, *space.image_shape), np.float32)
    np.testing.assert_array_equal(images, space.lattice(bounds, (3, 2), anchor))


def test_a_grid_of_one_cell_lies_at_the_left_and_the_top(space: LatentSpace) -> None:
    np.testing.assert_array_equal(space.grid(((-1, 2), (-3, 1)), 1)[0], space.from_plane([[-1, 1]]))


@pytest.mark.parametrize("n", [(0, 3), (3, 65), (3, True), (2.5, 3), (3,), (), (3, 3, 3), [3, 3], ("<b>", 3)])
def test_a_grid_of_another_size_is_refused(space: LatentSpace, n: object) -> None:
    with pytest.raises(ValueError, match=r"^n must be .*\.$") as refusal:
        space.grid(((0, 1), (0, 1)), n)  # type: ignore[arg-type]
    assert "<b>" not in str(refusal.value)


@pytest.mark.parametrize("method", ["linear", "spherical"])
@pytest.mark.parametrize("count", [2, 3, 5])
def test_a_walk_past_anchors_reaches_each_of_them_once(space: LatentSpace, count: int, method: str) -> None:
    walk = space.walk(space.latents[:count], 4, method)
    assert (walk.shape, walk.dtype) == (((count - 1) * 4 + 1, space.latent_dim), np.float32)
    np.testing.assert_allclose(walk[::4], space.latents[:count], atol=1e-5)
    for leg in range(count - 1):
        alone = space.interpolate(space.latents[leg], space.latents[leg + 1], 5, method)
        np.testing.assert_allclose(walk[4 * leg : 4 * leg + 5], alone, atol=1e-5)


def test_a_walk_past_anchors_may_have_one_step_between_them(space: LatentSpace) -> None:
    np.testing.assert_allclose(space.walk(space.latents[:5], 1), space.latents[:5], atol=1e-6)


@pytest.mark.parametrize("count", [0, 1, 6, 500])
def test_a_walk_past_another_number_of_anchors_is_refused(space: LatentSpace, count: int) -> None:
    with pytest.raises(ValueError, match=r"A walk has from 2 to 5 anchors\."):
        space.walk(space.latents[:count], 4)


@pytest.mark.parametrize("steps", [0, -1, 2_001, 1.5, True, "4", None])
def test_a_walk_past_anchors_with_another_number_of_steps_is_refused(space: LatentSpace, steps: object) -> None:
    with pytest.raises(ValueError, match=r"steps must be a whole number from 1 to 2,000\."):
        space.walk(space.latents[:3], steps)  # type: ignore[arg-type]


def test_a_walk_past_places_that_are_no_latents_is_refused(space: LatentSpace) -> None:
    for anchors in (np.zeros((2, 99)), np.full((2, space.latent_dim), np.nan), "<b>", [["<b>"]], space.latents[0]):
        with pytest.raises(ValueError, match="anchors must") as refusal:
            space.walk(anchors, 3)
        assert "<b>" not in str(refusal.value)
    with pytest.raises(ValueError, match="method must be linear or spherical"):
        space.walk(space.latents[:2], 3, "cubic")


def log_density(space: LatentSpace, z: np.ndarray) -> np.ndarray:
    """The same estimate written out: the mean of one Gaussian for each encoded point."""
    from scipy.special import logsumexp

    n, dim = space.latents.shape
    widths = space.latents.astype(np.float64).std(0) * n ** (-1 / (dim + 4))
    distances = (((z[:, None].astype(np.float64) - space.latents[None]) / widths) ** 2).sum(2)
    return logsumexp(-0.5 * distances, axis=1) - np.log(n) - np.log(widths).sum() - dim / 2 * np.log(2 * np.pi)


def test_log_density_is_that_of_one_gaussian_for_each_encoded_point(space: LatentSpace) -> None:
    z = np.concatenate([space.latents[:20], space.sample(20, "box", 0), 2 * space.latents[:5]])
    found = space.log_density(z)
    assert (found.shape, found.dtype) == ((45,), np.float64)
    np.testing.assert_allclose(found, log_density(space, z), rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(np.exp(found), space.density(z))


def test_log_density_is_exact_beyond_the_rim_of_the_encoded_points(space: LatentSpace) -> None:
    middle, half = (space.latents.max(0) + space.latents.min(0)) / 2, np.ptp(space.latents, 0) / 2
    z = middle + half * np.linspace(-3, 3, 61)[:, None] * np.resize([1, -1], space.latent_dim)
    np.testing.assert_allclose(space.log_density(z), log_density(space, z), rtol=1e-4)


@pytest.mark.parametrize("far", [1e2, 1e4, 1e6])
def test_log_density_tells_far_from_farther_where_density_vanishes(space: LatentSpace, far: float) -> None:
    z = np.full((1, space.latent_dim), far, np.float32)
    found = space.log_density(z)
    np.testing.assert_allclose(found, log_density(space, z), rtol=1e-5)
    assert space.density(z)[0] == 0
    assert space.log_density(z / 2)[0] > found[0]


def test_log_density_refuses_what_is_no_latent(space: LatentSpace) -> None:
    for z in (np.zeros(space.latent_dim), np.zeros((1, 99)), np.full((1, space.latent_dim), np.nan), "z"):
        with pytest.raises(ValueError, match="z must"):
            space.log_density(z)
    assert space.log_density(np.zeros((0, space.latent_dim), np.float32)).shape == (0,)


def test_the_typical_log_density_is_the_median_over_encoded_points(space: LatentSpace) -> None:
    assert space.typical_log_density == pytest.approx(np.median(log_density(space, space.latents)), abs=1e-4)


def test_the_typical_drift_is_near_the_median_over_encoded_points(space: LatentSpace) -> None:
    least, most = np.quantile(space.drift(space.latents), [0.3, 0.7])
    assert least < space.typical_drift < most


def test_the_gap_is_what_nearly_all_encoded_points_keep_to_their_nearest(space: LatentSpace) -> None:
    latents = space.latents.astype(np.float64)
    distances = np.linalg.norm(latents[:, None] - latents[None], axis=2)
    np.fill_diagonal(distances, np.inf)
    assert space.gap == pytest.approx(np.quantile(distances.min(1), 0.99), rel=1e-4)


def test_centroids_are_the_means_of_the_classes(space: LatentSpace) -> None:
    assert (space.centroids.shape, space.centroids.dtype) == ((10, space.latent_dim), np.float32)
    for label, centroid in enumerate(space.centroids):
        members = [z for z, of in zip(space.latents, space.labels, strict=True) if of == label]
        np.testing.assert_allclose(centroid, np.mean(members, 0), atol=1e-5)


def test_a_class_without_test_points_has_no_centroid(
    digits_checkpoint_5d: Path, copied: Callable[[Path], Path]
) -> None:
    folder = copied(digits_checkpoint_5d)
    tensors = load_file(folder / "latents.safetensors")
    tensors["label"][tensors["label"] == 3] = 4
    save_file(tensors, folder / "latents.safetensors")
    centroids = explorer.load(folder, device="cpu").centroids
    assert np.isnan(centroids).any(1).tolist() == [label == 3 for label in range(10)]


def test_variance_is_that_of_the_encoded_points_in_each_dimension(space: LatentSpace) -> None:
    np.testing.assert_allclose(space.variance, np.var(space.latents.astype(np.float64), 0), rtol=1e-5)


def collapsed(folder: Path, variances: list[float], variational: bool) -> LatentSpace:
    """The checkpoint with an encoded test set of these variances, and with or without their log-variances."""
    tensors = load_file(folder / "latents.safetensors")
    points = np.random.default_rng(0).standard_normal(tensors["mean"].shape)
    points = (points - points.mean(0)) / points.std(0) * np.sqrt(variances)
    tensors["mean"] = points.astype(np.float32)
    if not variational:
        del tensors["logvar"]
    save_file(tensors, folder / "latents.safetensors")
    return explorer.load(folder, device="cpu")


def test_a_vaes_dimension_is_active_when_its_means_vary(
    digits_checkpoint_5d: Path, copied: Callable[[Path], Path]
) -> None:
    space = collapsed(copied(digits_checkpoint_5d), [1, 0.011, 0.009, 0, 100], variational=True)
    assert space.active.tolist() == [True, True, False, False, True]


def test_a_plain_autoencoders_dimension_is_active_when_it_varies_beside_the_others(
    digits_checkpoint_5d: Path, copied: Callable[[Path], Path]
) -> None:
    space = collapsed(copied(digits_checkpoint_5d), [1e-6, 0.9e-9, 1.1e-9, 0, 1e-8], variational=False)
    assert space.active.tolist() == [True, False, True, False, True]


def test_a_dimension_that_has_collapsed_to_a_point_does_not_break_the_measures(
    digits_checkpoint_5d: Path, copied: Callable[[Path], Path]
) -> None:
    space = collapsed(copied(digits_checkpoint_5d), [1, 1, 1, 0, 0], variational=True)
    assert np.isfinite(space.log_density(space.latents[:5])).all()
    assert np.isfinite([space.gap, space.typical_log_density]).all()


@pytest.mark.parametrize("name", ["centroids", "variance", "active"])
def test_what_a_map_knows_of_itself_cannot_be_changed(space: LatentSpace, name: str) -> None:
    with pytest.raises(ValueError, match="read-only"):
        getattr(space, name)[...] = 0


def test_gap_and_density_of_a_large_map_stand_on_some_of_its_points(
    space: LatentSpace, monkeypatch: pytest.MonkeyPatch
) -> None:
    gap, density, fresh = space.gap, space.typical_log_density, copy.copy(space)  # of all points, and kept
    for name in ("gap", "typical_log_density"):
        fresh.__dict__.pop(name, None)
    monkeypatch.setattr(latent_space, "REFERENCES", 200)
    assert fresh.gap == pytest.approx(gap, rel=0.5)
    assert fresh.typical_log_density == pytest.approx(density, abs=0.5)
