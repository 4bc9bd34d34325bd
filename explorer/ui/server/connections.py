"""What a connection may do: how long it may hesitate before it asks, and what it may send over a WebSocket."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from explorer.live.routes import MAX_MESSAGE

MAX_MESSAGE_BYTES = 8 * MAX_MESSAGE  # what is a little too long is still read, for the sentence that says so
MAX_FRAGMENTS = 64  # of one message; the empty ones count for nothing in its bytes
MAX_UNREAD = 1_000_000  # bytes of answers, pongs among them, that a visitor leaves unread
HANDSHAKE_SECONDS = 10.0  # until a request's head is there
CLOSING_SECONDS = 2  # that running requests have once the server is told to end


def guard(config: uvicorn.Config) -> None:
    """Set the limits; what connects from then on is held to them, also where the server runs already.

    A packed message is unpacked wholly before its size is known, so that none may be packed.
    """
    if not config.loaded:
        config.load()
    config.ws_max_size = MAX_MESSAGE_BYTES
    config.ws_per_message_deflate = False
    config.ws_protocol_class = Socket
    config.http_protocol_class = prompt(config.http_protocol_class)
    config.timeout_graceful_shutdown = CLOSING_SECONDS


class Socket(WebSocketsSansIOProtocol):
    """uvicorn's WebSocket, cut off where it sends what its maximum size does not count or does not read what it asked
    for."""

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if len(self.frames) > MAX_FRAGMENTS or self.transport.get_write_buffer_size() > MAX_UNREAD:
            self.transport.abort()


def prompt(protocol: Any) -> type[asyncio.Protocol]:
    """One of uvicorn's HTTP protocols, whose connections end where no request's head is there in time: uvicorn itself
    waits for ever for the first one, and for the rest of any."""

    class Prompt(protocol):
        deadline: asyncio.TimerHandle | None = None

        def connection_made(self, transport: asyncio.Transport) -> None:
            super().connection_made(transport)
            self.watch()

        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            self.watch()

        def connection_lost(self, error: Exception | None) -> None:
            self.relax()
            super().connection_lost(error)

        def watch(self) -> None:
            upgraded = self.transport.get_protocol() is not self
            asked = self.cycle is not None and not self.cycle.response_complete
            if upgraded or asked:
                self.relax()
            elif self.deadline is None:
                self.deadline = self.loop.call_later(HANDSHAKE_SECONDS, self.transport.close)

        def relax(self) -> None:
            if self.deadline is not None:
                self.deadline.cancel()
                self.deadline = None

    return Prompt


class Guarded:
    """ASGI middleware that guards a server which somebody else starts, at the first that it hears from it.

    config: the server's, None as long as it is not known. A WebSocket from before is refused: its limits are none.
    """

    def __init__(self, app: ASGIApp, config: Callable[[], uvicorn.Config | None]) -> None:
        self.app = app
        self.config = config
        self.done = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self.done or scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        if config := self.config():
            guard(config)
            self.done = True
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1013})
        else:
            await self.app(scope, receive, send)
