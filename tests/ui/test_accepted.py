"""What a client says it accepts."""

from __future__ import annotations

import gzip

import pytest
from fastapi import FastAPI, Request, Response
from fastapi.testclient import TestClient
from starlette.datastructures import Headers

from explorer.ui.accepted import accepts_gzip, weights
from explorer.ui.packing import respond, unpacked


@pytest.mark.parametrize(
    ("header", "found"),
    [
        ("", {}),
        ("de", {"de": 1.0}),
        ("en;q=0.5, zh-HK;q=0.8,de", {"de": 1.0, "zh-hk": 0.8, "en": 0.5}),
        ("zh ; q=0.3 , *;q=0", {"zh": 0.3, "*": 0.0}),
        ("a;q=1.000, b;q=0.001, c;q=.5, d;q=0.", {"a": 1.0, "c": 0.5, "b": 0.001, "d": 0.0}),
        ("en;q=0, en;q=1", {"en": 0.0}),
        ("a;q=2, b;q=-1, c;q=nan, d;q=1e1, e;q=, f;x=1, ,;q=1", {}),
        ("en;q=1.9", {"en": 1.0}),
    ],
)
def test_what_is_accepted_comes_by_weight(header: str, found: dict[str, float]) -> None:
    assert weights(header) == found
    assert list(weights(header)) == list(found)


def test_a_huge_header_is_read_up_to_a_bound() -> None:
    assert len(weights("a,b" * 1_000_000)) < 5


@pytest.mark.parametrize(
    ("header", "accepted"),
    [
        ("gzip, br", True),
        ("GZIP", True),
        ("br;q=1, gzip;q=0.1", True),
        ("*", True),
        ("gzip;q=0", False),
        ("gzip;q=0.0, *", False),
        ("*;q=0", False),
        ("br, *;q=0", False),
        ("identity", False),
        ("notgzip", False),
        ("", False),
    ],
)
def test_gzip_is_for_whom_accepts_it(header: str, accepted: bool) -> None:
    assert accepts_gzip(Headers({"accept-encoding": header})) == accepted
    api = FastAPI()

    @api.get("/kept")
    def kept(request: Request) -> Response:
        return unpacked(request, gzip.compress(b"kept"), "text/plain", "no-cache")

    @api.get("/made")
    def made(request: Request) -> Response:
        packs = accepts_gzip(request.headers)
        return respond(gzip.compress(b"made") if packs else b"made", packs, "text/plain", "no-cache")

    with TestClient(api) as client:
        for name in ("kept", "made"):
            answer = client.get(f"/{name}", headers={"Accept-Encoding": header})
            assert answer.text == name
            assert answer.headers.get("content-encoding") == ("gzip" if accepted else None)
            assert answer.headers["vary"] == "Accept-Encoding"
