"""Who listens to the answers: whose stream is open, as Gradio's clients ask for it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from explorer.ui.server.listeners import Listeners, Listening, stream_of


def scope(path: str, query: str = "", method: str = "GET", kind: str = "http") -> dict[str, Any]:
    return {"type": kind, "method": method, "path": path, "query_string": query.encode()}


@pytest.mark.parametrize(
    ("asked", "name"),
    [
        (scope("/gradio_api/queue/data", "session_hash=abc"), "abc"),
        (scope("/maps/gradio_api/queue/data", "other=1&session_hash=a%2Fb&session_hash=c"), "a/b"),
        (scope("/gradio_api/call/encode/1f2e"), "1f2e"),
        (scope("/gradio_api/call/v2/encode/1f2e/"), "1f2e"),
        (scope("/gradio_api/queue/data"), None),
        (scope("/gradio_api/queue/data", "session_hash=abc", "HEAD"), None),
        (scope("/gradio_api/call/encode", method="POST"), None),
        (scope("/gradio_api/call/encode"), None),
        (scope("/gradio_api/queue/join", method="POST"), None),
        (scope("/gradio_api/heartbeat/abc"), None),
        ({"type": "websocket", "path": "/gradio_api/queue/data", "query_string": b"session_hash=abc"}, None),
        ({"type": "lifespan"}, None),
    ],
)
def test_a_stream_is_known_by_its_session_or_its_event(asked: dict[str, Any], name: str | None) -> None:
    assert stream_of(asked) == name


def test_somebody_listens_as_long_as_one_of_their_streams_is_open() -> None:
    opened: list[str] = []
    listeners = Listeners(lambda: opened.append("look"))
    assert not listeners.has("abc")
    with listeners.listening("abc"):
        with listeners.listening("abc"):
            assert listeners.has("event", "abc")
        assert listeners.has("abc")
        assert not listeners.has("abcd", "")
    assert not listeners.has("abc")
    assert opened == ["look", "look"]


def test_a_stream_that_breaks_off_is_closed_and_other_requests_pass() -> None:
    listeners, seen = Listeners(), []

    async def app(asked: Any, *_: Any) -> None:
        seen.append(listeners.has("abc"))
        if asked.get("method") == "GET":
            raise asyncio.CancelledError

    async def ask(asked: dict[str, Any]) -> None:
        await Listening(app, listeners)(asked, None, None)  # type: ignore[arg-type]

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(ask(scope("/gradio_api/queue/data", "session_hash=abc")))
    asyncio.run(ask(scope("/gradio_api/queue/join", method="POST")))
    assert seen == [True, False]
    assert not listeners.has("abc")
