"""How far a training is, from the file that it replaces after each epoch."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError, safe_open

from explorer.maps.autoencoder import Autoencoder, to_input
from explorer.maps.datasets import DataSet, load
from explorer.maps.planes import principal
from explorer.training.resume import RESUME, State, part
from explorer.visitors.train_options import RECIPE

LOSSES = ("reconstruction", "test_reconstruction", "kl")


@dataclass(frozen=True)
class Progress:
    """After a whole epoch. losses: (epoch,) float32 by name, in nats per image. points: (N, 2) float32, the encoded
    test set on its plane. pictures: (2, C, H, W) float32 in [0, 1], a test image of each class and its reconstruction.
    """

    epoch: int
    losses: dict[str, np.ndarray]
    points: np.ndarray
    pictures: np.ndarray


@lru_cache(maxsize=1)
def test_set() -> DataSet:
    return load(RECIPE.data, "test")


class ProgressReader:
    """Reads one training's folder again and again; its planes follow each other without turning."""

    def __init__(self, folder: Path, latent_dim: int, width: int) -> None:
        self._file = folder / RESUME
        architecture = replace(RECIPE.architecture, latent_dim=latent_dim, width=width)
        with torch.device("meta"):
            self._model = Autoencoder(architecture).eval()
        self._seen: tuple[int, int] | None = None
        self._epoch: int | None = None
        self._before: np.ndarray | None = None

    def read(self) -> Progress | None:
        """None where nothing new has been written."""
        try:
            about = self._file.stat()
            if (stamp := (about.st_mtime_ns, about.st_ino)) == self._seen:
                return None
            with safe_open(self._file, "pt") as opened:
                epoch = int(opened.metadata()["epoch"])
                names = [name for name in opened.keys() if not name.startswith("optimiser.")]  # noqa: SIM118
                tensors = {name: opened.get_tensor(name) for name in names}
        except (OSError, SafetensorError):  # not there yet, or just removed
            return None
        self._seen = stamp
        if epoch == self._epoch:  # the same as last time: the file was replaced between `stat` and `open`
            return None
        self._epoch = epoch
        return self._progress(epoch, tensors)

    @torch.no_grad()
    def _progress(self, epoch: int, tensors: State) -> Progress:
        self._model.load_state_dict(part(tensors, "model"), assign=True)
        data, history = test_set(), part(tensors, "history")
        latents = self._model.posterior(to_input(data.images))[0]
        some = [int(np.flatnonzero(data.labels == label)[0]) for label in range(len(data.class_names))]
        pictures = torch.stack([to_input(data.images[some]), self._model.decode(latents[some])])[:, :, 0]
        losses = {name: history[name].numpy() for name in LOSSES}
        return Progress(epoch, losses, self._on_plane(latents.numpy()), pictures.numpy())

    def _on_plane(self, latents: np.ndarray) -> np.ndarray:
        """(N, D) -> (N, 2). The plane of the first two principal components may turn or flip from epoch to epoch: it is
        turned so that the points stay as close as they can to where they were (orthogonal Procrustes)."""
        points = latents if latents.shape[1] == 2 else principal(latents).project(latents)
        if latents.shape[1] > 2 and self._before is not None:
            left, _, right = np.linalg.svd(points.T @ self._before)
            points = points @ (left @ right)
        self._before = points
        return points.astype(np.float32)
