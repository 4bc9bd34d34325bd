"""The page's HTML on its way out."""

from __future__ import annotations

import gzip
import json
from concurrent.futures import Future
from types import SimpleNamespace

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from explorer.live.tool_thread import ToolThread
from explorer.live.worker import Busy
from explorer.ui import document
from explorer.ui.document import Document

PAGE = "<!doctype html><html><head><title>…</title></head><body><head></body></html>"
ADDED = "<script>first</script>"
WITH = PAGE.replace("<head>", f"<head>{ADDED}", 1)


def visitor(answer: Response) -> TestClient:
    async def respond(_request: Request) -> Response:
        return answer

    app = Starlette(routes=[Route("/", respond, methods=["GET", "POST"]), Route("/other", respond)])
    return TestClient(Document(app, head=ADDED), follow_redirects=False)


@pytest.mark.parametrize(("accepted", "encoding"), [("gzip, br", "br"), ("gzip", "gzip"), ("identity", None)])
def test_a_page_begins_its_head_with_the_markup_and_is_packed_for_those_who_can_read_it(
    accepted: str, encoding: str | None
) -> None:
    answer = visitor(HTMLResponse(PAGE, headers={"X-Kept": "yes"})).get("/", headers={"Accept-Encoding": accepted})
    assert answer.text == WITH
    assert answer.headers.get("content-encoding") == encoding
    assert (answer.headers["x-kept"], answer.headers["vary"]) == ("yes", "Accept-Encoding")


def test_a_page_in_parts_is_put_together() -> None:
    parts = iter([PAGE[:20].encode(), PAGE[20:].encode()])
    answer = visitor(StreamingResponse(parts, media_type="text/html")).get("/", headers={"Accept-Encoding": "x"})
    assert answer.text == WITH
    assert int(answer.headers["content-length"]) == len(WITH.encode())


@pytest.mark.parametrize(
    "answer",
    [
        JSONResponse({"page": PAGE}),
        RedirectResponse("/other"),
        Response(gzip.compress(PAGE.encode()), media_type="text/html", headers={"Content-Encoding": "gzip"}),
    ],
    ids=["json", "redirection", "packed"],
)
def test_what_is_no_plain_page_stays_as_it_is(answer: Response) -> None:
    got = visitor(answer).get("/")
    assert got.status_code == answer.status_code
    assert ADDED not in got.text


@pytest.mark.parametrize(("root", "base"), [("/maps", "/maps/"), ('/a b/"ä', "/a%20b/%22%C3%A4/")])
def test_a_page_below_a_path_says_from_where_its_addresses_count(root: str, base: str) -> None:
    below = TestClient(visitor(HTMLResponse(PAGE)).app, root_path=root)
    assert below.get(f"{root}/").text == PAGE.replace("<head>", f'<head><base href="{base}">{ADDED}', 1)


def test_other_addresses_and_methods_stay_as_they_are() -> None:
    client = visitor(HTMLResponse(PAGE))
    assert client.get("/other").text == client.post("/").text == PAGE
    assert client.head("/").headers["content-length"] == str(len(PAGE.encode()))


# --- made once for everybody ----------------------------------------------------------------------


class Counting(Starlette):
    """As Gradio's app does, it writes its own address into page and config, and counts how often."""

    def __init__(self) -> None:
        self.made: list[str] = []
        self.blocks = SimpleNamespace(config={})
        self.auth: object = None
        super().__init__(routes=[Route(path, self.respond) for path in ("/", "/config", "/other")])

    async def respond(self, request: Request) -> Response:
        self.made.append(request.url.path)
        root = f"{request.headers.get('x-forwarded-proto', 'http')}://{request.headers['host']}"
        values = {"root": root, "cookie": request.headers.get("cookie", ""), "query": str(request.query_params)}
        if request.url.path == "/config":
            return JSONResponse(values)
        return HTMLResponse(f"<html><head></head><script>{json.dumps(values)}</script></html>")


@pytest.fixture
def counting() -> Counting:
    app = Counting()
    app.add_middleware(Document, head=ADDED)
    return app


@pytest.mark.parametrize("path", ["/", "/config"])
@pytest.mark.parametrize("accepted", ["br", "gzip", "identity"])
def test_it_is_made_once_and_each_visitor_gets_it_with_the_address_they_came_to(
    counting: Counting, path: str, accepted: str
) -> None:
    headers = {"Accept-Encoding": accepted}
    for host in ("one.example", "two.example:8080", "[2001:db8::1]:7860", "one.example"):
        answer = TestClient(counting, base_url=f"http://{host}").get(path, headers=headers)
        assert f'"root": "http://{host}"' in answer.text.replace('":"', '": "')
        assert "nowhere" not in answer.text
        assert answer.headers.get("content-encoding") == (None if accepted == "identity" else accepted)
    assert counting.made == [path]


def test_nothing_of_one_visitor_reaches_another(counting: Counting) -> None:
    client = TestClient(counting)
    first = client.get("/?secret=1", headers={"Cookie": "secret=1", "X-Secret": "1"}).text
    assert "secret" not in first
    assert client.get("/?other=2").text == first
    assert len(counting.made) == 1


def test_a_site_by_https_says_so(counting: Counting) -> None:
    told = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "maps.example"}
    assert '"root": "https://maps.example"' in TestClient(counting).get("/", headers=told).text


def test_the_length_is_that_of_what_would_come(counting: Counting) -> None:
    client = TestClient(counting, base_url="http://a-longer-name.example")
    whole = client.get("/config", headers={"Accept-Encoding": "identity"})
    assert client.head("/config").headers["content-length"] == whole.headers["content-length"]
    assert client.head("/config").content == b""


def test_another_config_is_made_anew(counting: Counting) -> None:
    client = TestClient(counting)
    for config in ({}, {}, {}):
        counting.blocks.config = config
        client.get("/")
        client.get("/")
    assert len(counting.made) == 3


@pytest.mark.parametrize("host", ['x"><script>', "a b", "a\\b", "", "x'y", "<!--", "a,b", "${x}"])
def test_a_host_that_cannot_be_is_never_written_into_the_page(counting: Counting, host: str) -> None:
    answer = TestClient(counting).get("/", headers={"Host": host})
    assert answer.status_code == 400 or '"root": "http://testserver"' in answer.text
    assert host == "" or host not in answer.text


def test_where_visitors_log_in_each_gets_an_answer_of_their_own(counting: Counting) -> None:
    counting.auth = object()
    client = TestClient(counting)
    assert "mine" in client.get("/config", headers={"Cookie": "mine=1"}).text
    assert "mine" not in client.get("/config").text


def test_other_paths_are_asked_each_time(counting: Counting) -> None:
    client = TestClient(counting)
    assert client.get("/other").text == client.get("/other").text
    assert len(counting.made) == 2


def test_only_the_last_addresses_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(document, "PACKED", 3)
    app = Document(Counting(), head=ADDED)
    for number in range(10):
        assert f"http://h{number}.example" in TestClient(app, base_url=f"http://h{number}.example").get("/").text
    assert len(app.packed) == 3


def test_when_too_many_wait_the_page_says_so() -> None:
    class Full(ToolThread):
        def submit(self, *_arguments: object) -> Future:  # type: ignore[override]
            raise Busy("Too many questions wait for an answer; try again in a moment.")

    answer = TestClient(Document(Counting(), head=ADDED, thread=Full())).get("/")
    assert (answer.status_code, set(answer.json())) == (503, {"error"})
