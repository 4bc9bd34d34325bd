"""LatentSpace: what can be asked of a space besides encoding and decoding; and the ones that are shipped."""

from __future__ import annotations

import math
import os
from functools import cached_property, partial
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from explorer.arrays import as_array, seed_of, whole_number
from explorer.checkpoints import CHECKPOINTS, CONFIG, LATENTS, WEIGHTS
from explorer.device import default_device
from explorer.interpolation import METHODS, interpolate
from explorer.kept import Kept
from explorer.maps.space import Space
from explorer.sentences import Sentence

if TYPE_CHECKING:
    from sklearn.neighbors import NearestNeighbors

MAX_LATTICE = 64  # pictures on a side
MAX_POINTS = 10_000  # of one walk or sample
ANCHORS = range(2, 6)
ACTIVE_VARIANCE = 0.01  # of a VAE's means, below which a dimension is unused (Burda et al. 2016, section 4.2)
ACTIVE_SHARE = 1e-3  # the same for a plain autoencoder, whose latents have no scale: a share of the largest variance
REFERENCES = 1_000  # encoded points that stand for all of them
DENSITY_BATCH = 16  # whose distances to all encoded points still fit into a processor's cache


def available() -> list[str]:
    """The names of the shipped maps, in the order in which they teach."""
    from explorer.maps.recipes import RECIPES

    return [name for name in RECIPES if (CHECKPOINTS / name / CONFIG).is_file()]


def load(name: str | os.PathLike[str], device: str | None = None) -> LatentSpace:
    """Open a shipped map by its name, or any checkpoint by its folder. Each is opened once and shared, until its files
    are written again.

    Raises ValueError: unknown name (with the names there are), a damaged checkpoint (with the file), no such device.
    """
    folder = CHECKPOINTS / name if name in available() else Path(name)
    if not os.path.isfile(folder / CONFIG):  # noqa: PTH113 - unlike Path, False for a name that is too long
        raise ValueError(
            Sentence("told.map.names", "There is no map of that name; there are {known}.", known=", ".join(available()))
        )
    whole, device = str(folder.resolve()), str(device or default_device())
    files = [folder / file for file in (CONFIG, WEIGHTS, LATENTS)]
    return _opened.get((whole, device), files, partial(LatentSpace.open, whole, device))


_opened: Kept[LatentSpace] = Kept(32)


class LatentSpace(Space):
    """A space with its lattices, walks and samples, and how far each of its places is to be trusted. Read-only, and
    safe to share between threads; its attributes are those of Space."""

    def lattice(self, bounds: ArrayLike, n: int | tuple[int, int], anchor: ArrayLike | None = None) -> np.ndarray:
        """Decoded images of a grid over a part of the map, edges included.

        bounds: ((x0, x1), (y0, y1)) on the map. n: its rows and columns, or one number for both. anchor: as from_plane
        takes it. -> (n, n, H, W) float32 in [0, 1]; the first row lies at y1, the first column at x0. Raises
        ValueError: n outside 1 to 64, bounds not finite.
        """
        return self.decode_grid(self.grid(bounds, n, anchor))

    def grid(self, bounds: ArrayLike, n: int | tuple[int, int], anchor: ArrayLike | None = None) -> np.ndarray:
        """The latents of a lattice: its arguments -> (rows, columns, D) float32."""
        (x0, x1), (y0, y1) = as_array(bounds, "bounds", ("2", "2")).tolist()
        rows, columns = n if isinstance(n, tuple) and len(n) == 2 else (n, n)
        for side in (rows, columns):
            whole_number(side, "n", MAX_LATTICE)
        x, y = np.meshgrid(np.linspace(x0, x1, columns), np.linspace(y1, y0, rows))
        places = np.stack([x.ravel(), y.ravel()], 1)
        return self.from_plane(places, anchor).reshape(rows, columns, self.latent_dim)

    def decode_grid(self, grid: np.ndarray) -> np.ndarray:
        """The decoded images of a grid (rows, columns, D), as decode makes them. -> (rows, columns, H, W)"""
        images = self.decode(grid.reshape(-1, self.latent_dim))
        return images.reshape(*grid.shape[:2], *self.image_shape)

    def interpolate(self, a: ArrayLike, b: ArrayLike, steps: int, method: str = "linear") -> np.ndarray:
        """A walk between two latents (D,), both ends included. -> (steps, D) float32

        method: "linear", or "spherical" along the great circle through both directions (Shoemake 1985), which keeps
        its distance from the origin. Raises ValueError: fewer than 2 or more than 10,000 steps, another method.
        """
        start, end = (as_array(z, name, (str(self.latent_dim),)) for z, name in ((a, "a"), (b, "b")))
        whole_number(steps, "steps", MAX_POINTS, least=2)
        if method not in METHODS:
            raise ValueError(f"method must be {' or '.join(METHODS)}.")
        return np.stack([interpolate(start, end, float(t), method) for t in np.linspace(0, 1, steps)])

    def walk(self, anchors: ArrayLike, steps: int, method: str = "linear") -> np.ndarray:
        """A walk past two to five latents (A, D), `steps` from each to the next. -> ((A - 1) * steps + 1, D) float32

        Raises ValueError: fewer or more anchors, and as interpolate does.
        """
        places = as_array(anchors, "anchors", ("A", str(self.latent_dim)))
        if len(places) not in ANCHORS:
            raise ValueError(f"A walk has from {ANCHORS[0]} to {ANCHORS[-1]} anchors.")
        whole_number(steps, "steps", MAX_POINTS // ANCHORS[-1])
        legs = [self.interpolate(a, b, steps + 1, method) for a, b in pairwise(places)]
        return np.concatenate([legs[0], *(leg[1:] for leg in legs[1:])])

    def sample(self, n: int, how: str = "prior", seed: int | None = None) -> np.ndarray:
        """n latents (n, D) float32; the same for the same seed.

        how: "prior", the standard normal that a VAE is trained for; "box", uniform in the bounding box of the encoded
        test set; "density", the density of the encoded test set itself. Raises ValueError: n outside 1 to 10,000, a
        seed outside 0 to 2**63 - 1.
        """
        whole_number(n, "n", MAX_POINTS)
        random = np.random.default_rng(None if seed is None else seed_of(seed))
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
        whole_number(k, "k", len(self.latents))
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
        return np.exp(self.log_density(z))

    def log_density(self, z: ArrayLike) -> np.ndarray:
        """The natural logarithm of `density`, which does not vanish far away. (B, D) -> (B,) float64"""
        from scipy.spatial.distance import cdist

        # Not scikit-learn's tree: its bounds cancel, and 40 below the maximum it tells nothing; nor is it faster.
        widths = self._spread.astype(np.float64) * self._bandwidth
        places, centres = self._latents(z) / widths, self.latents / widths
        logs = np.empty(len(places))
        for start in range(0, len(places), DENSITY_BATCH):
            squares = cdist(places[start : start + DENSITY_BATCH], centres, "sqeuclidean")  # (16, N)
            nearest = squares.min(1, keepdims=True)
            mean = np.exp((nearest - squares) / 2).mean(1)
            logs[start : start + DENSITY_BATCH] = np.log(mean) - nearest[:, 0] / 2
        return logs - np.log(widths).sum() - 0.5 * self.latent_dim * math.log(2 * math.pi)

    def density_ratio(self, z: ArrayLike) -> np.ndarray:
        """log10 of `density` over that of a typical encoded point. (B, D) -> (B,) float64"""
        return (self.log_density(z) - self.typical_log_density) / np.log(10)

    def log_prior(self, z: ArrayLike) -> np.ndarray:
        """The logarithm of the standard normal density, which a VAE's latents are drawn to. (B, D) -> (B,) float32"""
        latents = self._latents(z).astype(np.float64)
        return (-0.5 * (latents**2).sum(1) - 0.5 * self.latent_dim * math.log(2 * math.pi)).astype(np.float32)

    def classify(self, images: ArrayLike) -> np.ndarray:
        """What a small classifier of the same data set sees. Images as encode takes them -> probabilities (B, C).

        Raises ValueError as encode does, and where no classifier of this data set is at hand.
        """
        from explorer.maps.classifier import open_classifier

        return open_classifier(str(self.config["data"])).probabilities(self._pixels(images))

    @cached_property
    def centroids(self) -> np.ndarray:
        """The mean of each class's encoded test points, (C, D) float32; NaN for a class that has none."""
        of_class = [self.latents[self.labels == label] for label in range(len(self.class_names))]
        missing = np.full(self.latent_dim, np.nan, np.float32)
        return _fixed(np.stack([points.mean(0) if len(points) else missing for points in of_class]))

    @cached_property
    def variance(self) -> np.ndarray:
        """The variance of the encoded test set in each dimension, (D,) float32."""
        return _fixed(self.latents.var(0))

    @cached_property
    def active(self) -> np.ndarray:
        """Which dimensions carry something, (D,) bool; a VAE collapses those that it does not need onto the prior."""
        least = ACTIVE_VARIANCE if self.logvar is not None else ACTIVE_SHARE * self.variance.max()
        return _fixed(self.variance > least)

    @cached_property
    def gap(self) -> float:
        """The distance to the nearest other encoded point that 99 % of the encoded points keep below."""
        _, distances = self.neighbours(self._references, min(2, len(self.latents)))
        return float(np.quantile(distances[:, -1], 0.99))

    @cached_property
    def typical_log_density(self) -> float:
        """The median of log_density over encoded points."""
        return float(np.median(self.log_density(self._references)))

    @cached_property
    def typical_drift(self) -> float:
        """The median of drift over encoded points."""
        return float(np.median(self.drift(self._references[::4])))

    @property
    def _references(self) -> np.ndarray:
        return self.latents[:: -(-len(self.latents) // REFERENCES)]

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


def _fixed(array: np.ndarray) -> np.ndarray:
    array.setflags(write=False)
    return array
