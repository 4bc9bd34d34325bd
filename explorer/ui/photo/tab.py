"""The photo tab: a photo, its latents, its reconstruction, and what they measure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np

from explorer.photos import jobs as photo_jobs
from explorer.photos.files import load, save, snippet
from explorer.photos.image import LARGEST
from explorer.photos.jobs import Decoding, Encoding
from explorer.photos.line import Replaced, check
from explorer.photos.metrics import compare
from explorer.photos.models import BUILT_IN, KNOWN, for_visitors, is_cached, source_of
from explorer.photos.reader import read_photo
from explorer.sentences import Sentence, said_by
from explorer.ui.notes import notes_html
from explorer.ui.photo import compare as photo_compare
from explorer.ui.photo import endpoints as photo_endpoints
from explorer.ui.photo import examples as photo_examples
from explorer.ui.photo import pair as photo_pair
from explorer.ui.photo import view as photo_view
from explorer.ui.photo.files import KEPT_SECONDS, new_folder, next_folder, photo_input, remove_folder, save_png, touch
from explorer.ui.photo.measures import measures_list
from explorer.ui.photo.turns import EVENT, Desk, PhotoTurns
from explorer.ui.texts import i18n, language_of

SIDES = (512, 768, 1024, 0)
EMPTY = f'<p class="hint">{i18n("photo.empty")}</p>'


@dataclass(frozen=True)
class Visit:
    """What belongs to one visitor: the photo as encoded, and the folder of the files that can be taken away.

    original: the photo as a PNG, or what stands for it, in a folder of its own within the visitor's.
    asked: the photo's path, the model and the longest side that made it; empty for latents from a file.
    """

    encoding: Encoding
    key: str
    folder: Path
    original: Path
    asked: tuple[str, str, int] | tuple[()] = ()


@dataclass
class Parts:
    """The components that an answer may change."""

    visit: gr.State
    photo: gr.Image
    model: gr.Dropdown
    side: gr.Radio
    slider: gr.ImageSlider
    view: gr.HTML
    measures: gr.HTML
    notice: gr.HTML
    png: gr.DownloadButton
    safetensors: gr.DownloadButton
    npy: gr.DownloadButton
    code: gr.Code
    downloads: gr.Row

    def outputs(self) -> list[Any]:
        """All but the photo and its size, which no answer changes: Gradio rebuilds an output that an answer leaves as
        it is, and the photo would lose what `photo_input` did to it."""
        return [part for part in vars(self).values() if part not in (self.photo, self.side)]


def model_choices() -> list[tuple[str, str]]:
    return [(f"{known.id} · {known.size}, {known.licence}", known.id) for known in KNOWN]


def first_model() -> str:
    """Stable Diffusion's own where it can be opened without a download, else the built-in one."""
    real = KNOWN[1].id
    return real if is_cached(real) else BUILT_IN


def build(turns: PhotoTurns) -> None:
    """Lay out the tab inside the surrounding gr.Blocks."""
    gr.Markdown(i18n("photo.about"), elem_id="photo-about")
    with gr.Row(elem_id="photo-row", equal_height=False):
        with gr.Column(scale=3, min_width=250):
            photo = photo_input(label=i18n("photo.input"), height=200, elem_id="photo-input", buttons=[])
            examples = photo_examples.build()
            model = gr.Dropdown(
                model_choices(),
                value=first_model(),
                label=i18n("photo.model"),
                info=i18n("photo.model.info"),
                allow_custom_value=True,
                elem_id="photo-model",
            )
        with gr.Column(scale=6, min_width=320):
            slider = gr.ImageSlider(
                label=i18n("photo.slider"),  # type: ignore[arg-type]
                format="png",
                height=384,
                interactive=False,
                elem_id="photo-slider",
            )
            notice = gr.HTML(elem_id="photo-notice")
        with gr.Column(scale=3, min_width=250):
            sides = [(str(side) if side else "1:1", side) for side in SIDES]
            side = gr.Radio(sides, value=512, label=i18n("photo.side"), elem_id="photo-side")
            measures = gr.HTML(EMPTY, elem_id="photo-measures")
            with gr.Row(elem_id="photo-downloads", visible=False) as downloads:
                png = gr.DownloadButton("PNG", size="sm", min_width=70)
                safetensors = gr.DownloadButton(".safetensors", size="sm", min_width=100)
                npy = gr.DownloadButton(".npy", size="sm", min_width=60)
    view = photo_view.view(elem_id="photo-view")
    visit = gr.State(Desk(), time_to_live=KEPT_SECONDS, delete_callback=forget)
    with gr.Accordion(i18n("photo.take"), open=False):
        code = gr.Code(language="python", label=i18n("photo.code"), interactive=False)
        # Of any kind: phones grey out what ends in .latent, and what can't be opened gets a sentence of our own.
        latents = gr.File(label=i18n("photo.latents.file"), height=110, elem_id="photo-latents")
    parts = Parts(visit, photo, model, side, slider, view, measures, notice, png, safetensors, npy, code, downloads)
    with gr.Accordion(i18n("photo.pair"), open=False):
        photo_pair.build(visit, turns)
    with gr.Accordion(i18n("photo.compare"), open=False):
        photo_compare.build(visit, model_choices(), turns)
    photo_endpoints.build(turns)
    connect(parts, examples, latents, turns)


def connect(parts: Parts, examples: gr.HTML, latents: gr.File, turns: PhotoTurns) -> None:
    """Which event does what."""
    shared: dict[str, Any] = {**EVENT, "api_visibility": "private"}
    chosen = [parts.photo, parts.model, parts.side, parts.visit]
    encode = answering(parts, on_photo, turns)
    for event in (parts.photo.change, parts.model.change, parts.side.change):
        event(encode, chosen, parts.outputs(), show_progress_on=parts.slider, **shared)
    edit = answering(parts, on_edit, turns)
    parts.view.change_view(
        edit, parts.visit, parts.outputs(), trigger_mode="multiple", show_progress="hidden", **shared
    )
    latents.upload(answering(parts, on_latents, turns), [latents, parts.model, parts.visit], parts.outputs(), **shared)
    quick: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private", "queue": False}
    examples.choose(photo_examples.on_choose, None, parts.photo, **quick)


def answering(parts: Parts, handle: Callable[..., Any], turns: PhotoTurns) -> Callable[..., dict[Any, Any]]:
    """A handler whose answers name their parts, and whose sentences for bad input stand in the notice."""

    @turns.taken
    @wraps(handle)
    def taken(*arguments: Any) -> dict[str, Any]:
        desk = next(argument for argument in arguments if isinstance(argument, Desk))
        changes = handle(*(desk.content if argument is desk else argument for argument in arguments))
        if "visit" in changes:
            desk.content, changes["visit"] = changes["visit"], desk
        return changes

    @wraps(handle)
    def handler(request: gr.Request, *arguments: Any) -> dict[Any, Any]:
        try:
            changes = taken(request, *arguments)
        except ValueError as error:
            changes = {}
            if not isinstance(error, Replaced):  # whose notice the newer event writes
                changes["notice"] = notes_html((said_by(error),), language_of(request), error=True)
            if handle is on_edit:  # the view waits for an answer before it asks again
                changes["view"] = {"failed": photo_view.new_key()}
        return {getattr(parts, name): value for name, value in changes.items()} or {parts.notice: gr.skip()}

    return handler


def on_photo(
    request: gr.Request,
    path: str | None,
    model: str,
    side: int,
    visit: Visit | None,
    progress: gr.Progress = gr.Progress(),  # noqa: B008
) -> dict[str, Any]:
    """Another photo, model or size: encode, decode, measure."""
    if path is None:
        return {}
    language, model = language_of(request), str(model).strip()
    if visit is not None and visit.asked == (path, model, side):  # as after the built-in one took another's place
        return {"notice": notes_html(visit.encoding.notes, language)}
    photo, notes = read_photo(path, side or LARGEST)
    encoding = photo_jobs.encode_or_built_in(model, photo, notes, photo_view.fetching(progress, language))
    shown = show_encoding(encoding, visit, language, (path, encoding.model, side))
    return {**shown, **({} if encoding.model == model else {"model": encoding.model})}


def on_latents(request: gr.Request, path: str | None, model: str, visit: Visit | None) -> dict[str, Any]:
    """Latents from a file take the photo's place."""
    if path is None:
        return {}
    encoding = photo_jobs.open_latents(for_visitors(str(model).strip()), load(path))
    return show_encoding(encoding, visit, language_of(request))


def show_encoding(
    encoding: Encoding, visit: Visit | None, language: str, asked: tuple[str, str, int] | tuple[()] = ()
) -> dict[str, Any]:
    """The answer to a new photo or new latents."""
    folder = visit.folder if visit and visit.folder.is_dir() else new_folder()
    visit = Visit(encoding, photo_view.new_key(), folder, next_folder(folder) / "photo.png", asked)
    touch(folder, *asked[:1])
    decoding = Decoding(encoding.reconstruction, encoding.decode_ms)
    check()
    view = photo_view.describe(encoding, encoding.mean, decoding.image, None, visit.key, new=True)
    shown = {"visit": visit, "downloads": gr.Row(visible=True), "notice": notes_html(encoding.notes, language)}
    return {**shown, **result(visit, encoding.mean, decoding, view, language)}


def on_edit(request: gr.Request, visit: Visit | None, event: gr.EventData) -> dict[str, Any]:
    """Edits, another way of showing the channels, or a cell that was clicked."""
    sent = event._data if isinstance(event._data, dict) else {}
    if visit is None:
        raise ValueError(Sentence("told.photo.rested", "This page has rested for too long; choose the photo again."))
    if sent.get("key") != visit.key:  # asked of a photo that another has replaced since
        return {"view": {"stale": photo_view.new_key()}}
    touch(visit.folder, visit.original, *visit.asked[:1])
    encoding = visit.encoding
    edits = photo_view.parse_edits(sent.get("edits"), len(encoding.mean))
    latents = edits.apply(encoding.mean, encoding.std)
    cell = photo_view.parse_cell(sent.get("point"), latents)
    decoding = photo_jobs.decode(encoding, latents) if sent.get("decode") else None
    image = decoding.image if decoding else None
    view = photo_view.describe(encoding, latents, image, sent.get("settings"), visit.key)
    if cell is not None:
        change, _ = photo_jobs.influence(encoding, latents, *cell)
        view["influence"] = photo_view.describe_influence(change, *cell, encoding.step)
    used = {"visit": visit, "view": view}  # the visit is kept for as long again
    if decoding is None:
        return used
    language = language_of(request)
    told = {"notice": notes_html(decoding.notes, language)}
    return {**used, **told, **result(visit, latents, decoding, view, language)}


def result(
    visit: Visit, latents: np.ndarray, decoding: Decoding, view: dict[str, Any], language: str
) -> dict[str, Any]:
    """What every new reconstruction changes: pictures, measures, files and the code that repeats it."""
    check()
    encoding, folder = visit.encoding, next_folder(visit.original.parent)
    measures = encoding.measures
    if encoding.photo is not None and decoding.image is not encoding.reconstruction:  # whose measures are known
        measures = compare(np.asarray(encoding.photo), np.asarray(decoding.image))
    check()
    if not visit.original.is_file():  # the first time, and where a sweep has taken it
        save_png(encoding.base, visit.original)
        check()
    png = save_png(decoding.image, folder / "reconstruction.png")
    for name in ("latents.safetensors", "latents.npy"):
        save(folder / name, latents, encoding.model, encoding.scaling, encoding.size)
    return {
        "slider": (str(visit.original), png),
        "view": view,
        "measures": measures_list(encoding, measures, decoding, language),
        "png": png,
        "safetensors": str(folder / "latents.safetensors"),
        "npy": str(folder / "latents.npy"),
        "code": snippet(source_of(encoding.model), encoding.kind, encoding.scaling, encoding.size, encoding.options),
    }


def forget(left: Desk | Visit | None) -> None:
    visit = left.content if isinstance(left, Desk) else left
    if visit is not None:
        remove_folder(visit.folder)
