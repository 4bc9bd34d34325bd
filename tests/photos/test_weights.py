"""Weights as people have them: saved by older diffusers, in half precision only, in parts, with more than is needed."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from fake_hub import FakeHub, serve
from huggingface_hub import constants
from PIL import Image
from random_models import random_vae
from safetensors.torch import load_file, save_file
from torch import Tensor

import explorer
from explorer.photos.weights import WEIGHTS, choose, parts

OLD = {"to_q": "query", "to_k": "key", "to_v": "value", "to_out.0": "proj_attn"}  # before diffusers 0.15
PHOTO = Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8))
Tensors = dict[str, Tensor]


def legacy(name: str) -> str:
    for new, old in OLD.items():
        name = name.replace(f"attentions.0.{new}.", f"attentions.0.{old}.")
    return name


@pytest.fixture(scope="module")
def attentive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a small AutoencoderKL that has attention, as Stable Diffusion's has."""
    folder = tmp_path_factory.mktemp("attentive") / "model"
    random_vae(norm_num_groups=4).save_pretrained(folder)
    return folder


@pytest.fixture
def saved_again(attentive: Path, tmp_path: Path) -> Callable[..., Path]:
    """A function that copies the model with its tensors changed."""

    def save(change: Callable[[Tensors], Tensors], name: str = WEIGHTS) -> Path:
        folder = tmp_path / "again"
        shutil.copytree(attentive, folder)
        tensors = load_file(folder / WEIGHTS)
        (folder / WEIGHTS).unlink()
        save_file(change(tensors), folder / name, {"format": "pt"})
        return folder

    return save


def latents(folder: Path) -> Tensor:
    return explorer.load_vae(folder, device="cpu", dtype=torch.float32).pil_to_latent(PHOTO)


def renamed(tensors: Tensors) -> Tensors:
    return {legacy(name): tensor for name, tensor in tensors.items()}


def convolved(tensors: Tensors) -> Tensors:
    """The attention's matrices as those of convolutions of one pixel, (C, C, 1, 1)."""
    return {
        name: tensor[:, :, None, None].clone() if "attentions" in name and tensor.ndim == 2 else tensor
        for name, tensor in tensors.items()
    }


def half_renamed(tensors: Tensors) -> Tensors:
    return {legacy(name) if name.startswith("decoder") else name: tensor for name, tensor in tensors.items()}


@pytest.mark.parametrize(
    "change",
    [renamed, convolved, half_renamed, lambda tensors: renamed(convolved(tensors))],
    ids=["old names", "as convolutions", "old names of the decoder", "old names and as convolutions"],
)
def test_the_names_and_shapes_of_older_attention_give_the_same_latents(
    change: Callable[[Tensors], Tensors], attentive: Path, saved_again: Callable[..., Path]
) -> None:
    folder = saved_again(change)
    assert torch.equal(latents(folder), latents(attentive))
    assert explorer.load_vae(folder, device="cpu", dtype=torch.float32).warnings == ()


def test_a_full_size_model_under_the_old_names_gives_the_latents_of_the_renamed_one(tmp_path: Path) -> None:
    model = random_vae((128, 256, 512, 512), layers_per_block=2, sample_size=512)  # Stable Diffusion 1.5's
    model.save_config(tmp_path / "vae")
    config = json.loads((tmp_path / "vae" / "config.json").read_text())
    for later in ("scaling_factor", "shift_factor", "latents_mean", "latents_std", "force_upcast", "use_quant_conv"):
        del config[later]  # as in those days
    (tmp_path / "vae" / "config.json").write_text(json.dumps(config | {"_diffusers_version": "0.2.2"}))
    save_file(renamed(convolved(model.state_dict())), tmp_path / "vae" / WEIGHTS, {"format": "pt"})
    pixels = torch.from_numpy(np.asarray(PHOTO).copy()).permute(2, 0, 1)[None].float().div(255) * 2 - 1
    with torch.no_grad():
        expected = model.encode(pixels).latent_dist.mode() * 0.18215
    vae = explorer.load_vae(tmp_path / "vae", device="cpu", dtype=torch.float32)
    assert vae.parameters == 83_653_863
    assert torch.equal(vae.pil_to_latent(PHOTO), expected)


def test_tensors_beyond_those_described_are_left_out_with_a_warning(
    attentive: Path, saved_again: Callable[..., Path]
) -> None:
    folder = saved_again(lambda tensors: {**tensors, "loss.logvar": torch.zeros(()), "ema.decay": torch.ones(3)})
    assert torch.equal(latents(folder), latents(attentive))
    sentence = "The model's weights hold more than its config.json describes: 2 tensors were left out."
    assert explorer.load_vae(folder, device="cpu", dtype=torch.float32).warnings == (sentence,)


@pytest.mark.parametrize("taken", ["decoder.conv_in.weight", "encoder.mid_block.attentions.0.query.bias"])
def test_a_missing_tensor_is_refused_under_either_names(taken: str, saved_again: Callable[..., Path]) -> None:
    folder = saved_again(lambda tensors: {k: v for k, v in renamed(tensors).items() if k != taken})
    with pytest.raises(ValueError, match=r"do not fit its config\.json \(\d+ tensors, \d+ described\)\.$"):
        latents(folder)


def test_weights_of_whole_numbers_are_refused(saved_again: Callable[..., Path]) -> None:
    folder = saved_again(lambda tensors: {k: v.mul(100).to(torch.int8) for k, v in tensors.items()})
    with pytest.raises(ValueError, match="do not fit"):
        latents(folder)


@pytest.mark.parametrize(
    "name",
    [f"diffusion_pytorch_model.{variant}.safetensors" for variant in ("fp16", "bf16", "non_ema", "fp16-ema")],
)
def test_a_variant_is_opened_where_there_is_nothing_else(
    name: str, attentive: Path, saved_again: Callable[..., Path]
) -> None:
    kind = torch.bfloat16 if "bf16" in name else torch.float16
    folder = saved_again(lambda tensors: {key: tensor.to(kind) for key, tensor in tensors.items()}, name)
    assert torch.allclose(latents(folder), latents(attentive), atol=0.05)
    vae = explorer.load_vae(folder, device="cpu", dtype=torch.float32)
    assert vae.options == {"variant": name.split(".")[1]}
    assert vae.dtype == torch.float32


def in_parts(folder: Path, attentive: Path, variant: str | None = None) -> Path:
    """The model saved by diffusers itself, in several files with an index."""
    from diffusers import AutoencoderKL

    AutoencoderKL.from_pretrained(attentive).save_pretrained(folder, variant=variant, max_shard_size="20KB")
    assert len(list(folder.glob("*-of-*.safetensors"))) > 2
    return folder


@pytest.mark.parametrize("variant", [None, "fp16"])
def test_weights_in_several_files_are_opened(variant: str | None, attentive: Path, tmp_path: Path) -> None:
    folder = in_parts(tmp_path / "parts", attentive, variant)
    assert torch.equal(latents(folder), latents(attentive))


def test_old_names_in_several_files_are_read_too(attentive: Path, tmp_path: Path) -> None:
    folder = in_parts(tmp_path / "parts", attentive)
    for file in folder.glob("*.safetensors"):
        save_file(renamed(load_file(file)), file)
    assert torch.equal(latents(folder), latents(attentive))


def test_a_missing_part_is_told_of(attentive: Path, tmp_path: Path) -> None:
    folder = in_parts(tmp_path / "parts", attentive)
    next(folder.glob("*-00002-of-*")).unlink()
    with pytest.raises(ValueError, match=r"^A part of the model's weights is missing; fetch it again\.$"):
        latents(folder)
    next(folder.glob("*.index.json")).unlink()
    with pytest.raises(ValueError, match=r"^A part of the model's weights is missing; fetch it again\.$"):
        latents(folder)


INDICES: dict[str, object] = {
    "no JSON": "{",
    "a list": [],
    "no map": {"metadata": {}},
    "an empty map": {"weight_map": {}},
    "a map of numbers": {"weight_map": {"a": 1}},
    "a path": {"weight_map": {"a": "../model.safetensors"}},
    "an absolute path": {"weight_map": {"a": "/etc/passwd.safetensors"}},
    "a pickle": {"weight_map": {"a": "pytorch_model.bin"}},
    "a list in a map": {"weight_map": {"a": ["b.safetensors"]}},
}


@pytest.mark.parametrize("index", INDICES.values(), ids=INDICES)
def test_an_index_that_leads_elsewhere_is_refused(index: object, tmp_path: Path) -> None:
    file = tmp_path / f"{WEIGHTS}.index.json"
    file.write_text(index if isinstance(index, str) else json.dumps(index))
    with pytest.raises(ValueError, match="damaged or cut off"):
        parts(file)


@pytest.mark.parametrize(
    ("names", "chosen"),
    [
        ([WEIGHTS, "diffusion_pytorch_model.fp16.safetensors"], WEIGHTS),
        (["diffusion_pytorch_model.bf16.safetensors", "diffusion_pytorch_model.fp16.safetensors"], None),
        ([f"{WEIGHTS}.index.json", WEIGHTS], f"{WEIGHTS}.index.json"),
        ([f"{WEIGHTS}.index.fp16.json"], f"{WEIGHTS}.index.fp16.json"),
        ([f"{WEIGHTS}.fp16.index.json"], f"{WEIGHTS}.fp16.index.json"),
    ],
)
def test_full_precision_comes_first_then_fp16(names: list[str], chosen: str | None) -> None:
    for order in (names, names[::-1]):
        assert choose([*order, "config.json", "README.md"]) == (chosen or "diffusion_pytorch_model.fp16.safetensors")


@pytest.mark.parametrize("name", ["diffusion_pytorch_model.bin", "model.ckpt", "vae.PT", "x.pth"])
def test_a_pickle_is_spoken_of_where_there_is_one_and_nowhere_else(name: str) -> None:
    with pytest.raises(ValueError, match=f"^The model has no {WEIGHTS}; weights kept as a pickle are never opened"):
        choose(["config.json", name])
    with pytest.raises(ValueError, match=f"^The model has no {WEIGHTS}.$"):
        choose(["config.json", "model.safetensors", "readme.txt"])


def test_weights_that_are_written_again_are_opened_again(attentive: Path, saved_again: Callable[..., Path]) -> None:
    folder = saved_again(lambda tensors: tensors)
    before = explorer.load_vae(folder, device="cpu", dtype=torch.float32)
    assert torch.equal(latents(folder), latents(attentive))
    first = before.pil_to_latent(PHOTO)
    save_file({key: tensor * 1.5 for key, tensor in load_file(attentive / WEIGHTS).items()}, folder / WEIGHTS)
    after = explorer.load_vae(folder, device="cpu", dtype=torch.float32)
    assert not torch.equal(latents(folder), first)
    assert torch.equal(before.pil_to_latent(PHOTO), first)  # who still has the old one keeps it whole
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"scaling_factor": 0.5}))
    assert explorer.load_vae(folder, device="cpu", dtype=torch.float32).scaling_factor == 0.5
    assert after.scaling_factor == 0.18215


@pytest.mark.parametrize("variant", [None, "fp16"])
def test_weights_in_several_files_are_fetched_from_the_hub(
    variant: str | None, attentive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = in_parts(tmp_path / "parts", attentive, variant)
    names = tuple(file.name for file in folder.iterdir())
    with serve() as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub-cache"))
        _fetched(hub, folder, names, attentive)


def _fetched(hub: FakeHub, folder: Path, names: tuple[str, ...], attentive: Path) -> None:
    hub.add("some/parts", folder, "vae/", names)
    told: list[float] = []
    vae = explorer.load_vae("some/parts", device="cpu", progress=lambda part, _: told.append(part))
    assert told[-1] == 1.0
    assert vae.options["subfolder"] == "vae"
    assert torch.equal(vae.pil_to_latent(PHOTO), latents(attentive))
    hub.files.pop(next(name for name in hub.files if "-00002-of-" in name))
    hub.files = {name.replace("some/parts", "some/broken"): content for name, content in hub.files.items()}
    with pytest.raises(ValueError, match="A part of the model's weights is missing"):
        explorer.load_vae("some/broken", device="cpu")
