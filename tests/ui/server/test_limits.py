"""How much a request may bring, in front of an app that reads all of it as Gradio does."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import anyio
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient
from starlette.types import Message

from explorer.ui.server import limits
from explorer.ui.server.limits import Bodies

KB = 1000


class Uploads:
    """An app that notes how much it has read, and whether it was told of a refusal."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.read = 0
        self.full = False
        routes = [
            Route("/maps/gradio_api/upload", self.upload, methods=["POST"]),
            Route("/gradio_api/upload", self.upload, methods=["POST"]),
            Route("/gradio_api/queue/join", self.join, methods=["POST"]),
            Route("/page", self.page),
        ]
        self.app = Bodies(Starlette(routes=routes), lambda: str(folder), 20 * KB, 9_000 * KB, min_free=1)
        self.visitor = TestClient(self.app)

    async def upload(self, request: Request) -> Response:
        file = self.folder / "tmp"
        try:
            with file.open("wb") as opened:
                async for chunk in request.stream():
                    self.read += len(chunk)
                    opened.write(chunk)
                    if self.full:
                        raise OSError(28, "No space left on device")
        except limits.MultiPartException:
            file.unlink()
            return JSONResponse({"told": True}, 400)
        return JSONResponse(["kept"])

    async def join(self, request: Request) -> Response:
        self.read += len(await request.body())
        return JSONResponse({"event_id": "1"})

    async def page(self, _request: Request) -> Response:
        return JSONResponse({"page": True})


@pytest.fixture
def uploads(tmp_path: Path) -> Uploads:
    return Uploads(tmp_path)


def parts(count: int) -> Iterator[bytes]:
    yield from [b"x" * KB] * count


def test_a_body_within_the_limit_arrives_whole(uploads: Uploads) -> None:
    for content in (b"x" * 20 * KB, parts(20), b""):
        assert uploads.visitor.post("/gradio_api/queue/join", content=content).status_code == 200
    assert uploads.read == 40 * KB
    assert uploads.visitor.get("/page").json() == {"page": True}


@pytest.mark.parametrize("declared", [True, False])
@pytest.mark.parametrize("path", ["/gradio_api/queue/join", "/gradio_api/call/x", "/gradio_api/uploads", "/", "//x"])
def test_a_larger_body_is_refused_with_a_sentence_and_not_read(uploads: Uploads, declared: bool, path: str) -> None:
    content = b"x" * 21 * KB if declared else parts(21)
    answer = uploads.visitor.post(f"http://testserver{path}", content=content)
    if path == "/gradio_api/queue/join":
        assert uploads.read == 0
    if declared or path == "/gradio_api/queue/join":  # what is not asked for is not read either
        assert answer.status_code == 413
        assert answer.json()["error"] == "That is more than the 0.02 megabytes that can be sent at once; send less."


@pytest.mark.parametrize("length", ["21000", "9" * 30, "021000"])
def test_a_length_that_is_told_is_believed(uploads: Uploads, length: str) -> None:
    answer = uploads.visitor.post("/gradio_api/queue/join", content=b"{}", headers={"Content-Length": length})
    assert answer.status_code == 413


@pytest.mark.parametrize("length", ["-1", "1e9", "²", ""])
def test_a_length_that_is_none_is_not(uploads: Uploads, length: str) -> None:
    headers = [(b"content-length", length.encode("latin-1"))]
    answer = uploads.visitor.post("/gradio_api/queue/join", content=b"{}", headers=headers)
    assert answer.status_code == 200


def test_an_upload_may_be_larger_than_another_request(uploads: Uploads) -> None:
    for path in ("/gradio_api/upload", "/maps/gradio_api/upload"):
        assert uploads.visitor.post(path, content=b"x" * 100 * KB).json() == ["kept"]
    assert uploads.visitor.post("/gradio_api/upload", content=b"x" * 9_001 * KB).status_code == 413


@pytest.mark.parametrize(
    ("headers", "begin"),
    [
        ({}, "This server's disk"),
        ({"Accept-Language": "zh-CN,en;q=0.5"}, "服务器"),
        ({"Accept-Language": "en", "Referer": "http://testserver/?lang=zh-TW"}, "伺服器"),
    ],
)
def test_an_upload_for_which_the_disk_has_no_room_is_refused_as_a_plain_sentence(
    uploads: Uploads, monkeypatch: pytest.MonkeyPatch, headers: dict[str, str], begin: str
) -> None:
    """Plain, since Gradio shows the visitor whatever answers an upload."""
    monkeypatch.setattr(limits, "free", lambda _folder: 0)
    answer = uploads.visitor.post("/gradio_api/upload", content=b"x" * KB, headers=headers)
    assert (answer.status_code, uploads.read) == (507, 0)
    assert begin in answer.text
    assert uploads.visitor.post("/gradio_api/queue/join", content=b"{}").status_code == 200


def test_an_upload_ends_when_the_disk_fills_while_it_comes_and_leaves_nothing(
    uploads: Uploads, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "CHECK_BYTES", 10 * KB)
    monkeypatch.setattr(limits, "free", lambda _folder: 0 if uploads.read > 30 * KB else 10)
    hundred: list[Message] = [{"type": "http.request", "body": b"x" * KB, "more_body": True}] * 100
    end: Message = {"type": "http.request", "body": b"", "more_body": False}
    assert anyio.run(sent, uploads.app, "/gradio_api/upload", hundred, end)[0]["status"] == 507
    assert uploads.read < 50 * KB
    assert list(uploads.folder.iterdir()) == []


def test_a_write_that_failed_for_want_of_room_is_no_traceback(
    uploads: Uploads, monkeypatch: pytest.MonkeyPatch
) -> None:
    uploads.full = True
    monkeypatch.setattr(limits, "free", lambda _folder: 0 if uploads.read else 10)
    answer = uploads.visitor.post("/gradio_api/upload", content=b"x" * KB)
    assert (answer.status_code, answer.text) == (507, limits.FULL)


def test_the_room_of_a_folder_that_is_not_there_yet_is_that_of_its_disk(tmp_path: Path) -> None:
    assert limits.free(str(tmp_path / "not" / "there")) == pytest.approx(shutil.disk_usage(tmp_path).free, rel=0.1)


async def sent(app: Bodies, path: str, messages: list[Message], end: Message | None = None) -> list[Message]:
    """What the app answers to these; then nothing more comes, or `end`."""
    answered: list[Message] = []

    async def coming() -> AsyncIterator[Message]:
        for message in messages:
            yield message
        if end is None:
            await anyio.sleep_forever()
        while True:
            yield end  # type: ignore[misc]

    stream = coming()

    async def receive() -> Message:
        return await stream.__anext__()

    async def send(message: Message) -> None:
        answered.append(message)

    scope = {"type": "http", "method": "POST", "path": path, "headers": [], "query_string": b""}
    await app(scope, receive, send)
    return answered


def test_a_body_that_stops_in_its_middle_is_not_waited_for(uploads: Uploads, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "STALLED_SECONDS", 0.05)
    half = [{"type": "http.request", "body": b"{", "more_body": True}]
    for path in ("/gradio_api/queue/join", "/gradio_api/upload"):
        answered = anyio.run(sent, uploads.app, path, half)
        assert answered[0]["status"] == 408
        assert limits.SLOW in answered[1]["body"].decode()
    assert list(uploads.folder.iterdir()) == []


def test_a_body_that_trickles_is_not_waited_for_either(uploads: Uploads, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "BODY_SECONDS", 0.05)
    trickle = {"type": "http.request", "body": b"", "more_body": True}
    assert anyio.run(sent, uploads.app, "/gradio_api/queue/join", [], trickle)[0]["status"] == 408


def test_an_upload_whose_sender_leaves_is_removed_at_once(uploads: Uploads) -> None:
    half = [{"type": "http.request", "body": b"x" * KB, "more_body": True}]
    assert anyio.run(sent, uploads.app, "/gradio_api/upload", half, {"type": "http.disconnect"}) == []
    assert uploads.read == KB
    assert list(uploads.folder.iterdir()) == []


def test_an_error_of_the_app_itself_stays_one(uploads: Uploads) -> None:
    uploads.full = True
    with pytest.raises(OSError, match="No space"):
        uploads.visitor.post("/gradio_api/upload", content=b"x" * KB)
