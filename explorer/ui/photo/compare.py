"""Two or more models side by side on the same photo."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import gradio as gr
from PIL import Image

from explorer.hub import Progress
from explorer.photos import jobs as photo_jobs
from explorer.photos.jobs import Encoding
from explorer.photos.models import BUILT_IN, for_visitors
from explorer.sentences import Sentence, said_by
from explorer.ui.notes import notes_html
from explorer.ui.photo.measures import headers, row
from explorer.ui.photo.turns import EVENT, Desk, PhotoTurns
from explorer.ui.photo.view import fetching
from explorer.ui.texts import i18n, language_of, say

MOST = 6
CHOOSE = Sentence("told.photo.choose", "Choose a photo above.")


def build(visit: gr.State, choices: list[tuple[str, str]], turns: PhotoTurns) -> None:
    """Lay out the tool inside the surrounding gr.Accordion."""
    with gr.Row(equal_height=True):
        models = gr.Dropdown(
            choices,
            value=[BUILT_IN],
            multiselect=True,
            allow_custom_value=True,
            max_choices=MOST,
            label=i18n("photo.compare.models"),
            info=i18n("photo.compare.info"),
            elem_id="photo-models",
            scale=5,
        )
        run = gr.Button(i18n("photo.compare.run"), variant="primary", elem_id="photo-compare", scale=1, min_width=120)
    notice = gr.HTML(elem_id="photo-compare-notice")
    gallery = gr.Gallery(
        label=i18n("photo.compare.gallery"),
        format="png",
        columns=3,
        height="auto",
        object_fit="contain",
        interactive=False,
        elem_id="photo-reconstructions",
    )
    table = gr.Markdown(elem_id="photo-table")
    run.click(
        answering(turns.taken(on_compare)), [visit, models], [notice, gallery, table], **EVENT, api_visibility="private"
    )


def answering(handle: Callable[..., tuple[Any, ...]]) -> Callable[..., tuple[Any, ...]]:
    """A handler whose sentence, when the line gives it up, stands in the notice."""

    @wraps(handle)
    def handler(request: gr.Request, *arguments: Any) -> tuple[Any, ...]:
        try:
            return handle(request, *arguments)
        except ValueError as error:
            return notes_html((said_by(error),), language_of(request), error=True), gr.skip(), gr.skip()

    return handler


def on_compare(
    request: gr.Request,
    desk: Desk,
    models: list[str],
    progress: gr.Progress = gr.Progress(),  # noqa: B008
) -> tuple[Any, ...]:
    language = language_of(request)
    visit = desk.content
    if visit is None or visit.encoding.photo is None:
        return notes_html((CHOOSE,), language), gr.skip(), gr.skip()
    photo: Image.Image = visit.encoding.photo
    done, failed = run_models(photo, models, fetching(progress, language))
    pictures = [
        (photo, say("photo.the-photo", language)),
        *((result.reconstruction, name) for name, result in done.items()),
    ]
    notes = notes_html(tuple(failed.values()), language, error=True)
    return notes, pictures, table_of(list(done.values()), language)


def run_models(
    photo: Image.Image, models: list[str], progress: Progress | None = None
) -> tuple[dict[str, Encoding], dict[str, str]]:
    """A photo through each model. -> results by model id, and for those that can't be had a sentence by id."""
    done: dict[str, Encoding] = {}
    failed: dict[str, str] = {}
    for name in list(dict.fromkeys(models))[:MOST]:
        try:
            done[name] = photo_jobs.encode(for_visitors(name.strip()), photo, progress=progress)
        except ValueError as error:  # noqa: PERF203
            failed[name] = Sentence(
                "told.photo.of-list",
                "Model {number} of the list: {why}",
                number=models.index(name) + 1,
                why=said_by(error),
            )
    return done, failed


def table_of(results: list[Encoding], language: str) -> str:
    """Headers and a row for each result, as a Markdown table."""
    if not results:
        return ""
    names = headers(language)
    rows = [names, ["---"] * len(names), *(row(result, language) for result in results)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in rows)
