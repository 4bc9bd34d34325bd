"""Latents as files: what is written is read again, and what is no latents is refused with a sentence."""

import pickle
import struct
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors import safe_open
from safetensors.numpy import save_file
from safetensors.torch import save_file as save_torch

import explorer
from explorer.photos import files as latent_files
from explorer.photos.files import LatentFile, load, save, snippet
from explorer.photos.scaling import Scaling

LATENTS = np.random.default_rng(0).normal(0, 1, (4, 5, 7)).astype(np.float32)
NPY = "lat.npy", "lat.safetensors"


def written(file: Path, array: Any, metadata: dict[str, str] | None = None) -> Path:
    """An array as a file of the kind that its suffix names."""
    if file.suffix == ".npy":
        np.save(file, array, allow_pickle=True)
    else:
        save_file({"latents": np.ascontiguousarray(array)}, file, metadata)
    return file


def test_a_safetensors_file_says_what_it_holds(tmp_path: Path) -> None:
    file = tmp_path / "latents.safetensors"
    save(file, LATENTS, "some/model", 0.18215, (53, 39))
    read = load(file)
    assert (read.size, read.model) == ((53, 39), "some/model")
    assert (read.latents.shape, read.latents.dtype) == ((4, 5, 7), np.float32)
    np.testing.assert_array_equal(read.latents, LATENTS)
    with safe_open(file, "np") as opened:
        assert opened.metadata() == {
            "model": "some/model",
            "scaling_factor": "0.18215",
            "width": "53",
            "height": "39",
        }
        assert opened.get_tensor("latents").shape == (1, 4, 5, 7)


def test_an_npy_file_holds_the_array_alone(tmp_path: Path) -> None:
    file = tmp_path / "latents.npy"
    save(file, LATENTS, "some/model", 0.18215, (53, 39))
    read = load(file)
    assert (read.size, read.model) == (None, "")
    np.testing.assert_array_equal(read.latents, LATENTS)
    assert np.load(file, allow_pickle=False).shape == (1, 4, 5, 7)


@pytest.mark.parametrize("suffix", [".npy", ".safetensors"])
def test_latents_that_do_not_lie_in_order_are_written_as_they_are(suffix: str, tmp_path: Path) -> None:
    file = tmp_path / f"latents{suffix}"
    turned = LATENTS.transpose(0, 2, 1)[:, ::-1].astype(np.float64)
    save(file, turned, "", 1.0, (40, 56))
    np.testing.assert_array_equal(load(file).latents, turned.astype(np.float32))


@pytest.mark.parametrize("name", NPY)
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_floats_of_any_width_and_both_shapes_are_read(dtype: type, name: str, tmp_path: Path) -> None:
    for array in (LATENTS.astype(dtype), LATENTS[None].astype(dtype)):
        read = load(written(tmp_path / name, array))
        assert read.latents.dtype == np.float32
        np.testing.assert_array_equal(read.latents, LATENTS.astype(dtype).astype(np.float32))


def test_an_array_of_another_machine_or_order_is_read(tmp_path: Path) -> None:
    for array in (LATENTS.astype(">f4"), np.asfortranarray(LATENTS)):
        np.testing.assert_array_equal(load(written(tmp_path / "l.npy", array)).latents, LATENTS)


def test_the_name_of_the_array_and_of_the_file_do_not_matter(tmp_path: Path) -> None:
    save_file({"anything": LATENTS}, tmp_path / "first.bin")
    written(tmp_path / "second.npy", LATENTS).rename(tmp_path / "second.safetensors")
    for name in ("first.bin", "second.safetensors"):
        np.testing.assert_array_equal(load(tmp_path / name).latents, LATENTS)


@pytest.mark.parametrize("name", NPY)
def test_what_was_read_may_be_changed(name: str, tmp_path: Path) -> None:
    read = load(written(tmp_path / name, LATENTS)).latents
    read += 1
    assert read.flags.c_contiguous


WRONG: dict[str, tuple[np.ndarray, str]] = {
    "whole numbers": (np.ones((1, 4, 2, 2), np.int32), "must be floating-point numbers"),
    "bytes": (np.ones((1, 4, 2, 2), np.uint8), "must be floating-point numbers"),
    "booleans": (np.ones((1, 4, 2, 2), bool), "must be floating-point numbers"),
    "complex": (np.ones((1, 4, 2, 2), np.complex64), "must be floating-point numbers"),
    "flat": (np.ones(16, np.float32), "must have the shape"),
    "a picture": (np.ones((16, 16), np.float32), "must have the shape"),
    "two videos": (np.ones((2, 4, 3, 2, 2), np.float32), "of a video of several frames"),
    "six dimensions": (np.ones((1, 1, 1, 4, 2, 2), np.float32), "must have the shape"),
    "FLUX.1's tokens": (np.ones((1, 1024, 64), np.float32), "FLUX's packed latents"),
    "FLUX.2's tokens": (np.ones((1, 1024, 128), np.float16), "FLUX's packed latents"),
    "a video": (np.ones((1, 1, 4, 2, 2), np.float32), "must have the shape"),
    "a number": (np.float32(3), "must have the shape"),
    "no cells": (np.ones((1, 4, 0, 2), np.float32), "must have the shape"),
    "no batch": (np.ones((0, 4, 2, 2), np.float32), "must have the shape"),
    "NaN": (np.full((1, 4, 2, 2), np.nan, np.float32), "must be finite"),
    "infinity": (np.full((1, 4, 2, 2), -np.inf, np.float16), "must be finite"),
    "beyond float32": (np.full((1, 4, 2, 2), 1e300), "must be finite"),
    "too many cells": (np.zeros((1, 1, 1001, 1000), np.float16), "more than 64 megapixels"),
}


@pytest.mark.parametrize("name", NPY)
@pytest.mark.parametrize(("array", "sentence"), WRONG.values(), ids=WRONG)
def test_what_is_no_latents_is_refused_with_a_sentence(
    array: np.ndarray, sentence: str, name: str, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match=sentence):
        load(written(tmp_path / name, array))


class Explosive:
    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return pytest.fail, ("A pickle was opened.",)


def test_pickles_are_never_opened(tmp_path: Path) -> None:
    objects = np.empty((1, 4, 2, 2), object)
    objects[:] = Explosive()
    with pytest.raises(ValueError, match="holds Python objects, which are never opened"):
        load(written(tmp_path / "latents.npy", objects))
    for protocol in range(2, 6):
        (tmp_path / f"plain-{protocol}.pt").write_bytes(pickle.dumps(Explosive(), protocol))
    torch.save({"latents": torch.zeros(1, 4, 2, 2)}, tmp_path / "saved.safetensors")
    torch.save(torch.zeros(1, 4, 2, 2), tmp_path / "old.pt", _use_new_zipfile_serialization=False)
    for file in (*tmp_path.glob("*.pt"), tmp_path / "saved.safetensors"):
        with pytest.raises(ValueError, match=r"^That file is a pickle, which is never opened"):
            load(file)
    np.savez(tmp_path / "objects.npz", latents=objects)
    with pytest.raises(ValueError, match=r"neither a \.safetensors nor a \.npy file"):
        load(tmp_path / "objects.npz")


@pytest.mark.parametrize("name", NPY)
@pytest.mark.parametrize("kept", [0, 5, 6, 9, 60, -4])
def test_a_file_that_is_cut_off_is_refused_with_a_sentence(kept: int, name: str, tmp_path: Path) -> None:
    file = written(tmp_path / name, LATENTS)
    file.write_bytes(file.read_bytes()[:kept])
    with pytest.raises(ValueError, match="damaged"):
        load(file)


@pytest.mark.parametrize("name", NPY)
def test_a_damaged_file_is_read_or_refused_with_a_sentence(name: str, tmp_path: Path) -> None:
    random, file = np.random.default_rng(1), written(tmp_path / name, LATENTS)
    content = np.frombuffer(file.read_bytes(), np.uint8)
    for _ in range(300):
        damaged = content.copy()
        damaged[random.integers(0, 128, 2)] = random.integers(0, 256, 2)
        file.write_bytes(damaged.tobytes())
        try:
            assert load(file).latents.dtype == np.float32
        except ValueError as error:
            assert str(error).endswith(".")  # noqa: PT017


HEADERS = [
    "(" * 9000,
    "-" * 9000 + "1",
    "1+" * 4000 + "1",
    "{[]: 1}",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 4, 1000000000, 1000000000)}",
    f"{{'descr': '<f4', 'fortran_order': False, 'shape': ({10**30}, 4, 1, 1)}}",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (True, 4, 2, 2)}",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (-1, -4, 2, 2)}",
    "{'descr': '|O', 'fortran_order': False, 'shape': (1, 4, 2, 2)}",
]


@pytest.mark.parametrize("header", HEADERS, ids=lambda header: header[:5] + header[-20:])
def test_a_hostile_npy_header_is_refused_with_a_sentence(header: str, tmp_path: Path) -> None:
    file = tmp_path / "hostile.npy"
    file.write_bytes(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() + bytes(64))
    with pytest.raises(ValueError, match="npy file is damaged"):
        load(file)


def test_a_file_of_several_arrays_is_refused_with_a_sentence(tmp_path: Path) -> None:
    save_file({"a": LATENTS, "b": LATENTS}, tmp_path / "two.safetensors")
    save_file({}, tmp_path / "none.safetensors")
    for name, count in (("two", 2), ("none", 0)):
        with pytest.raises(ValueError, match=f"The file holds {count} arrays; latents are one"):
            load(tmp_path / f"{name}.safetensors")


@pytest.mark.parametrize(
    "beside", [{"step": np.array([3])}, {"seed": np.float32(7)}, {"b": np.zeros((4, 4), np.float32)}]
)
def test_a_small_array_beside_the_latents_is_passed_over(beside: dict[str, Any], tmp_path: Path) -> None:
    save_file({"x0": LATENTS, **{k: np.atleast_1d(v) for k, v in beside.items()}}, tmp_path / "l.safetensors")
    np.savez_compressed(tmp_path / "l.npz", x0=LATENTS, **beside)
    for name in ("l.safetensors", "l.npz"):
        np.testing.assert_array_equal(load(tmp_path / name).latents, LATENTS)


@pytest.mark.parametrize("name", ["latents", "latent_tensor", "samples"])
def test_of_several_arrays_of_that_shape_a_usual_name_says_which(name: str, tmp_path: Path) -> None:
    save_file({"a_noise": LATENTS * 2, name: LATENTS, "mask": LATENTS[:1] * 3}, tmp_path / "l.safetensors")
    if name != "latent_tensor":
        np.testing.assert_array_equal(load(tmp_path / "l.safetensors").latents, LATENTS)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float8_e4m3fn, torch.float8_e5m2])
def test_floats_that_numpy_has_not_are_read(dtype: torch.dtype, tmp_path: Path) -> None:
    short = torch.from_numpy(LATENTS)[None].to(dtype)
    save_torch({"latents": short}, tmp_path / "short.safetensors")
    np.testing.assert_array_equal(load(tmp_path / "short.safetensors").latents, short.float().numpy()[0])


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_an_npz_of_one_array_is_read(save: Any, tmp_path: Path) -> None:
    for array in (LATENTS, LATENTS[None].astype(np.float16)):
        save(tmp_path / "l.npz", array)
        np.testing.assert_array_equal(load(tmp_path / "l.npz").latents, array.reshape(LATENTS.shape).astype(np.float32))


def test_an_npz_that_would_unpack_to_too_much_is_not_unpacked(tmp_path: Path) -> None:
    np.savez_compressed(tmp_path / "bomb.npz", np.zeros((1, 4, 4000, 2000), np.float32))
    assert (tmp_path / "bomb.npz").stat().st_size < 200_000
    with pytest.raises(ValueError, match="over 64 MB"):
        load(tmp_path / "bomb.npz")


def test_a_damaged_npz_is_refused_with_a_sentence(tmp_path: Path) -> None:
    file = tmp_path / "l.npz"
    np.savez_compressed(file, LATENTS)
    content = np.frombuffer(file.read_bytes(), np.uint8)
    random = np.random.default_rng(2)
    for _ in range(200):
        damaged = content.copy()
        damaged[random.integers(0, len(damaged), 4)] = random.integers(0, 256, 4)
        file.write_bytes(damaged[: random.integers(0, len(damaged) + 1)].tobytes())
        try:
            assert load(file).latents.dtype == np.float32
        except ValueError as error:
            assert str(error).endswith(".")  # noqa: PT017


@pytest.mark.parametrize("suffix", [".npy", ".safetensors"])
def test_one_frame_of_a_video_is_a_picture(suffix: str, tmp_path: Path) -> None:
    read = load(written(tmp_path / f"frame{suffix}", LATENTS[None, :, None]))
    np.testing.assert_array_equal(read.latents, LATENTS)
    assert read.notes == ()


@pytest.mark.parametrize("suffix", [".npy", ".safetensors"])
def test_of_a_batch_the_first_is_taken_and_a_sentence_says_so(suffix: str, tmp_path: Path) -> None:
    read = load(written(tmp_path / f"batch{suffix}", np.stack([LATENTS, LATENTS + 1, LATENTS + 2])))
    np.testing.assert_array_equal(read.latents, LATENTS)
    assert read.notes == ("The file holds latents of 3 pictures: the first of them is shown.",)


@pytest.mark.parametrize("name", ["comfy.latent", "comfy.safetensors"])
def test_comfy_uis_latents_are_scaled_where_their_mark_says_that_they_are_raw(name: str, tmp_path: Path) -> None:
    mark = {"latent_format_version_0": np.zeros(0, np.float32)}
    save_file({"latent_tensor": LATENTS[None] / np.float32(0.18215), **mark}, tmp_path / name, {"prompt": "{}"})
    read = load(tmp_path / name)
    np.testing.assert_allclose(read.latents, LATENTS, rtol=1e-6)
    assert (read.model, read.scaling) == ("", Scaling(0.18215))
    save_file({"latent_tensor": LATENTS[None]}, tmp_path / name)
    np.testing.assert_array_equal(load(tmp_path / name).latents, LATENTS)


@pytest.mark.parametrize(
    "scaling",
    [Scaling(0.5), Scaling(1.5305, 0.0609), Scaling(0.5, mean=(-1.6, 1.9, 0.0, 2.5), std=(8.5, 5.9, 6.5, 5.2))],
)
def test_a_safetensors_file_says_how_its_latents_were_scaled(scaling: Scaling, tmp_path: Path) -> None:
    save(tmp_path / "l.safetensors", LATENTS, "some/model", scaling, (53, 39))
    assert load(tmp_path / "l.safetensors").scaling == scaling


@pytest.mark.parametrize("factor", ["", "0", "-1", "NaN", "1e400", "word", "[1]", "(" * 9000, "[" * 9000, "true"])
def test_a_scaling_that_cannot_be_is_not_believed(factor: str, tmp_path: Path) -> None:
    assert load(written(tmp_path / "l.safetensors", LATENTS, {"scaling_factor": factor})).scaling is None


def test_a_large_file_is_not_read(tmp_path: Path) -> None:
    file = tmp_path / "large.npy"
    with file.open("wb") as opened:
        opened.truncate(latent_files.MAX_BYTES + 1)
    with pytest.raises(ValueError, match="over 64 MB"):
        load(file)


LIES: list[dict[str, str]] = [
    {"width": "57", "height": "40"},
    {"width": "56", "height": "32"},
    {"width": "40", "height": "56"},
    {"width": "0", "height": "0"},
    {"width": "-56", "height": "40"},
    {"width": "56.0", "height": "40"},
    {"width": "fifty", "height": "40"},
    {"width": "9" * 4000, "height": "40"},
    {"width": "56"},
    {"width": "", "height": ""},
]


@pytest.mark.parametrize("metadata", LIES, ids=lambda metadata: str(metadata)[:40])
def test_a_size_that_does_not_fit_the_latents_is_not_believed(metadata: dict[str, str], tmp_path: Path) -> None:
    assert load(written(tmp_path / "lies.safetensors", LATENTS, metadata)).size is None


@pytest.mark.parametrize("size", [(56, 40), (49, 33), (50, 40)])
def test_a_size_that_fits_the_latents_is_believed(size: tuple[int, int], tmp_path: Path) -> None:
    metadata = {"width": str(size[0]), "height": str(size[1])}
    assert load(written(tmp_path / "true.safetensors", LATENTS, metadata)).size == size


def test_a_models_name_is_cut_to_a_line(tmp_path: Path) -> None:
    assert len(load(written(tmp_path / "long.safetensors", LATENTS, {"model": "x" * 10_000})).model) == 200


def test_a_file_says_nothing_by_default() -> None:
    assert (LatentFile(LATENTS).size, LatentFile(LATENTS).model) == (None, "")


@pytest.mark.parametrize("kind", ["small_vae", "small_tiny"])
def test_the_snippet_decodes_to_the_same_picture(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    vae = explorer.load_vae(request.getfixturevalue(kind), device="cpu")
    latents, size = np.random.default_rng(2).normal(0, 1, (4, 5, 7)).astype(np.float32), (53, 39)
    save(tmp_path / "latents.safetensors", latents, vae.name, vae.scaling_factor, size)
    monkeypatch.chdir(tmp_path)
    code = snippet(vae.name, vae.kind, vae.scaling_factor, size)
    exec(compile(code, "snippet", "exec"), {})  # noqa: S102
    with Image.open(tmp_path / "reconstruction.png") as found:
        np.testing.assert_array_equal(found, vae.latents_to_pil(latents[None], size)[0])


def test_the_snippet_keeps_a_hostile_name_in_its_quotes() -> None:
    name = "a')\nimport this #\\"
    assert f"from_pretrained({name!r})" in snippet(name, "AutoencoderKL", 0.5, (1, 1))
    assert "this" not in sys.modules
