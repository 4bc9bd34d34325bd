"""The page assembled: theme, tabs, routes, launch."""

from __future__ import annotations

import asyncio
import os
import sys
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from functools import partial
from typing import Any

import gradio as gr
from fastapi import FastAPI
from gradio.tunneling import CURRENT_TUNNELS
from gradio.utils import get_upload_folder
from starlette.middleware import Middleware
from starlette.routing import Mount
from starlette.types import ASGIApp

from explorer.live import routes as live
from explorer.live import same_site
from explorer.live.spaces import Spaces
from explorer.live.tool_thread import ToolThread
from explorer.live.worker import DecodeWorker
from explorer.ui import assets, models_tab, tour
from explorer.ui.component import read
from explorer.ui.document import Document
from explorer.ui.map import component as latent_map
from explorer.ui.map import endpoints, tool_routes
from explorer.ui.map import tab as map_tab
from explorer.ui.map.originals import Originals
from explorer.ui.map.tools import MapTools
from explorer.ui.photo import tab as photo_tab
from explorer.ui.photo.files import KEPT_SECONDS, remove_left_overs, served_folder
from explorer.ui.photo.turns import MAX_THREADS, PhotoTurns
from explorer.ui.server.connections import Guarded
from explorer.ui.server.ending import signals_interrupt
from explorer.ui.server.forwarded import Forwarded, named_proxies, uvicorn_believes_nobody
from explorer.ui.server.front import Front, rooted
from explorer.ui.server.headers import KnownHosts, SafeHeaders
from explorer.ui.server.limits import Bodies
from explorer.ui.server.listeners import Listening
from explorer.ui.server.parcels import Porter
from explorer.ui.server.sessions import Sessions, Visits, forget_unread
from explorer.ui.server.settings import Settings, read_settings
from explorer.ui.texts import head, i18n, say
from explorer.ui.train import own_routes
from explorer.ui.train import tab as train_tab
from explorer.ui.visitors import visitor_of
from explorer.visitors import models as own_models
from explorer.visitors.models import OwnModels
from explorer.visitors.trainings import LEFT, Trainings

MB = 1_000_000
SWEEP_SECONDS = 600
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
    modules = assets.preloads("map/start.js", "tour/start.js")
    return f"{head()}<script>{read('address.js')}</script>{read('head.html')}{modules}{early_texts()}"


def early_texts() -> str:
    """A script that has the page's texts fetched while Gradio begins; whoever waits for them tells what went wrong."""
    return f"""<script type="module">
import {{ load }} from "./{assets.address("shared/texts.js")}";
load().catch(() => {{}});
</script>"""


def build(
    spaces: Spaces,
    tools: MapTools,
    thread: ToolThread,
    trainings: Trainings,
    own: OwnModels,
    turns: PhotoTurns,
) -> gr.Blocks:
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
                map_tab.build(spaces, tools, thread)
            with gr.Tab(i18n("page.photo")):
                photo_tab.build(turns)
            with gr.Tab(i18n("page.train")):
                train_tab.build(spaces, trainings, own, tabs)
            with gr.Tab(i18n("page.models")):
                models_tab.build(spaces)

        def leave(request: gr.Request) -> None:
            trainings.cancel(visitor_of(request), LEFT)

        demo.unload(leave)
    return demo.queue(max_size=WAITING, api_open=False)  # what skips the queue would pass by its limits


async def sweep(demo: gr.Blocks) -> None:
    """Again and again, remove what visitors have left in files."""
    kept = {path for block in demo.blocks.values() for path in getattr(block, "keep_in_cache", ())}
    while True:
        await asyncio.to_thread(remove_left_overs, kept)
        await asyncio.sleep(SWEEP_SECONDS)


def guarded(app: ASGIApp, demo: gr.Blocks, settings: Settings) -> ASGIApp:
    """The app within what holds a single visitor to limits."""
    app = Bodies(app, get_upload_folder, settings.body_mb * MB, min_free=settings.free_mb * MB)
    app = KnownHosts(SafeHeaders(app, settings.frames), settings.hosts)
    return Guarded(app, lambda: getattr(getattr(demo, "server", None), "config", None))


def launch(root_path: str | None = None, **options: Any) -> gr.Blocks:
    """Serve the page with the live routes beside it; blocks unless prevent_thread_lock is given.

    root_path: the path, or the whole URL, at which a proxy shows the page; GRADIO_ROOT_PATH where it is left out.
    options: what gr.Blocks.launch takes, such as server_port.
    """
    root_path = rooted(os.environ.get("GRADIO_ROOT_PATH", "") if root_path is None else root_path)
    interactive = bool(getattr(sys, "ps1", sys.flags.interactive))
    returns = options.pop("prevent_thread_lock", False) or (interactive and not options.get("debug"))
    settings = read_settings()
    same_site.named_sites()  # says what it does not understand before anybody is refused
    capacity = options.pop("state_session_capacity", settings.sessions)
    files = ExitStack()
    files.enter_context(served_folder())
    pages, readers = Counter[str](), Counter[str]()
    proxies = named_proxies()
    sys.setswitchinterval(SWITCH_SECONDS)
    spaces, thread = Spaces(), ToolThread()
    worker = DecodeWorker(spaces)
    tools, own = MapTools(spaces, Originals()), OwnModels(spaces)
    trainings, turns = Trainings(own.keep), PhotoTurns()
    api = live.routes(worker, root_path)
    assets.add_routes(api)
    warm_up = latent_map.add_routes(api, spaces, thread)
    tool_routes.add_routes(api, tools, thread)
    own_routes.add_routes(api, spaces, own)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        inner = app.middleware_stack or app.build_middleware_stack()
        front = Front(Visits(inner, pages, readers), Mount(live.PATH, app=api), root_path)
        app.middleware_stack = Forwarded(guarded(front, demo, settings), proxies)
        app.state_holder = sessions = Sessions(pages, capacity)  # type: ignore[attr-defined]
        sessions.set_blocks(demo)
        forgetting = asyncio.create_task(forget_unread(demo, readers))
        sweeping = asyncio.create_task(sweep(demo))
        own_models.remove_left_overs()
        worker.start()
        turns.start()
        threading.Thread(target=warm_up, name="warm-up", daemon=True).start()
        yield
        forgetting.cancel()
        sweeping.cancel()
        sessions.forget_all()
        files.close()
        trainings.close()
        turns.close()
        own.close()
        thread.stop()
        worker.stop()

    demo = build(spaces, tools, thread, trainings, own, turns)
    serve = partial(
        demo.launch,
        theme=theme(),
        css=read("style.css"),
        i18n=i18n,
        max_file_size="80mb",
        max_threads=MAX_THREADS,
        root_path=root_path,
        ssr_mode=False,  # its proxy passes neither our routes nor WebSockets
        app_kwargs={
            "lifespan": lifespan,
            "middleware": [
                Middleware(Document, head=page_head(), thread=thread),
                Middleware(Listening, listeners=turns.listeners),
                Middleware(Porter, thread=thread, names=frozenset(endpoints.NAMES)),
            ],
        },
        **options,
        prevent_thread_lock=True,
    )
    if returns:
        with uvicorn_believes_nobody():
            serve()
        return demo
    with signals_interrupt():
        try:
            with uvicorn_believes_nobody():
                serve()
            while demo.is_running:
                time.sleep(0.1)
        except KeyboardInterrupt:
            print("Told to end: closing the server.")
        finally:
            demo.close(verbose=False)
            for tunnel in CURRENT_TUNNELS:
                tunnel.kill()
            trainings.close()  # as the server does, unless it was too slow for that
            own.close()
            files.close()
    return demo
