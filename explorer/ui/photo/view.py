"""The photo component: four channels, the photo cell by cell, and the edits; what Python tells it and hears from it."""

from __future__ import annotations

import base64
import io
import secrets
from collections.abc import Callable
from typing import Any

import gradio as gr
import numpy as np
from PIL import Image

from explorer.arrays import number_within, seed_of
from explorer.photos.edits import BITS, MAX_SEED, MAX_SIGMA, Edits, parse_channels
from explorer.photos.jobs import Encoding
from explorer.photos.metrics import error_map
from explorer.photos.views import channel_pictures, colour_bar, deviation_pictures, heat
from explorer.ui.component import component, mounted, read
from explorer.ui.texts import say

PERCENTILES = (0, 1, 2, 5)


def view(elem_id: str) -> gr.HTML:
    """Its "change_view" event carries {key, edits, settings, decode, point}; its value is what `describe` says."""
    script = mounted("photo/start.js", "change_view")
    return component(read("photo/photo.html"), read("photo/photo.css"), script, elem_id)


def parse_edits(sent: Any, channels: int) -> Edits:
    """What the page sent -> Edits. Raises ValueError with a sentence."""
    if not isinstance(sent, dict):
        raise ValueError("Edits must be an object.")
    if sent.get("bits", 0) not in BITS:
        raise ValueError("bits must be 0, 8 or 4.")
    sample = sent.get("sample")
    sigma = number_within(sent.get("sigma", 0.0), "sigma", MAX_SIGMA)
    if sigma < 0:
        raise ValueError("sigma must not be negative.")
    return Edits(
        channels=parse_channels(sent.get("channels", []), channels),
        sample=None if sample is None else seed_of(sample, MAX_SEED),
        sigma=sigma,
        noise_seed=seed_of(sent.get("noise_seed", 0), MAX_SEED),
        bits=int(sent.get("bits", 0)),
    )


def describe(
    encoding: Encoding, latents: np.ndarray, decoded: Image.Image | None, settings: Any, key: str, new: bool = False
) -> dict[str, Any]:
    """All that the component shows. latents: (C, h, w), edited. decoded: their picture, None when it did not change.

    settings: {"view": "mean" or "deviation", "shared": bool, "percentile": 0, 1, 2 or 5}, with defaults.
    """
    settings = settings if isinstance(settings, dict) else {}
    low = settings.get("percentile", 2) if settings.get("percentile", 2) in PERCENTILES else 2
    deviation = settings.get("view") == "deviation" and encoding.std is not None
    draw, values = (deviation_pictures, encoding.std) if deviation else (channel_pictures, latents)
    pictures = draw(values, shared=bool(settings.get("shared", True)), percentile=(low, 100 - low))  # type: ignore[arg-type]
    shown = encoding.std if deviation and encoding.std is not None else latents
    value = {
        "key": key,
        "answer": new_key(),  # or an answer like the last one would go unnoticed
        "width": encoding.size[0],
        "height": encoding.size[1],
        "step": encoding.step,
        "rows": latents.shape[1],
        "columns": latents.shape[2],
        "has_photo": encoding.photo is not None,
        "has_deviation": encoding.std is not None,
        "deviation": deviation,
        "channels": [{"picture": data_url(p.pixels, "PNG"), **p.statistics()} for p in pictures],
        "scale": [f"rgb({r},{g},{b})" for r, g, b in colour_bar(not deviation, 11)[0].tolist()],
        "latents": base64.b64encode(np.ascontiguousarray(shown, "<f4").tobytes()).decode(),
        "preview": data_url(encoding.preview.picture(latents), "PNG"),
        "preview_share": f"{100 * encoding.preview.explained:.0f}",
    }
    if new:
        value["photo"] = data_url(np.asarray(encoding.base), "JPEG")
    if decoded is not None:
        value |= pictures_of(encoding, decoded)
    return value


def pictures_of(encoding: Encoding, decoded: Image.Image) -> dict[str, str]:
    """The reconstruction, and where it differs from the photo, with the scale's upper end."""
    errors = error_map(np.asarray(encoding.base), np.asarray(decoded))
    high = max(float(np.percentile(errors, 99)), 1 / 255)
    return {
        "reconstruction": data_url(np.asarray(decoded), "JPEG"),
        "error": data_url(heat(errors, high), "JPEG"),
        "error_high": f"{high:.2f}",
    }


def describe_influence(change: np.ndarray, row: int, column: int, step: int) -> dict[str, Any]:
    """Where a cell reaches, from the (H, W) change in [0, 1]: a transparent picture, and the radius of nearly all."""
    high = max(float(change.max()), 1e-6)
    alpha = (np.sqrt(change / high) * 230).astype(np.uint8)
    picture = np.dstack([heat(change, high), alpha])
    y, x = np.mgrid[: change.shape[0], : change.shape[1]]
    centre = (row + 0.5) * step - 0.5, (column + 0.5) * step - 0.5
    distance = np.maximum(np.abs(y - centre[0]), np.abs(x - centre[1])).ravel()
    order = np.argsort(distance)
    share = np.cumsum(change.ravel()[order])
    reach = distance[order][np.searchsorted(share, 0.9 * share[-1])] if share[-1] > 0 else 0.0
    return {"picture": data_url(picture, "PNG"), "row": row, "column": column, "reach": f"{reach:.0f}"}


def parse_cell(sent: Any, latents: np.ndarray) -> tuple[int, int] | None:
    """The (row, column) that was clicked, None without one. Raises ValueError when it lies outside."""
    if sent is None:
        return None
    place = (sent.get("row"), sent.get("column")) if isinstance(sent, dict) else (None, None)
    rows, columns = latents.shape[1:]
    row, column = place
    if type(row) is not int or type(column) is not int or not (0 <= row < rows and 0 <= column < columns):
        raise ValueError(f"A cell lies in rows 0 to {rows - 1} and columns 0 to {columns - 1}.")
    return row, column


def fetching(progress: gr.Progress, language: str) -> Callable[[float, str], None]:
    """What a model's download tells of itself, in Gradio's bar."""

    def tell(part: float, text: str) -> None:
        progress(part, desc=say("photo.fetching", language, part=text))

    return tell


def new_key() -> str:
    """Tells one encoding from the next, so that an answer about an older one can be dropped."""
    return secrets.token_hex(8)


def data_url(pixels: np.ndarray, kind: str) -> str:
    """(H, W, 3 or 4) uint8 -> a data URL; JPEG at a quality whose loss is far below a reconstruction's."""
    packed = io.BytesIO()
    options = {"quality": 95, "subsampling": 0} if kind == "JPEG" else {"compress_level": 1}
    Image.fromarray(pixels).save(packed, kind, **options)
    return f"data:image/{kind.lower()};base64,{base64.b64encode(packed.getvalue()).decode()}"
