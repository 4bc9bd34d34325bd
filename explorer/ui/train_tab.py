"""The train tab: a visitor's own training, live, and checkpoints opened again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import gradio as gr

from explorer.decode_worker import DecodeWorker
from explorer.own_models import OwnModels
from explorer.train_here import LEFT, SECONDS, Training, Trainings
from explorer.train_options import BOUNDS, Options
from explorer.ui import train_open, train_view

LOOK_SECONDS = 0.25  # between two answers to the page
OPENING = "open-checkpoint"  # what opens files and folders shares this concurrency id
ABOUT = f"""Train the variational autoencoder of the 8 × 8 digits yourself: 1,297 images to learn from, 500 others on
the map. It runs in a process of its own, at most {SECONDS} seconds, and ends when you close the page."""
QUICK: dict[str, Any] = {"queue": False, "show_progress": "hidden", "api_visibility": "private"}


def build(worker: DecodeWorker, trainings: Trainings, own: OwnModels, tabs: gr.Tabs) -> None:
    """Lay out the tab inside the surrounding gr.Blocks. tabs: those among which the map is "map"."""
    gr.Markdown(ABOUT, elem_id="train-about")
    with gr.Row(elem_id="train-row", equal_height=False):
        with gr.Column(scale=3, min_width=250):
            sliders = choices()
            train = gr.Button("Train", variant="primary", elem_id="train-start")
        with gr.Column(scale=9, min_width=320):
            view = train_view.component(elem_id="train-view")
    opener = train_open.opener()
    with gr.Accordion("Open a checkpoint", open=False, elem_id="train-open"):
        train_open.build(own, worker, opener, tabs, OPENING)

    async def on_train(
        latent_dim: int, beta: float, width: int, epochs: int, request: gr.Request
    ) -> AsyncIterator[dict[str, Any]]:
        visitor = str(request.session_hash)
        try:
            options = Options(latent_dim, beta, width, epochs)
            training = await asyncio.to_thread(trainings.start, visitor, options)
        except ValueError as error:
            yield train_view.refused(str(error))
            return
        async for value in follow(trainings, training):
            yield value

    def on_cancel(request: gr.Request) -> None:
        trainings.cancel(str(request.session_hash))

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
    view.explore(train_open.exploring(worker), None, [opener, tabs], **QUICK)


def choices() -> list[gr.Slider]:
    """The sliders, in the order of Options' fields."""
    chosen, sliders = Options(), []
    for name, (title, step, info) in {
        "latent_dim": ("Latent size", 1, "How many numbers describe a picture."),
        "beta": ("Beta", 0.1, "How strongly they are drawn into one round cloud."),
        "width": ("Width", 16, "Units in its hidden layers."),
        "epochs": ("Epochs", 1, "How often it sees every image."),
    }.items():
        low, high = BOUNDS[name]
        value = getattr(chosen, name)
        sliders.append(
            gr.Slider(low, high, value, step=step, label=title, info=info, elem_id=f"train-{name.replace('_', '-')}")
        )
    return sliders


async def follow(trainings: Trainings, training: Training) -> AsyncIterator[dict[str, Any]]:
    """What to show of a training, until it is over or another takes its place."""
    shown: tuple[Any, ...] = ()
    try:
        while True:
            trainings.look(training)
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
