"""What Gradio keeps of its visitors: their State, not what they last sent, and for the newest of them only."""

from __future__ import annotations

import asyncio
from collections import Counter
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs

import gradio as gr
from gradio.state_holder import SessionState, StateHolder
from starlette.types import ASGIApp, Receive, Scope, Send

UNREAD_SECONDS = 60.0  # for which an answer waits for who asked
HEARTBEAT = "/gradio_api/heartbeat/"
STREAMS = ("/gradio_api/queue/data", "/gradio_api/call/")


class Nothing(dict[int, Any]):
    """Takes everything and keeps none of it."""

    def __contains__(self, key: object) -> bool:
        return True

    def __missing__(self, key: int) -> dict[str, Any]:
        return {}

    def __setitem__(self, key: int, value: Any) -> None:
        pass


class Sessions(StateHolder):
    """Gradio's sessions by their names, which an API client makes up.

    Gradio keeps a session's last inputs and outputs beside its State, for links that open a page as it was; there are
    none here. Beyond the capacity the oldest are forgotten: first those without a page that shows them.
    pages: how many open pages there are of a session.
    """

    def __init__(self, pages: Counter[str], capacity: int) -> None:
        super().__init__()
        self.pages = pages
        self.capacity = capacity

    def set_blocks(self, blocks: gr.Blocks) -> None:
        self.blocks = blocks
        blocks.state_holder = self

    def __getitem__(self, session_id: str) -> SessionState:
        if session_id not in self.session_data:
            # without components, whose settings it would copy: 250 kB and 40 ms for each name
            bare = SimpleNamespace(default_config=self.blocks.default_config, blocks={})
            state = SessionState(bare)  # type: ignore[arg-type]
            state.config_values = Nothing()
            self.session_data[session_id] = state
        return super().__getitem__(session_id)

    def update(self, session_id: str) -> None:
        if session_id in self.session_data:
            self.session_data.move_to_end(session_id)
        while len(self.session_data) > self.capacity:
            oldest = next(iter(self.session_data))
            self.forget(next((name for name in self.session_data if not self.pages[name]), oldest))

    def forget(self, session_id: str) -> None:
        self.delete_state(session_id)
        del self.session_data[session_id]
        self.time_last_used.pop(session_id, None)

    def forget_all(self) -> None:
        for session_id in list(self.session_data):
            self.forget(session_id)


class Visits:
    """ASGI middleware that knows which sessions have an open page, and which have somebody who reads their answers."""

    def __init__(self, app: ASGIApp, pages: Counter[str], readers: Counter[str]) -> None:
        self.app = app
        self.pages, self.readers = pages, readers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        open_ones, session = self.visit(scope) if scope["type"] == "http" else (None, "")
        if open_ones is None:
            await self.app(scope, receive, send)
            return
        open_ones[session] += 1
        try:
            await self.app(scope, receive, send)
        finally:
            open_ones[session] -= 1
            if not open_ones[session]:
                del open_ones[session]

    def visit(self, scope: Scope) -> tuple[Counter[str] | None, str]:
        path = scope["path"].removeprefix(scope.get("root_path", ""))
        if scope["method"] != "GET":
            return None, ""
        if path.startswith(HEARTBEAT):
            return self.pages, path.removeprefix(HEARTBEAT)
        if path.startswith(STREAMS):
            query = parse_qs(scope["query_string"].decode("latin-1"))
            return self.readers, query.get("session_hash", [path.rpartition("/")[2]])[0]
        return None, ""


async def forget_unread(demo: gr.Blocks, readers: Counter[str], pause: float = UNREAD_SECONDS) -> None:
    """Again and again, drop the answers that nobody has come for since the last time.

    Gradio keeps them for the last 2,000 sessions and their names for ever; there is no other way to them than its
    queue's own dictionaries.
    """
    before: set[str] = set()
    while True:
        await asyncio.sleep(pause)
        queue = demo._queue
        running = {event.session_hash for event in list(queue.event_ids_to_events.values())}
        events = queue.pending_event_ids_session
        known = {*queue.pending_messages_per_session, *events} - running
        idle = {name for name in known if not any(readers[reader] for reader in (name, *events.get(name, ())))}
        for session in idle & before:
            queue.pending_messages_per_session.pop(session, None)
            events.pop(session, None)
        before = idle - before
