"""The classifiers: trained, kept, opened, and asked through a latent space."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

import explorer
from explorer import classifier
from explorer.classifier import Classifier, open_classifier
from explorer.datasets import load


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("shipped") / "classifier-digits"
    assert classifier.main(["digits", "--epochs", "12", "--out", str(out)]) == 0
    return out


def test_a_trained_classifier_reads_most_digits_and_says_how_many(trained: Path) -> None:
    config = json.loads((trained / "config.json").read_text())
    assert config["accuracy"] > 0.8
    assert config["command"].startswith("python -m explorer.classifier digits --epochs 12")
    assert classifier.accuracy(Classifier.from_pretrained(str(trained)), load("digits")) == config["accuracy"]


def test_probabilities_sum_to_one(trained: Path) -> None:
    found = Classifier.from_pretrained(str(trained)).probabilities((load("digits").images[:7] / 255).astype(np.float32))
    assert found.shape == (7, 10)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found.sum(1), 1, rtol=1e-5)


def test_no_images_give_no_probabilities(trained: Path) -> None:
    assert Classifier.from_pretrained(str(trained)).probabilities(np.zeros((0, 8, 8), np.float32)).shape == (0, 10)


def test_a_larger_image_is_judged_by_its_middle(trained: Path) -> None:
    model = Classifier.from_pretrained(str(trained))
    images = (load("digits").images[:5] / 255).astype(np.float32)
    padded = np.pad(images, ((0, 0), (2, 2), (2, 2)))
    np.testing.assert_array_equal(model.probabilities(padded), model.probabilities(images))


def test_the_same_seed_gives_the_same_weights(tmp_path: Path) -> None:
    for name in ("a", "b"):
        assert classifier.main(["digits", "--epochs", "1", "--out", str(tmp_path / name)]) == 0
    first, second = (Classifier.from_pretrained(str(tmp_path / name)).state_dict() for name in ("a", "b"))
    assert all(torch.equal(first[key], second[key]) for key in first)


def test_a_latent_space_asks_the_classifier_of_its_data_set(
    trained: Path, digits_checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(classifier, "CHECKPOINTS", trained.parent)
    open_classifier.cache_clear()
    space = explorer.load(digits_checkpoint, device="cpu")
    images = (load("digits").images[:50] / 255).astype(np.float32)
    found = space.classify(images)
    open_classifier.cache_clear()
    assert found.shape == (50, len(space.class_names))
    assert (found.argmax(1) == load("digits").labels[:50]).mean() > 0.7


def test_where_there_is_no_classifier_a_sentence_says_how_to_make_one(
    tmp_path: Path, digits_checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(classifier, "CHECKPOINTS", tmp_path)
    open_classifier.cache_clear()
    with pytest.raises(ValueError, match=r"python -m explorer\.classifier digits makes one"):
        explorer.load(digits_checkpoint, device="cpu").classify(np.zeros((1, 8, 8)))


def test_a_damaged_classifier_is_refused_with_the_file(trained: Path, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text((trained / "config.json").read_text())
    (tmp_path / "model.safetensors").write_bytes(b"not a file of tensors")
    with pytest.raises(ValueError, match=r"model\.safetensors is missing, damaged or of another shape"):
        Classifier.from_pretrained(str(tmp_path))


def test_a_shift_moves_all_images_alike_and_keeps_their_shape() -> None:
    torch.manual_seed(0)
    images = torch.rand(3, 1, 8, 8)
    assert classifier.shift(images, 0).equal(images)
    moved = [classifier.shift(images, 2) for _ in range(20)]
    assert all(other.shape == images.shape for other in moved)
    assert any(not other.equal(images) for other in moved)


@pytest.mark.parametrize("option", [["--epochs", "0"], ["--width", "0"], ["--seed", "-1"]])
def test_options_that_make_no_sense_are_refused(option: list[str]) -> None:
    with pytest.raises(SystemExit):
        classifier.main(["digits", *option])


def test_missing_data_ends_with_both_ways_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "MNIST" / "raw").mkdir(parents=True)
    names = [f"{split}-{kind}-ubyte" for split in ("train", "t10k") for kind in ("images-idx3", "labels-idx1")]
    for name in names:
        (tmp_path / "MNIST" / "raw" / name).write_bytes(b"damaged")
    assert classifier.main(["mnist", "--data", str(tmp_path)]) == 2
    assert "damaged" in capsys.readouterr().err
