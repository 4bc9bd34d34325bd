"""What gradio_client can ask of a map besides decoding: lattice, interpolate, sample, neighbours, trust, posterior."""

# No `from __future__ import annotations` here: gr.api reads the annotations as types.
import base64

import gradio as gr
import numpy as np

from explorer.decode_worker import DecodeWorker, to_bytes
from explorer.ui.endpoints import MAX_IMAGES, with_sentences

MAX_LATENTS = 2_000


def build(worker: DecodeWorker) -> None:
    """Name the endpoints inside the surrounding gr.Blocks."""

    def lattice(model: str, x0: float, x1: float, y0: float, y1: float, n: int) -> dict:
        """Decoded images of an n × n grid over a part of the map, first row at y1: {"shape": [n, n, H, W], "pixels":
        base64 of grey bytes}."""
        images = to_bytes(worker.space(model).lattice(((x0, x1), (y0, y1)), n))
        return {"shape": list(images.shape), "pixels": base64.b64encode(images.tobytes()).decode()}

    def interpolate(model: str, a: list, b: list, steps: int, method: str = "linear") -> list:
        """A walk (steps, D) between two latents (D,), both ends included; method is linear or spherical."""
        return worker.space(model).interpolate(a, b, steps, method).tolist()

    def sample(model: str, n: int, how: str = "prior", seed: int = 0) -> list:
        """n latents (n, D) from the prior, the box around the encoded test set, or its density."""
        if isinstance(seed, bool) or not isinstance(seed, int) or seed < 0:
            raise ValueError("seed must be a whole number, at least 0.")
        return worker.space(model).sample(n, how, seed).tolist()

    def neighbours(model: str, latents: list, k: int) -> dict:
        """The k nearest encoded test points of latents (B, D): indices, distances and labels, (B, k) each."""
        space = worker.space(model)
        indices, distances = space.neighbours(few(latents), k)
        names = np.array(space.class_names)[space.labels[indices]]
        return {"indices": indices.tolist(), "distances": distances.tolist(), "labels": names.tolist()}

    def trust(model: str, latents: list) -> dict:
        """Drift, density and the prior's log-density of latents (B, D), (B,) each."""
        space, asked = worker.space(model), few(latents)
        return {name: getattr(space, name)(asked).tolist() for name in ("drift", "density", "log_prior")}

    def posterior(model: str, images: list) -> dict:
        """A VAE's mean and standard deviation, (B, D) each, of images (B, H, W) in [0, 1]."""
        if not isinstance(images, list) or len(images) > MAX_IMAGES:
            raise ValueError(f"images must be a list of at most {MAX_IMAGES} images.")
        mean, deviation = worker.space(model).posterior(images)
        return {"mean": mean.tolist(), "deviation": deviation.tolist()}

    for endpoint in (lattice, interpolate, sample, neighbours, trust, posterior):
        gr.api(with_sentences(endpoint), api_name=endpoint.__name__)


def few(latents: list) -> list:
    if not isinstance(latents, list) or len(latents) > MAX_LATENTS:
        raise ValueError(f"latents must be a list of at most {MAX_LATENTS:,} latents.")
    return latents
