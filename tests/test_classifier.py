"""The classifiers: trained, kept, opened, and asked through a latent space."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

import explorer
from explorer import classifier
from explorer.maps import classifier as network
from explorer.maps.classifier import Classifier
from explorer.maps.datasets import load


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
    monkeypatch.setattr(network, "CHECKPOINTS", trained.parent)
    space = explorer.load(digits_checkpoint, device="cpu")
    images = (load("digits").images[:50] / 255).astype(np.float32)
    found = space.classify(images)
    assert found.shape == (50, len(space.class_names))
    assert (found.argmax(1) == load("digits").labels[:50]).mean() > 0.7


def test_where_there_is_no_classifier_a_sentence_says_how_to_make_one(
    tmp_path: Path, digits_checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(network, "CHECKPOINTS", tmp_path)
    with pytest.raises(ValueError, match=r"python -m explorer\.classifier digits makes one"):
        explorer.load(digits_checkpoint, device="cpu").classify(np.zeros((1, 8, 8)))


def test_a_damaged_classifier_is_refused_with_the_file(trained: Path, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text((trained / "config.json").read_text())
    (tmp_path / "model.safetensors").write_bytes(b"not a file of tensors")
    with pytest.raises(ValueError, match=r"model\.safetensors is missing, damaged or of another shape"):
        Classifier.from_pretrained(str(tmp_path))


def test_a_shift_moves_each_image_by_whole_pixels_and_brings_in_zeros() -> None:
    torch.manual_seed(0)
    dots = torch.zeros(200, 1, 8, 8)
    dots[:, 0, 3, 4] = 1
    assert classifier.shifted(dots, 0).equal(dots)
    moved = classifier.shifted(dots, 2)
    assert moved.shape == dots.shape
    reached = {tuple(place[2:]) for place in moved.nonzero().tolist()}
    assert reached == {(row, column) for row in range(1, 6) for column in range(2, 7)}
    assert classifier.shifted(dots, 5).sum() < 200  # some are moved out


def test_turning_by_nothing_leaves_images_as_they_are_and_turning_keeps_their_shape() -> None:
    torch.manual_seed(0)
    images = torch.rand(3, 1, 28, 28)
    torch.testing.assert_close(classifier.turned(images, 0, 0), images, rtol=0, atol=1e-5)
    turned = classifier.turned(images[:1].expand(5, -1, -1, -1), 0.2, 0.1)
    assert turned.shape == (5, 1, 28, 28)
    assert all(not turned[0].equal(other) for other in turned[1:])  # each by an amount of its own


def test_blurring_spreads_a_dot_and_keeps_its_light() -> None:
    torch.manual_seed(0)
    dots = torch.zeros(50, 1, 29, 29)
    dots[:, 0, 14, 14] = 1
    blurred = classifier.blurred(dots, 2.0)
    torch.testing.assert_close(blurred.sum((1, 2, 3)), torch.ones(50))
    torch.testing.assert_close(blurred, blurred.transpose(2, 3))
    assert blurred.amax((1, 2, 3)).min() < 0.05
    assert blurred.amax((1, 2, 3)).max() > 0.5


def test_training_images_vary_within_their_range() -> None:
    torch.manual_seed(0)
    images = torch.rand(7, 1, 28, 28)
    for training in classifier.TRAININGS.values():
        varied = classifier.varied(images, training)
        assert varied.shape == images.shape
        assert varied.min() >= 0
        assert varied.max() <= 1 + 1e-5


def test_a_card_and_a_description_tell_of_the_training_and_the_accuracy(trained: Path) -> None:
    config, card = json.loads((trained / "config.json").read_text()), (trained / "README.md").read_text()
    assert {"width", "epochs", "shift", "turn", "grow", "blur", "lr", "seed"} <= config.keys()
    assert f"`{config['command']}`" in card
    assert f"accuracy on the test set: {config['accuracy']}" in card
    assert "More Information Needed" not in card


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
