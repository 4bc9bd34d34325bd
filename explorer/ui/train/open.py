"""Checkpoints opened on the map: those trained here, and those that come as files or from the Hub."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gradio as gr

from explorer.live.spaces import Spaces
from explorer.sentences import Sentence, said_by
from explorer.ui.component import component, mounted
from explorer.ui.notes import notes_html
from explorer.ui.texts import i18n, language_of, translated
from explorer.ui.train.own_routes import introduce_own
from explorer.ui.visitors import visitor_of
from explorer.visitors.models import OwnModels

MAX_FILES = 20
MANY = Sentence("told.open.handful", "A checkpoint has a handful of files.")


def opener() -> gr.HTML:
    """Nothing to see: its value {key, map} makes the map open what `introduce_own` says there."""
    return component("<span></span>", "", mounted("train/opener.js"), "train-opener")


def build(own: OwnModels, spaces: Spaces, opener: gr.HTML, tabs: gr.Tabs, concurrency_id: str) -> None:
    """Lay out the accordion's inside. concurrency_id: of what opens files."""
    gr.Markdown(i18n("train.open.about"))
    with gr.Row(equal_height=False):
        files = gr.File(
            label=i18n("train.open.files"),
            file_count="multiple",
            file_types=[".zip", ".safetensors", ".json", ".md"],
            height=130,
            elem_id="train-files",
        )
        with gr.Column(min_width=250):
            repo = gr.Textbox(label="Hub id", placeholder="owner/name", max_lines=1, elem_id="train-hub")
            fetch = gr.Button(i18n("train.open.fetch"), elem_id="train-fetch")
    notice = gr.HTML(elem_id="train-notice")

    def on_files(paths: list[str] | None, request: gr.Request) -> dict[Any, Any]:
        if not paths:
            return {notice: ""}
        if len(paths) > MAX_FILES:
            return {notice: failure(MANY, request), files: None}
        return answer(lambda visitor: own.open_files(visitor, [Path(path) for path in paths]), request)

    def on_hub(repo_id: str, request: gr.Request) -> dict[Any, Any]:
        return answer(lambda visitor: own.open_hub(visitor, str(repo_id).strip()), request)

    def answer(opening: Callable[[str], str], request: gr.Request) -> dict[Any, Any]:
        try:
            name = opening(visitor_of(request))
        except ValueError as error:
            return {notice: failure(said_by(error), request), files: None}
        return {notice: "", files: None, opener: to_map(spaces, name, request), tabs: gr.Tabs(selected="map")}

    shared: dict[str, Any] = {"concurrency_id": concurrency_id, "concurrency_limit": 2, "api_visibility": "private"}
    outputs = [notice, files, opener, tabs]
    files.upload(on_files, files, outputs, show_progress_on=notice, **shared)
    for event in (fetch.click, repo.submit):
        event(on_hub, repo, outputs, show_progress_on=notice, **shared)


def exploring(spaces: Spaces) -> Callable[[gr.Request, gr.EventData], Any]:
    """The handler of "explore", which carries {model}: -> what the opener takes, and the map's tab."""

    def on_explore(request: gr.Request, event: gr.EventData) -> tuple[dict[str, Any], gr.Tabs]:
        sent = event._data if isinstance(event._data, dict) else {}
        try:
            return to_map(spaces, str(sent.get("model")), request), gr.Tabs(selected="map")
        except ValueError as error:
            raise gr.Error(translated(said_by(error), language_of(request)), print_exception=False) from None

    return on_explore


def to_map(spaces: Spaces, name: str, request: gr.Request) -> dict[str, Any]:
    return {"key": secrets.token_hex(4), "map": introduce_own(spaces.open(name), language_of(request))}


def failure(sentence: str, request: gr.Request) -> str:
    return notes_html((sentence,), language_of(request), error=True)
