"""The page while it is served: what each request passes, what goes on beside the requests, and how it ends."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from typing import Any

import gradio as gr
from fastapi import FastAPI
from gradio.tunneling import CURRENT_TUNNELS
from gradio.utils import get_upload_folder
from starlette.middleware import Middleware
from starlette.routing import Mount
from starlette.types import ASGIApp

from explorer.live import routes as live
from explorer.ui import assets
from explorer.ui.document import Document
from explorer.ui.map import component as latent_map
from explorer.ui.map import endpoints, tool_routes
from explorer.ui.photo.files import remove_left_overs
from explorer.ui.server.connections import Guarded
from explorer.ui.server.forwarded import Forwarded, named_proxies
from explorer.ui.server.front import Front
from explorer.ui.server.headers import KnownHosts, SafeHeaders
from explorer.ui.server.limits import Bodies
from explorer.ui.server.listeners import Listening
from explorer.ui.server.parcels import Porter
from explorer.ui.server.sessions import Sessions, Visits, forget_unread
from explorer.ui.server.settings import Settings
from explorer.ui.services import Services
from explorer.ui.train import own_routes

MB = 1_000_000
SWEEP_SECONDS = 600


class Serving:
    """files: what to close when the last request is over, such as the folder of visitors' files."""

    def __init__(
        self, demo: gr.Blocks, services: Services, files: ExitStack, settings: Settings, root_path: str
    ) -> None:
        self.demo, self.services, self.files = demo, services, files
        self.settings, self.root_path = settings, root_path
        self.proxies = named_proxies()
        self.pages, self.readers = Counter[str](), Counter[str]()
        self.api, self.warm_up = routes(services, root_path)

    def middleware(self, head: str) -> list[Middleware]:
        """What stands between Gradio's own and the page. head: of the page, as HTML."""
        thread = self.services.thread
        return [
            Middleware(Document, head=head, thread=thread),
            Middleware(Listening, listeners=self.services.turns.listeners),
            Middleware(Porter, thread=thread, names=frozenset(endpoints.NAMES)),
        ]

    @asynccontextmanager
    async def lifespan(self, app: FastAPI) -> AsyncIterator[None]:
        app.middleware_stack = self.surrounded(app.middleware_stack or app.build_middleware_stack())
        app.state_holder = sessions = Sessions(self.pages, self.settings.sessions)  # type: ignore[attr-defined]
        sessions.set_blocks(self.demo)
        with tasks(forget_unread(self.demo, self.readers), sweep(self.demo)):
            self.services.start()
            threading.Thread(target=self.warm_up, name="warm-up", daemon=True).start()
            yield
        sessions.forget_all()
        self.files.close()
        self.services.close()

    def surrounded(self, gradio: ASGIApp) -> ASGIApp:
        """Gradio's app beside our routes, within what holds a single visitor to limits."""
        app: ASGIApp = Front(Visits(gradio, self.pages, self.readers), Mount(live.PATH, app=self.api), self.root_path)
        app = Bodies(app, get_upload_folder, self.settings.body_mb * MB, min_free=self.settings.free_mb * MB)
        app = KnownHosts(SafeHeaders(app, self.settings.frames), self.settings.hosts)
        app = Guarded(app, lambda: getattr(getattr(self.demo, "server", None), "config", None))
        return Forwarded(app, self.proxies)

    def close(self) -> None:
        """End the server. It does the rest by itself, unless it is too slow for that: then it is done here."""
        self.demo.close(verbose=False)
        for tunnel in CURRENT_TUNNELS:
            tunnel.kill()
        self.services.close_visitors()
        self.files.close()


def routes(services: Services, root_path: str) -> tuple[FastAPI, Callable[[], None]]:
    """The routes of our own, and what makes the first visitor's answers ahead."""
    api = live.routes(services.worker, root_path)
    assets.add_routes(api)
    warm_up = latent_map.add_routes(api, services.spaces, services.thread)
    tool_routes.add_routes(api, services.tools, services.thread)
    own_routes.add_routes(api, services.spaces, services.own)
    return api, warm_up


@contextmanager
def tasks(*coroutines: Coroutine[Any, Any, None]) -> Iterator[None]:
    """Within it they run; at its end they are cancelled."""
    running = [asyncio.create_task(coroutine) for coroutine in coroutines]
    try:
        yield
    finally:
        for task in running:
            task.cancel()


async def sweep(demo: gr.Blocks) -> None:
    """Again and again, remove what visitors have left in files."""
    kept = {path for block in demo.blocks.values() for path in getattr(block, "keep_in_cache", ())}
    while True:
        await asyncio.to_thread(remove_left_overs, kept)
        await asyncio.sleep(SWEEP_SECONDS)
