"""The train tab: a visitor's own training, live, and checkpoints opened again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import gradio as gr

from explorer.live.spaces import Spaces
from explorer.sentences import said_by
from explorer.ui.texts import i18n
from explorer.ui.train import open as train_open
from explorer.ui.train import view as train_view
from explorer.ui.visitors import visitor_of
from explorer.visitors.models import OwnModels
from explorer.visitors.train_options import BOUNDS, Options
from explorer.visitors.trainings import LEFT, Training, Trainings

LOOK_SECONDS = 0.25  # between two answers to the page
OPENING = "open-checkpoint"  # what opens files and folders shares this concurrency id
QUICK: dict[str, Any] = {"queue": False, "show_progress": "hidden", "api_visibility": "private"}


def build(spaces: Spaces, trainings: Trainings, own: OwnModels, tabs: gr.Tabs) -> None:
    """Lay out the tab inside the surrounding gr.Blocks. tabs: those among which the map is "map"."""
    gr.Markdown(i18n("train.about"), elem_id="train-about")
    with gr.Row(elem_id="train-row", equal_height=False):
        with gr.Column(scale=3, min_width=250):
            sliders = choices()
            train = gr.Button(i18n("train.start"), variant="primary", elem_id="train-start")
        with gr.Column(scale=9, min_width=320):
            view = train_view.view(elem_id="train-view")
    opener = train_open.opener()
    with gr.Accordion(i18n("train.open"), open=False, elem_id="train-open"):
        train_open.build(own, spaces, opener, tabs, OPENING)

    async def on_train(
        latent_dim: int, beta: float, width: int, epochs: int, request: gr.Request
    ) -> AsyncIterator[dict[str, Any]]:
        visitor = visitor_of(request)
        try:
            options = Options(latent_dim, beta, width, epochs)
            training = await asyncio.to_thread(trainings.start, visitor, options)
        except ValueError as error:
            yield train_view.refused(said_by(error))
            return
        async for value in follow(trainings, training):
            yield value

    def on_cancel(request: gr.Request) -> None:
        trainings.cancel(visitor_of(request))

    # Each runs as long as its training, and only looks at it: no limit of their own, and no other event waits for them.
    train.click(
        on_train,
        sliders,
        view,
        concurrency_id="train",
        concurrency_limit=None,
        trigger_mode="multiple",
        show_progress="hidden",
        api_visibility="private",
    )
    view.cancel(on_cancel, None, None, trigger_mode="multiple", **QUICK)
    view.explore(train_open.exploring(spaces), None, [opener, tabs], **QUICK)


def choices() -> list[gr.Slider]:
    """The sliders, in the order of Options' fields."""
    chosen, sliders = Options(), []
    for name, step in {"latent_dim": 1, "beta": 0.1, "width": 16, "epochs": 1}.items():
        low, high = BOUNDS[name]
        said: dict[str, Any] = {"label": i18n(f"train.{name}"), "info": i18n(f"train.{name}.info")}
        elem_id = f"train-{name.replace('_', '-')}"
        sliders.append(gr.Slider(low, high, getattr(chosen, name), step=step, elem_id=elem_id, **said))
    return sliders


async def follow(trainings: Trainings, training: Training) -> AsyncIterator[dict[str, Any]]:
    """What to show of a training, until it is over or another takes its place."""
    shown: tuple[Any, ...] = ()
    try:
        while True:
            trainings.keep_alive(training)
            over = training.over
            epoch = training.progress.epoch if training.progress else 0
            now = (training.state, training.place, epoch, int(training.seconds))
            if now != shown:
                shown = now
                yield train_view.describe(training)
            if over:
                return
            await asyncio.sleep(LOOK_SECONDS)
    finally:  # also where Gradio closes this because its visitor left
        if not training.over:
            await asyncio.to_thread(trainings.cancel_one, training, LEFT)
