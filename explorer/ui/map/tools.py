"""What the page and gradio_client ask of a map besides decoding: plain values in, plain values out.

Arrays go out as lists, except for pictures and heat maps: {"shape": [...], "pixels": base64 of grey bytes} and
{"shape": [...], "values": base64 of little-endian float32}. Bad questions raise ValueError with a sentence.
"""

# No `from __future__ import annotations` here: gr.api reads the annotations as types.
import math
from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

import numpy as np

from explorer.arrays import at_most, seed_of, whole_number
from explorer.live.places import parse_place
from explorer.live.spaces import Spaces
from explorer.live.worker import to_bytes
from explorer.maps import files as map_files
from explorer.maps import recorded
from explorer.maps.comparison import shared_neighbours
from explorer.maps.latent_space import LatentSpace
from explorer.sentences import Sentence
from explorer.ui.map.component import introduce
from explorer.ui.map.originals import Originals
from explorer.ui.packing import file, grey, pictures, to_base64, values

Method = TypeVar("Method", bound=Callable[..., Any])
SMALL = 200_000  # characters of a question with neither a drawing nor many points
LARGE = 1_000_000  # a drawing of 512 × 512 takes 350,000
MAX_LATENTS = 2_000
MAX_NEIGHBOURS = 24
MAX_FOUND = 100_000  # neighbours of all latents together, which take 3 MB
MAX_SAMPLES = 64
MAX_STEPS = 24  # of one leg of a walk, as pictures
MAX_DECODED = 512  # whose mean stands for that of a larger selection
MAX_LATTICE = 64 * 64 * 32 * 32  # pixels
MAX_CELLS = 40  # on a side of a heat map
COMPARED = 10  # neighbours of a point, in two maps
MEASURES = {"density": LatentSpace.density_ratio, "drift": LatentSpace.drift, "prior": LatentSpace.log_prior}
KINDS = (*MEASURES, "classes")
MAX_IMAGES = 256


class Tool(NamedTuple):
    """Who may ask a question: the page (POST tool/NAME, of at most so many characters), gradio_client (api_name)."""

    page: bool
    client: bool
    most: int


TOOLS: dict[str, Tool] = {}  # by name, in the order in which they are told


def tool(page: bool = False, client: bool = False, most: int = SMALL) -> Callable[[Method], Method]:
    """Marks a method of MapTools as a question that is asked from outside, by its name."""

    def enter(method: Method) -> Method:
        TOOLS[method.__name__] = Tool(page, client, most)
        return method

    return enter


class MapTools:
    """Questions about maps, named as their endpoints are. `model` is a map's name everywhere, `plane` one of its planes
    ("z3-z7", "p12-p99-p407"; none for its own), `anchor` the latent (D,) through which that plane goes."""

    def __init__(self, spaces: Spaces, originals: Originals) -> None:
        self.spaces = spaces
        self.originals = originals

    @tool(client=True)
    def models(self) -> list[dict]:
        """The maps there are: name, title, what each teaches, class names."""
        return [introduce(self.spaces.open(name)) for name in self.spaces.names]

    @tool(client=True)
    def map_decode(
        self,
        model: str,
        x: float = 0.0,
        y: float = 0.0,
        point: int | None = None,
        plane: str | None = None,
        z: list | None = None,
    ) -> list[list[float]]:
        """The image (H, W) in [0, 1] at a place of a map (in `plane`); with `point`, in the plane through that test
        point. Or, with `z`, of a latent (D,) itself."""
        asked = {"model": model, "x": x, "y": y, "point": point, "plane": plane, "z": z}
        space, latent = self.spaces.resolve(parse_place(asked))
        return space.decode(latent[None])[0].tolist()

    @tool(client=True)
    def map_encode(self, model: str, images: list) -> list[list[float]]:
        """Images (B, H, W) in [0, 1], at most 256, and 2 MB as JSON (EXPLORER_BODY_MB): three decimals are enough.
        -> latents (B, D), the posterior's means for a VAE."""
        return self.spaces.open(model).encode(at_most(images, MAX_IMAGES, "images")).tolist()

    @tool(client=True)
    def describe(self, model: str, point: int) -> dict:
        """A test point: model, point, label, latents (D,), width, height, and as base64 of height * width grey bytes
        its reconstruction and its original, None where that can't be had, of which a note says why."""
        space = self.spaces.open(model)
        whole_number(point, "point", len(space.latents) - 1, least=0)
        latents = space.latents[point]
        image, note = self.originals.get(space.config["data"], space.image_shape[0], point)
        height, width = space.image_shape
        return {
            "model": model,
            "point": point,
            "label": space.class_names[space.labels[point]],
            "latents": latents.tolist(),
            "width": width,
            "height": height,
            "reconstruction": to_base64(to_bytes(space.decode(latents[None]))[0]),
            "original": None if image is None else to_base64(image),
            "note": note,
        }

    @tool(page=True, client=True)
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
        space = self.spaces.open(model, plane)
        grid = space.grid(((x0, x1), (y0, y1)), _sides(n, rows), anchor)
        if math.prod(grid.shape[:2]) * math.prod(space.image_shape) > MAX_LATTICE:
            raise ValueError(
                Sentence("told.map.lattice", "That lattice is too large to be sent: ask for fewer or smaller pictures.")
            )
        return pictures(space.decode_grid(grid))

    @tool(page=True, client=True)
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
        space = self.spaces.open(model, plane)
        grid = space.grid(((x0, x1), (y0, y1)), _sides(n, rows), anchor)
        latents, shape = grid.reshape(-1, space.latent_dim), grid.shape[:2]
        if kind == "classes":
            found = space.classify(space.decode(latents))
            return {**values(found.max(1).reshape(shape)), "labels": to_base64(found.argmax(1).astype(np.uint8))}
        typical = {"typical": space.typical_drift} if kind == "drift" else {}
        return {**values(MEASURES[kind](space, latents).reshape(shape)), **typical}

    @tool(client=True)
    def interpolate(self, model: str, a: list, b: list, steps: int, method: str = "linear") -> list:
        """A walk (steps, D) between two latents (D,), both ends included; method is linear or spherical."""
        return self.spaces.open(model).interpolate(a, b, steps, method).tolist()

    @tool(page=True, client=True)
    def walk(
        self, model: str, anchors: list, steps: int = 12, method: str = "linear", plane: str | None = None
    ) -> dict:
        """A walk past two to five latents, at most 24 steps from each to the next: latents (S, D), their places on the
        map (S, 2), and their pictures."""
        space = self.spaces.open(model, plane)
        latents = self._walk(space, anchors, steps, method)
        return {**_places(space, latents), **pictures(space.decode(latents))}

    @tool(client=True)
    def sample(self, model: str, n: int, how: str = "prior", seed: int = 0) -> list:
        """n latents (n, D) from the prior, the box around the encoded test set, or its density."""
        return self.spaces.open(model).sample(n, how, seed_of(seed)).tolist()

    @tool(page=True, client=True)
    def samples(self, model: str, n: int = 18, how: str = "prior", seed: int = 0, plane: str | None = None) -> dict:
        """As sample, at most 64 of them, with their places on the map (n, 2), their pictures, and `far`: the distance
        (n,) to the nearest encoded test point."""
        space = self.spaces.open(model, plane)
        if isinstance(n, int) and n > MAX_SAMPLES:
            raise ValueError(f"At most {MAX_SAMPLES} samples can be drawn at once.")
        latents = space.sample(n, how, seed_of(seed))
        far = space.neighbours(latents, 1)[1][:, 0]
        return {**_places(space, latents), **pictures(space.decode(latents)), "far": far.tolist(), "gap": space.gap}

    @tool(client=True)
    def neighbours(self, model: str, latents: list, k: int) -> dict:
        """The k nearest encoded test points of latents (B, D): indices, distances and labels, (B, k) each."""
        space, asked = self.spaces.open(model), at_most(latents, MAX_LATENTS, "latents")
        if isinstance(k, int) and len(asked) * k > MAX_FOUND:
            raise ValueError(f"At most {MAX_FOUND:,} neighbours can be asked for at once.")
        indices, distances = space.neighbours(asked, k)
        names = np.array(space.class_names)[space.labels[indices]]
        return {"indices": indices.tolist(), "distances": distances.tolist(), "labels": names.tolist()}

    @tool(client=True)
    def trust(self, model: str, latents: list) -> dict:
        """Drift, density and the prior's log-density of latents (B, D), (B,) each."""
        space, asked = self.spaces.open(model), at_most(latents, MAX_LATENTS, "latents")
        return {name: getattr(space, name)(asked).tolist() for name in ("drift", "density", "log_prior")}

    @tool(client=True)
    def classify(self, model: str, images: list) -> list:
        """What a classifier of the map's data set sees in images (B, H, W) in [0, 1]: probabilities (B, C)."""
        return self.spaces.open(model).classify(at_most(images, MAX_IMAGES, "images")).tolist()

    @tool(client=True)
    def posterior(self, model: str, images: list) -> dict:
        """A VAE's mean and standard deviation, (B, D) each, of images (B, H, W) in [0, 1]."""
        mean, deviation = self.spaces.open(model).posterior(at_most(images, MAX_IMAGES, "images"))
        return {"mean": mean.tolist(), "deviation": deviation.tolist()}

    @tool(page=True, client=True)
    def about(self, model: str, z: list, k: int = 6, plane: str | None = None) -> dict:
        """What to think of a latent (D,): its k nearest encoded test points (at most 24) as `near`, a list of index,
        label, distance and place; their reconstructions as pictures and, where they are at hand, the `originals`;
        distance, gap, drift, density (as in trust_map), the classifier's probabilities, and its own place."""
        space = self.spaces.open(model, plane)
        whole_number(k, "k", MAX_NEIGHBOURS)
        indices, distances = (found[0] for found in space.neighbours([z], k))
        originals = self._originals(space, indices)
        return {
            "near": _near(space, indices, distances),
            **pictures(space.decode(space.latents[indices])),
            "originals": None if originals is None else to_base64(originals),
            "distance": float(distances[0]),
            "gap": space.gap,
            "density": float(space.density_ratio([z])[0]),
            "drift": float(space.drift([z])[0]),
            "classes": _classes(space, space.decode([z])),
            "xy": space.to_plane([z])[0].tolist(),
        }

    @tool(page=True, client=True, most=LARGE)
    def own(self, model: str, width: int, height: int, pixels: str, k: int = 6, plane: str | None = None) -> dict:
        """Where a visitor's own picture lands: base64 of height * width grey bytes, made like an image of the data set.

        -> what `about` says of its latent; the latent itself as `z`; for a VAE the posterior's 2 × 2 `covariance` on
        the map; its `image` and `reconstruction`; and `error`, its reconstruction's mean square error in units of the
        test set's, which grows as it leaves the manifold of the data.
        """
        space = self.spaces.open(model, plane)
        from explorer.maps.own_image import like_data

        image = like_data(grey(width, height, pixels), str(space.config["data"]), space.image_shape)
        z = space.encode(image[None])
        reconstruction = space.decode(z)[0]
        error = float(((image - reconstruction) ** 2).mean()) / float(space.config["measures"]["mse_per_pixel"])
        return {
            **self.about(model, z[0].tolist(), k, plane),
            "z": z[0].tolist(),
            "covariance": None if space.logvar is None else space.covariance(image[None])[0].tolist(),
            "image": to_base64(to_bytes(image)),
            "reconstruction": to_base64(to_bytes(reconstruction)),
            "own_classes": _classes(space, image[None]),
            "error": error,
        }

    @tool(page=True, client=True, most=LARGE)
    def select(self, model: str, points: list) -> dict:
        """Of some test points: count, how many of each class (C,), the mean latent (D,), the standard deviation in each
        dimension (D,), the root mean square distance to the mean, and as pictures the mean image (`of` the originals
        where they are at hand, else of the reconstructions) and what the mean latent decodes to."""
        space = self.spaces.open(model)
        indices = _indices(space, points)
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

    @tool(page=True)
    def walk_file(
        self, model: str, anchors: list, steps: int = 12, method: str = "linear", kind: str = "gif", speed: int = 80
    ) -> dict:
        """A walk as a file, base64: a "gif" of `speed` milliseconds a picture, forth and back, or an "npz"."""
        space = self.spaces.open(model)
        latents = self._walk(space, anchors, steps, method)
        if kind == "npz":
            return file("walk.npz", map_files.npz(latents=latents, images=space.decode(latents)))
        if kind != "gif" or type(speed) is not int or not 20 <= speed <= 2_000:
            raise ValueError("kind must be gif or npz, and speed from 20 to 2,000 milliseconds.")
        images = to_bytes(space.decode(latents))
        return file("walk.gif", map_files.gif(np.concatenate([images, images[-2:0:-1]]), speed))

    @tool(page=True, most=LARGE)
    def selection_file(self, model: str, points: list, kind: str = "csv", plane: str | None = None) -> dict:
        """Some test points as a file, base64: index, label, place on the map and latents; "csv" or "npz"."""
        space = self.spaces.open(model, plane)
        indices = _indices(space, points)
        labels, xy, latents = (array[indices] for array in (space.labels, space.plane, space.latents))
        names = [space.class_names[label] for label in labels]
        if kind == "csv":
            return file("selection.csv", map_files.table(indices, names, xy, latents))
        if kind != "npz":
            raise ValueError("kind must be csv or npz.")
        arrays = {"indices": indices, "labels": labels, "plane": xy, "latents": latents}
        return file("selection.npz", map_files.npz(**arrays, class_names=np.array(space.class_names)))

    @tool(page=True, client=True)
    def beside(self, model: str, other: str) -> dict:
        """Another map of the same data set: its points (N, 2) as {"shape", "values"}, and `shared`, the mean share of
        a point's 10 nearest neighbours that both have in common, beside `chance`, that of unrelated maps."""
        one, second = self.spaces.open(model), self.spaces.open(other)
        shared = shared_neighbours(one, second, COMPARED)
        return {**values(second.plane), "shared": shared, "chance": COMPARED / (len(one.labels) - 1)}

    @tool(page=True, client=True)
    def tsne(self, model: str) -> dict:
        """The t-SNE of a map's points, (N, 2) as {"shape", "values"}. It has no inverse: nothing is decoded from it."""
        return values(recorded.tsne(self.spaces.open(model)))

    @tool(page=True, client=True)
    def formation(self, model: str, plane: str | None = None) -> dict:
        """How a map formed: the first n test points on it, (S, n, 2) as {"shape", "values"}, at `steps` (S,) of the
        training, and its losses by name, one number for each epoch, `steps_per_epoch` apart."""
        space = self.spaces.open(model, plane)
        found = recorded.formation(self.spaces.open(model))
        count, points, _ = found.snapshots.shape
        flat = space.to_plane(found.snapshots.reshape(count * points, -1).astype(np.float32))
        losses = {name: curve.tolist() for name, curve in found.losses.items()}
        steps = {"steps": found.steps.tolist(), "steps_per_epoch": found.steps_per_epoch}
        return {**values(flat.reshape(count, points, 2)), **steps, "losses": losses}

    def _walk(self, space: LatentSpace, anchors: list, steps: int, method: str) -> np.ndarray:
        if isinstance(steps, int) and steps > MAX_STEPS:
            raise ValueError(f"A walk has at most {MAX_STEPS} steps from one anchor to the next.")
        return space.walk(at_most(anchors, 5, "anchors"), steps, method)

    def _originals(self, space: LatentSpace, indices: np.ndarray) -> np.ndarray | None:
        """The test images (B, H, W) uint8, None where the data set is not at hand."""
        found: list[np.ndarray] = []
        for index in indices.tolist():
            image, _ = self.originals.get(space.config["data"], space.image_shape[0], index)
            if image is None:
                return None
            found.append(image)
        return np.stack(found)


def _near(space: LatentSpace, indices: np.ndarray, distances: np.ndarray) -> list[dict[str, Any]]:
    return [
        {
            "point": int(index),
            "label": space.class_names[space.labels[index]],
            "distance": float(distance),
            "xy": space.plane[index].tolist(),
        }
        for index, distance in zip(indices, distances, strict=True)
    ]


def _classes(space: LatentSpace, images: np.ndarray) -> list[float] | None:
    """The classifier's probabilities (C,), None where there is no classifier of this data set."""
    try:
        return space.classify(images)[0].tolist()
    except ValueError:
        return None


def _places(space: LatentSpace, latents: np.ndarray) -> dict[str, list]:
    return {"latents": latents.tolist(), "xy": space.to_plane(latents).tolist()}


def _indices(space: LatentSpace, points: list) -> np.ndarray:
    """Test points that a visitor named, each once, in order. Raises ValueError with a sentence."""
    at_most(points, len(space.latents), "points")
    if not points:
        raise ValueError("Nothing is selected: draw around some points.")
    return np.unique([whole_number(point, "Each point", len(space.latents) - 1, least=0) for point in points])


def _sides(columns: int, rows: int | None) -> tuple[int, int]:
    return (columns if rows is None else rows), columns
