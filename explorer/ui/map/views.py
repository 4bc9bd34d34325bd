"""Other views of a map's points: another map of the same data set, a t-SNE, and how the map formed."""

# No `from __future__ import annotations` here: gr.api reads the annotations as types.
import numpy as np

from explorer.live.worker import DecodeWorker
from explorer.maps.comparison import shared_neighbours
from explorer.maps.recorded import formation, tsne
from explorer.maps.space import LatentSpace
from explorer.ui.answers import values

NEIGHBOURS = 10


class MapViews:
    """Questions about a map's points, named as their endpoints are."""

    def __init__(self, worker: DecodeWorker) -> None:
        self.worker = worker

    def beside(self, model: str, other: str) -> dict:
        """Another map of the same data set: its points (N, 2) as {"shape", "values"}, and `shared`, the mean share of
        a point's 10 nearest neighbours that both have in common, beside `chance`, that of unrelated maps."""
        one, second = self.worker.space(model), self.worker.space(other)
        return {**_points(second.plane), **_agreement(one, second)}

    def tsne(self, model: str) -> dict:
        """The t-SNE of a map's points, (N, 2) as {"shape", "values"}. It has no inverse: nothing is decoded from it."""
        return _points(tsne(self.worker.space(model)))

    def formation(self, model: str, plane: str | None = None) -> dict:
        """How a map formed: the first n test points on it, (S, n, 2) as {"shape", "values"}, at `steps` (S,) of the
        training, and its losses by name, one number for each epoch, `steps_per_epoch` apart."""
        space = self.worker.space(model, plane)
        found = formation(self.worker.space(model))
        count, points, _ = found.snapshots.shape
        flat = space.to_plane(found.snapshots.reshape(count * points, -1).astype(np.float32))
        losses = {name: curve.tolist() for name, curve in found.losses.items()}
        steps = {"steps": found.steps.tolist(), "steps_per_epoch": found.steps_per_epoch}
        return {**_points(flat.reshape(count, points, 2)), **steps, "losses": losses}


def _points(places: np.ndarray) -> dict:
    return {"shape": list(places.shape), **values(places)}


def _agreement(one: LatentSpace, other: LatentSpace) -> dict[str, float]:
    shared = shared_neighbours(one, other, NEIGHBOURS)
    return {"shared": shared, "chance": NEIGHBOURS / (len(one.labels) - 1)}
