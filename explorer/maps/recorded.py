"""What a training left beside a map's weights: how the map formed, and a t-SNE of its points."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file

from explorer.checkpoints import HISTORY, TSNE
from explorer.kept import remembered
from explorer.maps.space import Space
from explorer.sentences import Sentence

MAX_SHOWN = 250_000  # points of all snapshots together, which are sent to the page at once
MAX_LOSSES, MAX_EPOCHS = 16, 100_000


@dataclass(frozen=True)
class Formation:
    """How a map formed.

    steps: (S,) int64, the optimiser's steps at which the first n test points were encoded, from 0.
    snapshots: (S, n, D) float16, those points. losses: by name, (E,) float32, one number for each epoch.
    steps_per_epoch: float, so that a step has its place on the losses' axis.
    """

    steps: np.ndarray
    snapshots: np.ndarray
    losses: dict[str, np.ndarray]
    steps_per_epoch: float


@remembered(8)
def formation(space: Space) -> Formation:
    """Raises ValueError with a sentence where the checkpoint holds no history, or one that does not fit it."""
    tensors = _read(
        space.folder / HISTORY, Sentence("told.map.not-recorded", "It was not recorded how this map formed.")
    )
    steps, snapshots = tensors.pop("steps", None), tensors.pop("snapshots", None)
    if steps is None or snapshots is None or not _fit(space, steps, snapshots, tensors):
        raise ValueError(Sentence("told.open.history", "{file} does not fit this map.", file=HISTORY))
    epochs = len(next(iter(tensors.values())))
    return Formation(steps, snapshots, tensors, (int(steps[-1]) + 1) / max(epochs, 1))


def _fit(space: Space, steps: np.ndarray, snapshots: np.ndarray, losses: dict[str, np.ndarray]) -> bool:
    if snapshots.ndim != 3 or steps.dtype != np.int64 or steps.shape != snapshots.shape[:1] or not len(steps):
        return False
    if not 0 < snapshots.shape[1] <= len(space.latents) or snapshots.shape[2] != space.latent_dim:
        return False
    if len(steps) * snapshots.shape[1] > MAX_SHOWN or len(losses) > MAX_LOSSES:
        return False
    if not {"loss", "reconstruction", "test_reconstruction"} <= set(losses):
        return False
    epochs = losses["loss"].shape
    if len(epochs) != 1 or not 0 < epochs[0] <= MAX_EPOCHS or any(values.shape != epochs for values in losses.values()):
        return False
    ordered = steps[0] >= 0 and (np.diff(steps) > 0).all() and steps[-1] < 1e12
    return bool(ordered and all(np.isfinite(values).all() for values in (snapshots, *losses.values())))


@remembered(8)
def tsne(space: Space) -> np.ndarray:
    """The t-SNE of the encoded test set, (N, 2) float32. Raises ValueError with a sentence where there is none."""
    places = _read(
        space.folder / TSNE,
        Sentence("told.map.no-tsne", "No t-SNE of this map was computed; python -m explorer.tsne makes one."),
    )["tsne"]
    if places.shape != (len(space.latents), 2) or not np.isfinite(places).all():
        raise ValueError(Sentence("told.open.history", "{file} does not fit this map.", file=TSNE))
    return places.astype(np.float32)


def _read(file: Path, otherwise: str) -> dict[str, np.ndarray]:
    if not file.is_file():
        raise ValueError(otherwise)
    try:
        return load_file(file)
    except SafetensorError:
        raise ValueError(f"{file.name} is truncated or not a safetensors file.") from None
