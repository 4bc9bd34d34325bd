"""The page assembled: theme, head, tabs, launch."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import Any

import gradio as gr

from explorer.live import same_site
from explorer.ui import assets, models_tab, tour
from explorer.ui.component import read
from explorer.ui.lazy import lazy
from explorer.ui.map import component as latent_map
from explorer.ui.map import tab as map_tab
from explorer.ui.photo import tab as photo_tab
from explorer.ui.photo.files import KEPT_SECONDS, served_folder
from explorer.ui.photo.turns import MAX_THREADS
from explorer.ui.server.ending import signals_interrupt
from explorer.ui.server.forwarded import uvicorn_believes_nobody
from explorer.ui.server.front import rooted
from explorer.ui.server.settings import read_settings
from explorer.ui.services import Services, make_services
from explorer.ui.serving import SWEEP_SECONDS, Serving
from explorer.ui.texts import head, i18n, say
from explorer.ui.train import tab as train_tab
from explorer.ui.visitors import visitor_of
from explorer.visitors.trainings import LEFT

WAITING = 200  # events of all visitors that Gradio lets wait at once, each with its inputs
SWITCH_SECONDS = 0.0005  # after which a busy thread lets others go on; by Python's own 0.005 a frame would come late
FONTS = ["ui-sans-serif", "system-ui", "sans-serif"]  # nothing is fetched from a font server
MONO = ["ui-monospace", "Consolas", "monospace"]


def theme() -> gr.themes.Base:
    base = gr.themes.Base(primary_hue="teal", neutral_hue="slate", radius_size="lg", font=FONTS, font_mono=MONO)
    # Gradio's own greys are too pale to read: 2.6 to 1 on white, where WCAG wants 4.5.
    quiet = dict.fromkeys(("body_text_color_subdued", "block_info_text_color"), "*neutral_500")
    return base.set(**quiet, button_primary_background_fill="*primary_700", slider_color="*primary_700")


def page_head() -> str:
    """What stands in the page's head from its first byte on."""
    plotly = f'<link rel="preload" as="script" href="{assets.address(latent_map.PLOTLY_JS)}">'
    modules = assets.preloads("map/start.js", "tour/start.js")
    texts = f'<script type="module" src="{assets.address("shared/early.js")}"></script>'
    return f"{head()}<script>{read('address.js')}</script>{read('head.html')}{plotly}{modules}{texts}"


def build(services: Services) -> gr.Blocks:
    """The page; nothing is served yet."""
    options: dict[str, Any] = {
        "analytics_enabled": False,
        "fill_width": True,
        "delete_cache": (SWEEP_SECONDS, KEPT_SECONDS),
    }
    with gr.Blocks(title=say("page.title"), **options) as demo:
        with gr.Row(elem_id="head"):
            gr.Markdown(i18n("page.head"), elem_id="title")
            tour.build()
        with gr.Tabs() as tabs:
            with gr.Tab(i18n("page.map"), id="map"):
                map_tab.build(services.spaces, services.tools, services.thread)
            with gr.Tab(i18n("page.photo")) as photo:
                photo_tab.build(services.turns)
            with gr.Tab(i18n("page.train")) as train:
                train_tab.build(services.spaces, services.trainings, services.own, tabs)
            with gr.Tab(i18n("page.models")) as models:
                models_tab.build(services.spaces)

        for tab in (photo, train, models):
            lazy(tab)

        def leave(request: gr.Request) -> None:
            services.trainings.cancel(visitor_of(request), LEFT)

        demo.unload(leave)
    return demo.queue(max_size=WAITING, api_open=False)  # what skips the queue would pass by its limits


def launch(root_path: str | None = None, **options: Any) -> gr.Blocks:
    """Serve the page with the live routes beside it; blocks unless prevent_thread_lock is given.

    root_path: the path, or the whole URL, at which a proxy shows the page; GRADIO_ROOT_PATH where it is left out.
    options: what gr.Blocks.launch takes, such as server_port.
    """
    root_path = rooted(os.environ.get("GRADIO_ROOT_PATH", "") if root_path is None else root_path)
    returns = options.pop("prevent_thread_lock", False) or (is_interactive() and not options.get("debug"))
    settings = read_settings()
    settings = replace(settings, sessions=options.pop("state_session_capacity", settings.sessions))
    same_site.named_sites()  # says what it does not understand before anybody is refused
    sys.setswitchinterval(SWITCH_SECONDS)
    files = ExitStack()
    files.enter_context(served_folder())
    services = make_services()
    demo = build(services)
    serving = Serving(demo, services, files, settings, root_path)
    with uvicorn_believes_nobody() if returns else until_told(serving):
        demo.launch(
            theme=theme(),
            css=read("style.css"),
            i18n=i18n,
            max_file_size="80mb",
            max_threads=MAX_THREADS,
            root_path=root_path,
            ssr_mode=False,  # its proxy passes neither our routes nor WebSockets
            app_kwargs={"lifespan": serving.lifespan, "middleware": serving.middleware(page_head())},
            **options,
            prevent_thread_lock=True,
        )
    return demo


def is_interactive() -> bool:
    """Whether somebody types at a prompt, where `launch` returns by itself."""
    return bool(getattr(sys, "ps1", sys.flags.interactive))


@contextmanager
def until_told(serving: Serving) -> Iterator[None]:
    """What starts a server -> it goes on until a signal, Ctrl+C or the page itself ends it."""
    with signals_interrupt():
        try:
            with uvicorn_believes_nobody():
                yield
            while serving.demo.is_running:
                time.sleep(0.1)
        except KeyboardInterrupt:
            print("Told to end: closing the server.")
        finally:
            serving.close()
