"""Who listens: the visitors whose page, or whose program, has a stream of answers open."""

from __future__ import annotations

import re
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.parse import parse_qs

from starlette.types import ASGIApp, Receive, Scope, Send

# As Gradio's clients ask: the page and gradio_client by their session, others by the event that they were given.
SESSION, EVENT = "/queue/data", re.compile(r"/call/(?:v2/)?[^/]+/([^/]+)/?$")


class Listeners:
    """Their names: session hashes, and event ids. Safe to share between threads."""

    def __init__(self, opened: Callable[[], None] = lambda: None) -> None:
        """opened: called, in the server's own thread, whenever somebody begins to listen."""
        self._names: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._opened = opened

    def has(self, *names: str) -> bool:
        with self._lock:
            return any(name in self._names for name in names)

    @contextmanager
    def listening(self, name: str) -> Iterator[None]:
        with self._lock:
            self._names[name] += 1
        try:
            self._opened()
            yield
        finally:
            with self._lock:
                self._names[name] -= 1
                if not self._names[name]:
                    del self._names[name]


class Listening:
    """ASGI middleware that keeps `listeners` up to date: a stream's request lasts until its visitor is gone."""

    def __init__(self, app: ASGIApp, listeners: Listeners) -> None:
        self.app = app
        self.listeners = listeners

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        name = stream_of(scope)
        if name is None:
            await self.app(scope, receive, send)
            return
        with self.listeners.listening(name):
            await self.app(scope, receive, send)


def stream_of(scope: Scope) -> str | None:
    """Whose stream of answers a request asks for, None when it asks for something else."""
    if scope["type"] != "http" or scope["method"] != "GET":
        return None
    path: str = scope["path"]
    if path.endswith(SESSION):
        return next(iter(parse_qs(scope["query_string"].decode("latin-1")).get("session_hash", ())), None)
    found = EVENT.search(path)
    return found[1] if found else None
