"""Two photos: walk between their latents beside the plain cross-fade, or take channels from one into the other."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import gradio as gr
import numpy as np
from PIL import Image, ImageOps

from explorer.arrays import number_within
from explorer.interpolation import interpolate
from explorer.photos import jobs as photo_jobs
from explorer.photos.edits import take_channels
from explorer.photos.jobs import Encoding
from explorer.photos.line import Replaced
from explorer.photos.reader import read_photo
from explorer.sentences import Sentence, said_by
from explorer.ui.notes import notes_html
from explorer.ui.photo.files import photo_input
from explorer.ui.photo.turns import EVENT, Desk, PhotoTurns
from explorer.ui.texts import i18n, language_of

METHODS = [("lerp", "linear"), ("slerp", "spherical")]  # the same in every language: Gradio says choices as they are
CHANNELS = 4
FIRST = Sentence("told.photo.first", "Choose a first photo above.")
CHANGED = Sentence("told.photo.changed", "The first photo or the model has changed; choose the second photo again.")


def build(visit: gr.State, turns: PhotoTurns) -> None:
    """Lay out the tool inside the surrounding gr.Accordion."""
    gr.Markdown(i18n("photo.pair.about"))
    second = gr.State(Desk(), time_to_live=3600)
    with gr.Row():
        with gr.Column(scale=1, min_width=250):
            photo = photo_input(label=i18n("photo.pair.second"), height=200, elem_id="photo-second", buttons=[])
            part = gr.Slider(0, 1, value=0.5, step=0.02, label=i18n("photo.pair.part"), elem_id="photo-part")
            method = gr.Radio(
                METHODS, value="linear", label=i18n("photo.pair.method"), info=i18n("photo.pair.method.info")
            )
            taken = gr.CheckboxGroup(
                [(str(index + 1), index) for index in range(CHANNELS)],
                label=i18n("photo.pair.take"),
                elem_id="photo-taken",
            )
        with gr.Column(scale=2, min_width=320):
            with gr.Row():
                shown: dict[str, Any] = {"format": "png", "interactive": False, "buttons": ["download"]}
                decoded = gr.Image(label=i18n("photo.pair.decoded"), elem_id="photo-between", **shown)
                faded = gr.Image(label=i18n("photo.pair.faded"), elem_id="photo-faded", **shown)
            notice = gr.HTML()
    outputs = [second, decoded, faded, notice]
    inputs = [visit, second, part, method, taken]
    shared: dict[str, Any] = {**EVENT, "api_visibility": "private"}
    photo.change(answering(on_photo, turns), [photo, *inputs], outputs, **shared)
    for event in (part.input, method.change, taken.change):
        answer = answering(on_change, turns)
        event(answer, inputs, outputs, trigger_mode="always_last", show_progress="hidden", **shared)


def answering(handle: Callable[..., tuple[Any, ...]], turns: PhotoTurns) -> Callable[..., tuple[Any, ...]]:
    """A handler that keeps the second photo, and whose sentences for bad input stand in the notice."""

    @turns.taken
    @wraps(handle)
    def taken(*arguments: Any) -> tuple[Any, ...]:
        _, kept = (argument for argument in arguments if isinstance(argument, Desk))
        second, *shown = handle(*(part.content if isinstance(part, Desk) else part for part in arguments))
        if second is None or isinstance(second, Encoding):
            kept.content, second = second, kept
        return second, *shown

    @wraps(handle)
    def handler(request: gr.Request, *arguments: Any) -> tuple[Any, ...]:
        try:
            return taken(request, *arguments)
        except Replaced:
            return gr.skip(), gr.skip(), gr.skip(), gr.skip()
        except ValueError as error:
            return gr.skip(), gr.skip(), gr.skip(), notes_html((said_by(error),), language_of(request), error=True)

    return handler


def on_photo(
    request: gr.Request,
    path: str | None,
    visit: Any,
    _second: Any,
    part: float,
    method: str,
    taken: list[int],
) -> tuple[Any, ...]:
    language = language_of(request)
    if path is None:
        return None, None, None, ""
    if visit is None or visit.encoding.photo is None:
        return None, None, None, notes_html((FIRST,), language)
    first: Encoding = visit.encoding
    photo, notes = read_photo(path, max(first.size))
    fitted = ImageOps.fit(photo, first.size, Image.Resampling.LANCZOS)
    second = photo_jobs.encode(first.model, fitted)
    *shown, notice = on_change(request, visit, second, part, method, taken)
    return *shown, notice or notes_html(notes, language)


def on_change(
    request: gr.Request, visit: Any, second: Encoding | None, part: float, method: str, taken: list[int]
) -> tuple[Any, ...]:
    language = language_of(request)
    if second is None or visit is None:
        return gr.skip(), gr.skip(), gr.skip(), gr.skip()
    first: Encoding = visit.encoding
    if first.model != second.model or first.size != second.size or first.photo is None or second.photo is None:
        return None, None, None, notes_html((CHANGED,), language)
    image = between(first, second, part, method, taken)
    return second, image, Image.blend(first.photo, second.photo, part), ""


def between(first: Encoding, second: Encoding, part: float, method: str, taken: list[int]) -> Image.Image:
    """Interpolated latents decoded; or, when channels are to be taken, the first photo's latents with those.

    Raises ValueError with a sentence: a part outside 0 to 1, another method, a channel that is not there.
    """
    if not number_within(part, "The part", 1.0) >= 0 or method not in dict(METHODS).values():
        raise ValueError("The part lies between 0 and 1, the method is linear or spherical.")
    if not all(type(index) is int and 0 <= index < len(first.mean) for index in taken):
        raise ValueError(
            Sentence("told.photo.channels", "This model's channels are 1 to {count}.", count=len(first.mean))
        )
    if taken:
        latents: np.ndarray = take_channels(first.mean, second.mean, taken)
    else:
        latents = interpolate(first.mean, second.mean, part, method)
    return photo_jobs.decode(first, latents).image
