"""The live path: a place on a map becomes a picture while the pointer moves, over a WebSocket or plain HTTP.

Each visitor has one pending place, in which the latest wins; the decode worker batches across visitors.
"""

from __future__ import annotations

import asyncio
import json
import struct
import time
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import Future
from contextlib import suppress
from typing import Any, TypeVar

import anyio
from fastapi import FastAPI, Request, WebSocket
from fastapi.responses import Response
from starlette.websockets import WebSocketDisconnect

from explorer import __version__
from explorer.addresses import client_of, share
from explorer.live.places import Place, parse_place
from explorer.live.refusals import handle_refusals, problem
from explorer.live.same_site import Pass, SameSite
from explorer.live.spaces import UnknownModel
from explorer.live.worker import Busy, DecodeWorker
from explorer.sentences import Sentence

Answer = TypeVar("Answer")
PATH = "/gradio_api/explorer"
OPEN_TO_ALL = ("/healthz", "/plotly.min.js")
MAX_CONNECTIONS = 512
OF_ONE = 3  # for each visitor that an address may stand for
MAX_MESSAGE = 1024  # characters; a place takes about 80
# One WebSocket answer: id uint32, width uint16, height uint16, decode milliseconds float32, server milliseconds
# float32, little-endian; then height * width grey bytes, row by row.
HEADER = struct.Struct("<IHHff")


class Refused(Exception):
    """A WebSocket message that ends its connection."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code, self.reason = code, reason


class Slot:
    """A visitor's one pending place: a newer one takes the older one's place."""

    def __init__(self) -> None:
        self.filled = asyncio.Event()
        self.latest: tuple[int, Place, float]

    def put(self, number: int, place: Place) -> None:
        self.latest = (number, place, time.perf_counter())
        self.filled.set()

    async def take(self) -> tuple[int, Place, float]:
        await self.filled.wait()
        self.filled.clear()
        return self.latest


def parse_message(text: str | None) -> tuple[int, Place]:
    """One WebSocket message -> its number and its place. Raises Refused with the close code and a sentence."""
    if text is None:
        raise Refused(1003, "Send JSON as text.")
    if len(text) > MAX_MESSAGE:
        raise Refused(1009, f"A message has at most {MAX_MESSAGE} characters.")
    try:
        values = json.loads(text)
    except (ValueError, RecursionError):
        raise Refused(1007, "Send JSON.") from None
    number = values.get("id") if isinstance(values, dict) else None
    if type(number) is not int or not 0 <= number < 2**32:
        raise Refused(1008, "Send an object with id, model, x and y; id is a whole number below 2**32.")
    try:
        return number, parse_place(values)
    except ValueError as error:
        raise Refused(1008, str(error)) from None


async def read_places(socket: WebSocket, slot: Slot) -> None:
    while True:
        message = await socket.receive()
        if message["type"] == "websocket.disconnect":
            return
        slot.put(*parse_message(message.get("text")))


async def answer_places(socket: WebSocket, slot: Slot, worker: DecodeWorker) -> None:
    while True:
        number, place, received = await slot.take()
        try:
            frame = await worker.decode(place)
        except UnknownModel:  # a close frame has no room for all their names
            raise Refused(
                1008, Sentence("told.map.none", "There is no map of that name; healthz lists those there are.")
            ) from None
        except (ValueError, Busy) as error:
            raise Refused(1013 if isinstance(error, Busy) else 1008, str(error)[:120]) from None
        server_ms = 1000 * (time.perf_counter() - received)
        header = HEADER.pack(number, frame.width, frame.height, frame.decode_ms, server_ms)
        await socket.send_bytes(header + frame.pixels)


async def serve_socket(socket: WebSocket, worker: DecodeWorker) -> None:
    """Read and answer until either ends; a refusal closes the connection with its code and sentence."""
    slot = Slot()
    refused: list[tuple[int, str]] = []  # not the exception, whose traceback would keep the message

    async def until_end(step: Any, *arguments: Any) -> None:
        try:
            await step(*arguments)
        except Refused as refusal:
            refused.append((refusal.code, refusal.reason))
        except WebSocketDisconnect:
            pass
        group.cancel_scope.cancel()

    async with anyio.create_task_group() as group:
        group.start_soon(until_end, read_places, socket, slot)
        group.start_soon(until_end, answer_places, socket, slot, worker)
    if refused:
        with suppress(WebSocketDisconnect):  # who is refused may have left already
            await socket.close(*refused[0])


async def while_there(request: Request, answer: Future[Answer]) -> Answer:
    """An answer, taken back where nobody waits for it any more."""
    waiting = asyncio.wrap_future(answer)
    leaving = asyncio.ensure_future(leave(request))
    try:
        await asyncio.wait((waiting, leaving), return_when=asyncio.FIRST_COMPLETED)
        if not waiting.done():
            waiting.cancel()
            raise Busy(Sentence("told.train.left", "Its visitor left."))  # whom nothing reaches
        return waiting.result()
    finally:
        leaving.cancel()
        waiting.cancel()


async def leave(request: Request) -> None:
    """Returns when a visitor, all of whose request has come, is gone."""
    while (await request.receive())["type"] != "http.disconnect":
        pass


def query_place(query: Mapping[str, str]) -> Place:
    """The place in a URL's query. Raises ValueError with a sentence."""
    values: dict[str, Any] = dict(query)
    for name, kind in (("x", float), ("y", float), ("point", int)):
        if name in values:
            try:
                values[name] = kind(values[name])
            except ValueError:
                raise ValueError(f"{name} must be a number.") from None
    if "z" in values:
        values["z"] = _numbers(values["z"])
    return parse_place(values)


def _numbers(text: str) -> list[float]:
    try:
        return [float(number) for number in text.split(",")]
    except ValueError:
        raise ValueError("z must be numbers with commas between them.") from None


def routes(worker: DecodeWorker, site: str = "") -> FastAPI:
    """healthz, frame, pass and ws, to be mounted under PATH; what is added to them is for this site's own pages too.

    site: the whole URL at which the page is shown, where that is known.
    """
    api = FastAPI(title="Latent space explorer", version=__version__, docs_url=None, redoc_url=None)
    passes = Pass()
    handle_refusals(api)
    api.add_middleware(SameSite, passes=passes, site=site, open_to_all=OPEN_TO_ALL)
    sockets: set[WebSocket] = set()
    of_address: Counter[str] = Counter()

    @api.get("/healthz")
    async def healthz() -> dict[str, Any]:
        spaces = worker.spaces
        models = {"available": spaces.names, "loaded": spaces.loaded}
        return {"status": "ok", "version": __version__, "device": spaces.device, "models": models}

    @api.get("/frame")
    async def frame(request: Request) -> Response:
        """Raw grey bytes of the decoded image, row by row; its size stands in X-Frame-Shape (HxW)."""
        place = query_place(request.query_params)
        decoded = await worker.decode(place)
        shape = {"X-Frame-Shape": f"{decoded.height}x{decoded.width}", "Cache-Control": "no-store"}
        return Response(decoded.pixels, media_type="application/octet-stream", headers=shape)

    @api.post("/pass")
    async def socket_pass(request: Request) -> Response:
        """What the page asks for when its socket was not opened."""
        response = Response(status_code=204, headers={"Cache-Control": "no-store"})
        passes.give(request.headers, response)
        return response

    @api.websocket("/ws")
    async def ws(socket: WebSocket) -> None:
        address = client_of(socket.scope)
        if len(sockets) >= MAX_CONNECTIONS or of_address[address] >= share(MAX_CONNECTIONS, OF_ONE):
            await socket.send_denial_response(
                problem(429, Sentence("told.busy.visitors", "Too many visitors at once; frames also come over HTTP."))
            )
        else:
            sockets.add(socket)
            of_address[address] += 1
            try:
                await socket.accept()
                await serve_socket(socket, worker)
            finally:
                sockets.discard(socket)
                of_address[address] -= 1
                if not of_address[address]:
                    del of_address[address]

    return api
