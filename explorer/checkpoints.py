"""Checkpoints: where the shipped ones lie, and the files that one is made of."""

from __future__ import annotations

from pathlib import Path

CHECKPOINTS = Path(__file__).resolve().parents[1] / "checkpoints"
CONFIG, CARD = "config.json", "README.md"
WEIGHTS = "model.safetensors"
LATENTS = "latents.safetensors"  # the encoded test set of a map
HISTORY = "history.safetensors"  # how it formed
TSNE = "tsne.safetensors"
