"""What a training leaves on disk beside its weights: history, pictures, and the state it resumes from."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.numpy import save_file
from torchvision.utils import save_image

from explorer.checkpoints import HISTORY
from explorer.maps.autoencoder import Autoencoder, to_input
from explorer.training.resume import part, read_state, restore_optimiser, write_state

PAIRS = 32
SAMPLES = 64


@dataclass
class History:
    """How the map formed: losses for each epoch, and encoded test points at some steps."""

    epochs: list[dict[str, float]] = field(default_factory=list)
    snapshots: dict[int, np.ndarray] = field(default_factory=dict)  # step -> (2000, D) float16

    def add_epoch(self, **losses: float) -> None:
        self.epochs.append(losses)

    def tensors(self) -> dict[str, np.ndarray]:
        """steps (S,) int64, snapshots (S, 2000, D) float16, and losses (E,) float32 by name."""
        steps = sorted(self.snapshots)
        losses = {key: np.array([epoch[key] for epoch in self.epochs], np.float32) for key in self.epochs[0]}
        return {"steps": np.array(steps), "snapshots": np.stack([self.snapshots[s] for s in steps]), **losses}

    def load(self, tensors: dict[str, np.ndarray]) -> None:
        self.snapshots = dict(zip(tensors.pop("steps").tolist(), tensors.pop("snapshots"), strict=True))
        rows = zip(*(values.tolist() for values in tensors.values()), strict=True)
        self.epochs = [dict(zip(tensors, row, strict=True)) for row in rows]

    def save(self, folder: Path) -> None:
        save_file(self.tensors(), folder / HISTORY)


def write_resume(
    folder: Path,
    model: Autoencoder,
    optimiser: torch.optim.Optimizer,
    history: History,
    epoch: int,
    recipe: dict[str, Any],
) -> None:
    """Weights, optimiser and history after a whole epoch."""
    past = {key: torch.from_numpy(value) for key, value in history.tensors().items()}
    write_state(folder, {"model": model.state_dict(), "history": past}, optimiser, {"epoch": epoch}, {"recipe": recipe})


def read_resume(
    folder: Path, model: Autoencoder, optimiser: torch.optim.Optimizer, history: History, recipe: dict[str, Any]
) -> int:
    """Undo write_resume. -> whole epochs done. Raises ValueError when there is nothing to resume from."""
    # More epochs may be asked for; the others do not train.
    tensors, metadata = read_state(folder, {"recipe": recipe}, free=("epochs", "title", "teaches", "classic"))
    model.load_state_dict(part(tensors, "model"))
    restore_optimiser(optimiser, tensors)
    history.load({key: value.numpy() for key, value in part(tensors, "history").items()})
    return int(metadata["epoch"])


@torch.no_grad()
def draw_reconstructions(model: Autoencoder, images: np.ndarray, file: Path) -> None:
    """Originals (N, H, W) uint8 and their reconstructions in pairs, eight pairs a row."""
    model.eval()
    originals = to_input(images[:PAIRS], next(model.parameters()).device)
    decoded = model.decode(model.posterior(originals)[0])
    save_image(torch.stack([originals, decoded], 1).flatten(0, 1), file, nrow=16)


@torch.no_grad()
def draw_samples(model: Autoencoder, images: np.ndarray, file: Path) -> None:
    """Decoded samples: of the prior for a VAE; for a plain autoencoder, which has none, a box around its points."""
    model.eval()
    device = next(model.parameters()).device
    noise = torch.Generator(device).manual_seed(0)
    shape = (SAMPLES, model.architecture.latent_dim)
    if model.logvar is not None:
        latents = torch.randn(shape, generator=noise, device=device)
    else:
        points = model.posterior(to_input(images[:1000], device))[0]
        low, high = points.amin(0), points.amax(0)
        latents = low + (high - low) * torch.rand(shape, generator=noise, device=device)
    save_image(model.decode(latents), file, nrow=8)
