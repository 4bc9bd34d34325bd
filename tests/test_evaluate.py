"""The measures of a checkpoint."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from explorer import evaluate
from explorer.maps import datasets
from explorer.maps.autoencoder import Architecture, Autoencoder, to_input
from explorer.maps.datasets import DataSet
from explorer.maps.losses import reconstruction_loss

Copied = Callable[[Path], Path]


def tiny(count: int) -> DataSet:
    data = datasets.load("digits")
    return DataSet(data.images[:count], data.labels[:count], data.class_names)


def network(variational: bool) -> Autoencoder:
    torch.manual_seed(0)
    return Autoencoder(Architecture("dense", (8, 8), latent_dim=2, width=16, variational=variational)).eval()


def cross_entropy(decoded: np.ndarray, images: np.ndarray) -> np.ndarray:
    return -(images * np.log(decoded) + (1 - images) * np.log(1 - decoded)).sum((1, 2))


def test_the_measures_of_an_autoencoder_are_those_of_numpy() -> None:
    model, data = network(variational=False), tiny(7)
    images = data.images / 255.0
    with torch.no_grad():
        latents = model.posterior(torch.tensor(images[:, None], dtype=torch.float32))[0]
        decoded = model.decode(latents)[:, 0].double().numpy()
    bce, mse = cross_entropy(decoded, images).mean(), np.square(decoded - images).sum((1, 2)).mean()
    assert evaluate.reconstruction_measures(model, data) == pytest.approx(
        {"bce_per_image": bce, "bce_per_pixel": bce / 64, "mse_per_image": mse, "mse_per_pixel": mse / 64}, rel=1e-5
    )


def test_the_elbo_of_a_vae_is_that_of_numpy_with_one_sample_for_each_image() -> None:
    model, data = network(variational=True), tiny(7)
    mean, logvar = evaluate.encode_all(model, data.images)
    noise = torch.randn(7, 2, generator=torch.Generator().manual_seed(0)).numpy()
    with torch.no_grad():
        sampled = model.decode(torch.from_numpy(mean + np.exp(logvar / 2) * noise))[:, 0].double().numpy()
    kl = (0.5 * (np.square(mean) + np.exp(logvar) - logvar - 1)).sum(1).mean()
    measures = evaluate.reconstruction_measures(model, data)
    assert measures["kl"] == pytest.approx(kl, rel=1e-5)
    assert measures["elbo"] == pytest.approx(-cross_entropy(sampled, data.images / 255.0).mean() - kl, rel=1e-5)


def test_the_measures_do_not_depend_on_the_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    model, data = network(variational=False), tiny(7)
    at_once = evaluate.reconstruction_measures(model, data)
    monkeypatch.setattr(evaluate, "BATCH", 3)
    assert evaluate.reconstruction_measures(model, data) == pytest.approx(at_once, rel=1e-6)


@pytest.mark.parametrize("loss", ["bce", "mse"])
def test_the_training_loss_is_the_measure_it_is_named_after(loss: str) -> None:
    model, data = network(variational=False), tiny(7)
    images = to_input(data.images)
    with torch.no_grad():
        mean = reconstruction_loss(model, model(images).raw, images, loss).item() / 7
    assert evaluate.reconstruction_measures(model, data)[f"{loss}_per_image"] == pytest.approx(mean, rel=1e-5)


def test_neighbours_know_the_class_of_separate_clusters_and_not_of_noise() -> None:
    random = np.random.default_rng(0)
    labels = np.repeat(np.arange(10), 30)
    clusters = np.stack([labels, labels % 3], 1) + 0.01 * random.standard_normal((300, 2))
    assert evaluate.neighbour_accuracy(clusters, labels) == 1
    assert evaluate.neighbour_accuracy(random.standard_normal((300, 2)), labels) < 0.25


def printed(text: str) -> dict[str, float]:
    """The lines of a table as numbers."""
    return {name: float(value.replace(",", "")) for name, value in map(str.split, text.splitlines())}


def test_the_command_prints_every_measure(digits_checkpoint: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert evaluate.main([str(digits_checkpoint), "--device", "cpu"]) == 0
    lines = printed(capsys.readouterr().out)
    measures = json.loads((digits_checkpoint / "config.json").read_text())["measures"]
    assert {name: lines[name] for name in measures} == pytest.approx(measures, rel=1e-4)
    times = {name: value for name, value in lines.items() if name not in measures}
    assert list(times) == ["decode_ms_batch_1", "decode_ms_batch_64", "decode_ms_batch_1024"]
    assert min(times.values()) > 0


def test_without_its_data_the_command_prints_the_recorded_measures(
    digits_checkpoint: Path, copied: Copied, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = copied(digits_checkpoint) / "config.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "data": "mnist", "measures": {"elbo": -12.5}}))
    assert evaluate.main([str(file.parent), "--device", "cpu", "--data", str(tmp_path)]) == 0
    out, err = capsys.readouterr()
    assert printed(out)["elbo"] == -12.5
    assert "--data FOLDER" in err
    assert "taken when it was trained" in err


def test_an_unknown_name_ends_with_code_2_and_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert evaluate.main(["no-such-map"]) == 2
    assert capsys.readouterr().err.startswith("There is no map of that name")


def test_an_unknown_device_ends_with_code_2_and_a_sentence(
    digits_checkpoint: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert evaluate.main([str(digits_checkpoint), "--device", "abacus"]) == 2
    assert capsys.readouterr().err == "There is no device abacus here.\n"


@pytest.mark.parametrize("data", [None, "cifar"])
def test_a_checkpoint_of_unknown_data_ends_with_code_2_and_a_sentence(
    data: str | None, digits_checkpoint: Path, copied: Copied, capsys: pytest.CaptureFixture[str]
) -> None:
    file = copied(digits_checkpoint) / "config.json"
    config = {**json.loads(file.read_text()), "data": data}
    file.write_text(json.dumps({key: value for key, value in config.items() if value is not None}))
    assert evaluate.main([str(file.parent), "--device", "cpu"]) == 2
    assert "does not say which data set" in capsys.readouterr().err
