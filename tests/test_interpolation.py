"""Between two latents, of a map or of a photo."""

import numpy as np
import pytest

from explorer.interpolation import interpolate

RNG = np.random.default_rng(0)
MEAN = RNG.normal(0, 1, (4, 9, 7)).astype(np.float32)
STD = RNG.uniform(0.1, 0.5, (4, 9, 7)).astype(np.float32)


@pytest.mark.parametrize("method", ["linear", "spherical"])
def test_the_ends_of_an_interpolation_are_exact(method: str) -> None:
    other = RNG.normal(0, 2, MEAN.shape).astype(np.float32)
    np.testing.assert_array_equal(interpolate(MEAN, other, 0, method), MEAN)
    np.testing.assert_array_equal(interpolate(MEAN, other, 1, method), other)
    assert interpolate(MEAN, other, 0.3, method).dtype == np.float32


def test_a_linear_interpolation_is_linear() -> None:
    np.testing.assert_allclose(interpolate(MEAN, -STD, 0.25), 0.75 * MEAN - 0.25 * STD, atol=1e-6)


def test_a_spherical_interpolation_keeps_the_length_between_orthogonal_latents() -> None:
    a, b = np.zeros((2, 1, 2, 2), np.float32)
    a[0, 0, 0] = b[0, 1, 1] = 5.0
    for t in (0.1, 0.25, 0.5, 0.9):
        assert np.linalg.norm(interpolate(a, b, t, "spherical")) == pytest.approx(5, rel=1e-5)
    np.testing.assert_allclose(interpolate(a, b, 0.5, "spherical"), (a + b) / np.sqrt(2), rtol=1e-6)
    assert np.linalg.norm(interpolate(a, b, 0.5)) == pytest.approx(5 / np.sqrt(2), rel=1e-5)


@pytest.mark.parametrize("factor", [1.0, 2.0, -1.0, 0.0])
def test_a_spherical_interpolation_between_parallel_latents_is_linear(factor: float) -> None:
    for t in (0.0, 0.3, 1.0):
        found = interpolate(MEAN, factor * MEAN, t, "spherical")
        assert np.isfinite(found).all()
        if factor:
            np.testing.assert_allclose(found, interpolate(MEAN, factor * MEAN, t), atol=1e-5)
