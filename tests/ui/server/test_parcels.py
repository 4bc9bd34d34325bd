"""Large JSON that goes around Gradio on its way to our endpoints and back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from explorer.live.tool_thread import ToolThread
from explorer.live.worker import Busy
from explorer.ui.server import parcels
from explorer.ui.server.parcels import LABEL, SCOPE, Desk, Parcels, Porter, unpacked

LATENTS = [[0.1 * row, -1.5e-7] for row in range(3_000)]
CALLS = ["/gradio_api/call/ours", "/gradio_api/run/ours", "/gradio_api/api/ours/", "/gradio_api/queue/join"]


class Inner(Starlette):
    """In Gradio's place: it keeps what it was sent, and answers with what a test wants."""

    def __init__(self) -> None:
        self.received: list[bytes] = []
        self.desk: Desk | None = None
        self.answer: Any = {"data": ["done"]}
        self.get_blocks = lambda: SimpleNamespace(fns={3: SimpleNamespace(api_name="ours")})
        super().__init__(routes=[Route("/{path:path}", self.respond, methods=["GET", "POST"])])

    async def respond(self, request: Request) -> Response:
        content = await request.body()
        assert request.headers.get("content-length", str(len(content))) == str(len(content))
        self.received.append(content)
        self.desk = request.scope.get(SCOPE)
        if request.method == "GET":
            parts = [f"event: complete\ndata: {json.dumps(self.answer)}\n\n".encode(), b"event: end\n\n"]
            return StreamingResponse(iter(parts), media_type="text/event-stream")
        return JSONResponse(self.answer)


@pytest.fixture
def inner() -> Inner:
    return Inner()


@pytest.fixture
def client(inner: Inner) -> Iterator[TestClient]:
    thread = ToolThread()
    inner.add_middleware(Porter, thread=thread, names=frozenset(["ours"]))
    yield TestClient(inner)
    thread.stop()


@pytest.mark.parametrize("path", CALLS)
def test_what_is_large_in_a_call_of_ours_waits_for_the_endpoint(inner: Inner, client: TestClient, path: str) -> None:
    asked = {"data": ["model", LATENTS, 5], "fn_index": 3, "session_hash": "s"}
    assert client.post(path, json=asked).json() == {"data": ["done"]}
    received = json.loads(inner.received[0])
    label = received["data"][1]
    assert received == {**asked, "data": ["model", label, 5]}
    assert len(inner.received[0]) < 300
    assert inner.desk is not None
    assert inner.desk.parcels.fetch(label) == LATENTS


def test_a_call_with_names_leaves_its_parcels_too(inner: Inner, client: TestClient) -> None:
    client.post("/gradio_api/call/v2/ours", json={"model": "m", "latents": LATENTS})
    received = json.loads(inner.received[0])
    assert inner.desk is not None
    assert (received["model"], inner.desk.parcels.fetch(received["latents"])) == ("m", LATENTS)


@pytest.mark.parametrize(
    ("path", "asked"),
    [
        ("/gradio_api/call/ours", {"data": ["model", LATENTS[:50], 5]}),
        ("/gradio_api/call/another", {"data": ["model", LATENTS, 5]}),
        ("/gradio_api/queue/join", {"data": ["model", LATENTS, 5], "fn_index": 4}),
        ("/gradio_api/queue/join", {"data": ["model", LATENTS, 5], "fn_index": [3]}),
        ("/gradio_api/component_server", {"data": LATENTS}),
        ("/elsewhere", {"data": LATENTS}),
    ],
)
def test_all_else_comes_as_it_was_sent(inner: Inner, client: TestClient, path: str, asked: dict[str, Any]) -> None:
    client.post(path, json=asked)
    assert json.loads(inner.received[0]) == asked


def test_numbers_that_are_none_arrive_as_they_are(inner: Inner, client: TestClient) -> None:
    content = json.dumps({"data": ["m", [*LATENTS, [float("nan"), float("inf")]]]})
    client.post("/gradio_api/call/ours", content=content)
    assert inner.desk is not None
    found = inner.desk.parcels.fetch(json.loads(inner.received[0])["data"][1])
    assert found[-1][0] != found[-1][0]
    assert found[-1][1] == float("inf")


@pytest.mark.parametrize(
    ("content", "status", "sentence"),
    [
        (b"[" * 50_000, 422, "Send JSON."),
        (b"x" * 50_000, 422, "Send JSON."),
        (json.dumps(LATENTS).encode(), 422, "Send a JSON object."),
        (b" " * (parcels.MAX_BODY + 1), 413, parcels.TOO_LARGE),
    ],
    ids=["nested", "no-json", "a-list", "too-large"],
)
def test_what_is_no_call_is_refused_with_a_sentence(
    inner: Inner, client: TestClient, content: bytes, status: int, sentence: str
) -> None:
    answer = client.post("/gradio_api/call/ours", content=content)
    assert (answer.status_code, answer.json()["error"]) == (status, sentence)
    assert inner.received == []


def test_an_answer_comes_out_of_its_parcel(inner: Inner, client: TestClient) -> None:
    client.get("/gradio_api/queue/data")  # where the desk is
    assert inner.desk is not None
    for method, path in (
        ("GET", "/gradio_api/queue/data?session_hash=s"),
        ("GET", "/gradio_api/call/ours/abc"),
        ("POST", "/gradio_api/run/ours"),
    ):
        content = json.dumps({"found": LATENTS}).encode()
        inner.answer = {"data": [inner.desk.parcels.leave(content, len(content), "here"), 1]}
        answer = client.request(method, path)
        text = answer.text if method == "POST" else answer.text.split("data: ")[1].split("\n")[0]
        assert json.loads(text) == {"data": [{"found": LATENTS}, 1]}
        assert int(answer.headers.get("content-length", len(answer.content))) == len(answer.content)


def test_a_label_that_a_visitor_makes_up_opens_nothing(inner: Inner, client: TestClient) -> None:
    inner.answer = {"data": [f"{LABEL}{'0' * 32}", f"{LABEL}short"]}
    assert client.post("/gradio_api/run/ours").json() == {"data": [None, f"{LABEL}short"]}
    with pytest.raises(ValueError, match="took too long"):
        unpacked(lambda z: z, (f"{LABEL}{'0' * 32}",), Desk(Parcels(), "here"))


def test_what_a_visitor_sent_is_not_handed_out_as_an_answer(inner: Inner, client: TestClient) -> None:
    client.post("/gradio_api/call/ours", json={"data": [LATENTS]})
    inner.answer = json.loads(inner.received[0])
    assert client.post("/gradio_api/run/ours").json() == {"data": [None]}


def test_a_small_answer_needs_no_parcel_and_a_large_one_is_its_json() -> None:
    desk = Desk(Parcels(), "here")
    assert unpacked(lambda: {"a": 1}, (), desk) == {"a": 1}
    label = unpacked(lambda: LATENTS, (), desk)
    assert json.loads(desk.parcels.fetch(label)) == LATENTS
    assert unpacked(lambda z: z, (LATENTS,), None) == LATENTS


def test_a_parcel_is_handed_out_once_and_not_kept_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = Parcels()
    label = kept.leave("content", 7, "here")
    assert kept.fetch(label) == "content"
    with pytest.raises(ValueError, match="ask again"):
        kept.fetch(label)
    old = kept.leave("old", 3, "here")
    monkeypatch.setattr(parcels, "KEPT_SECONDS", -1)
    kept.leave("new", 3, "here")
    with pytest.raises(ValueError, match="ask again"):
        kept.fetch(old)


def test_an_address_has_room_for_its_share(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EXPLORER_PER_ADDRESS", "1")
    kept = Parcels()
    labels = [kept.leave("x", parcels.OF_ONE // 2, "here") for _ in range(2)]
    with pytest.raises(Busy):
        kept.leave("x", 1, "here")
    kept.leave("x", parcels.OF_ONE, "there")
    kept.fetch(labels[0])
    kept.leave("x", 1, "here")


def test_an_address_with_too_many_large_calls_is_refused(
    client: TestClient, inner: Inner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parcels, "MAX_PACED", 0)
    assert client.post("/gradio_api/call/ours", json={"data": [LATENTS]}).status_code == 503
    assert inner.received == []
    assert client.post("/gradio_api/call/ours", json={"data": [1]}).status_code == 200
