"""The networks, their formulas, and what opening a checkpoint refuses."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import nn

from explorer.maps import latent_space
from explorer.maps.autoencoder import Architecture, Autoencoder, layer_table, reparameterise

Copied = Callable[[Path], Path]

SMALL = [
    Architecture("dense", (8, 8), latent_dim=2, width=4),
    Architecture("dense", (28, 28), latent_dim=20, width=4, variational=True),
    Architecture("conv", (8, 8), latent_dim=3, width=2),
    Architecture("conv", (32, 32), latent_dim=2, width=2, bottleneck=8, variational=True),
    Architecture("conv-bn", (28, 28), latent_dim=2, width=2, bottleneck=8),
    Architecture("conv-bn", (28, 28), latent_dim=16, width=2, variational=True, sigmoid=False),
    Architecture("conv-bn-up", (28, 28), latent_dim=4, width=8, bottleneck=8),
]


def labelled(architecture: Architecture) -> str:
    return f"{architecture.network}-{architecture.image_shape[0]}-{architecture.latent_dim}d"


@pytest.mark.parametrize("architecture", SMALL, ids=labelled)
def test_every_network_gives_back_images_of_the_shape_it_was_given(architecture: Architecture) -> None:
    images = torch.rand(3, 1, *architecture.image_shape)
    raw, mean, logvar = Autoencoder(architecture)(images)
    assert raw.shape == images.shape
    assert mean.shape == (3, architecture.latent_dim)
    assert (None if logvar is None else logvar.shape) == (mean.shape if architecture.variational else None)


@pytest.mark.parametrize("architecture", SMALL, ids=labelled)
def test_decoded_pixels_lie_between_0_and_1_however_far_the_latents_are(architecture: Architecture) -> None:
    model = Autoencoder(architecture).eval()
    decoded = model.decode(1e6 * torch.randn(4, architecture.latent_dim))
    assert decoded.shape == (4, 1, *architecture.image_shape)
    assert decoded.min() >= 0
    assert decoded.max() <= 1


def sizes(module: nn.Module, attribute: str) -> list[int]:
    """One attribute of all layers that have it, in order."""
    return [getattr(layer, attribute) for layer in module if hasattr(layer, attribute)]


def test_the_dense_network_is_784_400_20_and_back() -> None:
    model = Autoencoder(Architecture("dense", (28, 28), latent_dim=20, width=400, variational=True))
    assert sizes(model.encoder, "in_features") == [784]
    assert (model.mean.in_features, model.mean.out_features) == (400, 20)
    assert (model.logvar.in_features, model.logvar.out_features) == (400, 20)
    assert sizes(model.decoder, "in_features") == [20, 400]
    assert sizes(model.decoder, "out_features") == [400, 784]


def test_the_classic_convolutional_network_is_32_64_128_and_its_mirror() -> None:
    model = Autoencoder(Architecture("conv", (32, 32), latent_dim=2, width=32))
    assert sizes(model.encoder, "out_channels") == [32, 64, 128]
    assert model.mean.in_features == 128 * 4 * 4
    assert sizes(model.decoder, "out_features") == [128 * 4 * 4]
    assert sizes(model.decoder, "out_channels") == [64, 32, 1]


def test_the_classic_batch_norm_network_is_128_256_512_1024_and_1024_512_256_1() -> None:
    model = Autoencoder(Architecture("conv-bn", (28, 28), latent_dim=16, width=128))
    assert sizes(model.encoder, "out_channels") == sizes(model.encoder, "num_features") == [128, 256, 512, 1024]
    assert model.mean.in_features == 1024
    assert sizes(model.decoder, "out_features") == [1024 * 7 * 7]
    assert sizes(model.decoder, "in_channels") == [1024, 512, 256]
    assert sizes(model.decoder, "out_channels") == [512, 256, 1]
    assert sizes(model.decoder, "num_features") == [512, 256]


def test_a_bottleneck_adds_one_dense_layer_on_each_side_of_the_latents() -> None:
    model = Autoencoder(Architecture("conv", (8, 8), latent_dim=2, width=2, bottleneck=12))
    assert sizes(model.encoder, "out_features") == [12, 12]
    assert sizes(model.decoder, "out_features") == [12, 12, 8]


def test_reparameterise_is_mean_plus_sigma_times_the_generators_noise() -> None:
    mean, logvar = torch.randn(5, 3), torch.randn(5, 3)
    noise = torch.randn(5, 3, generator=torch.Generator().manual_seed(4))
    z = reparameterise(mean, logvar, torch.Generator().manual_seed(4))
    torch.testing.assert_close(z, mean + logvar.exp().sqrt() * noise)


def test_the_layer_table_ends_with_the_number_of_parameters_and_leaves_the_mode_alone() -> None:
    model = Autoencoder(Architecture("conv-bn", (28, 28), latent_dim=2, width=2)).train()
    table = layer_table(model).splitlines()
    assert int(table[-1].split()[1].replace(",", "")) == sum(p.numel() for p in model.parameters())
    assert model.training


@pytest.mark.parametrize("architecture", SMALL, ids=labelled)
def test_a_saved_model_opens_with_its_weights_in_half_precision(architecture: Architecture, tmp_path: Path) -> None:
    model = Autoencoder(architecture)
    model.save_pretrained(tmp_path)
    stored = load_file(tmp_path / "model.safetensors")
    assert {v.dtype for k, v in stored.items() if "num_batches" not in k} == {torch.float16}
    opened = Autoencoder.from_pretrained(tmp_path)
    assert opened.architecture == architecture
    assert not opened.training
    for key, value in model.state_dict().items():
        torch.testing.assert_close(opened.state_dict()[key], value.half().to(value.dtype), rtol=0, atol=0)


def test_a_saved_model_keeps_its_description(tmp_path: Path) -> None:
    Autoencoder(SMALL[0]).save_pretrained(tmp_path, config={"architecture": {**vars(SMALL[0])}, "data": "digits"})
    assert Autoencoder.from_pretrained(tmp_path).description == {"data": "digits"}


def test_an_opened_model_can_be_trained_on(tmp_path: Path) -> None:
    Autoencoder(SMALL[0]).save_pretrained(tmp_path)
    model = Autoencoder.from_pretrained(tmp_path)
    model(torch.rand(2, 1, 8, 8)).raw.sum().backward()
    assert all(parameter.grad is not None for parameter in model.parameters())


def test_weights_in_a_pickle_are_not_opened(digits_checkpoint: Path, copied: Copied) -> None:
    folder = copied(digits_checkpoint)
    weights = load_file(folder / "model.safetensors")
    (folder / "model.safetensors").unlink()
    torch.save(weights, folder / "pytorch_model.bin")
    with pytest.raises(ValueError, match=r"has no model\.safetensors; other formats are not opened"):
        latent_space.load(folder)


def change(config: dict[str, Any], **values: Any) -> dict[str, Any]:
    return {**config, "architecture": {**config["architecture"], **values}}


def without(config: dict[str, Any], key: str) -> dict[str, Any]:
    return {**config, "architecture": {k: v for k, v in config["architecture"].items() if k != key}}


TAMPERED: dict[str, Callable[[dict[str, Any]], Any]] = {
    "huge width": lambda c: change(c, width=10**9),
    "huge latent_dim": lambda c: change(c, latent_dim=10**9),
    "negative bottleneck": lambda c: change(c, bottleneck=-1),
    "huge image": lambda c: change(c, image_shape=[10**6, 10**6]),
    "image of three sides": lambda c: change(c, image_shape=[8, 8, 8]),
    "no image": lambda c: change(c, image_shape=None),
    "unknown network": lambda c: change(c, network="transformer"),
    "network that is a list": lambda c: change(c, network=["dense"]),
    "width in words": lambda c: change(c, width="256"),
    "width with a fraction": lambda c: change(c, width=256.5),
    "width that is true": lambda c: change(c, width=True),
    "variational in words": lambda c: change(c, variational="no"),
    "no network": lambda c: without(c, "network"),
    "no width": lambda c: without(c, "width"),
    "no architecture": lambda c: {k: v for k, v in c.items() if k != "architecture"},
    "an architecture that is null": lambda c: {**c, "architecture": None},
    "an architecture that is a list": lambda c: {**c, "architecture": [1, 2]},
    "a key of Python's": lambda c: {**c, "self": 1},
    "no class names": lambda c: {k: v for k, v in c.items() if k != "class_names"},
    "class names that are numbers": lambda c: {**c, "class_names": list(range(10))},
    "a list": lambda c: [c],
    "null": lambda _: None,
}


@pytest.mark.parametrize("tamper", TAMPERED.values(), ids=TAMPERED)
def test_a_tampered_config_is_refused_with_a_sentence(
    tamper: Callable[[dict[str, Any]], Any], digits_checkpoint: Path, copied: Copied
) -> None:
    config = copied(digits_checkpoint) / "config.json"
    config.write_text(json.dumps(tamper(json.loads(config.read_text()))))
    with pytest.raises(ValueError, match=r"/config\.json.*\.$"):
        latent_space.load(config.parent)


@pytest.mark.parametrize("text", [b"", b"{", b"\xff\xfe", b"[" * 100_000], ids=["empty", "cut", "not UTF-8", "deep"])
def test_a_config_that_is_not_json_is_refused_with_a_sentence(
    text: bytes, digits_checkpoint: Path, copied: Copied
) -> None:
    config = copied(digits_checkpoint) / "config.json"
    config.write_bytes(text)
    with pytest.raises(ValueError, match=r"/config\.json .*\.$"):
        latent_space.load(config.parent)


@pytest.mark.parametrize("keep", [0, 4, 100, 1000])
def test_truncated_weights_are_refused_with_a_sentence(keep: int, digits_checkpoint: Path, copied: Copied) -> None:
    weights = copied(digits_checkpoint) / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:keep])
    with pytest.raises(ValueError, match=r"model\.safetensors is truncated or not a safetensors file"):
        latent_space.load(weights.parent)


@pytest.mark.parametrize("values", [{"width": 128}, {"latent_dim": 3}, {"variational": False}, {"network": "conv"}])
def test_weights_of_another_architecture_are_refused_with_a_sentence(
    values: dict[str, Any], digits_checkpoint: Path, copied: Copied
) -> None:
    config = copied(digits_checkpoint) / "config.json"
    config.write_text(json.dumps(change(json.loads(config.read_text()), **values)))
    with pytest.raises(ValueError, match=r"model\.safetensors does not fit the architecture in its config\.json"):
        latent_space.load(config.parent)


def test_a_config_that_asks_for_more_memory_than_its_weights_have_is_refused_before_it_is_given(
    tmp_path: Path,
) -> None:
    """Of this network, 18 GB of weights would be made."""
    Autoencoder(Architecture("conv-bn", (28, 28), latent_dim=2, width=2)).save_pretrained(tmp_path)
    config = json.loads((tmp_path / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps(change(config, width=2048)))
    with pytest.raises(ValueError, match="does not fit the architecture"):
        Autoencoder.from_pretrained(tmp_path)


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_weights_that_are_not_finite_are_refused(bad: float, digits_checkpoint: Path, copied: Copied) -> None:
    file = copied(digits_checkpoint) / "model.safetensors"
    weights = load_file(file)
    weights["mean.bias"][0] = bad
    save_file(weights, file)
    with pytest.raises(ValueError, match=r"model\.safetensors holds weights that are not finite"):
        latent_space.load(file.parent)
