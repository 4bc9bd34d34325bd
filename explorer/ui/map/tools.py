"""What the page and gradio_client ask of a map besides decoding: plain values in, plain values out.

Arrays go out as lists, except for pictures and heat maps: {"shape": [...], "pixels": base64 of grey bytes} and
{"shape": [...], "values": base64 of little-endian float32}. Bad questions raise ValueError with a sentence.
"""

# No `from __future__ import annotations` here: gr.api reads the annotations as types.
import math

import numpy as np

from explorer.live.worker import DecodeWorker, to_bytes
from explorer.maps import files as map_files
from explorer.maps.space import LatentSpace
from explorer.ui.answers import (
    MAX_IMAGES,
    classes,
    covariance,
    few,
    file,
    grey,
    indices_of,
    measure,
    near,
    pictures,
    places,
    seed_of,
    sides,
    to_base64,
    values,
)
from explorer.ui.map.originals import Originals
from explorer.ui.map.views import MapViews

MAX_LATENTS = 2_000
MAX_NEIGHBOURS = 24
MAX_FOUND = 100_000  # neighbours of all latents together, which take 3 MB
MAX_SAMPLES = 64
MAX_STEPS = 24  # of one leg of a walk, as pictures
MAX_DECODED = 512  # whose mean stands for that of a larger selection
MAX_LATTICE = 64 * 64 * 32 * 32  # pixels
MAX_CELLS = 40  # on a side of a heat map
KINDS = ("density", "drift", "prior", "classes")


class MapTools(MapViews):
    """Questions about maps, named as their endpoints are. `model` is a map's name everywhere, `plane` one of its planes
    ("z3-z7", "p12-p99-p407"; none for its own), `anchor` the latent (D,) through which that plane goes."""

    def __init__(self, worker: DecodeWorker, originals: Originals) -> None:
        super().__init__(worker)
        self.originals = originals

    def lattice(
        self,
        model: str,
        x0: float,
        x1: float,
        y0: float,
        y1: float,
        n: int,
        rows: int | None = None,
        plane: str | None = None,
        anchor: list | None = None,
    ) -> dict:
        """Decoded images of a grid of n columns (and as many rows, or `rows`) over a part of the map, first row at y1:
        {"shape": [rows, n, H, W], "pixels": base64 of grey bytes}."""
        space, bounds, shape = self.worker.space(model, plane), ((x0, x1), (y0, y1)), sides(n, rows)
        cells = math.prod(space.grid(bounds, shape, anchor).shape[:2])
        if cells * math.prod(space.image_shape) > MAX_LATTICE:
            raise ValueError("That lattice is too large to be sent: ask for fewer or smaller pictures.")
        return pictures(space.lattice(bounds, shape, anchor))

    def trust_map(
        self,
        model: str,
        x0: float,
        x1: float,
        y0: float,
        y1: float,
        n: int,
        rows: int | None = None,
        kind: str = "density",
        plane: str | None = None,
        anchor: list | None = None,
    ) -> dict:
        """A measure on a grid as in lattice, n and rows at most 40: {"shape": [rows, n], "values": base64 of float32}.

        kind: "density", as log10 of its ratio to that of a typical encoded point; "drift", with `typical`, that of a
        typical one; "prior", the log-density of the standard normal; or "classes", how sure a classifier is, with
        "labels", base64 of a byte for each cell.
        """
        if kind not in KINDS:
            raise ValueError(f"kind must be one of {', '.join(KINDS)}.")
        if any(isinstance(side, int) and side > MAX_CELLS for side in (n, rows)):
            raise ValueError(f"A heat map has at most {MAX_CELLS} cells on a side.")
        space = self.worker.space(model, plane)
        grid = space.grid(((x0, x1), (y0, y1)), sides(n, rows), anchor)
        latents, shape = grid.reshape(-1, space.latent_dim), list(grid.shape[:2])
        if kind == "classes":
            found = space.classify(space.decode(latents))
            return {"shape": shape, **values(found.max(1)), "labels": to_base64(found.argmax(1).astype(np.uint8))}
        typical = {"typical": space.typical_drift} if kind == "drift" else {}
        return {"shape": shape, **values(measure(space, kind, latents)), **typical}

    def interpolate(self, model: str, a: list, b: list, steps: int, method: str = "linear") -> list:
        """A walk (steps, D) between two latents (D,), both ends included; method is linear or spherical."""
        return self.worker.space(model).interpolate(a, b, steps, method).tolist()

    def walk(
        self, model: str, anchors: list, steps: int = 12, method: str = "linear", plane: str | None = None
    ) -> dict:
        """A walk past two to five latents, at most 24 steps from each to the next: latents (S, D), their places on the
        map (S, 2), and their pictures."""
        space = self.worker.space(model, plane)
        latents = self._walk(space, anchors, steps, method)
        return {**places(space, latents), **pictures(space.decode(latents))}

    def sample(self, model: str, n: int, how: str = "prior", seed: int = 0) -> list:
        """n latents (n, D) from the prior, the box around the encoded test set, or its density."""
        return self.worker.space(model).sample(n, how, seed_of(seed)).tolist()

    def samples(self, model: str, n: int = 18, how: str = "prior", seed: int = 0, plane: str | None = None) -> dict:
        """As sample, at most 64 of them, with their places on the map (n, 2), their pictures, and `far`: the distance
        (n,) to the nearest encoded test point."""
        space = self.worker.space(model, plane)
        if isinstance(n, int) and n > MAX_SAMPLES:
            raise ValueError(f"At most {MAX_SAMPLES} samples can be drawn at once.")
        latents = space.sample(n, how, seed_of(seed))
        far = space.neighbours(latents, 1)[1][:, 0]
        return {**places(space, latents), **pictures(space.decode(latents)), "far": far.tolist(), "gap": space.gap}

    def neighbours(self, model: str, latents: list, k: int) -> dict:
        """The k nearest encoded test points of latents (B, D): indices, distances and labels, (B, k) each."""
        space, asked = self.worker.space(model), few(latents, MAX_LATENTS, "latents")
        if isinstance(k, int) and len(asked) * k > MAX_FOUND:
            raise ValueError(f"At most {MAX_FOUND:,} neighbours can be asked for at once.")
        indices, distances = space.neighbours(asked, k)
        names = np.array(space.class_names)[space.labels[indices]]
        return {"indices": indices.tolist(), "distances": distances.tolist(), "labels": names.tolist()}

    def trust(self, model: str, latents: list) -> dict:
        """Drift, density and the prior's log-density of latents (B, D), (B,) each."""
        space, asked = self.worker.space(model), few(latents, MAX_LATENTS, "latents")
        return {name: getattr(space, name)(asked).tolist() for name in ("drift", "density", "log_prior")}

    def classify(self, model: str, images: list) -> list:
        """What a classifier of the map's data set sees in images (B, H, W) in [0, 1]: probabilities (B, C)."""
        return self.worker.space(model).classify(few(images, MAX_IMAGES, "images")).tolist()

    def posterior(self, model: str, images: list) -> dict:
        """A VAE's mean and standard deviation, (B, D) each, of images (B, H, W) in [0, 1]."""
        mean, deviation = self.worker.space(model).posterior(few(images, MAX_IMAGES, "images"))
        return {"mean": mean.tolist(), "deviation": deviation.tolist()}

    def about(self, model: str, z: list, k: int = 6, plane: str | None = None) -> dict:
        """What to think of a latent (D,): its k nearest encoded test points (at most 24) as `near`, a list of index,
        label, distance and place; their reconstructions as pictures and, where they are at hand, the `originals`;
        distance, gap, drift, density (as in trust_map), the classifier's probabilities, and its own place."""
        space = self.worker.space(model, plane)
        if isinstance(k, int) and k > MAX_NEIGHBOURS:
            raise ValueError(f"k must be a whole number from 1 to {MAX_NEIGHBOURS}.")
        indices, distances = (found[0] for found in space.neighbours([z], k))
        originals = self._originals(space, indices)
        return {
            "near": near(space, indices, distances),
            **pictures(space.decode(space.latents[indices])),
            "originals": None if originals is None else to_base64(originals),
            "distance": float(distances[0]),
            "gap": space.gap,
            "density": float(measure(space, "density", [z])[0]),
            "drift": float(space.drift([z])[0]),
            "classes": classes(space, space.decode([z])),
            "xy": space.to_plane([z])[0].tolist(),
        }

    def own(self, model: str, width: int, height: int, pixels: str, k: int = 6, plane: str | None = None) -> dict:
        """Where a visitor's own picture lands: base64 of height * width grey bytes, made like an image of the data set.

        -> what `about` says of its latent; the latent itself as `z`; for a VAE the posterior's 2 × 2 `covariance` on
        the map; its `image` and `reconstruction`; and `error`, its reconstruction's mean square error in units of the
        test set's, which grows as it leaves the manifold of the data.
        """
        space = self.worker.space(model, plane)
        from explorer.maps.own_image import like_data

        image = like_data(grey(width, height, pixels), str(space.config["data"]), space.image_shape)
        z = space.encode(image[None])
        reconstruction = space.decode(z)[0]
        error = float(((image - reconstruction) ** 2).mean()) / float(space.config["measures"]["mse_per_pixel"])
        return {
            **self.about(model, z[0].tolist(), k, plane),
            "z": z[0].tolist(),
            "covariance": covariance(space, image),
            "image": to_base64(to_bytes(image)),
            "reconstruction": to_base64(to_bytes(reconstruction)),
            "own_classes": classes(space, image[None]),
            "error": error,
        }

    def select(self, model: str, points: list) -> dict:
        """Of some test points: count, how many of each class (C,), the mean latent (D,), the standard deviation in each
        dimension (D,), the root mean square distance to the mean, and as pictures the mean image (`of` the originals
        where they are at hand, else of the reconstructions) and what the mean latent decodes to."""
        space = self.worker.space(model)
        indices = indices_of(space, points)
        latents = space.latents[indices]
        mean, deviation = latents.mean(0), latents.std(0)
        originals = self._originals(space, indices)
        some = latents[:: -(-len(latents) // MAX_DECODED)]
        image = space.decode(some).mean(0) if originals is None else (originals.mean(0) / 255).astype(np.float32)
        return {
            "count": len(indices),
            "classes": np.bincount(space.labels[indices], minlength=len(space.class_names)).tolist(),
            "mean": mean.tolist(),
            "deviation": deviation.tolist(),
            "spread": float(np.sqrt((deviation**2).sum())),
            "of": "reconstructions" if originals is None else "originals",
            **pictures(np.stack([image, space.decode(mean[None])[0]])),
        }

    def walk_file(
        self, model: str, anchors: list, steps: int = 12, method: str = "linear", kind: str = "gif", speed: int = 80
    ) -> dict:
        """A walk as a file, base64: a "gif" of `speed` milliseconds a picture, forth and back, or an "npz"."""
        space = self.worker.space(model)
        latents = self._walk(space, anchors, steps, method)
        if kind == "npz":
            return file("walk.npz", map_files.npz(latents=latents, images=space.decode(latents)))
        if kind != "gif" or type(speed) is not int or not 20 <= speed <= 2_000:
            raise ValueError("kind must be gif or npz, and speed from 20 to 2,000 milliseconds.")
        images = to_bytes(space.decode(latents))
        return file("walk.gif", map_files.gif(np.concatenate([images, images[-2:0:-1]]), speed))

    def selection_file(self, model: str, points: list, kind: str = "csv", plane: str | None = None) -> dict:
        """Some test points as a file, base64: index, label, place on the map and latents; "csv" or "npz"."""
        space = self.worker.space(model, plane)
        indices = indices_of(space, points)
        labels, xy, latents = (array[indices] for array in (space.labels, space.plane, space.latents))
        names = [space.class_names[label] for label in labels]
        if kind == "csv":
            return file("selection.csv", map_files.table(indices, names, xy, latents))
        if kind != "npz":
            raise ValueError("kind must be csv or npz.")
        arrays = {"indices": indices, "labels": labels, "plane": xy, "latents": latents}
        return file("selection.npz", map_files.npz(**arrays, class_names=np.array(space.class_names)))

    def _walk(self, space: LatentSpace, anchors: list, steps: int, method: str) -> np.ndarray:
        if isinstance(steps, int) and steps > MAX_STEPS:
            raise ValueError(f"A walk has at most {MAX_STEPS} steps from one anchor to the next.")
        return space.walk(few(anchors, 5, "anchors"), steps, method)

    def _originals(self, space: LatentSpace, indices: np.ndarray) -> np.ndarray | None:
        """The test images (B, H, W) uint8, None where the data set is not at hand."""
        found: list[np.ndarray] = []
        for index in indices.tolist():
            image, _ = self.originals.get(space.config["data"], space.image_shape[0], index)
            if image is None:
                return None
            found.append(image)
        return np.stack(found)
