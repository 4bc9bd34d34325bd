"""Planes through a latent space of many dimensions: what a map shows of it."""

from __future__ import annotations

import re
from typing import NamedTuple

import numpy as np

from explorer.sentences import Sentence

DIMENSIONS = re.compile(r"z([0-9]{1,4})-z([0-9]{1,4})")
POINTS = re.compile(r"p([0-9]{1,7})-p([0-9]{1,7})-p([0-9]{1,7})")
TOGETHER = 1e-4  # of the longer side: three points so close to a line span no plane


class Plane(NamedTuple):
    """origin: (D,) float32, the latent at the plane's (0, 0). axes: (2, D) float64, orthonormal."""

    origin: np.ndarray
    axes: np.ndarray

    def project(self, z: np.ndarray) -> np.ndarray:
        """Latents (B, D) -> coordinates (B, 2) float32, straight onto the plane."""
        # einsum, not @: a row's result must not depend on how many rows there are, or a clicked point would not be
        # exactly its own projection.
        return np.einsum("bd,pd->bp", z.astype(np.float64) - self.origin, self.axes).astype(np.float32)

    def lift(self, xy: np.ndarray) -> np.ndarray:
        """Coordinates (B, 2) float64 -> how far they lead from the origin, (B, D) float64."""
        return np.einsum("bp,pd->bd", xy, self.axes)


def principal(latents: np.ndarray) -> Plane:
    """The plane of the first two principal components, through the mean, of latents (N, D)."""
    from sklearn.decomposition import PCA

    pca = PCA(2, svd_solver="full").fit(latents)
    return Plane(pca.mean_.astype(np.float32), pca.components_.astype(np.float32))


def named(name: str, latents: np.ndarray) -> Plane:
    """A plane through latents (N, D) from its name.

    "z3-z7" is spanned by two dimensions, counted from 0; its coordinates are theirs, and all others stay at their
    mean. "p12-p99-p407" goes through three of the latents; the first lies at (0, 0), the second on the x axis.
    Raises ValueError: another name, no such dimension or latent, twice the same, three on a line.
    """
    if found := DIMENSIONS.fullmatch(name):
        return _of_dimensions(latents, *_indices(found, latents.shape[1], "dimension"))
    if found := POINTS.fullmatch(name):
        return _through(*latents[_indices(found, len(latents), "point")])
    raise ValueError(
        Sentence("told.map.plane", 'A plane is named "z3-z7" by two dimensions or "p12-p99-p407" by three points.')
    )


def _indices(found: re.Match[str], count: int, what: str) -> list[int]:
    indices = [int(text) for text in found.groups()]
    if max(indices) >= count:
        raise ValueError(
            Sentence("told.map.smaller", "Each {what} of a plane must be smaller than {count}.", what=what, count=count)
        )
    if len(set(indices)) < len(indices):
        raise ValueError(Sentence("told.map.once", "Each {what} of a plane can be named only once.", what=what))
    return indices


def _of_dimensions(latents: np.ndarray, across: int, up: int) -> Plane:
    origin = latents.mean(0)
    origin[[across, up]] = 0
    axes = np.zeros((2, latents.shape[1]))
    axes[0, across] = axes[1, up] = 1
    return Plane(origin.astype(np.float32), axes)


def _through(a: np.ndarray, b: np.ndarray, c: np.ndarray) -> Plane:
    first, second = (b - a).astype(np.float64), (c - a).astype(np.float64)
    length = np.linalg.norm(first)
    longest = max(length, np.linalg.norm(second))
    across = first / max(length, 1e-12)
    rest = second - (second @ across) * across
    if min(length, np.linalg.norm(rest)) <= TOGETHER * longest:
        raise ValueError(Sentence("told.map.line", "These three points lie on one line: they span no plane."))
    return Plane(a, np.stack([across, rest / np.linalg.norm(rest)]))
