"""Raw latents become a pipeline's, and back, as diffusers' pipelines do it."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file, save_file

import explorer
from explorer.photos.files import save, snippet
from explorer.photos.scaling import Scaling
from explorer.photos.weights import WEIGHTS

MEAN, STD = [-1.6574, 1.886, -1.383, 2.5155], [8.4927, 5.9022, 6.5498, 5.2299]
KINDS = [
    {"scaling_factor": 0.18215},
    {"scaling_factor": 1.5305, "shift_factor": 0.0609},
    {"scaling_factor": 0.5, "latents_mean": MEAN, "latents_std": STD},
    {"scaling_factor": 0.5, "shift_factor": 3.0, "latents_mean": MEAN, "latents_std": STD},
]


@pytest.fixture(params=KINDS, ids=["factor", "shift", "mean and deviation", "all of them"])
def scaled_vae(request: pytest.FixtureRequest, small_vae: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "scaled"
    folder.mkdir()
    config = json.loads((small_vae / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | request.param))
    save_file(load_file(small_vae / WEIGHTS), folder / WEIGHTS)
    return folder


def test_latents_are_those_of_the_models_own_pipeline(scaled_vae: Path, request: pytest.FixtureRequest) -> None:
    from diffusers import AutoencoderKL

    config = request.node.callspec.params["scaled_vae"]
    factor, shift = config["scaling_factor"], config.get("shift_factor", 0.0)
    plain = AutoencoderKL.from_pretrained(scaled_vae).eval()
    photo = Image.fromarray(np.random.default_rng(1).integers(0, 256, (64, 48, 3), dtype=np.uint8))
    pixels = torch.from_numpy(np.asarray(photo).copy()).permute(2, 0, 1)[None].float().div(255) * 2 - 1
    with torch.no_grad():
        posterior = plain.encode(pixels).latent_dist
    mean, std = (torch.tensor(values).view(1, 4, 1, 1) for values in (MEAN, STD))
    vae = explorer.load_vae(scaled_vae, device="cpu", dtype=torch.float32)
    latents = vae.pil_to_latent(photo)
    found_mean, deviation = vae.posterior(photo)
    assert deviation is not None
    if "latents_mean" in config:  # StableDiffusionXLImg2ImgPipeline.prepare_latents, StableDiffusionXLPipeline.__call__
        expected = (posterior.mode() - mean) * factor / std
        back = expected * std / factor + mean
        spread = posterior.std * factor / std
    else:
        expected = (posterior.mode() - shift) * factor
        back = expected / factor + shift
        spread = posterior.std * factor
    assert torch.equal(latents, expected)
    assert torch.equal(found_mean, expected)
    assert torch.allclose(deviation, spread, rtol=1e-6)
    with torch.no_grad():
        image = (plain.decode(back).sample / 2 + 0.5).clamp(0, 1)[0].permute(1, 2, 0).numpy()
    np.testing.assert_array_equal(np.asarray(vae.latents_to_pil(latents)[0]), (image * 255).round().astype(np.uint8))


def test_the_snippet_undoes_every_kind_of_scaling(
    scaled_vae: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    vae = explorer.load_vae(scaled_vae, device="cpu", dtype=torch.float32)
    latents, size = np.random.default_rng(2).normal(0, 1, (4, 5, 7)).astype(np.float32), (53, 39)
    save(tmp_path / "latents.safetensors", latents, vae.name, vae.scaling, size)
    monkeypatch.chdir(tmp_path)
    exec(compile(snippet(vae.name, vae.kind, vae.scaling, size), "snippet", "exec"), {})  # noqa: S102
    with Image.open(tmp_path / "reconstruction.png") as found:
        np.testing.assert_array_equal(found, vae.latents_to_pil(latents[None], size)[0])


@pytest.mark.parametrize("options", [{"subfolder": "vae"}, {"subfolder": "vae", "variant": "fp16"}], ids=str)
def test_the_snippet_opens_a_pipelines_folder_and_a_variant(
    options: dict[str, str], small_vae: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from diffusers import AutoencoderKL

    AutoencoderKL.from_pretrained(small_vae).save_pretrained(tmp_path / "a" / "vae", variant=options.get("variant"))
    vae = explorer.load_vae(tmp_path / "a", device="cpu", dtype=torch.float32)
    assert vae.options == options
    latents = np.random.default_rng(2).normal(0, 1, (4, 2, 3)).astype(np.float32)
    save(tmp_path / "latents.safetensors", latents, vae.name, vae.scaling, (24, 16))
    monkeypatch.chdir(tmp_path)
    exec(compile(snippet(vae.name, vae.kind, vae.scaling, (24, 16), vae.options), "snippet", "exec"), {})  # noqa: S102
    with Image.open(tmp_path / "reconstruction.png") as found:
        np.testing.assert_array_equal(found, vae.latents_to_pil(latents[None])[0])


@pytest.mark.parametrize("config", KINDS)
def test_arrays_and_tensors_are_scaled_alike_and_back(config: dict) -> None:
    scaling = Scaling.of(config)
    raw = np.random.default_rng(3).normal(0, 5, (2, 4, 3, 5)).astype(np.float32)
    there = scaling.apply(raw)
    assert there.dtype == np.float32
    np.testing.assert_array_equal(there, scaling.apply(torch.from_numpy(raw)).numpy())
    np.testing.assert_allclose(scaling.undo(there), raw, atol=1e-5)


def test_a_mean_without_a_deviation_is_passed_over_as_by_diffusers() -> None:
    assert Scaling.of({"scaling_factor": 0.5, "latents_mean": MEAN}) == Scaling(0.5)
    assert Scaling.of({"scaling_factor": 0.5, "latents_std": STD, "shift_factor": 0.1}) == Scaling(0.5, 0.1)


@pytest.mark.parametrize("config", KINDS)
def test_what_a_file_says_of_a_scaling_is_read_again(config: dict) -> None:
    scaling = Scaling.of(config)
    assert Scaling.from_metadata({"model": "x", **scaling.metadata()}) == scaling
    assert Scaling.from_metadata({"model": "x"}) is None
