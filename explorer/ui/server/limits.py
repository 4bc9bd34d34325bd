"""How much a request may bring: counted while it streams, before anything reads it as JSON or as files."""

from __future__ import annotations

import shutil
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import anyio
from anyio.to_thread import run_sync
from starlette.datastructures import Headers
from starlette.formparsers import MultiPartException
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from explorer.sentences import Sentence
from explorer.ui.texts import language_for, translated

UPLOAD = "/gradio_api/upload"
MAX_BODY = 2_000_000  # bytes
MAX_UPLOAD = 200_000_000  # of all files that are sent at once
MIN_FREE = 200_000_000  # bytes of the disk that uploads leave free
STALLED_SECONDS = 30.0  # between two parts of a body
BODY_SECONDS = 120.0  # for all of a body
UPLOAD_SECONDS = 1800.0
LINGERING_SECONDS = 10.0  # in which the rest of what is refused is still read
CHECK_BYTES = 4_000_000  # of an upload between two looks at the disk
SLOW = Sentence("told.sent.slow", "Your connection stopped in the middle; send it again.")
FULL = Sentence(
    "told.sent.full", "This server's disk is nearly full, so it takes no files for now; what you have here stays."
)
LEFT = "left"


class Refused(MultiPartException):
    """Why no more of a body is read. What Gradio catches: it then removes what it has written of an upload."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


class Bodies:
    """ASGI middleware: refuses a body that is too large (413), stops (408), or for which the disk has no room (507).

    most, most_of_upload: bytes. folder: where uploads are written; min_free: bytes of its disk that they leave.
    """

    def __init__(
        self,
        app: ASGIApp,
        folder: Callable[[], str],
        most: int = MAX_BODY,
        most_of_upload: int = MAX_UPLOAD,
        min_free: int = MIN_FREE,
    ) -> None:
        self.app = app
        self.folder = folder
        self.most, self.most_of_upload, self.min_free = most, most_of_upload, min_free

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        upload = is_upload(scope)
        body = Body(receive, self.most_of_upload, UPLOAD_SECONDS) if upload else Body(receive, self.most, BODY_SECONDS)
        started = False

        async def guarded_send(message: Message) -> None:
            nonlocal started
            if upload and not started and message.get("status", 0) >= 500 and await self.is_full():
                body.refused = body.refused or Refused(507, FULL)  # Gradio could not write it
            if started or body.refused is None:
                started = True
                await send(message)

        try:
            body.check(Headers(scope=scope).get("content-length", ""))
            if upload:
                await self.refuse_when_full(body)
                body.meanwhile = self.refuse_when_full
            await self.app(scope, body.receive, guarded_send)
        except Exception:
            if body.refused is None:
                raise
        if body.refused and body.refused.status and not started:
            if body.refused.status != 408 and "expect" not in Headers(scope=scope):
                await body.linger()
            await answer(scope, body.refused)(scope, receive, send)

    async def refuse_when_full(self, body: Body) -> None:
        """Raises Refused where the disk is nearly full."""
        if await self.is_full():
            body.refuse(507, FULL)

    async def is_full(self) -> bool:
        return await run_sync(free, self.folder()) < self.min_free


class Body:
    """A request's body on its way in. most: its bytes; seconds: until all of it is there.

    meanwhile: called now and then while an upload comes; one whose sender leaves is refused too.
    """

    meanwhile: Callable[[Body], Awaitable[None]] | None = None

    def __init__(self, receive: Receive, most: int, seconds: float) -> None:
        self._receive = receive
        self._most = most
        self._until = time.monotonic() + seconds
        self._size = self._checked = 0
        self._whole = False
        self.refused: Refused | None = None

    def refuse(self, status: int, sentence: str) -> None:
        self.refused = Refused(status, sentence)
        raise self.refused

    def check(self, declared: str) -> None:
        """Raises Refused where its head says already that it is too large."""
        if declared.isascii() and declared.isdigit() and int(declared[:20]) > self._most:
            self.refuse(413, large(self._most))

    async def receive(self) -> Message:
        if self.refused:
            raise self.refused
        if self._whole:  # what is still to come is that its sender leaves
            return await self._receive()
        with anyio.move_on_after(min(STALLED_SECONDS, self._until - time.monotonic())) as waiting:
            message = await self._receive()
        if waiting.cancelled_caught or (time.monotonic() > self._until and message.get("more_body")):
            self.refuse(408, SLOW)
        if message["type"] != "http.request":
            self._whole = True
            if self.meanwhile:
                self.refuse(0, LEFT)
            return message
        self._size += len(message.get("body", b""))
        self._whole = not message.get("more_body")
        if self._size > self._most:
            self.refuse(413, large(self._most))
        if self.meanwhile and self._size - self._checked > CHECK_BYTES:
            self._checked = self._size
            await self.meanwhile(self)
        return message

    async def linger(self) -> None:
        """Read on for a while: else a browser that still sends does not read the answer."""
        with anyio.move_on_after(LINGERING_SECONDS):
            while not self._whole:
                message = await self._receive()
                self._whole = message["type"] != "http.request" or not message.get("more_body")


def is_upload(scope: Scope) -> bool:
    return scope["path"].endswith(UPLOAD)


def large(most: int) -> str:
    return Sentence(
        "told.sent.large",
        "That is more than the {most} megabytes that can be sent at once; send less.",
        most=f"{most / 1e6:g}",
    )


def free(folder: str) -> int:
    """Bytes of the disk on which a folder lies or will lie."""
    place = Path(folder)
    while not place.exists() and place != place.parent:
        place = place.parent
    return shutil.disk_usage(place).free


def answer(scope: Scope, refused: Refused) -> Response:
    """In the language of the page. Gradio shows what answers an upload as it is."""
    headers = Headers(scope=scope)
    page = parse_qs(urlsplit(headers.get("referer", "")).query)
    language = language_for("".join(page.get("lang", [])[:1]), headers.get("accept-language", ""))
    sentence = translated(refused.message, language)
    closing = {"Connection": "close"}
    if is_upload(scope):
        return PlainTextResponse(sentence, refused.status, closing)
    return JSONResponse({"error": sentence, "detail": sentence}, refused.status, closing)
