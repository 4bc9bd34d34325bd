"""A real server for the live routes, and a worker whose batches a test can watch and hold up."""

import json
import socket
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import numpy as np
import uvicorn
from fastapi import FastAPI
from websockets.sync.client import ClientConnection, connect

from explorer.live import routes as live
from explorer.live.spaces import Spaces
from explorer.live.worker import DecodeWorker
from explorer.maps.latent_space import LatentSpace
from explorer.ui.server.connections import guard

SOON = 30  # seconds after which a test gives up; nothing is asserted about how much sooner it is


class WatchedSpace:
    """A LatentSpace that notes how many places it decodes at once, and does so only while its gate is open."""

    def __init__(self, space: LatentSpace) -> None:
        self.space = space
        self.batches: list[int] = []
        self.places: list[np.ndarray] = []
        self.entered = threading.Event()
        self.gate = threading.Event()
        self.gate.set()
        self.error: Exception | None = None
        self.poison: float | None = None  # a first coordinate that makes every batch fail that holds it

    def __getattr__(self, name: str) -> Any:
        return getattr(self.space, name)

    def decode(self, z: np.ndarray) -> np.ndarray:
        self.entered.set()
        assert self.gate.wait(SOON)
        self.batches.append(len(z))
        self.places.extend(z)
        if self.error is not None:
            error, self.error = self.error, None
            raise error
        if self.poison is not None and (z[:, 0] == np.float32(self.poison)).any():
            raise RuntimeError("poison")
        return self.space.decode(z)

    def hold(self) -> None:
        """From here on the worker stops in its next batch, until the gate opens."""
        self.gate.clear()
        self.entered.clear()


class WatchedSpaces(Spaces):
    """Maps on the CPU that are WatchedSpaces once they are open."""

    def _load(self, name: str) -> Any:
        return WatchedSpace(super()._load(name))


class WatchedWorker(DecodeWorker):
    """A decode worker whose maps are WatchedSpaces."""

    def __init__(self, *names: str) -> None:
        super().__init__(WatchedSpaces(names, device="cpu"))
        self.names = self.spaces.names

    def space(self, name: str) -> Any:
        return self.spaces.open(name)

    def wait_until_warm(self) -> None:
        """Return when the first decoding of each map, which nobody asked for, is over."""
        wait_for(lambda: all(self.space(name).batches for name in self.names))
        self.forget()

    def forget(self) -> None:
        """Open all gates and start counting anew."""
        for name in self.spaces.loaded:
            watched = self.space(name)
            watched.gate.set()
            watched.error = watched.poison = None
            watched.batches.clear()
            watched.places.clear()


class Site:
    """The live routes on a free port of this machine, served by uvicorn in a thread until it is closed."""

    def __init__(self, worker: DecodeWorker, send_buffer: int = 0) -> None:
        self.worker = worker
        self.socket = socket.socket()
        if send_buffer:  # what is accepted inherits it
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, send_buffer)
        self.socket.bind(("127.0.0.1", 0))
        self.host = f"127.0.0.1:{self.socket.getsockname()[1]}"
        app = FastAPI()
        app.mount(live.PATH, live.routes(worker))
        config = uvicorn.Config(app, log_config=None, access_log=False)
        guard(config)
        self.server = uvicorn.Server(config)
        self.thread = threading.Thread(target=self.server.run, kwargs={"sockets": [self.socket]})
        worker.start()
        self.thread.start()
        wait_for(lambda: self.server.started)

    def url(self, route: str, scheme: str = "http") -> str:
        return f"{scheme}://{self.host}{live.PATH}/{route}"

    def visit(self, **options: Any) -> AbstractContextManager[ClientConnection]:
        return connect(self.url("ws", "ws"), open_timeout=SOON, **options)

    def wait_until_empty(self) -> None:
        """Return when the server has noticed that everybody left."""
        state = self.server.server_state
        wait_for(lambda: not state.connections and not state.tasks)

    def close(self) -> None:
        self.server.should_exit = True
        self.thread.join(SOON)
        self.socket.close()
        self.worker.stop()
        assert not self.thread.is_alive()


def wait_for(condition: Callable[[], object]) -> None:
    """Return when the condition holds; fail when it never does."""
    pause = threading.Event()
    for _ in range(100 * SOON):
        if condition():
            return
        pause.wait(0.01)
    raise AssertionError("It did not happen.")


def ask(visitor: ClientConnection, number: int, model: str, x: float = 0.0, y: float = 0.0, **more: Any) -> None:
    visitor.send(json.dumps({"id": number, "model": model, "x": x, "y": y, **more}))


def answer(visitor: ClientConnection) -> tuple[int, bytes]:
    """The next answer's id and pixels."""
    data = visitor.recv(timeout=SOON)
    assert isinstance(data, bytes)
    return live.HEADER.unpack_from(data)[0], data[live.HEADER.size :]
