"""How much two spaces of the same data set agree on who is whose neighbour."""

from __future__ import annotations

import numpy as np

from explorer.kept import remembered
from explorer.maps.latent_space import LatentSpace
from explorer.sentences import Sentence

REFERENCES = 1_000  # test points whose neighbourhoods are compared


@remembered(256)
def shared_neighbours(one: LatentSpace, other: LatentSpace, k: int = 10) -> float:
    """The mean share of a test point's k nearest neighbours that two spaces have in common, from 0 to 1.

    Up to 1,000 evenly spaced test points are asked. Two unrelated spaces of N points share about k / (N - 1).
    Raises ValueError: spaces of different test sets.
    """
    same = one.config["data"] == other.config["data"] and np.array_equal(one.labels, other.labels)
    if not same:
        raise ValueError(Sentence("told.map.other-data", "Only maps of the same data set can be compared."))
    asked = np.arange(0, len(one.labels), -(-len(one.labels) // REFERENCES))
    near = [_without_itself(space.neighbours(space.latents[asked], k + 1)[0], asked) for space in (one, other)]
    shares = [len(np.intersect1d(a, b)) / k for a, b in zip(*near, strict=True)]
    return float(np.mean(shares))


def _without_itself(indices: np.ndarray, asked: np.ndarray) -> list[np.ndarray]:
    # Two points may coincide: then the point itself need not come first.
    return [row[row != point][: indices.shape[1] - 1] for row, point in zip(indices, asked, strict=True)]
