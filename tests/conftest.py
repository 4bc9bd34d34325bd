"""Fixtures that more than one test file uses: small checkpoints, trained in seconds on scikit-learn's digits."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from explorer import train


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


def digits(out: Path, *options: str) -> Path:
    assert train.main(["digits-vae-2d", "--device", "cpu", "--out", str(out), *options]) == 0
    return out


@pytest.fixture(scope="session")
def digits_checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The digits VAE after two epochs."""
    return digits(tmp_path_factory.mktemp("checkpoints") / "digits", "--epochs", "2")


@pytest.fixture(scope="session")
def digits_checkpoint_5d(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The digits VAE with five latent dimensions and other options, after one epoch."""
    options = ["--epochs", "1", "--latent-dim", "5", "--width", "16", "--beta", "0.5", "--seed", "7", "--lr", "0.01"]
    return digits(tmp_path_factory.mktemp("checkpoints") / "digits-5d", *options)


@pytest.fixture
def copied(tmp_path: Path) -> Callable[[Path], Path]:
    """A function that copies a checkpoint, so that a test can damage it."""

    def copy(checkpoint: Path) -> Path:
        names = ("config.json", "model.safetensors", "latents.safetensors")
        folder = tmp_path / f"copy-of-{checkpoint.name}"
        folder.mkdir()
        for name in names:
            shutil.copy(checkpoint / name, folder)
        return folder

    return copy
