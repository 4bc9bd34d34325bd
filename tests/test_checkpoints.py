"""How a checkpoint is described and written: as the shipped ones are."""

import json
from dataclasses import asdict, fields
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from explorer import classifier
from explorer.checkpoints import CARD, CHECKPOINTS, CONFIG, WEIGHTS, Description, as_written, write_checkpoint
from explorer.maps.autoencoder import Architecture, Autoencoder
from explorer.maps.classifier import Classifier
from explorer.maps.latent_space import available

LATER = {"fashion-vae-2d": {"latent_penalty": 0.0}}  # what was not written yet when it was trained


def config_of(name: str | Path) -> dict:
    return json.loads((CHECKPOINTS / name / CONFIG).read_text(encoding="utf-8"))


def assert_alike(written: Path, shipped: Path) -> None:
    """config.json to the letter, the card below the head that the Hub's library gives it, and the weights."""
    config = LATER.get(shipped.name, {}) | config_of(shipped)
    assert (written / CONFIG).read_text(encoding="utf-8") == json.dumps(config, sort_keys=True, indent=2)
    ours, theirs = ((folder / CARD).read_text(encoding="utf-8").split("---\n", 2)[2] for folder in (written, shipped))
    assert ours == theirs
    ours, theirs = (load_file(folder / WEIGHTS) for folder in (written, shipped))
    assert ours.keys() == theirs.keys()
    assert all(value.dtype == theirs[key].dtype and torch.equal(value, theirs[key]) for key, value in ours.items())


@pytest.mark.parametrize("name", available())
def test_a_shipped_map_is_described_and_written_again_as_it_is(name: str, tmp_path: Path) -> None:
    model = Autoencoder.from_pretrained(CHECKPOINTS / name)
    write_checkpoint(model, tmp_path, Description(**model.description))
    assert_alike(tmp_path, CHECKPOINTS / name)


@pytest.mark.parametrize("data", classifier.TRAININGS)
def test_a_shipped_classifier_is_described_and_written_again_as_it_is(data: str, tmp_path: Path) -> None:
    folder = CHECKPOINTS / f"classifier-{data}"
    config = config_of(folder)
    described = {key: value for key, value in config.items() if key not in ("data", "size", "classes")}
    write_checkpoint(Classifier.from_pretrained(str(folder)), tmp_path, classifier.Description(**described))
    assert_alike(tmp_path, folder)


def test_a_new_map_is_described_by_the_keys_of_a_shipped_one_in_their_order(digits_checkpoint: Path) -> None:
    new, shipped = config_of(digits_checkpoint), config_of("digits-vae-2d")
    assert list(new) == list(shipped)
    assert set(new) == {"architecture", *(field.name for field in fields(Description))}
    for key in ("architecture", "measures"):
        assert list(new[key]) == list(shipped[key])


def test_an_older_checkpoint_in_the_folder_is_replaced_whole(tmp_path: Path) -> None:
    model = Autoencoder(Architecture("dense", (8, 8), latent_dim=2, width=4))
    described = Description(**{**Autoencoder.from_pretrained(CHECKPOINTS / "digits-vae-2d").description, "seed": 1})
    for seed in (1, 2):
        write_checkpoint(model, tmp_path, Description(**{**asdict(described), "seed": seed, "name": f"seed-{seed}"}))
    assert config_of(tmp_path)["seed"] == 2
    assert "# seed-2" in (tmp_path / CARD).read_text(encoding="utf-8")
    assert {file.name for file in tmp_path.iterdir()} == {CONFIG, CARD, WEIGHTS}


@pytest.mark.parametrize("network", ["dense", "conv"])
def test_what_is_measured_has_the_weights_of_the_file(network: str, tmp_path: Path) -> None:
    model = Autoencoder(Architecture(network, (8, 8), latent_dim=2, width=4, bottleneck=3)).train()
    written = as_written(model)
    model.save_pretrained(tmp_path)
    opened = Autoencoder.from_pretrained(tmp_path)
    assert model.training
    assert not written.training
    assert any(not torch.equal(value, written.state_dict()[key]) for key, value in model.state_dict().items())
    for key, value in opened.state_dict().items():
        assert torch.equal(value, written.state_dict()[key])
    assert {value.dtype for value in load_file(tmp_path / WEIGHTS).values()} == {torch.float16}
