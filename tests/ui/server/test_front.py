"""The page below a path: one address, whether a proxy kept the path or took it away."""

from __future__ import annotations

import pytest
from fastapi import FastAPI, Request, WebSocket
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount
from starlette.testclient import TestClient

from explorer.ui.server.front import Front, rooted

ROOTS = {  # how a host may write it -> as Gradio wants it
    "": "",
    "/": "",
    " ": "",
    "/maps": "/maps",
    "/maps/": "/maps",
    "maps": "/maps",
    "//maps//": "/maps",
    "/a/b/": "/a/b",
    "https://maps.example": "https://maps.example",
    "https://maps.example/": "https://maps.example",
    "HTTP://maps.example:8080/maps/": "http://maps.example:8080/maps",
    "https://maps.example/a/b": "https://maps.example/a/b",
}


def app(root_path: str) -> Front:
    """A page and a socket of ours beside some of another app, which lets every site ask."""
    own, other = FastAPI(), FastAPI()
    other.add_middleware(CORSMiddleware, allow_origins=["*"])

    @own.get("/figure")
    def figure(request: Request) -> dict[str, str]:
        return {"own": request.url.path, "model": request.query_params.get("model", "")}

    @own.websocket("/ws")
    async def ws(socket: WebSocket) -> None:
        await socket.accept()
        await socket.send_text("open")
        await socket.close()

    @other.get("/{path:path}")
    def anything(request: Request) -> Response:
        root = request.scope["root_path"]
        told = " ".join(request.headers.get(f"x-forwarded-{name}", "-") for name in ("host", "proto"))
        return JSONResponse({"other": request.url.path.removeprefix(root), "root": root, "told": told})

    return Front(other, Mount("/api/own", app=own), rooted(root_path))


@pytest.mark.parametrize(("written", "wanted"), ROOTS.items())
def test_a_root_path_is_understood_however_it_is_written(written: str, wanted: str) -> None:
    assert rooted(written) == wanted


@pytest.mark.parametrize(
    "root", ["/maps", "/maps/", "maps", "http://maps.example/maps", "https://maps.example:1/maps/"]
)
@pytest.mark.parametrize("prefix", ["", "/maps"])
def test_an_address_is_the_same_whether_the_proxy_kept_the_path_or_not(root: str, prefix: str) -> None:
    visitor = TestClient(app(root))
    assert visitor.get(f"{prefix}/api/own/figure?model=a").json() == {"own": "/maps/api/own/figure", "model": "a"}
    assert visitor.get(f"{prefix}/config").json() == {"other": "/config", "root": "/maps", "told": "- -"}
    assert visitor.get(f"{prefix}/").json() == {"other": "/", "root": "/maps", "told": "- -"}
    with visitor.websocket_connect(f"{prefix}/api/own/ws") as socket:
        assert socket.receive_text() == "open"


@pytest.mark.parametrize(
    ("root", "asked", "found"),
    [
        ("/maps", "/maps", "/"),
        ("/maps", "//config", "/config"),
        ("/maps", "/maps//config", "/config"),
        ("/maps", "/mapsx/config", "/mapsx/config"),
        ("/maps", "/a/maps/config", "/a/maps/config"),
        ("/a/b", "/a/b/config", "/config"),
        ("/a/b", "/a/config", "/a/config"),
        ("/a/b", "/config", "/config"),
        ("/a b/%C3%A4", "/a%20b/%C3%A4/config", "/config"),
        ("/a b/ä", "/a%20b/%C3%A4/config", "/config"),
        ("", "/maps/config", "/maps/config"),
        ("https://maps.example", "/config", "/config"),
        ("https://maps.example", "/maps.example/config", "/maps.example/config"),
    ],
)
def test_only_the_whole_root_path_is_taken_away(root: str, asked: str, found: str) -> None:
    assert TestClient(app(root)).get(f"http://testserver{asked}").json()["other"] == found


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        ({"Origin": "https://maps.example", "Host": "maps.example"}, "maps.example https"),
        ({"Origin": "http://maps.example:81", "Host": "maps.example"}, "maps.example:81 http"),
        ({"Origin": "https://maps.example:443", "X-Forwarded-Host": "a, maps.example"}, "maps.example https"),
        ({"Origin": "https://maps.example", "Host": "app", "Sec-Fetch-Site": "same-origin"}, "maps.example https"),
        ({"Host": "maps.example", "X-Forwarded-Host": "a, b", "X-Forwarded-Proto": "https"}, "a, b https"),
        ({"Origin": "https://evil.example", "Host": "a", "X-Forwarded-Host": "b"}, "b -"),
        ({"Origin": "https://evil.example", "Host": "a", "Sec-Fetch-Site": "cross-site"}, "- -"),
        ({"Origin": "null", "Host": "a", "Sec-Fetch-Site": "same-origin"}, "- -"),
        ({"Host": "a"}, "- -"),
    ],
)
def test_gradio_is_told_the_address_that_the_browser_of_our_own_page_knows(sent: dict[str, str], told: str) -> None:
    assert TestClient(app("")).get("/config", headers=sent).json()["told"] == told


def test_another_sites_page_is_not_invited_to_our_own_routes() -> None:
    asked = {"Origin": "https://elsewhere.example", "Access-Control-Request-Method": "GET"}
    visitor = TestClient(app(""))
    assert "access-control-allow-origin" in visitor.options("/config", headers=asked).headers
    answer = visitor.options("/api/own/figure", headers=asked)
    assert answer.status_code == 405
    assert "access-control-allow-origin" not in answer.headers
    assert "access-control-allow-origin" not in visitor.get("/api/own/figure", headers=asked).headers
