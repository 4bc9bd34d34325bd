"""Where photo models come from: folders and a Hub of our own, and everything that is refused."""

import json
import os
import pickle
import re
import shutil
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from fake_hub import FakeHub, serve
from huggingface_hub import constants
from PIL import Image
from safetensors.torch import load_file, save_file

import explorer
from explorer.hub import UNREACHABLE, Hub, visitors_cache
from explorer.photos import jobs as photo_jobs
from explorer.photos import models as photo_models
from explorer.photos.models import (
    BUILT_IN,
    KNOWN,
    MAX_BYTES,
    MAX_CONFIG,
    built_in_folder,
    for_visitors,
    is_cached,
    locate,
    open_model,
    read_config,
    source_of,
)
from explorer.photos.weights import WEIGHTS

NO_AUTOENCODER = "That is no image autoencoder: its config.json does not name AutoencoderKL or AutoencoderTiny."
BAD_SIZES = "The model's config.json holds sizes that no image autoencoder has."
NOT_BUILT = "The model's config.json does not describe an autoencoder that can be built."
NEITHER = "That is neither a folder here nor a Hub id such as stabilityai/sd-vae-ft-mse."
Changed = Callable[..., Path]


@pytest.fixture
def changed(small_vae: Path, tmp_path: Path) -> Changed:
    """A function that copies the small model with other entries in its config.json."""

    def change(**config: Any) -> Path:
        folder = tmp_path / "changed"
        shutil.copytree(small_vae, folder)
        known = json.loads((folder / "config.json").read_text())
        (folder / "config.json").write_text(json.dumps(known | config))
        return folder

    return change


def refusal(job: Callable[[], object]) -> str:
    """The sentence with which a job is refused."""
    with pytest.raises(ValueError, match=r"^[A-Z].*\.$") as refused:
        job()
    return str(refused.value)


def open_folder(folder: Path) -> object:
    return open_model(folder, torch.float32)


# config.json


def test_the_config_of_an_autoencoder_is_read(small_vae: Path, small_tiny: Path) -> None:
    assert read_config(small_vae / "config.json")["block_out_channels"] == [8, 8, 16, 16]
    assert read_config(small_tiny / "config.json")["_class_name"] == "AutoencoderTiny"


NO_CONFIGS: dict[str, bytes] = {
    "nothing": b"",
    "no JSON": b"{'_class_name': 'AutoencoderKL'}",
    "a list": b'["AutoencoderKL"]',
    "a word": b'"AutoencoderKL"',
    "a number": b"7",
    "a text model": b'{"architectures": ["BertModel"], "hidden_size": 768, "model_type": "bert"}',
    "a class with markup": b'{"_class_name": "<b>AutoencoderKL</b>"}',
    "a class of many letters": b'{"_class_name": "' + b"A" * 61 + b'"}',
    "a class that is no word": b'{"_class_name": ["AutoencoderKL"]}',
    "no text": bytes(range(128, 256)),
    "deep": b"[" * 60_000,
    "a number of many digits": b'{"_class_name": "AutoencoderKL", "sample_size": ' + b"9" * 50_000 + b"}",
    "huge": b'{"_class_name": "AutoencoderKL", "more": "' + b"x" * MAX_CONFIG + b'"}',
}


@pytest.mark.parametrize("content", NO_CONFIGS.values(), ids=NO_CONFIGS)
def test_what_is_no_autoencoders_config_is_refused(content: bytes, tmp_path: Path) -> None:
    file = tmp_path / "config.json"
    file.write_bytes(content)
    assert refusal(lambda: read_config(file)) == NO_AUTOENCODER
    assert refusal(lambda: explorer.load_vae(tmp_path, device="cpu")) == NO_AUTOENCODER


@pytest.mark.parametrize("kind", ["UNet2DConditionModel", "VQModel", "AutoencoderKLQwenImage"])
def test_a_class_that_is_not_supported_is_named(kind: str, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps({"_class_name": kind}))
    sentence = f"That model is of the kind {kind}, which is not supported; AutoencoderKL and AutoencoderTiny are."
    assert refusal(lambda: explorer.load_vae(tmp_path, device="cpu")) == sentence


def test_a_folder_without_a_config_is_refused(tmp_path: Path) -> None:
    assert refusal(lambda: explorer.load_vae(tmp_path, device="cpu")) == NO_AUTOENCODER


SENSELESS: dict[str, dict[str, Any]] = {
    "channels": {"block_out_channels": [128, 10**6]},
    "negative channels": {"block_out_channels": [128, -(10**6)]},
    "latents": {"latent_channels": 10**400},
    "not a number": {"latent_channels": float("nan")},
    "infinite": {"sample_size": float("inf")},
    "layers": {"layers_per_block": 1000},
    "layers of a tiny one": {"num_encoder_blocks": [1, 3, 3, 1000]},
    "blocks": {"block_out_channels": [8] * 9},
    "types of blocks": {"down_block_types": ["DownEncoderBlock2D"] * 1000},
    "no scale": {"scaling_factor": None},
    "a scale of zero": {"scaling_factor": 0},
    "a scale that is no number": {"scaling_factor": "0.18215"},
    "a list of scales": {"scaling_factor": [0.18215]},
    "a shift that is no number": {"shift_factor": "0.1"},
    "means of other channels": {"latents_mean": [0.0] * 3, "latents_std": [1.0] * 3},
    "more means than deviations": {"latents_mean": [0.0] * 4, "latents_std": [1.0] * 3},
    "a deviation of zero": {"latents_mean": [0.0] * 4, "latents_std": [1.0, 1.0, 0.0, 1.0]},
    "means that are words": {"latents_mean": ["0"] * 4, "latents_std": [1.0] * 4},
    "one mean for all": {"latents_mean": 0.0, "latents_std": 1.0},
}


@pytest.mark.parametrize("config", SENSELESS.values(), ids=SENSELESS)
def test_a_config_with_senseless_numbers_is_refused_at_once(config: dict[str, Any], changed: Changed) -> None:
    folder = changed(**config)
    assert refusal(lambda: read_config(folder / "config.json")) == BAD_SIZES
    assert refusal(lambda: explorer.load_vae(folder, device="cpu")) == BAD_SIZES


@pytest.mark.parametrize("config", [{"in_channels": 4}, {"out_channels": 1}, {"in_channels": None}], ids=str)
def test_an_autoencoder_of_other_than_rgb_photos_is_refused(config: dict[str, Any], changed: Changed) -> None:
    assert "not for RGB photos" in refusal(lambda: explorer.load_vae(changed(**config), device="cpu"))


UNBUILDABLE: dict[str, dict[str, Any]] = {
    "no groups": {"norm_num_groups": 0},
    "groups that do not divide": {"norm_num_groups": 7},
    "unknown activation": {"act_fn": "<script>"},
    "unknown blocks": {"down_block_types": ["os.system"] * 4},
    "channels that are words": {"block_out_channels": ["8", "8", "16", "16"]},
    "latents that are words": {"latent_channels": "4"},
    "a quantisation that is not here": {"quantization_config": {"quant_method": "bitsandbytes", "load_in_4bit": True}},
}


@pytest.mark.parametrize("config", UNBUILDABLE.values(), ids=UNBUILDABLE)
def test_a_config_that_describes_nothing_is_refused(config: dict[str, Any], changed: Changed) -> None:
    assert refusal(lambda: explorer.load_vae(changed(**config), device="cpu")) == NOT_BUILT


def test_a_config_with_more_than_is_known_is_opened(changed: Changed) -> None:
    folder = changed(latents_mean=[0.0] * 32, shift_factor=None, _diffusers_version="99.0", more={"x": [1]})
    assert explorer.load_vae(folder, device="cpu").kind == "AutoencoderKL"


# weights


def test_a_folder_is_opened(small_vae: Path, small_tiny: Path) -> None:
    for folder, kind in ((small_vae, "AutoencoderKL"), (small_tiny, "AutoencoderTiny")):
        model, odd = open_model(folder, torch.float16)
        assert odd == []
        assert type(model).__name__ == kind
        assert model.dtype == torch.float16
        assert not model.training


def test_missing_weights_are_refused(changed: Changed) -> None:
    folder = changed()
    (folder / WEIGHTS).unlink()
    assert refusal(lambda: open_folder(folder)).startswith(f"The model has no {WEIGHTS}")


class Explosive:
    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return pytest.fail, ("A pickle was opened.",)


def test_a_pickle_is_never_opened(changed: Changed) -> None:
    folder = changed()
    (folder / WEIGHTS).unlink()
    for name in ("diffusion_pytorch_model.bin", "pytorch_model.bin", "diffusion_pytorch_model.pt"):
        (folder / name).write_bytes(pickle.dumps(Explosive()))
    sentence = refusal(lambda: open_folder(folder))
    assert sentence.endswith("weights kept as a pickle are never opened.")
    (folder / "diffusion_pytorch_model.bin").rename(folder / WEIGHTS)
    assert refusal(lambda: open_folder(folder)) == f"The model's {WEIGHTS} is damaged or cut off; fetch it again."


@pytest.mark.parametrize("kept", [0, 7, 8, 300, -1])
def test_weights_that_are_cut_off_are_refused(kept: int, changed: Changed) -> None:
    file = changed() / WEIGHTS
    file.write_bytes(file.read_bytes()[:kept])
    assert refusal(lambda: open_folder(file.parent)) == f"The model's {WEIGHTS} is damaged or cut off; fetch it again."


@pytest.mark.parametrize("length", [2**63, 10**8, 5])
def test_weights_with_a_damaged_header_are_refused(length: int, changed: Changed) -> None:
    file = changed() / WEIGHTS
    file.write_bytes(length.to_bytes(8, "little") + file.read_bytes()[8:])
    assert "damaged or cut off" in refusal(lambda: open_folder(file.parent))


def test_weights_of_other_shapes_are_refused(changed: Changed) -> None:
    folder = changed(block_out_channels=[8, 8, 16, 32])
    sentence = refusal(lambda: open_folder(folder))
    assert re.fullmatch(r"The model's weights do not fit its config\.json \(\d+ tensors, \d+ described\)\.", sentence)


@pytest.mark.parametrize("what", ["one fewer", "another name"])
def test_weights_that_do_not_fit_are_refused(what: str, changed: Changed) -> None:
    file = changed() / WEIGHTS
    tensors = load_file(file)
    tensors.pop("decoder.conv_out.bias")
    if what != "one fewer":
        tensors["<script>"] = torch.zeros(3)
    save_file(tensors, file)
    sentence = refusal(lambda: open_folder(file.parent))
    assert sentence.startswith("The model's weights do not fit its config.json")
    assert "<script>" not in sentence


def test_a_tiny_models_weights_do_not_fit_the_other_kind(small_tiny: Path, changed: Changed) -> None:
    folder = changed()
    shutil.copy(small_tiny / WEIGHTS, folder)
    assert "do not fit" in refusal(lambda: open_folder(folder))


# what is asked for


def test_the_folder_of_a_whole_pipeline_gives_its_vae(small_vae: Path, tmp_path: Path) -> None:
    shutil.copytree(small_vae, tmp_path / "pipeline" / "vae")
    (tmp_path / "pipeline" / "model_index.json").write_text('{"_class_name": "StableDiffusionPipeline"}')
    assert locate(str(tmp_path / "pipeline")) == tmp_path / "pipeline" / "vae"
    assert explorer.load_vae(tmp_path / "pipeline", device="cpu").kind == "AutoencoderKL"


def test_a_folder_with_a_config_is_itself_whatever_lies_below_it(small_vae: Path, tmp_path: Path) -> None:
    shutil.copytree(small_vae, tmp_path / "vae")
    shutil.copytree(small_vae, tmp_path, dirs_exist_ok=True)
    assert locate(str(tmp_path)) == tmp_path


def test_the_built_in_model_lies_among_the_checkpoints_or_where_the_host_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for unset in (None, ""):
        monkeypatch.setenv("EXPLORER_PHOTO_VAE", unset or "")
        assert built_in_folder() == photo_models.CHECKPOINTS / "photo-vae"
        assert source_of(BUILT_IN) == "checkpoints/photo-vae"
    monkeypatch.setenv("EXPLORER_PHOTO_VAE", str(tmp_path))
    assert locate(BUILT_IN) == built_in_folder() == tmp_path
    assert source_of("some/model") == "some/model"


STRANGE = [
    "",
    " ",
    "x\0y",
    "a/b\0",
    "../..",
    "../../etc/passwd",
    "a/..",
    "../b",
    "a" * 5000,
    "a/" + "b" * 5000,
    "<script>alert(1)</script>",
    "<b>/<i>",
    "a/b/c",
    "https://huggingface.co/a/b",
    "file:///etc/passwd",
    "a//b",
    "/no/such/folder",
    "no-such-folder",
    "a b/c d",
    "ä/ö",
    "a/b\n",
    "C:\\models",
    "--a/b",
    "a/b..c",
    "a--b/c",
    "-a/b-",
    "a/b.git",
]


@pytest.fixture
def no_hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nothing listens where the Hub should be, and nothing is cached."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{port}")
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub-cache"))


@pytest.mark.usefixtures("no_hub")
@pytest.mark.parametrize("source", STRANGE, ids=lambda source: ascii(source)[:24])
def test_a_strange_name_is_refused_with_a_sentence_that_does_not_repeat_it(
    source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    sentence = refusal(lambda: explorer.load_vae(source, device="cpu"))
    assert len(source) < 3 or source not in sentence
    assert "<" not in sentence
    assert str(tmp_path) not in sentence


def test_visitors_may_name_the_built_in_model_and_hub_ids() -> None:
    for source in (BUILT_IN, "stabilityai/sd-vae-ft-mse", "a/b", "A-1_x.y/Z"):
        assert for_visitors(source) == source


def test_visitors_may_name_folders_below_those_that_the_host_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folders = [tmp_path / name for name in ("one", "one/deeper", "two", "elsewhere")]
    for folder in folders:
        folder.mkdir()
    monkeypatch.setenv("EXPLORER_MODELS", f"{tmp_path / 'one'}:{tmp_path / 'two'}")
    for folder in folders[:3]:
        assert for_visitors(str(folder)) == str(folder)
    (tmp_path / "one" / "link").symlink_to(tmp_path / "elsewhere")
    for source in ("elsewhere", "one/link", "one/../elsewhere", "one/../..", "one-more"):
        sentence = refusal(lambda source=source: for_visitors(str(tmp_path / source)))
        assert str(tmp_path) not in sentence


def test_visitors_may_name_folders_below_the_working_directory_by_default(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "here" / "a" / "b").mkdir(parents=True)
    monkeypatch.delenv("EXPLORER_MODELS", raising=False)
    monkeypatch.chdir(tmp_path / "here")
    assert for_visitors("a/b") == "a/b"
    for source in ("..", "/", str(tmp_path)):
        refusal(lambda source=source: for_visitors(source))
    monkeypatch.setenv("EXPLORER_MODELS", "")
    refusal(lambda: for_visitors("a/b"))


@pytest.mark.parametrize("source", STRANGE[1:19], ids=lambda source: ascii(source)[:24])
def test_visitors_may_not_name_anything_else(source: str) -> None:
    sentence = refusal(lambda: for_visitors(source))
    assert sentence.startswith("That is neither a Hub id")
    assert "<" not in sentence


# the Hub


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeHub]:
    with serve() as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub-cache"))
        yield hub


def test_a_model_is_fetched_from_the_hub_once_and_opened(hub: FakeHub, small_vae: Path) -> None:
    hub.add("some/vae", small_vae)
    told: list[tuple[float, str]] = []
    vae = explorer.load_vae("some/vae", device="cpu", progress=lambda part, text: told.append((part, text)))
    assert [part for part, _ in told] == sorted(part for part, _ in told)
    assert told[-1][0] == 1.0
    assert re.fullmatch(r"\d+ of \d+ MB", told[-1][1])
    assert vae.name == "some/vae"

    photo = Image.fromarray(np.random.default_rng(0).integers(0, 256, (20, 30, 3), dtype=np.uint8))
    latents = vae.pil_to_latent(photo)
    assert torch.equal(latents, explorer.load_vae(small_vae, device="cpu").pil_to_latent(photo))
    assert vae.latents_to_pil(latents, photo.size)[0].size == photo.size

    hub.asked.clear()
    told.clear()
    assert is_cached("some/vae")
    assert explorer.load_vae("some/vae", device="cpu", progress=lambda *told_again: told.append(told_again)) is vae
    assert (hub.asked, told) == ([], [])


def test_only_the_config_and_the_weights_are_asked_for(hub: FakeHub, small_vae: Path) -> None:
    hub.add("some/vae", small_vae)
    hub.files["some/vae/diffusion_pytorch_model.bin"] = pickle.dumps(Explosive())
    locate("some/vae")
    names = {request.rsplit("/", 1)[-1] for request in hub.asked if "resolve" in request}
    assert names == {"config.json", WEIGHTS}


def test_the_repository_of_a_whole_pipeline_gives_its_vae(hub: FakeHub, small_vae: Path) -> None:
    hub.add("some/pipeline", small_vae, below="vae/")
    assert locate("some/pipeline").name == "vae"
    assert explorer.load_vae("some/pipeline", device="cpu").kind == "AutoencoderKL"
    assert is_cached("some/pipeline")


@pytest.mark.parametrize("below", ["", "vae/"])
def test_what_was_fetched_opens_without_the_hub(
    below: str, hub: FakeHub, small_vae: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.add("some/vae", small_vae, below)
    assert not is_cached("some/vae")
    folder = locate("some/vae")
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    assert locate("some/vae") == folder


def test_a_repository_that_is_not_there_is_refused(hub: FakeHub) -> None:
    assert refusal(lambda: explorer.load_vae("some/nothing")) == "There is no public model of that id on the Hub."
    assert len(hub.asked) <= 3


@pytest.mark.parametrize("status", [401, 403])
def test_a_gated_repository_is_refused(status: int, hub: FakeHub) -> None:
    hub.errors["some/gated"] = (status, "GatedRepo")
    sentence = refusal(lambda: explorer.load_vae("some/gated"))
    assert sentence == "That model is gated: accept its terms on the Hub and set HF_TOKEN."


def test_a_repository_with_nothing_but_a_pickle_is_refused(hub: FakeHub, small_vae: Path) -> None:
    hub.add("some/pickle", small_vae, names=("config.json",))
    hub.files["some/pickle/diffusion_pytorch_model.bin"] = pickle.dumps(Explosive())
    sentence = refusal(lambda: explorer.load_vae("some/pickle"))
    assert sentence == f"The model has no {WEIGHTS}; weights kept as a pickle are never opened."
    assert not any(".bin" in request for request in hub.asked)


def test_a_repository_without_weights_is_refused_and_no_pickle_is_spoken_of(hub: FakeHub, small_vae: Path) -> None:
    hub.add("some/empty", small_vae, names=("config.json",))
    assert refusal(lambda: explorer.load_vae("some/empty")) == f"The model has no {WEIGHTS}."


def test_from_a_hub_that_lists_nothing_a_model_is_fetched_by_its_usual_names(hub: FakeHub, small_vae: Path) -> None:
    hub.lists = False
    hub.add("some/vae", small_vae, below="vae/")
    assert explorer.load_vae("some/vae", device="cpu").kind == "AutoencoderKL"
    assert refusal(lambda: explorer.load_vae("some/nothing")) == "There is no public model of that id on the Hub."


def test_a_repository_without_a_config_is_refused(hub: FakeHub) -> None:
    hub.files["some/readme/README.md"] = b"# Nothing"
    assert refusal(lambda: explorer.load_vae("some/readme")).startswith("That model has no config.json")


def test_a_text_model_is_refused_before_its_weights_are_fetched(hub: FakeHub) -> None:
    hub.files |= {"some/bert/config.json": NO_CONFIGS["a text model"], f"some/bert/{WEIGHTS}": bytes(1000)}
    assert refusal(lambda: explorer.load_vae("some/bert")) == NO_AUTOENCODER
    assert not any(WEIGHTS in request for request in hub.asked)


def test_weights_that_are_too_large_are_not_fetched(hub: FakeHub, small_vae: Path) -> None:
    hub.add("some/large", small_vae)
    hub.sizes[f"some/large/{WEIGHTS}"] = MAX_BYTES + 1
    sentence = refusal(lambda: explorer.load_vae("some/large"))
    assert sentence == "The model's weights are over 2 GB; no image autoencoder needs that."
    assert f"GET /some/large/resolve/main/{WEIGHTS}" not in hub.asked


def test_a_config_that_is_too_large_is_not_fetched(hub: FakeHub, small_vae: Path) -> None:
    hub.add("some/large", small_vae)
    hub.files["some/large/config.json"] += b" " * MAX_CONFIG
    assert refusal(lambda: explorer.load_vae("some/large")) == NO_AUTOENCODER
    assert not any("resolve" in request for request in hub.asked)


def test_the_hosts_token_goes_with_what_the_host_asks_for_and_with_nothing_of_a_visitors(
    hub: FakeHub, small_vae: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    for repo in ("some/vae", "some/other", KNOWN[1].id):
        hub.add(repo, small_vae)
    photo = Image.new("RGB", (16, 16), "red")
    for repo in ("some/vae", KNOWN[1].id, "some/nothing"):
        photo_jobs.encode_or_built_in(repo, photo)
    assert hub.tokens == {None}
    hub.lists = False
    refusal(lambda: photo_jobs.encode("some/nothing-more", photo))
    assert hub.tokens == {None}
    hub.lists = True
    explorer.load_vae("some/other", device="cpu")
    assert "Bearer hf_secret" in hub.tokens


@pytest.mark.usefixtures("hub")
def test_what_lies_in_the_hosts_cache_is_not_opened_for_visitors_but_for_what_the_page_offers(
    hub: FakeHub, small_vae: Path
) -> None:
    for repo in ("the-host/private", KNOWN[1].id):
        hub.add(repo, small_vae)
        explorer.load_vae(repo, device="cpu")
    hub.errors = dict.fromkeys(("the-host/private", KNOWN[1].id), (401, "RepoNotFound"))
    photo = Image.new("RGB", (16, 16), "red")
    assert photo_jobs.encode(KNOWN[1].id, photo).model == KNOWN[1].id
    sentence = refusal(lambda: photo_jobs.encode("the-host/private", photo))
    assert sentence == "There is no public model of that id on the Hub."


def test_of_what_visitors_had_fetched_the_oldest_goes_when_it_is_too_much(
    hub: FakeHub, small_vae: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    size = sum((small_vae / name).stat().st_size for name in ("config.json", WEIGHTS))
    monkeypatch.setenv("EXPLORER_CACHE_GB", str(2.5 * size / 1e9))
    visitors = Hub(token=False, cache=visitors_cache())
    names = [f"some/vae-{number}" for number in range(4)]
    for number, repo in enumerate(names):
        hub.add(repo, small_vae)
        locate(repo, visitor=True)
        for file in visitors_cache().glob(f"*{repo.replace('/', '--')}/blobs/*"):  # whatever the disk notes of reading
            os.utime(file, (number, number))
    kept = [repo for repo in names if photo_models.cached_folder(repo, visitors)]
    assert kept == names[2:]


def test_a_damaged_download_is_refused(hub: FakeHub, small_vae: Path) -> None:
    hub.add("some/damaged", small_vae)
    hub.files[f"some/damaged/{WEIGHTS}"] = b"<html>Please log in</html>"
    assert "damaged or cut off" in refusal(lambda: explorer.load_vae("some/damaged", device="cpu"))


@pytest.mark.parametrize(("status", "code"), [(500, ""), (404, ""), (429, ""), (400, "")])
def test_a_hub_that_fails_is_told_of(status: int, code: str, hub: FakeHub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "sleep", lambda _: None)  # between the client's attempts
    hub.errors["some/vae"] = (status, code)
    sentence = refusal(lambda: explorer.load_vae("some/vae"))
    assert sentence in (UNREACHABLE, "The model could not be fetched from the Hub.")


def test_ids_that_the_hub_does_not_know_of_are_refused(hub: FakeHub) -> None:
    for source in ("a--b/c", "-a/b", "a/b.git"):
        sentence = refusal(lambda source=source: locate(source))
        assert sentence == "That is no Hub id; one looks like stabilityai/sd-vae-ft-mse."
    assert not any("resolve" in request for request in hub.asked)


@pytest.mark.usefixtures("no_hub")
def test_without_network_there_is_a_sentence_within_seconds() -> None:
    start = time.monotonic()
    assert refusal(lambda: explorer.load_vae("some/vae")) == UNREACHABLE
    assert time.monotonic() - start < 10


def test_a_hub_that_never_answers_is_given_up_within_seconds(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{silent.getsockname()[1]}")
        start = time.monotonic()
        assert refusal(lambda: explorer.load_vae("some/vae")) == UNREACHABLE
        assert time.monotonic() - start < 15


def test_where_the_hub_is_switched_off_there_is_a_sentence(hub: FakeHub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    sentence = refusal(lambda: explorer.load_vae("some/vae"))
    assert sentence == "The Hub is switched off here, and the model is not in its cache."
    assert hub.asked == []
