"""What the repository ships: six maps, three classifiers and a photo model, small, described, as good as they say."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest
import torch
from diffusers import AutoencoderKL, AutoencoderTiny

import explorer
from explorer.checkpoints import CHECKPOINTS
from explorer.classifier import accuracy
from explorer.evaluate import reconstruction_measures
from explorer.maps.classifier import open_classifier
from explorer.maps.datasets import SOURCES, DataUnavailable, load
from explorer.maps.recipes import RECIPES
from explorer.training.distill_files import measure
from explorer.ui.models_tab import row

README = CHECKPOINTS.parent / "README.md"
NAMES = list(RECIPES)


def shipped_files() -> list[Path]:
    left_out = ("pictures", "resume.safetensors")  # what a training leaves there and git ignores
    return [file for file in CHECKPOINTS.rglob("*") if file.is_file() and not set(left_out) & set(file.parts)]


def test_all_six_maps_are_shipped() -> None:
    assert explorer.available() == NAMES


def test_no_shipped_file_is_over_10_mb_and_all_together_stay_under_40_mb() -> None:
    sizes = [file.stat().st_size for file in shipped_files()]
    assert max(sizes) < 10_000_000
    assert sum(sizes) < 40_000_000


@pytest.mark.parametrize("name", NAMES)
def test_a_checkpoint_says_how_it_was_made(name: str) -> None:
    config = explorer.load(name).config
    assert config["command"] == f"python -m explorer.train {name} --out checkpoints/{name}"
    assert config["architecture"]["latent_dim"] == RECIPES[name].architecture.latent_dim
    assert config["data"] == RECIPES[name].data
    assert config["epochs"] == RECIPES[name].epochs


@pytest.mark.parametrize("name", NAMES)
def test_the_readme_and_the_models_tab_quote_the_measures_of_the_checkpoint(name: str) -> None:
    assert f"| {' | '.join(row(explorer.load(name).config))} |" in README.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "measure", "limit"),
    [
        ("fashion-ae-2d", "bce_per_pixel", 0.244),
        ("mnist-ae-2d", "mse_per_pixel", 0.034),
        ("mnist-ae-16d", "mse_per_pixel", 0.006),
    ],
)
def test_a_shipped_model_beats_the_tutorial_figures(name: str, measure: str, limit: float) -> None:
    assert explorer.load(name).config["measures"][measure] <= limit


def test_the_dense_vae_reaches_102_nats() -> None:
    assert explorer.load("mnist-vae-20d").config["measures"]["elbo"] >= -102


@pytest.mark.parametrize("name", NAMES)
def test_measuring_a_shipped_model_again_gives_its_recorded_figures(name: str) -> None:
    space = explorer.load(name)
    try:
        data = load(space.config["data"], "test", size=space.image_shape[0])
    except DataUnavailable as error:
        pytest.skip(str(error))
    for key, value in reconstruction_measures(space.model, data).items():
        assert value == pytest.approx(space.config["measures"][key], rel=1e-4), key
    np.testing.assert_array_equal(space.labels, data.labels)


@pytest.mark.parametrize("name", NAMES)
def test_the_encoded_points_are_what_the_encoder_says_of_the_test_images(name: str) -> None:
    space = explorer.load(name)
    try:
        images = load(space.config["data"], "test", size=space.image_shape[0]).images[:200]
    except DataUnavailable as error:
        pytest.skip(str(error))
    np.testing.assert_allclose(space.encode(images / 255), space.latents[:200], rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize(("data", "floor"), [("digits", 0.93), ("mnist", 0.992), ("fashion-mnist", 0.915)])
def test_each_data_set_has_a_small_classifier_that_says_how_it_was_made(data: str, floor: float) -> None:
    folder = CHECKPOINTS / f"classifier-{data}"
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    assert config["command"] == f"python -m explorer.classifier {data} --out checkpoints/classifier-{data}"
    assert config["accuracy"] >= floor
    assert f"accuracy on the test set: {config['accuracy']}" in (folder / "README.md").read_text(encoding="utf-8")
    assert max(file.stat().st_size for file in folder.iterdir()) < 500_000
    assert open_classifier(data).description["accuracy"] == config["accuracy"]


@pytest.mark.parametrize("data", SOURCES)
def test_measuring_a_classifier_again_gives_its_recorded_figure(data: str) -> None:
    model = open_classifier(data)
    try:
        test_set = load(data)
    except DataUnavailable as error:
        pytest.skip(str(error))
    assert accuracy(model, test_set) == pytest.approx(model.description["accuracy"], abs=5e-4)


@pytest.mark.parametrize(
    ("name", "share"),
    [
        ("fashion-ae-2d", 0.65),
        ("fashion-vae-2d", 0.62),
        ("mnist-vae-20d", 0.95),
        ("mnist-ae-16d", 0.97),
        ("mnist-ae-2d", 0.8),
        ("digits-vae-2d", 0.65),
    ],
)
def test_what_a_map_decodes_is_mostly_classified_as_what_was_encoded(name: str, share: float) -> None:
    space = explorer.load(name, device="cpu")
    some = slice(None, 1_000)
    found = space.classify(space.decode(space.latents[some])).argmax(1)
    assert (found == space.labels[some]).mean() > share  # by chance 0.1; two dimensions tell no more apart


PHOTO_VAE = CHECKPOINTS / "photo-vae"
ITSELF, READ_BY_TEACHER, READS_TEACHER = "itself", "teacher decodes its latents", "it decodes the teacher's"


@pytest.fixture(scope="module")
def about() -> dict:
    return json.loads((PHOTO_VAE / "distillation.json").read_text(encoding="utf-8"))


def test_the_photo_model_is_small_and_opens_with_plain_diffusers() -> None:
    model = AutoencoderKL.from_pretrained(PHOTO_VAE)
    assert (model.config.latent_channels, model.config.scaling_factor) == (4, 0.18215)
    assert sum(weights.numel() for weights in model.parameters()) < 4_000_000
    with torch.no_grad():
        assert model.encode(torch.zeros(1, 3, 64, 48)).latent_dist.mode().shape == (1, 4, 8, 6)


def test_the_photo_models_card_and_the_page_about_it_quote_its_measures(about: dict) -> None:
    card = (PHOTO_VAE / "README.md").read_text(encoding="utf-8")
    page = (README.parent / "docs" / "models.md").read_text(encoding="utf-8")
    for name, value in about["psnr"].items():
        assert f"| {name} | {value:.2f} dB |" in card
        assert f"| {name} | {value:.2f} dB |" in page
    assert about["command"] in card
    assert f"{about['steps']:,} steps" in card
    assert "license: mit" in card


def test_measuring_the_photo_model_again_gives_its_recorded_figures(about: dict) -> None:
    data = Path(os.environ.get("EXPLORER_DATA", "data"))
    photos, teacher = sorted((data / "kodak").glob("*.png")), data / "weights" / "taesd"
    if not photos or not teacher.is_dir():
        pytest.skip("kodak/ and weights/taesd/ are not in EXPLORER_DATA.")
    student = AutoencoderKL.from_pretrained(PHOTO_VAE)
    opened = AutoencoderTiny.from_pretrained(teacher, torch_dtype=torch.float32)
    found = measure(student, opened, photos[0])
    assert found == pytest.approx(about["psnr_by_photo"][photos[0].stem], abs=0.01)


def test_its_decoder_and_its_teachers_read_each_others_latents(about: dict) -> None:
    found = about["psnr"]
    assert found[READ_BY_TEACHER] >= 23.5
    assert found[READS_TEACHER] >= 24.5
    assert found[ITSELF] >= 25.3
