"""The page's HTML on its way out."""

from __future__ import annotations

import gzip

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from explorer.ui.document import Document

PAGE = "<!doctype html><html><head><title>…</title></head><body><head></body></html>"
ADDED = "<script>first</script>"
WITH = PAGE.replace("<head>", f"<head>{ADDED}", 1)


def visitor(answer: Response) -> TestClient:
    async def respond(_request: Request) -> Response:
        return answer

    app = Starlette(routes=[Route("/", respond, methods=["GET", "POST"]), Route("/other", respond)])
    return TestClient(Document(app, head=ADDED), follow_redirects=False)


@pytest.mark.parametrize("accepted", ["gzip, br", "identity"])
def test_a_page_begins_its_head_with_the_markup_and_is_packed_for_those_who_can_read_it(accepted: str) -> None:
    answer = visitor(HTMLResponse(PAGE, headers={"X-Kept": "yes"})).get("/", headers={"Accept-Encoding": accepted})
    assert answer.text == WITH
    assert answer.headers.get("content-encoding") == ("gzip" if "gzip" in accepted else None)
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
