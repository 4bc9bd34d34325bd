"""What the page and gradio_client ask of a map: each answer against the latent space itself, and every bad question."""

from __future__ import annotations

import base64
import csv
import inspect
import io
import json
import math
import re
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

import explorer
from explorer import LatentSpace
from explorer.live.spaces import Spaces, UnknownModel
from explorer.live.worker import to_bytes
from explorer.maps import classifier
from explorer.maps.classifier import Classifier
from explorer.maps.datasets import DataUnavailable, load
from explorer.maps.own_image import like_data
from explorer.ui.map import originals
from explorer.ui.map.originals import Originals
from explorer.ui.map.tools import KINDS, TOOLS, MapTools

MARKED = "<b>do not repeat me</b>"
BOUNDS = {"x0": -1.0, "x1": 2.0, "y0": -3.0, "y1": 1.0}
BOX = ((-1.0, 2.0), (-3.0, 1.0))
PLANES = [None, "z1-z3", "p4-p9-p200"]
DIGITS = load("digits", "test").images


@pytest.fixture(scope="module", autouse=True)
def _classifier_is_shipped(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A classifier of the digits that has learned nothing: its answers are as good as any to compare."""
    folder = tmp_path_factory.mktemp("shipped")
    with torch.random.fork_rng():
        torch.manual_seed(0)
        Classifier("digits", 8).save_pretrained(
            folder / "classifier-digits", config={"data": "digits", "size": 8, "width": 16, "classes": 10}
        )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(classifier, "CHECKPOINTS", folder)
        yield


@pytest.fixture
def _no_classifier_is_shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(classifier, "CHECKPOINTS", tmp_path)
    return


@pytest.fixture
def looked_for(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """No data set can be had; the list of how often one was looked for."""
    asked: list[str] = []

    def missing(name: str, _split: str, **options: Any) -> None:
        if not options.get("download"):
            asked.append(name)
        raise DataUnavailable("It is not here.")

    monkeypatch.setattr(originals, "load", missing)
    return asked


@pytest.fixture
def tools(digits_checkpoint: Path, digits_checkpoint_5d: Path) -> MapTools:
    return MapTools(Spaces([str(digits_checkpoint), str(digits_checkpoint_5d)], device="cpu"), Originals())


@pytest.fixture
def flat_model(tools: MapTools) -> str:
    return tools.spaces.names[0]


@pytest.fixture
def model(tools: MapTools) -> str:
    """The map of five dimensions."""
    return tools.spaces.names[1]


@pytest.fixture
def space(model: str) -> LatentSpace:
    return explorer.load(model, device="cpu")


@pytest.fixture(params=PLANES)
def plane(request: pytest.FixtureRequest) -> str | None:
    return request.param


@pytest.fixture
def shown(space: LatentSpace, plane: str | None) -> LatentSpace:
    return space if plane is None else space.in_plane(plane)


def pixels_of(answer: dict) -> np.ndarray:
    return np.frombuffer(base64.b64decode(answer["pixels"], validate=True), np.uint8).reshape(answer["shape"])


def values_of(answer: dict) -> np.ndarray:
    return np.frombuffer(base64.b64decode(answer["values"], validate=True), "<f4").reshape(answer["shape"])


def content_of(answer: dict) -> bytes:
    return base64.b64decode(answer["content"], validate=True)


def packed(image: np.ndarray) -> dict[str, Any]:
    """A grey picture as a visitor's browser sends it."""
    height, width = image.shape
    return {"width": width, "height": height, "pixels": base64.b64encode(image.astype(np.uint8).tobytes()).decode()}


def drawing() -> dict[str, Any]:
    """A seven, black on white, 40 pixels wide and 50 high."""
    image = np.full((50, 40), 255, np.uint8)
    image[8:13, 8:32], image[8:44, 27:32] = 0, 0
    return packed(image)


def near_bytes(found: np.ndarray, images: np.ndarray) -> None:
    """The same pictures but for rounding: how many are decoded at once changes the last bit of a float."""
    assert np.abs(found.astype(int) - to_bytes(images)).max() <= 1


# --- lattices and heat maps ---------------------------------------------------------------------


def test_a_lattice_is_that_of_the_map(tools: MapTools, model: str, shown: LatentSpace, plane: str | None) -> None:
    found = tools.lattice(model, **BOUNDS, n=4, plane=plane)
    assert found["shape"] == [4, 4, 8, 8]
    np.testing.assert_array_equal(pixels_of(found), to_bytes(shown.lattice(BOX, 4)))


def test_a_lattice_lays_its_grid_once(tools: MapTools, model: str, monkeypatch: pytest.MonkeyPatch) -> None:
    laid: list[LatentSpace] = []
    grid = LatentSpace.grid
    monkeypatch.setattr(LatentSpace, "grid", lambda space, *how: (laid.append(space), grid(space, *how))[1])
    tools.lattice(model, **BOUNDS, n=4)
    assert len(laid) == 1


def test_a_lattice_may_have_other_rows_and_go_through_a_latent(
    tools: MapTools, model: str, shown: LatentSpace, plane: str | None
) -> None:
    anchor = shown.latents[3]
    found = tools.lattice(model, **BOUNDS, n=4, rows=2, plane=plane, anchor=anchor.tolist())
    assert found["shape"] == [2, 4, 8, 8]
    np.testing.assert_array_equal(pixels_of(found), to_bytes(shown.lattice(BOX, (2, 4), anchor)))


@pytest.mark.parametrize("kind", KINDS)
def test_a_heat_map_measures_the_latents_of_its_cells(
    tools: MapTools, model: str, shown: LatentSpace, plane: str | None, kind: str
) -> None:
    anchor = shown.latents[3]
    found = tools.trust_map(model, **BOUNDS, n=5, rows=3, kind=kind, plane=plane, anchor=anchor.tolist())
    latents = shown.grid(BOX, (3, 5), anchor).reshape(15, -1)
    expected = {
        "density": lambda: (shown.log_density(latents) - shown.typical_log_density) / np.log(10),
        "drift": lambda: shown.drift(latents),
        "prior": lambda: shown.log_prior(latents),
        "classes": lambda: shown.classify(shown.decode(latents)).max(1),
    }[kind]()
    assert found["shape"] == [3, 5]
    np.testing.assert_allclose(values_of(found), expected.reshape(3, 5), rtol=1e-5, atol=1e-5)
    assert ("labels" in found) == (kind == "classes")
    assert found.get("typical") == (shown.typical_drift if kind == "drift" else None)


def test_a_heat_map_of_classes_names_the_likeliest_class_of_each_cell(
    tools: MapTools, model: str, space: LatentSpace
) -> None:
    found = tools.trust_map(model, **BOUNDS, n=6, kind="classes")
    expected = space.classify(space.decode(space.grid(BOX, 6).reshape(36, -1))).argmax(1)
    assert list(base64.b64decode(found["labels"])) == expected.tolist()


def test_a_heat_map_of_density_is_zero_at_a_typical_point(tools: MapTools, flat_model: str) -> None:
    space = explorer.load(flat_model, device="cpu")
    typical = np.argsort(space.log_density(space.latents))[len(space.latents) // 2]
    x, y = space.plane[typical].tolist()
    found = values_of(tools.trust_map(flat_model, x, x, y, y, 1))
    assert found[0, 0] == pytest.approx(0, abs=0.01)


@pytest.mark.parametrize("kind", KINDS)
def test_a_heat_map_far_away_is_finite(tools: MapTools, model: str, kind: str) -> None:
    assert np.isfinite(values_of(tools.trust_map(model, -1e5, 1e5, -1e5, 1e5, 4, kind=kind))).all()


@pytest.mark.usefixtures("_no_classifier_is_shipped")
def test_a_heat_map_of_classes_without_a_classifier_is_refused(tools: MapTools, model: str) -> None:
    with pytest.raises(ValueError, match="There is no classifier here for digits"):
        tools.trust_map(model, **BOUNDS, n=3, kind="classes")


# --- walks and samples --------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["linear", "spherical"])
def test_a_walk_comes_with_its_places_and_pictures(
    tools: MapTools, model: str, shown: LatentSpace, plane: str | None, method: str
) -> None:
    anchors = shown.latents[[3, 8, 1]].tolist()
    found = tools.walk(model, anchors, 4, method, plane)
    latents = shown.walk(anchors, 4, method)
    np.testing.assert_array_equal(np.array(found["latents"], np.float32), latents)
    np.testing.assert_array_equal(np.array(found["xy"], np.float32), shown.to_plane(latents))
    np.testing.assert_array_equal(pixels_of(found), to_bytes(shown.decode(latents)))


def test_an_interpolation_is_that_of_the_map(tools: MapTools, model: str, space: LatentSpace) -> None:
    a, b = space.latents[:2].tolist()
    found = tools.interpolate(model, a, b, 6, "spherical")
    np.testing.assert_array_equal(np.array(found, np.float32), space.interpolate(a, b, 6, "spherical"))


@pytest.mark.parametrize("how", ["prior", "box", "density"])
def test_samples_come_with_their_places_pictures_and_distances(
    tools: MapTools, model: str, shown: LatentSpace, plane: str | None, how: str
) -> None:
    found = tools.samples(model, 7, how, 3, plane)
    latents = shown.sample(7, how, 3)
    np.testing.assert_array_equal(np.array(found["latents"], np.float32), latents)
    np.testing.assert_array_equal(np.array(found["xy"], np.float32), shown.to_plane(latents))
    np.testing.assert_array_equal(pixels_of(found), to_bytes(shown.decode(latents)))
    nearest = np.linalg.norm(shown.latents[None] - latents[:, None], axis=2).min(1)
    np.testing.assert_allclose(found["far"], nearest, rtol=1e-4)
    assert found["gap"] == shown.gap
    assert tools.sample(model, 7, how, 3) == found["latents"]


# --- neighbours, trust, what an encoder and a classifier see ------------------------------------


def test_neighbours_trust_posterior_and_classes_are_those_of_the_map(
    tools: MapTools, model: str, space: LatentSpace
) -> None:
    asked = space.latents[3:5].tolist()
    near = tools.neighbours(model, asked, 3)
    indices, distances = space.neighbours(asked, 3)
    assert (near["indices"], near["distances"]) == (indices.tolist(), distances.tolist())
    assert near["labels"] == [[space.class_names[space.labels[i]] for i in row] for row in indices]
    trust = tools.trust(model, asked)
    assert trust == {name: getattr(space, name)(asked).tolist() for name in ("drift", "density", "log_prior")}
    images = space.decode(asked).tolist()
    mean, deviation = space.posterior(images)
    assert tools.posterior(model, images) == {"mean": mean.tolist(), "deviation": deviation.tolist()}
    assert tools.classify(model, images) == space.classify(images).tolist()


def test_about_tells_what_is_near_a_latent(tools: MapTools, model: str, shown: LatentSpace, plane: str | None) -> None:
    z = (shown.latents[3] + 0.1).tolist()
    found = tools.about(model, z, 4, plane)
    indices, distances = (rows[0] for rows in shown.neighbours([z], 4))
    assert [one["point"] for one in found["near"]] == indices.tolist()
    np.testing.assert_allclose([one["distance"] for one in found["near"]], distances)
    assert [one["label"] for one in found["near"]] == [shown.class_names[shown.labels[i]] for i in indices]
    np.testing.assert_array_equal(np.array([one["xy"] for one in found["near"]], np.float32), shown.plane[indices])
    np.testing.assert_array_equal(pixels_of(found), to_bytes(shown.decode(shown.latents[indices])))
    assert base64.b64decode(found["originals"]) == DIGITS[indices].tobytes()


def test_about_tells_how_far_a_latent_is_to_be_trusted(
    tools: MapTools, model: str, shown: LatentSpace, plane: str | None
) -> None:
    z = (shown.latents[3] + 0.1).tolist()
    found = tools.about(model, z, 4, plane)
    assert (found["distance"], found["gap"]) == (found["near"][0]["distance"], shown.gap)
    assert found["drift"] == pytest.approx(float(shown.drift([z])[0]))
    decades = (shown.log_density([z])[0] - shown.typical_log_density) / math.log(10)
    assert found["density"] == pytest.approx(decades)
    np.testing.assert_allclose(found["classes"], shown.classify(shown.decode([z]))[0])
    np.testing.assert_array_equal(np.array(found["xy"], np.float32), shown.to_plane([z])[0])


def test_about_an_encoded_point_finds_the_point_itself(tools: MapTools, model: str, space: LatentSpace) -> None:
    found = tools.about(model, space.latents[7].tolist())
    assert len(found["near"]) == 6
    assert found["near"][0]["point"] == 7
    assert found["distance"] == pytest.approx(0, abs=1e-6)


@pytest.mark.usefixtures("_no_classifier_is_shipped", "looked_for")
def test_about_does_without_a_classifier_and_without_the_data(tools: MapTools, model: str, space: LatentSpace) -> None:
    found = tools.about(model, space.latents[7].tolist())
    assert (found["classes"], found["originals"]) == (None, None)
    assert found["shape"] == [6, 8, 8]


def test_about_a_latent_far_away_has_only_numbers(tools: MapTools, model: str, flat_model: str) -> None:
    for name, dim in ((model, 5), (flat_model, 2)):
        found = tools.about(name, [1e6] * dim)
        json.dumps(found, allow_nan=False)
        assert found["distance"] > found["gap"]


# --- a visitor's own picture --------------------------------------------------------------------


def test_an_own_picture_is_encoded_as_an_image_of_the_data_set(
    tools: MapTools, model: str, shown: LatentSpace, plane: str | None
) -> None:
    asked = drawing()
    found = tools.own(model, **asked, k=3, plane=plane)
    grey = np.frombuffer(base64.b64decode(asked["pixels"]), np.uint8).reshape(50, 40)
    image = like_data(grey, "digits", (8, 8))
    z = shown.encode(image[None])
    np.testing.assert_allclose(found["z"], z[0], rtol=1e-6)
    assert base64.b64decode(found["image"]) == to_bytes(image).tobytes()
    assert base64.b64decode(found["reconstruction"]) == to_bytes(shown.decode(z)[0]).tobytes()
    np.testing.assert_allclose(found["own_classes"], shown.classify(image[None])[0])
    error = ((image - shown.decode(z)[0]) ** 2).mean() / shown.config["measures"]["mse_per_pixel"]
    assert found["error"] == pytest.approx(error)


def test_what_is_said_of_an_own_picture_is_what_is_said_of_its_latent(
    tools: MapTools, model: str, plane: str | None
) -> None:
    found = tools.own(model, **drawing(), k=3, plane=plane)
    about = tools.about(model, found["z"], 3, plane)
    assert {name: found[name] for name in about} == about


def test_an_own_pictures_covariance_is_its_posteriors_on_the_map(
    tools: MapTools, model: str, shown: LatentSpace, plane: str | None
) -> None:
    asked = drawing()
    found = np.array(tools.own(model, **asked, plane=plane)["covariance"])
    grey = np.frombuffer(base64.b64decode(asked["pixels"]), np.uint8).reshape(50, 40)
    _, deviation = shown.posterior(like_data(grey, "digits", (8, 8))[None])
    np.testing.assert_allclose(found, shown.axes @ np.diag(deviation[0] ** 2) @ shown.axes.T, rtol=1e-5, atol=1e-9)
    spread = np.random.default_rng(0).standard_normal((100_000, 5)) * deviation
    drawn = shown.to_plane(spread) - shown.to_plane(np.zeros((1, 5)))
    np.testing.assert_allclose(found, np.cov(drawn.T), rtol=0.05, atol=0.02 * found.max())


def test_an_own_picture_on_a_plain_autoencoder_has_no_covariance(
    digits_checkpoint_5d: Path, copied: Callable[[Path], Path]
) -> None:
    from safetensors.numpy import load_file, save_file

    folder = copied(digits_checkpoint_5d)
    tensors = load_file(folder / "latents.safetensors")
    del tensors["logvar"]
    save_file(tensors, folder / "latents.safetensors")
    plain = MapTools(Spaces([str(folder)], device="cpu"), Originals())
    assert plain.own(str(folder), **drawing())["covariance"] is None


def test_an_image_of_the_test_set_lands_where_it_was_encoded(tools: MapTools, model: str, space: LatentSpace) -> None:
    """The data set's maker sees the digit anew, so that it comes near its place and not upon it."""
    wide = np.kron(DIGITS[5], np.ones((8, 8))).astype(np.uint8)
    found = tools.own(model, **packed(wide))
    assert np.linalg.norm(np.array(found["z"]) - space.latents[5]) < np.linalg.norm(space.latents.std(0)) * 2


def test_noise_is_farther_from_the_data_than_a_digit(tools: MapTools, model: str) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (40, 40))
    noise[[0, -1], :] = noise[:, [0, -1]] = 0
    assert (
        tools.own(model, **packed(noise))["error"]
        > tools.own(model, **packed(np.kron(DIGITS[5], np.ones((5, 5)))))["error"]
    )


@pytest.mark.parametrize(
    "changed",
    [
        {"pixels": MARKED},
        {"pixels": ""},
        {"pixels": "AAA"},
        {"pixels": "AAAA"},
        {"pixels": "ä" * 2668},
        {"pixels": "\ud800"},
        {"pixels": "A" * 1_000_000},
        {"pixels": 3},
        {"pixels": None},
        {"pixels": ["AAAA"]},
        {"pixels": True},
        {"width": 41},
        {"width": 0},
        {"width": -40},
        {"width": 40.0},
        {"width": True},
        {"width": "40"},
        {"width": None},
        {"width": 10**400},
        {"width": math.nan},
        {"height": 513},
        {"width": 1, "height": 2000},
        {"width": 50, "height": 50},
        {"width": -40, "height": -50},
        {"width": 10**9, "height": 10**9, "pixels": ""},
    ],
    ids=lambda changed: repr(changed)[:40],
)
def test_a_picture_that_is_none_is_refused_with_a_sentence(
    tools: MapTools, model: str, changed: dict[str, Any]
) -> None:
    sentence = r"^A picture is width, height \(at most 512 each\) and base64 of as many grey bytes\.$"
    with pytest.raises(ValueError, match=sentence):
        tools.own(model, **{**drawing(), **changed})


@pytest.mark.parametrize(
    "image",
    [np.zeros((40, 40)), np.full((40, 40), 255), np.zeros((1, 1)), np.zeros((512, 512)), np.eye(40) * 3],
    ids=["black", "white", "one pixel", "large", "faint"],
)
def test_a_picture_without_a_figure_is_refused_with_a_sentence(tools: MapTools, model: str, image: np.ndarray) -> None:
    with pytest.raises(ValueError, match=r"^The (drawing|picture).*\.$"):
        tools.own(model, **packed(image))


# --- selections ---------------------------------------------------------------------------------


def test_a_selection_is_counted_and_averaged(tools: MapTools, model: str, space: LatentSpace) -> None:
    points = [7, 3, 3, 99, 0]
    found = tools.select(model, points)
    chosen = space.latents[[0, 3, 7, 99]].astype(np.float64)
    assert found["count"] == 4
    assert found["classes"] == [int((space.labels[[0, 3, 7, 99]] == label).sum()) for label in range(10)]
    np.testing.assert_allclose(found["mean"], chosen.mean(0), atol=1e-6)
    np.testing.assert_allclose(found["deviation"], chosen.std(0), atol=1e-6)
    spread = np.sqrt(((chosen - chosen.mean(0)) ** 2).sum(1).mean())
    assert found["spread"] == pytest.approx(spread, rel=1e-5)


def test_a_selections_picture_is_the_mean_of_the_originals_beside_the_means_own(
    tools: MapTools, model: str, space: LatentSpace
) -> None:
    found = tools.select(model, [0, 3, 7, 99])
    assert (found["of"], found["shape"]) == ("originals", [2, 8, 8])
    image, decoded = pixels_of(found).astype(int)
    assert np.abs(image - DIGITS[[0, 3, 7, 99]].mean(0)).max() <= 0.5
    near_bytes(decoded, space.decode([found["mean"]])[0])


def test_one_point_is_a_selection(tools: MapTools, model: str, space: LatentSpace) -> None:
    found = tools.select(model, [5])
    assert (found["count"], found["spread"]) == (1, 0)
    np.testing.assert_array_equal(np.array(found["mean"], np.float32), space.latents[5])
    np.testing.assert_array_equal(pixels_of(found)[0], DIGITS[5])


def test_all_points_are_a_selection(tools: MapTools, model: str, space: LatentSpace) -> None:
    found = tools.select(model, list(range(len(space.latents))))
    assert found["classes"] == np.bincount(space.labels).tolist()
    np.testing.assert_allclose(found["deviation"], np.sqrt(space.variance), rtol=1e-4)


@pytest.mark.usefixtures("looked_for")
def test_without_the_data_a_selections_picture_is_the_mean_of_the_reconstructions(
    tools: MapTools, model: str, space: LatentSpace
) -> None:
    found = tools.select(model, [0, 3, 7, 99])
    assert found["of"] == "reconstructions"
    near_bytes(pixels_of(found)[0], space.decode(space.latents[[0, 3, 7, 99]]).mean(0))


def test_data_that_is_missing_is_looked_for_once_and_not_for_each_point(
    tools: MapTools, model: str, looked_for: list[str]
) -> None:
    tools.select(model, list(range(400)))
    assert looked_for == ["digits"]


# --- files --------------------------------------------------------------------------------------


def test_a_walk_as_a_gif_goes_forth_and_back(tools: MapTools, model: str, space: LatentSpace) -> None:
    anchors = space.latents[[3, 8, 1]].tolist()
    found = tools.walk_file(model, anchors, 4, "linear", "gif", 150)
    assert found["name"] == "walk.gif"
    images = to_bytes(space.decode(space.walk(anchors, 4)))
    animation = Image.open(io.BytesIO(content_of(found)))
    assert (getattr(animation, "n_frames", 1), animation.info["duration"]) == (16, 150)
    for number, image in enumerate([*images, *images[7:0:-1]]):
        animation.seek(number)
        np.testing.assert_array_equal(np.asarray(animation.convert("L"))[::28, ::28], image)


def test_the_shortest_walk_is_a_gif_of_its_two_ends(tools: MapTools, model: str, space: LatentSpace) -> None:
    found = tools.walk_file(model, space.latents[[3, 8]].tolist(), 1)
    assert getattr(Image.open(io.BytesIO(content_of(found))), "n_frames", 1) == 2


def test_a_walk_as_arrays_holds_its_latents_and_images(tools: MapTools, model: str, space: LatentSpace) -> None:
    anchors = space.latents[[3, 8, 1]].tolist()
    found = tools.walk_file(model, anchors, 4, "spherical", "npz")
    assert found["name"] == "walk.npz"
    latents = space.walk(anchors, 4, "spherical")
    with np.load(io.BytesIO(content_of(found)), allow_pickle=False) as arrays:
        np.testing.assert_array_equal(arrays["latents"], latents)
        np.testing.assert_array_equal(arrays["images"], space.decode(latents))


def test_a_selection_as_a_table_has_a_row_for_each_point(
    tools: MapTools, model: str, shown: LatentSpace, plane: str | None
) -> None:
    found = tools.selection_file(model, [99, 3, 7, 3], "csv", plane)
    assert found["name"] == "selection.csv"
    head, *rows = csv.reader(io.StringIO(content_of(found).decode(), newline=""))
    assert head == ["index", "label", "x", "y", "z0", "z1", "z2", "z3", "z4"]
    assert [row[0] for row in rows] == ["3", "7", "99"]
    assert [row[1] for row in rows] == [shown.class_names[shown.labels[point]] for point in (3, 7, 99)]
    expected = np.concatenate([shown.plane, shown.latents], 1)[[3, 7, 99]]
    np.testing.assert_allclose(np.array([row[2:] for row in rows]).astype(float), expected, rtol=1e-5)


def test_a_selection_as_arrays_holds_the_same(
    tools: MapTools, model: str, shown: LatentSpace, plane: str | None
) -> None:
    found = tools.selection_file(model, [99, 3, 7, 3], "npz", plane)
    assert found["name"] == "selection.npz"
    with np.load(io.BytesIO(content_of(found)), allow_pickle=False) as arrays:
        assert arrays["indices"].tolist() == [3, 7, 99]
        for name in ("labels", "plane", "latents"):
            np.testing.assert_array_equal(arrays[name], getattr(shown, name)[[3, 7, 99]])
        assert arrays["class_names"].tolist() == shown.class_names


# --- bad questions ------------------------------------------------------------------------------

ZEROS = [0.0] * 5
NONE_SELECTED = "Nothing is selected: draw around some points."
EACH_POINT = "Each point must be a whole number from 0 to 499."
WHOLE_N = "n must be a whole number from 1 to 64."
SEED = "The seed must "
SENSIBLE: dict[str, dict[str, Any]] = {
    "map_decode": {"x": 0.5, "y": -0.5, "point": 3, "plane": None, "z": None},
    "map_encode": {"images": [[[0.0] * 8] * 8]},
    "describe": {"point": 3},
    "lattice": {**BOUNDS, "n": 3, "rows": 2, "plane": None, "anchor": ZEROS},
    "trust_map": {**BOUNDS, "n": 3, "rows": 2, "kind": "density", "plane": None, "anchor": ZEROS},
    "interpolate": {"a": ZEROS, "b": [1.0] * 5, "steps": 3, "method": "linear"},
    "walk": {"anchors": [ZEROS, [1.0] * 5], "steps": 3, "method": "linear", "plane": None},
    "sample": {"n": 3, "how": "prior", "seed": 0},
    "samples": {"n": 3, "how": "prior", "seed": 0, "plane": None},
    "neighbours": {"latents": [ZEROS], "k": 3},
    "trust": {"latents": [ZEROS]},
    "classify": {"images": [[[0.0] * 8] * 8]},
    "posterior": {"images": [[[0.0] * 8] * 8]},
    "about": {"z": ZEROS, "k": 3, "plane": None},
    "own": {**drawing(), "k": 3, "plane": None},
    "select": {"points": [1, 2]},
    "walk_file": {"anchors": [ZEROS, [1.0] * 5], "steps": 3, "method": "linear", "kind": "gif", "speed": 80},
    "selection_file": {"points": [1, 2], "kind": "csv", "plane": None},
}
ANYTHING: list[Any] = [
    None,
    True,
    False,
    -1,
    0,
    1.5,
    10**9,
    10**400,
    -(10**400),
    1e300,
    math.nan,
    math.inf,
    -math.inf,
    "",
    MARKED,
    "\ud800",
    "\x00",
    "x" * 100_000,
    [],
    [[]],
    [[[]]],
    [None],
    [True],
    [MARKED],
    [[MARKED] * 5],
    {},
    {MARKED: 1},
    [{MARKED: 1}],
    [math.nan] * 5,
    [[math.inf] * 5] * 2,
    [1e300] * 5,
    [[10**400] * 5] * 2,
    [ZEROS, [0.0]],
    [ZEROS] * 10_000,
    [[0.0] * 10_000],
    [0] * 100_000,
    [[[math.nan] * 8] * 8],
    json.loads("[" * 200 + "]" * 200),
]


def assert_sentence(error: Exception) -> None:
    """One short sentence for a person, in which nothing of what was sent stands."""
    text = str(error)
    assert text[0].isalpha()
    assert text.endswith(".")
    assert MARKED not in text
    assert len(text) < 200


@pytest.mark.parametrize(
    ("tool", "changed", "sentence"),
    [
        ("lattice", {"n": 500, "rows": 500}, WHOLE_N),
        ("lattice", {"n": 3, "rows": 65}, WHOLE_N),
        ("lattice", {"rows": 0}, WHOLE_N),
        ("lattice", {"rows": True}, WHOLE_N),
        ("lattice", {"n": True}, WHOLE_N),
        ("lattice", {"n": [3, 3]}, WHOLE_N),
        ("lattice", {"n": 3.0}, WHOLE_N),
        ("lattice", {"x0": math.nan}, "bounds must be finite: it holds NaN or infinity."),
        ("lattice", {"y1": -math.inf}, "bounds must be finite: it holds NaN or infinity."),
        ("lattice", {"x1": 1e300}, "bounds must be finite: it holds NaN or infinity."),
        ("lattice", {"x1": 10**400}, "bounds must be numbers of the shape (2, 2)."),
        ("lattice", {"x1": 1e7}, "bounds must lie within ±1e+06."),
        ("lattice", {"x0": MARKED}, "bounds must be numbers of the shape (2, 2)."),
        ("lattice", {"anchor": [MARKED] * 5}, "anchor must be numbers of the shape (1 or B, 5)."),
        ("lattice", {"anchor": [ZEROS] * 10_000}, "anchor must have the shape (5,) or (B, 5)."),
        ("lattice", {"anchor": [0.0] * 10_000}, "anchor must have the shape (1 or B, 5), not (1, 10000)."),
        ("lattice", {"anchor": [math.nan] * 5}, "anchor must be finite: it holds NaN or infinity."),
        ("trust_map", {"n": 41}, "A heat map has at most 40 cells on a side."),
        ("trust_map", {"rows": 500}, "A heat map has at most 40 cells on a side."),
        ("trust_map", {"n": 0}, "n must be a whole number"),
        ("trust_map", {"n": True}, "n must be a whole number"),
        ("trust_map", {"kind": MARKED}, "kind must be one of density, drift, prior, classes."),
        ("trust_map", {"kind": ["density"]}, "kind must be one of density, drift, prior, classes."),
        ("trust_map", {"kind": None}, "kind must be one of density, drift, prior, classes."),
        ("trust_map", {"x1": math.inf}, "bounds must be finite: it holds NaN or infinity."),
        ("interpolate", {"steps": 10_001}, "steps must be a whole number from 2 to 10,000."),
        ("interpolate", {"steps": True}, "steps must be a whole number from 2 to 10,000."),
        ("interpolate", {"method": MARKED}, "method must be linear or spherical."),
        ("walk", {"anchors": []}, "anchors must have the shape (A, 5), not (0,)."),
        ("walk", {"anchors": [ZEROS]}, "A walk has from 2 to 5 anchors."),
        ("walk", {"anchors": [ZEROS] * 10_000}, "anchors must be a list of at most 5 anchors."),
        ("walk", {"anchors": MARKED}, "anchors must be a list of at most 5 anchors."),
        ("walk", {"anchors": [MARKED, MARKED]}, "anchors must be numbers of the shape (A, 5)."),
        ("walk", {"anchors": [ZEROS, [0.0]]}, "anchors must be numbers of the shape (A, 5)."),
        ("walk", {"anchors": [[0.0] * 10_000] * 2}, "anchors must have the shape (A, 5), not (2, 10000)."),
        ("walk", {"anchors": [ZEROS, [math.nan] * 5]}, "anchors must be finite: it holds NaN or infinity."),
        ("walk", {"steps": 25}, "A walk has at most 24 steps from one anchor to the next."),
        ("walk", {"steps": 0}, "steps must be a whole number from 1 to"),
        ("walk", {"steps": True}, "steps must be a whole number from 1 to"),
        ("walk", {"method": "cubic"}, "method must be linear or spherical."),
        ("walk", {"method": ["linear"]}, "method must be linear or spherical."),
        ("sample", {"n": 10_001}, "n must be a whole number from 1 to 10,000."),
        ("sample", {"n": True}, "n must be a whole number from 1 to 10,000."),
        ("sample", {"seed": -1}, SEED),
        ("samples", {"n": 65}, "At most 64 samples can be drawn at once."),
        ("samples", {"n": 0}, "n must be a whole number"),
        ("samples", {"n": True}, "n must be a whole number"),
        ("samples", {"n": "7"}, "n must be a whole number"),
        ("samples", {"how": "dream"}, "how must be prior, box or density."),
        ("samples", {"how": ["prior"]}, "how must be prior, box or density."),
        ("samples", {"seed": -1}, SEED),
        ("samples", {"seed": 2**63}, SEED),
        ("samples", {"seed": True}, SEED),
        ("samples", {"seed": 1.5}, SEED),
        ("samples", {"seed": "1"}, SEED),
        ("samples", {"seed": None}, SEED),
        ("neighbours", {"latents": [ZEROS] * 2_001}, "latents must be a list of at most 2,000 latents."),
        ("neighbours", {"latents": [ZEROS] * 2_000, "k": 51}, "At most 100,000 neighbours can be asked for at once."),
        ("neighbours", {"k": 10**9}, "At most 100,000 neighbours can be asked for at once."),
        ("neighbours", {"k": 501}, "k must be a whole number from 1 to"),
        ("neighbours", {"k": True}, "k must be a whole number from 1 to"),
        ("trust", {"latents": [ZEROS] * 10_000}, "latents must be a list of at most 2,000 latents."),
        ("trust", {"latents": MARKED}, "latents must be a list of at most 2,000 latents."),
        ("classify", {"images": [[[0.0] * 8] * 8] * 257}, "images must be a list of at most 256 images."),
        ("classify", {"images": [[[2.0] * 8] * 8]}, "images must lie in [0, 1]."),
        ("posterior", {"images": [[[0.0] * 9] * 8]}, "images must have the shape (B, 8, 8), not (1, 8, 9)."),
        ("about", {"z": []}, "z must have the shape (B, 5), not (1, 0)."),
        ("about", {"z": [0.0] * 10_000}, "z must have the shape (B, 5), not (1, 10000)."),
        ("about", {"z": [ZEROS] * 10}, "z must have the shape (B, 5), not (1, 10, 5)."),
        ("about", {"z": [MARKED] * 5}, "z must be numbers of the shape (B, 5)."),
        ("about", {"z": MARKED}, "z must"),
        ("about", {"z": [math.nan] * 5}, "z must be finite: it holds NaN or infinity."),
        ("about", {"z": [1e7] * 5}, "z must lie within ±1e+06."),
        ("about", {"k": 25}, "k must be a whole number from 1 to 24."),
        ("about", {"k": 0}, "k must be a whole number from 1 to"),
        ("about", {"k": True}, "k must be a whole number from 1 to"),
        ("about", {"k": 6.0}, "k must be a whole number from 1 to"),
        ("own", {"k": 25}, "k must be a whole number from 1 to 24."),
        ("select", {"points": []}, NONE_SELECTED),
        ("select", {"points": [0] * 501}, "points must be a list of at most 500 points."),
        ("select", {"points": list(range(10_000))}, "points must be a list of at most 500 points."),
        ("select", {"points": MARKED}, "points must be a list of at most 500 points."),
        ("select", {"points": {"0": 1}}, "points must be a list of at most 500 points."),
        ("select", {"points": [500]}, EACH_POINT),
        ("select", {"points": [-1]}, EACH_POINT),
        ("select", {"points": [True]}, EACH_POINT),
        ("select", {"points": [1.0]}, EACH_POINT),
        ("select", {"points": [MARKED]}, EACH_POINT),
        ("select", {"points": [[0]]}, EACH_POINT),
        ("select", {"points": [10**400]}, EACH_POINT),
        ("select", {"points": [math.nan]}, EACH_POINT),
        ("walk_file", {"kind": MARKED}, "kind must be gif or npz"),
        ("walk_file", {"kind": None}, "kind must be gif or npz"),
        ("walk_file", {"speed": 19}, "kind must be gif or npz, and speed from 20 to 2,000 milliseconds."),
        ("walk_file", {"speed": 2_001}, "kind must be gif or npz, and speed from 20 to 2,000 milliseconds."),
        ("walk_file", {"speed": True}, "kind must be gif or npz, and speed from 20 to 2,000 milliseconds."),
        ("walk_file", {"speed": 80.5}, "kind must be gif or npz, and speed from 20 to 2,000 milliseconds."),
        ("walk_file", {"speed": math.nan}, "kind must be gif or npz, and speed from 20 to 2,000 milliseconds."),
        ("walk_file", {"steps": 25}, "A walk has at most 24 steps from one anchor to the next."),
        ("walk_file", {"anchors": [ZEROS] * 10_000}, "anchors must be a list of at most 5 anchors."),
        ("selection_file", {"points": []}, NONE_SELECTED),
        ("selection_file", {"kind": "exe"}, "kind must be csv or npz."),
        ("selection_file", {"kind": ["csv"]}, "kind must be csv or npz."),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_a_senseless_question_is_refused_with_a_sentence(
    tools: MapTools, model: str, tool: str, changed: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(sentence)}") as refusal:
        getattr(tools, tool)(model, **{**SENSIBLE[tool], **changed})
    assert_sentence(refusal.value)


def test_every_public_method_is_asked_by_the_page_or_by_a_client() -> None:
    assert set(TOOLS) == {name for name in vars(MapTools) if not name.startswith("_")}
    assert all(tool.page or tool.client for tool in TOOLS.values())


def test_every_question_has_a_sensible_form(tools: MapTools, model: str) -> None:
    of_no_map, of_recorded = {"models"}, {"beside", "tsne", "formation"}  # asked in tests of their own
    assert set(SENSIBLE) == set(TOOLS) - of_no_map - of_recorded
    for tool, arguments in SENSIBLE.items():
        json.dumps(getattr(tools, tool)(model, **arguments), allow_nan=False)


@pytest.mark.parametrize(("tool", "argument"), [(tool, name) for tool, given in SENSIBLE.items() for name in given])
def test_whatever_is_asked_is_answered_or_refused_with_a_sentence(
    tools: MapTools, model: str, tool: str, argument: str
) -> None:
    def ask(value: Any) -> None:
        try:
            answer = getattr(tools, tool)(model, **{**SENSIBLE[tool], argument: value})
        except ValueError as error:
            assert_sentence(error)
        else:
            json.dumps(answer, allow_nan=False)

    for value in ANYTHING:
        ask(value)


@pytest.mark.parametrize("tool", sorted({*SENSIBLE} - {"map_decode"}))  # of which a place is read first
def test_a_map_that_is_not_there_is_refused_with_the_names_there_are(tools: MapTools, tool: str) -> None:
    for name in (MARKED, "", "../../etc/passwd", None, 3, ["digits"], {"a": 1}, "\ud800", math.nan):
        with pytest.raises(UnknownModel, match="There is no map of that name; there are ") as refusal:
            getattr(tools, tool)(name, **SENSIBLE[tool])
        assert MARKED not in str(refusal.value)
        assert "passwd" not in str(refusal.value)


@pytest.mark.parametrize("tool", [tool for tool, given in SENSIBLE.items() if "plane" in given])
@pytest.mark.parametrize(
    "name", [MARKED, "", "pca", "z0-z5", "z1-z1", "p0-p1-p500", "p1-p1-p2", "../../etc/passwd", "z0-z1\x00", "\ud800"]
)
def test_a_plane_that_is_none_is_refused_with_a_sentence(tools: MapTools, model: str, tool: str, name: str) -> None:
    with pytest.raises(ValueError, match=r"^(A plane is named|Each (point|dimension) of a plane) .*\.$") as refusal:
        getattr(tools, tool)(model, **{**SENSIBLE[tool], "plane": name})
    assert_sentence(refusal.value)
    assert "passwd" not in str(refusal.value)


@pytest.mark.parametrize("tool", [tool for tool, given in SENSIBLE.items() if "plane" in given])
def test_a_plane_that_is_no_text_is_refused_with_a_sentence(tools: MapTools, model: str, tool: str) -> None:
    for plane in (3, True, ["z0-z1"], {"z0": "z1"}, math.nan):
        with pytest.raises(ValueError, match=r"^plane must be the name of a plane, or left out\.$"):
            getattr(tools, tool)(model, **{**SENSIBLE[tool], "plane": plane})


def test_a_map_of_two_dimensions_has_no_other_planes(tools: MapTools, flat_model: str) -> None:
    with pytest.raises(ValueError, match=r"^digits has two dimensions: its map shows all of it\.$"):
        tools.lattice(flat_model, **BOUNDS, n=3, plane="z0-z1")


ODD: list[Any] = [
    None,
    True,
    {},
    {"a": 1},
    [],
    [[]],
    [{}],
    [None] * 5,
    "",
    MARKED,
    "\0",
    "\ud800",
    -1,
    0,
    10**400,
    1e300,
    float("nan"),
    float("inf"),
    2**63,
    "x" * 10_000,
]
ASKED: dict[str, dict[str, Any]] = {
    "lattice": {**BOUNDS, "n": 2},
    "trust_map": {**BOUNDS, "n": 2},
    "interpolate": {"a": [0.0] * 5, "b": [1.0] * 5, "steps": 2},
    "walk": {"anchors": [[0.0] * 5, [1.0] * 5]},
    "walk_file": {"anchors": [[0.0] * 5, [1.0] * 5]},
    "sample": {"n": 2},
    "samples": {"n": 2},
    "neighbours": {"latents": [[0.0] * 5], "k": 2},
    "trust": {"latents": [[0.0] * 5]},
    "classify": {"images": np.zeros((1, 8, 8)).tolist()},
    "about": {"z": [0.0] * 5},
    "own": {"width": 8, "height": 8, "pixels": base64.b64encode(bytes(range(64))).decode()},
    "select": {"points": [1, 2]},
    "selection_file": {"points": [1, 2]},
    "beside": {},
    "tsne": {},
    "formation": {},
}


@pytest.mark.parametrize("name", ASKED)
@pytest.mark.usefixtures("looked_for")
def test_whatever_json_a_question_holds_it_is_answered_or_refused_with_a_sentence_of_our_own(
    name: str, tools: MapTools, model: str
) -> None:
    tool = getattr(tools, name)
    usual = {"model": model, **ASKED[name], **({"other": model} if name == "beside" else {})}
    for parameter in inspect.signature(tool).parameters:
        for odd in ODD:
            error = refused(tool, {**usual, parameter: odd})
            if error is not None:
                assert re.fullmatch(r"[A-Za-z].*\.", str(error), re.DOTALL), (parameter, odd)
                assert MARKED not in str(error)
                *_, (raised, _) = traceback.walk_tb(error.__traceback__)
                assert Path(raised.f_code.co_filename).is_relative_to(Path(explorer.__file__).parent), (parameter, odd)


def refused(tool: Callable[..., Any], arguments: dict[str, Any]) -> ValueError | None:
    try:
        json.dumps(tool(**arguments), allow_nan=False)
    except ValueError as error:
        return error
    return None
