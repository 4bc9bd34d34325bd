"""How near a reconstruction is to its photo, and how much smaller its latents are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

WINDOW = 7  # pixels: the side of SSIM's window


@dataclass(frozen=True)
class Measures:
    """psnr: dB, infinite for equal images. ssim: at most 1; None below 7 pixels a side. mae: mean |difference|, of
    values in [0, 1]."""

    psnr: float
    ssim: float | None
    mae: float


def compare(original: np.ndarray, reconstruction: np.ndarray) -> Measures:
    """Two (H, W, 3) uint8 images -> PSNR = 10 log10(255² / MSE), SSIM (Wang et al. 2004), mean absolute error.

    Raises ValueError when the shapes differ.
    """
    from skimage.metrics import structural_similarity

    if original.shape != reconstruction.shape:
        raise ValueError(f"The images differ in shape: {original.shape} and {reconstruction.shape}.")
    difference = original.astype(np.float32) - reconstruction
    mse = float(np.mean(difference.astype(np.float64) ** 2))
    psnr = float("inf") if mse == 0 else 10 * float(np.log10(255**2 / mse))
    small = min(original.shape[:2]) < WINDOW
    ssim = None if small else float(structural_similarity(original, reconstruction, channel_axis=2, win_size=WINDOW))
    return Measures(psnr, ssim, float(np.abs(difference).mean()) / 255)


@dataclass(frozen=True)
class Compression:
    """How many times fewer numbers the latents are, and fewer bytes than 8-bit RGB: kept as fp16, and in 8 bits."""

    numbers: float
    fp16: float
    bits8: float


def compression(size: tuple[int, int], latents: tuple[int, ...]) -> Compression:
    """(width, height) of an RGB photo and (C, H/8, W/8) of its latents; 48 for four channels at an eighth."""
    numbers = size[0] * size[1] * 3 / np.prod(latents)
    return Compression(float(numbers), float(numbers / 2), float(numbers))


def error_map(original: np.ndarray, reconstruction: np.ndarray) -> np.ndarray:
    """Two (H, W, 3) uint8 images -> (H, W) float32 in [0, 1]: the mean absolute difference of the three colours."""
    return np.abs(original.astype(np.float32) - reconstruction).mean(2) / 255
