"""What a client says it accepts."""

from __future__ import annotations

import pytest
from fastapi import FastAPI, Request, Response
from fastapi.testclient import TestClient
from starlette.datastructures import Headers

from explorer.ui.accepted import encoding_of, weights
from explorer.ui.packing import pack, respond


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
    ("header", "encoding"),
    [
        ("gzip, deflate, br, zstd", "br"),
        ("gzip, br", "br"),
        ("br", "br"),
        ("br;q=1, gzip;q=0.1", "br"),
        ("br, *;q=0", "br"),
        ("br;q=0.1, gzip", "gzip"),
        ("br;q=0, gzip", "gzip"),
        ("br;q=0, *", "gzip"),
        ("gzip, deflate", "gzip"),
        ("GZIP", "gzip"),
        ("*", "gzip"),
        ("gzip;q=0", "identity"),
        ("gzip;q=0.0, *", "identity"),
        ("*;q=0", "identity"),
        ("br;q=0", "identity"),
        ("identity", "identity"),
        ("notgzip, brotli", "identity"),
        ("", "identity"),
    ],
)
def test_an_answer_is_packed_as_the_client_accepts_it(header: str, encoding: str) -> None:
    assert encoding_of(Headers({"accept-encoding": header})) == encoding
    api = FastAPI()

    @api.get("/answer")
    def answer(request: Request) -> Response:
        chosen = encoding_of(request.headers)
        return respond(pack(b"said", chosen, 5), chosen, "text/plain", "no-cache")

    with TestClient(api) as client:
        got = client.get("/answer", headers={"Accept-Encoding": header})
    assert got.text == "said"
    assert got.headers.get("content-encoding", "identity") == encoding
    assert got.headers["vary"] == "Accept-Encoding"
