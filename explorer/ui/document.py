"""The page's HTML and its config: what must stand in the head from the first byte on, and made once for everybody.

Gradio adds what gr.Blocks takes as `head` by a script of its own, after it has chosen a language; it makes page and
config anew for each request, out of copies of all there is, and sends them unpacked.
"""

from __future__ import annotations

import asyncio
import re
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from html import escape
from typing import Any
from urllib.parse import quote

from gradio.route_utils import API_PREFIX, get_root_url
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from explorer.addresses import Visitor, client_of
from explorer.live.refusals import refusal
from explorer.live.tool_thread import ToolThread
from explorer.live.worker import Busy
from explorer.ui.accepted import Encoding, encoding_of
from explorer.ui.packing import pack

PACK_LEVEL = 5
PACKED = 32  # kept, of 0.2 MB each
PLACES = ("/", "/config", "/config/", f"{API_PREFIX}/runs", f"{API_PREFIX}/runs/")
NOWHERE = b"nowhere.invalid"  # the host for which it is made; each visitor's own takes its place
ROOT = re.compile(r"https?://[\w.~:/%\[\]-]+", re.ASCII)  # what can stand in HTML, JSON and scripts as it is


@dataclass(frozen=True)
class Made:
    """What the app has answered to a request that names no visitor."""

    start: Message
    content: bytes
    root: str
    config: object  # of the Gradio app, as it was then

    @property
    def whole(self) -> bool:
        headers = Headers(raw=self.start["headers"])
        kind = headers.get("content-type", "").partition(";")[0]
        return (
            self.start["status"] == 200
            and kind in ("text/html", "application/json")
            and "content-encoding" not in headers
        )

    def is_page(self) -> bool:
        return Headers(raw=self.start["headers"]).get("content-type", "").startswith("text/html")


class Document:
    """ASGI middleware: the app's page with markup at the beginning of its head, and its config, packed as
    the visitor accepts it.

    Below a root path the markup begins with what relative addresses count from, since the page may be opened without
    its last slash. thread: where it is packed for an address of this site that nobody has come to before.
    """

    def __init__(self, app: ASGIApp, head: str, thread: ToolThread | None = None) -> None:
        self.app = app
        self.head = head
        self.thread = thread
        self.made: dict[str, Made] = {}
        self.packed: OrderedDict[tuple[str, str, Encoding], tuple[Made, bytes]] = OrderedDict()
        self.making = asyncio.Lock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] not in ("GET", "HEAD") or not is_for_all(scope):
            await self.app(scope, receive, send)
            return
        made = await self.make(scope)
        if not made.whole:
            await self.app(scope, receive, send)
            return
        root = root_of(scope)
        if root != made.root and not ROOT.fullmatch(root):
            await PlainTextResponse("There is no such host.", 400)(scope, receive, send)
            return
        if scope["method"] == "HEAD":
            length = len(made.content) + made.content.count(made.root.encode()) * (len(root) - len(made.root))
            await send({**made.start, "headers": with_length(made.start, length)})
            await send({"type": "http.response.body"})
            return
        encoding = encoding_of(Headers(scope=scope))
        try:
            body = await self.body(scope, made, root, encoding)
        except Busy as error:
            await refusal(error)(scope, receive, send)
            return
        headers = MutableHeaders(raw=with_length(made.start, len(body)))
        headers.add_vary_header("Accept-Encoding")
        if encoding != "identity":
            headers["content-encoding"] = encoding
        await send({**made.start, "headers": headers.raw})
        await send({"type": "http.response.body", "body": body})

    async def make(self, scope: Scope) -> Made:
        """What there is for everybody at a request's path, made anew where Gradio's config is another."""
        path, config = scope["path"], config_of(scope)
        async with self.making:
            made = self.made.get(path)
            if made is None or made.config is not config:
                made = await self.ask(scope, config)
                if made.whole:
                    self.made[path] = made
        return made

    async def ask(self, scope: Scope, config: object) -> Made:
        nameless = {**scope, "method": "GET", "scheme": "http", "headers": [(b"host", NOWHERE)], "query_string": b""}
        start: Message = {}
        content = bytearray()

        asked = iter([{"type": "http.request"}])

        async def receive() -> Message:
            for message in asked:
                return message
            return await asyncio.get_running_loop().create_future()  # nobody leaves

        async def gather(message: Message) -> None:
            if message["type"] == "http.response.start":
                start.update(message)
            else:
                content.extend(message.get("body", b""))

        await self.app(nameless, receive, gather)
        return Made(start, bytes(content), root_of(nameless), config)

    async def body(self, scope: Scope, made: Made, root: str, encoding: Encoding) -> bytes:
        """What a visitor gets who comes to this root. Raises Busy."""
        key = scope["path"], root, encoding
        kept = self.packed.get(key)
        if kept is not None and kept[0] is made:
            self.packed.move_to_end(key)
            return kept[1]
        path = scope.get("root_path", "")
        head = (f'<base href="{escape(quote(path))}/">' if path else "") + self.head if made.is_page() else ""
        body = await self.beside(partial(addressed, made, root, head, encoding), scope)
        self.packed[key] = made, body
        while len(self.packed) > PACKED:
            self.packed.popitem(last=False)
        return body

    async def beside(self, work: Callable[[], bytes], scope: Scope) -> bytes:
        """Its result, while others' frames go on."""
        if self.thread is None:
            return await asyncio.to_thread(work)
        return await asyncio.wrap_future(self.thread.submit(work, Visitor("page", client_of(scope))))


def is_for_all(scope: Scope) -> bool:
    """Whether a request's answer depends on nothing but its path and the site's address."""
    app: Any = scope.get("app")
    login = getattr(app, "auth", None) is not None or getattr(app, "auth_dependency", None) is not None
    return not login and scope["path"].removeprefix(scope.get("root_path", "")) in PLACES


def config_of(scope: Scope) -> object:
    return getattr(getattr(scope.get("app"), "blocks", None), "config", None)


def root_of(scope: Scope) -> str:
    """The address of this site, as Gradio reads it from a request."""
    below = scope["path"].removeprefix(scope.get("root_path", ""))
    path = getattr(scope.get("app"), "root_path", "") or scope.get("root_path", "")
    try:
        return get_root_url(Request(scope), below.rstrip("/"), path)
    except Exception:  # whatever httpx says of what can be in a Host
        return ""


def addressed(made: Made, root: str, head: str, encoding: Encoding) -> bytes:
    content = made.content.replace(made.root.encode(), root.encode())
    if head:
        content = content.replace(b"<head>", f"<head>{head}".encode(), 1)
    return pack(content, encoding, PACK_LEVEL)


def with_length(start: Message, length: int) -> list[tuple[bytes, bytes]]:
    headers = MutableHeaders(raw=list(start["headers"]))
    headers["content-length"] = str(length)
    return headers.raw
