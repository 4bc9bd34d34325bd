"""Large JSON on its way through Gradio: left at the door, fetched by the endpoint, and the other way round.

Gradio walks through all that a call holds, number by number and several times, in the event loop that everybody's
frames pass. So it gets a parcel's label instead of what lies in it.
"""

from __future__ import annotations

import asyncio
import json
import re
import secrets
import threading
import time
from collections import Counter, OrderedDict
from collections.abc import Awaitable, Callable
from functools import partial, wraps
from typing import Any, NamedTuple

import orjson
from gradio.context import LocalContext
from gradio.route_utils import API_PREFIX
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from explorer.addresses import Visitor, client_of, share
from explorer.live.tool_thread import FULL, ToolThread
from explorer.live.worker import Busy
from explorer.ui.visitors import visitor_of

SMALL = 32_000  # bytes of JSON that may pass as they are
MAX_BODY = 16_000_000
MAX_KEPT = 96_000_000  # bytes of JSON in all parcels
OF_ONE = 800_000  # for each visitor that an address may stand for
KEPT_SECONDS = 120
LOST = "This took too long on its way; ask again."
TOO_LARGE = f"A call has at most {MAX_BODY:,} characters."
SECONDS_A_BYTE = 2e-7  # that go by between two large calls, for each byte of the first: reading it holds others up
MAX_PACED = 8  # of an address
LABEL = "explorer-parcel-"
LABELLED = re.compile(rb'"(explorer-parcel-[0-9a-f]{32})"')
CALL = re.compile(rf"{API_PREFIX}/(?:queue/join|(run|api|call|call/v2)/([^/]+))/?")
ANSWERED = re.compile(rf"{API_PREFIX}/(?:queue/data|(?:call|call/v2|run|api)/.+)")
SCOPE = "explorer.parcels"


class Parcel(NamedTuple):
    content: Any
    size: int
    address: str
    since: float


class Parcels:
    """Parcels by their labels; each is handed out once. Safe to share between threads."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, Parcel] = OrderedDict()
        self._sizes: Counter[str] = Counter()
        self._lock = threading.Lock()

    def leave(self, content: Any, size: int, address: str) -> str:
        """-> its label. Raises Busy."""
        label = LABEL + secrets.token_hex(16)
        with self._lock:
            while self._kept and time.monotonic() - next(iter(self._kept.values())).since > KEPT_SECONDS:
                self._forget(next(iter(self._kept)))
            if self._sizes[address] + size > share(MAX_KEPT, OF_ONE) or self._sizes.total() + size > MAX_KEPT:
                raise Busy(FULL)
            self._kept[label] = Parcel(content, size, address, time.monotonic())
            self._sizes[address] += size
        return label

    def fetch(self, label: str) -> Any:
        """Raises ValueError: nobody left it here, it was fetched, or it has lain too long."""
        with self._lock:
            if label not in self._kept:
                raise ValueError(LOST)
            return self._forget(label).content

    def _forget(self, label: str) -> Parcel:
        parcel = self._kept.pop(label)
        self._sizes[parcel.address] -= parcel.size
        if not self._sizes[parcel.address]:
            del self._sizes[parcel.address]
        return parcel


class Desk(NamedTuple):
    """Where a call leaves its parcels: at which desk, and for whom."""

    parcels: Parcels
    address: str


def in_turn(tool: Callable[..., Any], thread: ToolThread) -> Callable[..., Awaitable[Any]]:
    """The same tool as an endpoint: answered in its turn, in the tools' thread, with parcels for what is large."""

    @wraps(tool)
    async def wrapped(*arguments: Any) -> Any:
        request = LocalContext.request.get(None)
        scope = getattr(getattr(request, "request", None), "scope", {})
        question = partial(unpacked, tool, arguments, scope.get(SCOPE))
        return await asyncio.wrap_future(thread.submit(question, visitor_of(request, tool.__name__)))

    return wrapped


def unpacked(tool: Callable[..., Any], arguments: tuple[Any, ...], desk: Desk | None) -> Any:
    if desk is None:
        return tool(*arguments)
    labels = [isinstance(value, str) and value.startswith(LABEL) for value in arguments]
    found = tool(
        *(desk.parcels.fetch(value) if is_label else value for value, is_label in zip(arguments, labels, strict=True))
    )
    content = orjson.dumps(found)
    return found if len(content) <= SMALL else desk.parcels.leave(content, len(content), desk.address)


class Porter:
    """ASGI middleware around Gradio's app: puts large arguments of calls of `names` into parcels, and takes answers out
    of theirs. Large calls come one after the other at a pace."""

    def __init__(self, app: ASGIApp, thread: ToolThread, names: frozenset[str]) -> None:
        self.app = app
        self.thread = thread
        self.names = names
        self.parcels = Parcels()
        self.pace = asyncio.Lock()
        self.waiting: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"].removeprefix(scope.get("root_path", "")) if scope["type"] == "http" else ""
        if not path.startswith(API_PREFIX):
            await self.app(scope, receive, send)
            return
        scope[SCOPE] = Desk(self.parcels, client_of(scope))
        if ANSWERED.fullmatch(path):
            send = partial(self.hand_out, {}, send)
        if scope["method"] == "POST" and "multipart" not in Headers(scope=scope).get("content-type", ""):
            try:
                receive = await self.take_in(scope, path, receive)
            except Refused as error:
                await JSONResponse({"error": str(error), "detail": str(error)}, error.status)(scope, receive, send)
                return
        await self.app(scope, receive, send)

    async def take_in(self, scope: Scope, path: str, receive: Receive) -> Receive:
        """What the app is to receive instead. Raises Refused."""
        content = await body_of(receive)
        if content is None:
            raise Refused(TOO_LARGE, 413)
        if len(content) > SMALL:
            content = await self.labelled(scope, path, content)
            headers = MutableHeaders(raw=list(scope["headers"]))
            headers["content-length"] = str(len(content))
            scope["headers"] = headers.raw
        whole = iter([{"type": "http.request", "body": content}])

        async def received() -> Message:
            return next(whole, None) or await receive()

        return received

    async def labelled(self, scope: Scope, path: str, content: bytes) -> bytes:
        address = client_of(scope)
        await self.wait(address, len(content))
        named = partial(endpoint_of, scope, path)
        question = partial(label, content, named, self.names, Desk(self.parcels, address))
        try:
            short = await asyncio.wrap_future(self.thread.submit(question, Visitor("call", address), len(content) // 4))
        except Busy as error:
            raise Refused(str(error), 503) from None
        except ValueError as error:
            raise Refused(str(error), 422) from None
        return short

    async def wait(self, address: str, size: int) -> None:
        if self.waiting[address] >= MAX_PACED:
            raise Refused(FULL, 503)
        self.waiting[address] += 1
        try:
            async with self.pace:
                await asyncio.sleep(size * SECONDS_A_BYTE)
        finally:
            self.waiting[address] -= 1
            if not self.waiting[address]:
                del self.waiting[address]

    async def hand_out(self, held: dict[str, Message], send: Send, message: Message) -> None:
        """The head of an answer of a known length waits for its first part: what comes out of a parcel is longer than
        its label. That of a stream goes out at once: its reader is there from then on."""
        if message["type"] == "http.response.start":
            if "content-length" in Headers(raw=message["headers"]):
                held["start"] = message
            else:
                await send(message)
            return
        body = LABELLED.sub(self.content, message.get("body", b""))
        if start := held.pop("start", None):
            headers = MutableHeaders(raw=list(start["headers"]))
            headers["content-length"] = str(int(headers["content-length"]) + len(body) - len(message.get("body", b"")))
            await send({**start, "headers": headers.raw})
        await send({**message, "body": body})

    def content(self, found: re.Match[bytes]) -> bytes:
        try:
            content = self.parcels.fetch(found[1].decode())
        except ValueError:
            return b"null"
        return content if isinstance(content, bytes) else b"null"


class Refused(Exception):
    def __init__(self, sentence: str, status: int) -> None:
        super().__init__(sentence)
        self.status = status


async def body_of(receive: Receive) -> bytes | None:
    """None: it is too large."""
    content = bytearray()
    while True:
        message = await receive()
        content += message.get("body", b"")
        if len(content) > MAX_BODY:
            return None
        if not message.get("more_body"):
            return bytes(content)


def endpoint_of(scope: Scope, path: str, values: dict[str, Any]) -> str | None:
    """The name of the endpoint that a call is for."""
    found = CALL.fullmatch(path)
    if found is None:
        return None
    if found[2]:
        return found[2]
    block = scope["app"].get_blocks().fns.get(values.get("fn_index"))
    return getattr(block, "api_name", None)


def label(content: bytes, named: Callable[[dict[str, Any]], str | None], names: frozenset[str], at: Desk) -> bytes:
    """A call's body with labels in place of what its lists and objects hold. Raises ValueError: it is no call."""
    values = read(content)
    if not isinstance(values, dict):
        raise ValueError("Send a JSON object.")
    try:
        name = named(values)
    except TypeError:  # an index that can't be one
        name = None
    if name not in names:
        return content
    given = values.get("data", values)
    items = (
        list(given.items()) if isinstance(given, dict) else list(enumerate(given)) if isinstance(given, list) else []
    )
    size = len(content) // max(1, sum(isinstance(value, list | dict) for _, value in items))
    for key, value in items:
        if isinstance(value, list | dict):
            given[key] = at.parcels.leave(value, size, at.address)
    return json.dumps(values).encode()


def read(content: bytes) -> Any:
    """orjson lets others go on sooner; what it does not know, such as NaN, Python's own reads."""
    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError:
        pass
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        raise ValueError("Send JSON.") from None
