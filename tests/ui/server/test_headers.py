"""What answers tell the browser, and for which names there are any."""

from __future__ import annotations

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocket, WebSocketDisconnect

from explorer.ui.server.headers import KnownHosts, SafeHeaders, policy


def app() -> Starlette:
    async def page(_request: Request) -> Response:
        return JSONResponse({}, headers={"Referrer-Policy": "no-referrer"})

    async def ws(socket: WebSocket) -> None:
        await socket.accept()
        await socket.close()

    return Starlette(routes=[Route("/", page), WebSocketRoute("/ws", ws)])


@pytest.mark.parametrize("path", ["/", "/missing"])
def test_every_answer_tells_how_it_may_be_used(path: str) -> None:
    headers = TestClient(SafeHeaders(app())).get(path).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert "default-src 'self'" in headers["content-security-policy"]
    assert headers["referrer-policy"] == ("no-referrer" if path == "/" else "same-origin")  # what is said already stays


@pytest.mark.parametrize(
    ("frames", "within"),
    [
        (["*"], None),
        (["none"], "frame-ancestors 'none'"),
        (
            ["https://school.example"],
            "frame-ancestors 'self' https://huggingface.co https://*.hf.space https://school.example",
        ),
    ],
)
def test_the_page_may_be_framed_by_all_by_none_or_by_named_sites(frames: list[str], within: str | None) -> None:
    rules = policy(frames).split("; ")
    assert [rule for rule in rules if rule.startswith("frame-ancestors")] == ([within] if within else [])


@pytest.mark.parametrize(
    ("hosts", "asked", "known"),
    [
        ([], "anything.example", True),
        (["maps.example"], "maps.example", True),
        (["maps.example"], "MAPS.example.:8080", True),
        (["maps.example"], "evil.example", False),
        (["maps.example"], "maps.example.evil.example", False),
        (["maps.example"], "a.maps.example", False),
        (["*.maps.example"], "a.maps.example", True),
        (["10.0.0.7:7860"], "10.0.0.7:7860", True),
        (["10.0.0.7:7860"], "10.0.0.7", False),
        (["maps.example"], "localhost:7860", True),  # by this machine itself
        (["maps.example"], "[::1]:7860", True),
        (["maps.example"], "", False),
        (["maps.example"], "maps.example, evil.example", False),
    ],
)
def test_only_named_hosts_are_answered_where_some_are_named(hosts: list[str], asked: str, known: bool) -> None:
    visitor = TestClient(KnownHosts(app(), hosts))
    answer = visitor.get("/", headers={"Host": asked})
    assert answer.status_code == (200 if known else 421)
    if not known:
        assert answer.json()["error"].endswith("EXPLORER_HOSTS.")
        with pytest.raises(WebSocketDisconnect), visitor.websocket_connect("/ws", headers={"Host": asked}):
            pass


def test_a_name_of_this_machine_is_not_believed_of_others() -> None:
    visitor = TestClient(KnownHosts(app(), ["maps.example"]), client=("203.0.113.5", 4000))
    assert visitor.get("/", headers={"Host": "localhost"}).status_code == 421


@pytest.mark.parametrize("host", ["https://maps.example", "maps example/", "*", "a b"])
def test_what_is_no_host_is_said_at_the_start(host: str) -> None:
    with pytest.raises(ValueError, match="EXPLORER_HOSTS must name hosts"):
        KnownHosts(app(), [host])
