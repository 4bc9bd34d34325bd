"""What can be asked of a latent space besides encoding and decoding: lattices, walks, samples, trust, neighbours."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from explorer.arrays import as_array
from explorer.latent_edits import interpolate

if TYPE_CHECKING:
    from sklearn.neighbors import KernelDensity, NearestNeighbors

MAX_LATTICE = 64  # pictures on a side
MAX_POINTS = 10_000  # of one walk or sample
METHODS = ("linear", "spherical")


class LatentTools:
    """What LatentSpace can do with its encode and decode. All of it is read-only and safe to share between threads."""

    latent_dim: int
    image_shape: tuple[int, int]
    latents: np.ndarray
    encode: Callable[[ArrayLike], np.ndarray]
    decode: Callable[[ArrayLike], np.ndarray]
    from_plane: Callable[..., np.ndarray]
    config: dict[str, Any]
    _pixels: Callable[[ArrayLike], np.ndarray]

    def lattice(self, bounds: ArrayLike, n: int, anchor: ArrayLike | None = None) -> np.ndarray:
        """Decoded images of an n × n grid over a part of the map, edges included.

        bounds: ((x0, x1), (y0, y1)) on the map. anchor: as from_plane takes it. -> (n, n, H, W) float32 in [0, 1]; the
        first row lies at y1, the first column at x0. Raises ValueError: n outside 1 to 64, bounds not finite.
        """
        (x0, x1), (y0, y1) = as_array(bounds, "bounds", ("2", "2")).tolist()
        _whole(n, "n", MAX_LATTICE)
        x, y = np.meshgrid(np.linspace(x0, x1, n), np.linspace(y1, y0, n))
        places = np.stack([x.ravel(), y.ravel()], 1)
        return self.decode(self.from_plane(places, anchor)).reshape(n, n, *self.image_shape)

    def interpolate(self, a: ArrayLike, b: ArrayLike, steps: int, method: str = "linear") -> np.ndarray:
        """A walk between two latents (D,), both ends included. -> (steps, D) float32

        method: "linear", or "spherical" along the great circle through both directions (Shoemake 1985), which keeps
        its distance from the origin. Raises ValueError: fewer than 2 or more than 10,000 steps, another method.
        """
        start, end = (as_array(z, name, (str(self.latent_dim),)) for z, name in ((a, "a"), (b, "b")))
        _whole(steps, "steps", MAX_POINTS, least=2)
        if method not in METHODS:
            raise ValueError(f"method must be {' or '.join(METHODS)}.")
        return np.stack([interpolate(start, end, float(t), method) for t in np.linspace(0, 1, steps)])

    def sample(self, n: int, how: str = "prior", seed: int | None = None) -> np.ndarray:
        """n latents (n, D) float32; the same for the same seed.

        how: "prior", the standard normal that a VAE is trained for; "box", uniform in the bounding box of the encoded
        test set; "density", the density of the encoded test set itself. Raises ValueError: n outside 1 to 10,000.
        """
        _whole(n, "n", MAX_POINTS)
        random = np.random.default_rng(seed)
        if how == "prior":
            return random.standard_normal((n, self.latent_dim), dtype=np.float32)
        if how == "box":
            drawn = random.uniform(self.latents.min(0), self.latents.max(0), (n, self.latent_dim))
        elif how == "density":
            centres = self.latents[random.integers(len(self.latents), size=n)]
            drawn = centres + random.standard_normal(centres.shape) * self._bandwidth * self._spread
        else:
            raise ValueError("how must be prior, box or density.")
        return drawn.astype(np.float32)

    def neighbours(self, z: ArrayLike, k: int) -> tuple[np.ndarray, np.ndarray]:
        """The k nearest encoded test points in the full latent space, nearest first.

        z: (B, D) -> indices (B, k) int64, Euclidean distances (B, k) float32. Raises ValueError: k outside 1 to N.
        """
        latents = self._latents(z)
        _whole(k, "k", len(self.latents))
        if not len(latents):  # scikit-learn wants at least one
            return np.zeros((0, k), np.int64), np.zeros((0, k), np.float32)
        distances, indices = self._tree.kneighbors(latents, k)
        return indices.astype(np.int64), distances.astype(np.float32)

    def drift(self, z: ArrayLike) -> np.ndarray:
        """‖E(D(z)) − z‖: how far a latent moves when it is decoded and encoded again. (B, D) -> (B,) float32"""
        latents = self._latents(z)
        return np.linalg.norm(self.encode(self.decode(latents)) - latents, axis=1).astype(np.float32)

    def density(self, z: ArrayLike) -> np.ndarray:
        """The density of the encoded test set, a Gaussian kernel estimate. (B, D) -> (B,) float64, at least 0

        Its bandwidth in each dimension is the standard deviation there times N ** (-1 / (D + 4)) (Scott 1992).
        """
        scaled = self._latents(z) / self._spread
        if not len(scaled):  # scikit-learn wants at least one
            return np.zeros(0)
        return np.exp(self._kernels.score_samples(scaled)) / float(np.prod(self._spread))

    def log_prior(self, z: ArrayLike) -> np.ndarray:
        """The logarithm of the standard normal density, which a VAE's latents are drawn to. (B, D) -> (B,) float32"""
        latents = self._latents(z).astype(np.float64)
        return (-0.5 * (latents**2).sum(1) - 0.5 * self.latent_dim * math.log(2 * math.pi)).astype(np.float32)

    def classify(self, images: ArrayLike) -> np.ndarray:
        """What a small classifier of the same data set sees. Images as encode takes them -> probabilities (B, C).

        Raises ValueError as encode does, and where no classifier of this data set is at hand.
        """
        from explorer.classifier import open_classifier

        return open_classifier(str(self.config["data"])).probabilities(self._pixels(images))

    def _latents(self, z: ArrayLike) -> np.ndarray:
        return as_array(z, "z", ("B", str(self.latent_dim)))

    @cached_property
    def _spread(self) -> np.ndarray:
        """Standard deviation of the encoded test set in each dimension; 1 where it has collapsed to a point."""
        spread = self.latents.std(0)
        return np.where(spread > 1e-6, spread, 1).astype(np.float32)

    @property
    def _bandwidth(self) -> float:
        return float(len(self.latents) ** (-1 / (self.latent_dim + 4)))

    @cached_property
    def _tree(self) -> NearestNeighbors:
        from sklearn.neighbors import NearestNeighbors

        return NearestNeighbors().fit(self.latents)

    @cached_property
    def _kernels(self) -> KernelDensity:
        from sklearn.neighbors import KernelDensity

        return KernelDensity(bandwidth=self._bandwidth, rtol=1e-3).fit(self.latents / self._spread)


def _whole(value: Any, name: str, most: int, least: int = 1) -> None:
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or not least <= value <= most:
        raise ValueError(f"{name} must be a whole number from {least} to {most:,}.")
