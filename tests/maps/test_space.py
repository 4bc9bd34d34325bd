"""A checkpoint opened: points to pictures and back, and all that is refused."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

import explorer
from explorer.maps import datasets, latent_space
from explorer.maps.latent_space import LatentSpace
from explorer.maps.recipes import RECIPES

Copied = Callable[[Path], Path]


@pytest.fixture
def space(digits_checkpoint: Path) -> LatentSpace:
    return explorer.load(digits_checkpoint, device="cpu")


@pytest.fixture
def space_5d(digits_checkpoint_5d: Path) -> LatentSpace:
    return explorer.load(digits_checkpoint_5d, device="cpu")


def test_a_checkpoint_says_what_it_is(digits_checkpoint_5d: Path, space_5d: LatentSpace) -> None:
    assert (space_5d.name, space_5d.latent_dim, space_5d.image_shape) == (digits_checkpoint_5d.name, 5, (8, 8))
    assert space_5d.class_names == list("0123456789")
    assert space_5d.config["architecture"]["width"] == 16
    assert space_5d.config["data"] == "digits"


def test_the_points_of_a_checkpoint_have_the_promised_shapes_and_types(space_5d: LatentSpace) -> None:
    arrays = {name: getattr(space_5d, name) for name in ("latents", "labels", "logvar", "plane", "origin")}
    assert {name: (array.shape, array.dtype) for name, array in arrays.items()} == {
        "latents": ((500, 5), np.float32),
        "labels": ((500,), np.int64),
        "logvar": ((500, 5), np.float32),
        "plane": ((500, 2), np.float32),
        "origin": ((5,), np.float32),
    }


@pytest.mark.parametrize("name", ["latents", "labels", "logvar", "plane", "origin"])
def test_the_points_of_a_checkpoint_are_read_only(name: str, space: LatentSpace) -> None:
    with pytest.raises(ValueError, match="read-only"):
        getattr(space, name)[0] = 0


@pytest.mark.parametrize("count", [0, 1, 3, 1500])
def test_decoding_gives_one_image_between_0_and_1_for_each_latent(count: int, space: LatentSpace) -> None:
    images = space.decode(np.random.default_rng(0).normal(0, 1000, (count, 2)))
    assert (images.shape, images.dtype) == ((count, 8, 8), np.float32)
    assert (images >= 0).all()
    assert (images <= 1).all()


@pytest.mark.parametrize("count", [0, 1, 3])
def test_encoding_gives_one_latent_for_each_image(count: int, space_5d: LatentSpace) -> None:
    latents = space_5d.encode(np.ones((count, 8, 8)))
    assert (latents.shape, latents.dtype) == ((count, 5), np.float32)


def test_encoding_the_test_set_gives_the_points_of_the_map(space: LatentSpace) -> None:
    images = datasets.load("digits").images / np.float32(255)
    np.testing.assert_allclose(space.encode(images), space.latents, atol=1e-5)


def test_the_points_of_the_map_can_be_decoded_though_they_are_read_only(space: LatentSpace) -> None:
    assert space.decode(space.latents[:2]).shape == (2, 8, 8)


def test_plain_lists_are_accepted(space: LatentSpace) -> None:
    np.testing.assert_array_equal(space.decode([[1, 2]]), space.decode(np.array([[1, 2]], np.float32)))


def test_a_clicked_point_decodes_to_its_own_reconstruction(space_5d: LatentSpace) -> None:
    clicked = space_5d.from_plane(space_5d.plane[7:8], anchor=space_5d.latents[7])
    np.testing.assert_array_equal(space_5d.decode(clicked), space_5d.decode(space_5d.latents[7:8]))


WRONG: dict[str, tuple[Any, str]] = {
    "flat": ([1.0, 2.0], r"shape \(B, 2\), not \(2,\)"),
    "too wide": ([[1.0, 2.0, 3.0]], r"shape \(B, 2\), not \(1, 3\)"),
    "too deep": ([[[1.0, 2.0]]], r"shape \(B, 2\)"),
    "nothing": (None, r"shape \(B, 2\)"),
    "words": ([["a", "b"]], r"numbers of the shape \(B, 2\)"),
    "ragged": ([[1.0, 2.0], [1.0]], r"numbers of the shape \(B, 2\)"),
    "NaN": ([[0.0, np.nan]], "finite"),
    "infinity": ([[0.0, -np.inf]], "finite"),
    "beyond the limit": ([[0.0, 1.1e6]], "within ±1e\\+06"),
    "beyond float32": (np.array([[0.0, 1e300]]), "finite"),
}


@pytest.mark.parametrize("method", ["decode", "to_plane", "from_plane"])
@pytest.mark.parametrize(("value", "sentence"), WRONG.values(), ids=WRONG)
def test_wrong_coordinates_are_refused_with_a_sentence(
    method: str, value: Any, sentence: str, space: LatentSpace
) -> None:
    with pytest.raises(ValueError, match=sentence):
        getattr(space, method)(value)


@pytest.mark.parametrize(
    ("images", "sentence"),
    [
        (np.zeros((8, 8)), r"shape \(B, 8, 8\), not \(8, 8\)"),
        (np.zeros((1, 28, 28)), r"shape \(B, 8, 8\), not \(1, 28, 28\)"),
        (np.full((1, 8, 8), np.nan), "finite"),
        (np.full((1, 8, 8), 255), r"\[0, 1\]"),
        (np.full((1, 8, 8), -0.1), r"\[0, 1\]"),
    ],
    ids=["one image", "another size", "NaN", "bytes", "negative"],
)
def test_wrong_images_are_refused_with_a_sentence(images: np.ndarray, sentence: str, space: LatentSpace) -> None:
    with pytest.raises(ValueError, match=sentence):
        space.encode(images)


def test_a_two_dimensional_space_is_its_own_plane(space: LatentSpace) -> None:
    np.testing.assert_array_equal(space.plane, space.latents)
    np.testing.assert_array_equal(space.to_plane([[1, 2]]), [[1, 2]])
    np.testing.assert_array_equal(space.from_plane([[1, 2]], anchor=[5, 5]), [[1, 2]])


@pytest.mark.parametrize("count", [1, 2, 7, 64, 500])
def test_going_to_the_plane_and_back_with_itself_as_anchor_changes_no_bit(count: int, space_5d: LatentSpace) -> None:
    z = space_5d.latents[:count]
    np.testing.assert_array_equal(space_5d.from_plane(space_5d.to_plane(z), anchor=z), z)


def test_a_points_place_on_the_map_does_not_depend_on_the_points_beside_it(space_5d: LatentSpace) -> None:
    alone = np.concatenate([space_5d.to_plane(z[None]) for z in space_5d.latents[:50]])
    np.testing.assert_array_equal(alone, space_5d.plane[:50])


def test_one_anchor_holds_for_all_places(space_5d: LatentSpace) -> None:
    xy, anchor = [[0, 0], [1, 2], [3, -4]], space_5d.latents[3]
    each = space_5d.from_plane(xy, anchor=np.repeat(anchor[None], 3, axis=0))
    np.testing.assert_array_equal(space_5d.from_plane(xy, anchor=anchor), each)


@pytest.mark.parametrize("anchored", [False, True])
def test_a_place_is_found_again_on_the_map(anchored: bool, space_5d: LatentSpace) -> None:
    xy = np.random.default_rng(0).normal(0, 3, (20, 2)).astype(np.float32)
    z = space_5d.from_plane(xy, anchor=space_5d.latents[3] if anchored else None)
    np.testing.assert_allclose(space_5d.to_plane(z), xy, atol=1e-5)


def test_the_planes_axes_are_orthonormal_and_start_at_the_mean(space_5d: LatentSpace) -> None:
    origin, x, y = space_5d.from_plane([[0, 0], [1, 0], [0, 1]])
    axes = np.stack([x - origin, y - origin])
    np.testing.assert_allclose(axes @ axes.T, np.eye(2), atol=1e-6)
    np.testing.assert_allclose(origin, space_5d.latents.mean(0), atol=1e-6)


def test_the_planes_axes_are_the_two_of_most_variance(space_5d: LatentSpace) -> None:
    spectrum = np.linalg.eigvalsh(np.cov(space_5d.latents.T))[::-1]
    np.testing.assert_allclose(space_5d.plane.var(0, ddof=1), spectrum[:2], rtol=1e-4)


@pytest.mark.parametrize("anchor", [[1, 2], np.zeros((2, 5)), np.full(5, np.nan)], ids=["short", "too few", "NaN"])
def test_a_wrong_anchor_is_refused_with_a_sentence(anchor: Any, space_5d: LatentSpace) -> None:
    with pytest.raises(ValueError, match="anchor must"):
        space_5d.from_plane(np.zeros((3, 2)), anchor=anchor)


def test_a_map_is_opened_once_and_shared(digits_checkpoint: Path, space: LatentSpace) -> None:
    assert explorer.load(str(digits_checkpoint), device="cpu") is space


def test_a_map_is_opened_once_by_many_threads_too(digits_checkpoint: Path, copied: Copied) -> None:
    folder = copied(digits_checkpoint)
    with ThreadPoolExecutor(8) as threads:
        spaces = set(threads.map(lambda _: explorer.load(folder, device="cpu"), range(8)))
    assert len(spaces) == 1


@pytest.mark.parametrize("name", ["model.safetensors", "latents.safetensors", "config.json"])
def test_a_map_whose_files_are_written_again_is_opened_again(
    name: str, digits_checkpoint: Path, copied: Copied
) -> None:
    folder = copied(digits_checkpoint)
    before = explorer.load(folder, device="cpu")
    if name == "config.json":
        config = json.loads((folder / name).read_text())
        (folder / name).write_text(json.dumps(config | {"title": "Trained once more"}))
    else:
        tensors = {
            key: value * 2 if value.dtype.kind == "f" else value for key, value in load_file(folder / name).items()
        }
        save_file(tensors, folder / name)
    after = explorer.load(folder, device="cpu")
    assert after is not before
    places = np.ones((1, 2), np.float32)
    changed = {
        "model.safetensors": not np.array_equal(after.decode(places), before.decode(places)),
        "latents.safetensors": np.array_equal(after.latents, 2 * before.latents),
        "config.json": after.config["title"] == "Trained once more",
    }
    assert [key for key, value in changed.items() if value] == [name]
    assert explorer.load(folder, device="cpu") is after


@pytest.mark.parametrize("name", ["no-such-map", "", "../README.md", "a\0b", "x" * 5000], ids=lambda name: name[:12])
def test_an_unknown_name_is_refused_with_the_names_there_are(
    name: str, digits_checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf = digits_checkpoint.parent / "shelf"
    shelf.mkdir(exist_ok=True)
    if not (shelf / "digits-vae-2d").exists():
        (shelf / "digits-vae-2d").symlink_to(digits_checkpoint)
    monkeypatch.setattr(latent_space, "CHECKPOINTS", shelf)
    with pytest.raises(ValueError, match=r"no map of that name; there are digits-vae-2d\.$"):
        explorer.load(name)


def test_a_device_that_is_not_there_is_refused_with_a_sentence(digits_checkpoint: Path) -> None:
    with pytest.raises(ValueError, match="There is no device abacus here"):
        explorer.load(digits_checkpoint, device="abacus")


def damage(file: Path, **arrays: np.ndarray | None) -> Path:
    """Replace some arrays of a safetensors file; None takes one away. -> its folder"""
    tensors = {**load_file(file), **arrays}
    save_file({key: value for key, value in tensors.items() if value is not None}, file)
    return file.parent


DAMAGE: dict[str, tuple[dict[str, np.ndarray | None], str]] = {
    "no points": ({"mean": None}, r"does not hold \(N, 5\) encoded points"),
    "no labels": ({"label": None}, r"does not hold \(N, 5\) encoded points"),
    "points of another space": ({"mean": np.zeros((500, 4), np.float32)}, r"does not hold \(N, 5\) encoded points"),
    "points that are flat": ({"mean": np.zeros(500, np.float32)}, r"does not hold \(N, 5\) encoded points"),
    "points that are not numbers": ({"mean": np.full((500, 5), np.nan, np.float32)}, "out of range"),
    "no points at all": ({"mean": np.zeros((0, 5), np.float32), "label": np.zeros(0, np.int64)}, "out of range"),
    "too few labels": ({"label": np.zeros(499, np.int64)}, "out of range"),
    "labels beyond the class names": ({"label": np.full(500, 10)}, "out of range"),
    "labels below 0": ({"label": np.full(500, -1)}, "out of range"),
    "too few log-variances": ({"logvar": np.zeros((499, 5), np.float32)}, "a log-variance for each"),
    "log-variances that are not finite": ({"logvar": np.full((500, 5), np.inf, np.float32)}, "a log-variance for each"),
    "no plane": ({"plane_axes": None}, "does not hold the plane"),
    "a plane of another space": ({"plane_origin": np.zeros(4, np.float32)}, "does not hold the plane"),
    "a plane that is not finite": ({"plane_axes": np.full((2, 5), np.nan, np.float32)}, "axes are not orthonormal"),
    "a plane that is squeezed": ({"plane_axes": np.eye(2, 5, dtype=np.float32) / 2}, "axes are not orthonormal"),
}


@pytest.mark.parametrize(("arrays", "sentence"), DAMAGE.values(), ids=DAMAGE)
def test_damaged_points_are_refused_with_a_sentence(
    arrays: dict[str, np.ndarray | None], sentence: str, digits_checkpoint_5d: Path, copied: Copied
) -> None:
    folder = damage(copied(digits_checkpoint_5d) / "latents.safetensors", **arrays)
    with pytest.raises(ValueError, match=rf"latents\.safetensors .*{sentence}"):
        explorer.load(folder, device="cpu")


def test_missing_points_are_refused_with_a_sentence(digits_checkpoint: Path, copied: Copied) -> None:
    folder = copied(digits_checkpoint)
    (folder / "latents.safetensors").unlink()
    with pytest.raises(ValueError, match=r"latents\.safetensors is missing"):
        explorer.load(folder)


def test_truncated_points_are_refused_with_a_sentence(digits_checkpoint: Path, copied: Copied) -> None:
    file = copied(digits_checkpoint) / "latents.safetensors"
    file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(ValueError, match=r"latents\.safetensors is truncated"):
        explorer.load(file.parent)


def test_all_six_maps_are_shipped_in_the_order_in_which_they_teach() -> None:
    assert explorer.available() == list(RECIPES)


@pytest.mark.parametrize("name", RECIPES)
def test_a_shipped_map_opens_and_decodes_its_own_points(name: str) -> None:
    space, recipe = explorer.load(name, device="cpu"), RECIPES[name]
    assert (space.name, space.latent_dim) == (name, recipe.architecture.latent_dim)
    assert (space.config["data"], space.config["loss"]) == (recipe.data, recipe.loss)
    assert space.config["architecture"]["variational"] == recipe.architecture.variational
    images = space.decode(space.latents[:4])
    assert images.shape == (4, *space.image_shape)
    assert images.std(0).max() > 0.1  # four test images are not all decoded alike
    assert len(np.unique(space.labels)) == 10
