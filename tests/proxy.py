"""A reverse proxy for tests: it shows a server below a path of its own, WebSockets as well."""

from __future__ import annotations

import asyncio
import socket
import threading
from asyncio import StreamReader, StreamWriter
from collections.abc import Mapping
from contextlib import closing, suppress
from typing import Any

from serving import SOON, wait_for

HOP_BY_HOP = {"connection", "keep-alive", "proxy-connection"}
BROKEN_OFF = (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError)


class Proxy:
    """Shows what a server on this machine serves below `prefix`, until it is closed.

    upstream: the server's port; the proxy's own is the one after it.
    strips: whether the server is asked without the prefix.
    headers: what the server is told instead of what the browser sends, or besides it; {port} is the proxy's own.
    """

    def __init__(self, upstream: int, prefix: str = "", strips: bool = True, headers: Mapping[str, str] = {}) -> None:
        self.upstream, self.prefix, self.strips = upstream, prefix, strips
        self.listening = socket.create_server(("127.0.0.1", upstream + 1))
        self.port: int = self.listening.getsockname()[1]
        self.address = f"http://127.0.0.1:{self.port}{prefix}/"
        self.headers = {name: value.format(port=self.port) for name, value in headers.items()}
        self.strays: list[str] = []  # what was asked beside the prefix, and answered with 404
        self.sockets: list[str] = []  # how each WebSocket's handshake was answered
        self.stop: Any = None
        self.thread = threading.Thread(target=lambda: asyncio.run(self.run()), name="proxy")
        self.thread.start()
        wait_for(lambda: self.stop)

    async def run(self) -> None:
        self.loop, stop = asyncio.get_running_loop(), asyncio.Event()
        served: set[Any] = set()  # asyncio itself forgets tasks

        async def serve(reader: StreamReader, writer: StreamWriter) -> None:
            task = asyncio.current_task()
            served.add(task)
            with suppress(*BROKEN_OFF), closing(writer):
                await self.serve(reader, writer)
            served.discard(task)

        server = await asyncio.start_server(serve, sock=self.listening)
        self.stop = stop
        await stop.wait()
        server.close()

    def close(self) -> None:
        self.loop.call_soon_threadsafe(self.stop.set)
        self.thread.join(SOON)
        assert not self.thread.is_alive()

    async def serve(self, reader: StreamReader, writer: StreamWriter) -> None:
        """One request to a connection, unless it becomes a WebSocket's."""
        first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").rstrip().split("\r\n")
        method, target, version = first.split()
        if f"{target.partition('?')[0]}/".startswith(f"{self.prefix}/"):
            path = target[len(self.prefix) :] if self.strips else target
            head = [f"{method} {path if path.startswith('/') else f'/{path}'} {version}", *self.changed(lines)]
            await self.forward(head, reader, writer)
        else:
            self.strays.append(target)
            writer.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            await writer.drain()

    def changed(self, lines: list[str]) -> list[str]:
        """A request's headers as the server gets them."""
        sent = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
        kept = {name: value for name, value in sent.items() if name not in HOP_BY_HOP}
        kept |= {"connection": "Upgrade" if "upgrade" in sent else "close"}
        kept |= {name.lower(): value for name, value in self.headers.items()}
        return [f"{name}: {value}" for name, value in kept.items()]

    async def forward(self, head: list[str], reader: StreamReader, writer: StreamWriter) -> None:
        from_server, to_server = await asyncio.open_connection("127.0.0.1", self.upstream)
        with closing(to_server):
            to_server.write("\r\n".join([*head, "", ""]).encode("latin-1"))
            if "connection: Upgrade" in head:
                answered = await from_server.readline()
                self.sockets.append(answered.decode().strip())
                writer.write(answered)
            both = [asyncio.create_task(pour(reader, to_server)), asyncio.create_task(pour(from_server, writer))]
            try:
                await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for way in both:
                    way.cancel()


async def pour(source: StreamReader, target: StreamWriter) -> None:
    with suppress(*BROKEN_OFF):
        while piece := await source.read(1 << 16):
            target.write(piece)
            await target.drain()
