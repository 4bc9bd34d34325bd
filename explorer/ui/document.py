"""The page's HTML: what must stand in its head from the first byte on, and packed on its way out.

Gradio adds what gr.Blocks takes as `head` by a script of its own, after it has chosen a language, and sends the page
unpacked.
"""

from __future__ import annotations

import asyncio
import gzip
from html import escape
from urllib.parse import quote

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

PACK_LEVEL = 5


class Document:
    """ASGI middleware: the app's page with markup at the beginning of its head, in gzip where that is accepted.

    Below a root path the markup begins with what relative addresses count from, since the page may be opened without
    its last slash.
    """

    def __init__(self, app: ASGIApp, head: str) -> None:
        self.app = app
        self.head = head

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        root = scope.get("root_path", "")
        if scope["type"] != "http" or scope["method"] != "GET" or scope["path"] != f"{root}/":
            await self.app(scope, receive, send)
            return
        packs = "gzip" in Headers(scope=scope).get("accept-encoding", "")
        head = f'<base href="{escape(quote(root))}/">{self.head}' if root else self.head
        start: Message = {}
        content = bytearray()

        async def gather(message: Message) -> None:
            if message["type"] == "http.response.start":
                start.update(message)
                return
            content.extend(message.get("body", b""))
            if not message.get("more_body"):
                body = await asyncio.to_thread(self.made, head, start, bytes(content), packs)  # others' frames go on
                await send(start)
                await send({"type": "http.response.body", "body": body})

        await self.app(scope, receive, gather)

    def made(self, head: str, start: Message, content: bytes, packs: bool) -> bytes:
        """The body, and its headers in `start`; anything but a page, such as a redirection, stays as it is."""
        headers = MutableHeaders(raw=start["headers"])
        if not headers.get("content-type", "").startswith("text/html") or "content-encoding" in headers:
            return content
        content = content.replace(b"<head>", f"<head>{head}".encode(), 1)
        headers.add_vary_header("Accept-Encoding")
        if packs:
            content = gzip.compress(content, PACK_LEVEL)
            headers["content-encoding"] = "gzip"
        headers["content-length"] = str(len(content))
        return content
