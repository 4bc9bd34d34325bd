"""What the train tab shows while a training runs: how far it is, the map forming, losses and reconstructions."""

from __future__ import annotations

import secrets
from typing import Any

import gradio as gr
import numpy as np

from explorer.live.worker import to_bytes
from explorer.maps.datasets import load
from explorer.sentences import as_data
from explorer.ui.component import component, mounted, read
from explorer.ui.map.component import PALETTE
from explorer.ui.packing import to_base64
from explorer.visitors.train_options import RECIPE
from explorer.visitors.train_progress import Progress
from explorer.visitors.trainings import Training


def view(elem_id: str) -> gr.HTML:
    """Its events: "cancel", and "explore" with {model}. Its value is what `describe` or `refused` says."""
    data = load(RECIPE.data, "test")
    colours = {"labels": data.labels.tolist(), "class_names": list(data.class_names), "palette": list(PALETTE)}
    script = mounted("train/start.js", "cancel", "explore")
    return component(read("train/train.html"), read("train/train.css"), script, elem_id, **colours)


def describe(training: Training) -> dict[str, Any]:
    """number: of the training; answers of an older one than the newest are passed over. progress: {} at first."""
    return {
        "number": training.number,
        "state": training.state,
        "sentence": as_data(training.sentence),
        "place": training.place,
        "seconds": round(training.seconds, 1),
        "epochs": training.options.epochs,
        "latent_dim": training.options.latent_dim,
        "model": training.model,
        "progress": describe_progress(training.progress) if training.progress else {},
    }


def describe_progress(progress: Progress) -> dict[str, Any]:
    """losses: by name, one number for each epoch, None where it is not finite. points: base64 of (N, 2) float32.
    pictures: base64 of (2, C, H, W) grey bytes, test images above their reconstructions."""
    losses = {name: [_number(loss) for loss in values.tolist()] for name, values in progress.losses.items()}
    return {
        "epoch": progress.epoch,
        "losses": losses,
        "points": to_base64(np.ascontiguousarray(progress.points, "<f4")),
        "pictures": to_base64(to_bytes(np.nan_to_num(progress.pictures))),
        "side": progress.pictures.shape[-1],
    }


def _number(value: float) -> float | None:
    return round(value, 3) if np.isfinite(value) else None


def refused(sentence: str) -> dict[str, Any]:
    """What stands there when nothing was started."""
    return {"state": "refused", "sentence": as_data(sentence), "progress": {}, "answer": secrets.token_hex(4)}
