"""PSNR, SSIM, error and compression, against their formulae written out."""

import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view

from explorer.photos.metrics import WINDOW, Measures, compare, compression, error_map

RNG = np.random.default_rng(0)
PHOTO = RNG.integers(0, 256, (24, 17, 3), dtype=np.uint8)
WORSE = (PHOTO.astype(int) + RNG.integers(-30, 31, PHOTO.shape)).clip(0, 255).astype(np.uint8)


def ssim(a: np.ndarray, b: np.ndarray) -> float:
    """Wang et al. 2004, equation 13, over square windows: the mean of all windows that lie within the image."""
    windows = [sliding_window_view(image.astype(np.float64), (WINDOW, WINDOW), (0, 1)) for image in (a, b)]
    (x, y), count = windows, WINDOW**2
    mean_x, mean_y = x.mean((-1, -2)), y.mean((-1, -2))
    centred_x, centred_y = x - mean_x[..., None, None], y - mean_y[..., None, None]
    var_x, var_y = (np.square(part).sum((-1, -2)) / (count - 1) for part in (centred_x, centred_y))
    covariance = (centred_x * centred_y).sum((-1, -2)) / (count - 1)
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    above = (2 * mean_x * mean_y + c1) * (2 * covariance + c2)
    return float((above / ((mean_x**2 + mean_y**2 + c1) * (var_x + var_y + c2))).mean())


def test_the_measures_follow_their_formulae() -> None:
    measures = compare(PHOTO, WORSE)
    difference = PHOTO.astype(np.float64) - WORSE
    assert measures.psnr == pytest.approx(10 * np.log10(255**2 / np.mean(difference**2)), rel=1e-9)
    assert measures.mae == pytest.approx(np.abs(difference).mean() / 255, rel=1e-6)
    assert measures.ssim == pytest.approx(ssim(PHOTO, WORSE), rel=1e-4)


@pytest.mark.parametrize(("difference", "psnr"), [(255, 0.0), (51, 13.9794), (16, 24.0484), (1, 48.1308)])
def test_a_constant_difference_has_the_psnr_of_the_books(difference: int, psnr: float) -> None:
    black, other = np.zeros((8, 8, 3), np.uint8), np.full((8, 8, 3), difference, np.uint8)
    for pair in ((black, other), (other, black)):
        assert compare(*pair).psnr == pytest.approx(psnr, abs=1e-4)
        assert compare(*pair).mae == pytest.approx(difference / 255)


@pytest.mark.parametrize(
    "image", [PHOTO, np.zeros_like(PHOTO), np.full_like(PHOTO, 255)], ids=["noise", "black", "white"]
)
def test_equal_images_are_infinitely_near(image: np.ndarray) -> None:
    assert compare(image, image.copy()) == Measures(float("inf"), pytest.approx(1.0), 0.0)


@pytest.mark.parametrize("shape", [(1, 1, 3), (6, 100, 3), (100, 6, 3)])
def test_what_is_smaller_than_the_window_has_no_ssim(shape: tuple[int, ...]) -> None:
    measures = compare(np.zeros(shape, np.uint8), np.full(shape, 51, np.uint8))
    assert measures.ssim is None
    assert measures.psnr == pytest.approx(13.9794, abs=1e-4)


def test_one_window_is_enough_for_ssim() -> None:
    assert compare(PHOTO[:7, :7], WORSE[:7, :7]).ssim == pytest.approx(ssim(PHOTO[:7, :7], WORSE[:7, :7]), rel=1e-4)


def test_images_of_other_shapes_are_refused_with_a_sentence() -> None:
    with pytest.raises(ValueError, match=r"differ in shape: \(24, 17, 3\) and \(23, 17, 3\)"):
        compare(PHOTO, PHOTO[:-1])


def test_stable_diffusion_latents_are_48_times_fewer_numbers() -> None:
    found = compression((512, 512), (4, 64, 64))
    assert (found.numbers, found.fp16, found.bits8) == (48.0, 24.0, 48.0)


def test_sides_that_were_rounded_up_compress_less() -> None:
    found = compression((301, 203), (4, 26, 38))
    assert found.numbers == pytest.approx(301 * 203 * 3 / (4 * 26 * 38))
    assert compression((1, 1), (4, 1, 1)).numbers == 0.75
    assert compression((512, 512), (16, 64, 64)).fp16 == 6.0


def test_the_error_map_is_the_mean_difference_of_the_colours() -> None:
    found = error_map(PHOTO, WORSE)
    assert (found.shape, found.dtype) == (PHOTO.shape[:2], np.float32)
    np.testing.assert_allclose(found, np.abs(PHOTO.astype(float) - WORSE).mean(2) / 255, rtol=1e-6)
    assert error_map(np.zeros((1, 1, 3), np.uint8), np.full((1, 1, 3), 255, np.uint8)).item() == 1.0
