"""What the repository ships: six checkpoints, small, described, and as good as the README says."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import explorer
from explorer.datasets import DataUnavailable, load
from explorer.evaluate import reconstruction_measures
from explorer.latent_space import CHECKPOINTS
from explorer.recipes import RECIPES
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
