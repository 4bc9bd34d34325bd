"""Whose pages may ask: this site's own, however a proxy changed a request's address; another site's may not."""

from __future__ import annotations

import json
import logging
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from serving import SOON, Site, WatchedWorker, answer, ask
from starlette.datastructures import Headers
from websockets.exceptions import InvalidStatus
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin

from explorer.live import routes as live
from explorer.live.same_site import FOREIGN, Pass, SameSite, is_foreign, named_sites, read_sites
from explorer.sentences import as_data

HERE = "https://maps.example"
OWN: dict[str, dict[str, str]] = {
    "no browser": {"Host": "maps.example"},
    "no browser that tells more": {"Host": "127.0.0.1:7860", "Sec-Fetch-Site": "cross-site"},
    "the same address": {"Origin": "http://127.0.0.1:7860", "Host": "127.0.0.1:7860"},
    "the same name": {"Origin": HERE, "Host": "maps.example"},
    "TLS that ends before": {"Origin": HERE, "Host": "maps.example", "X-Forwarded-Proto": "http"},
    "a port left out": {"Origin": "http://maps.example:8080", "Host": "maps.example"},
    "a port left out of a list": {"Origin": "http://maps.example:8080", "X-Forwarded-Host": "a, maps.example"},
    "a port told apart": {"Origin": "http://maps.example:81", "Host": "maps.example", "X-Forwarded-Port": "81"},
    "ports told": {"Origin": "http://maps.example:81", "Host": "maps.example", "X-Forwarded-Port": "80, 81"},
    "a port that Host has not": {"Origin": "http://a.example:81", "Host": "a.example:7860", "X-Forwarded-Port": "81"},
    "an inner proxy's port": {"Origin": HERE, "Host": "maps.example", "X-Forwarded-Port": "80"},
    "https's port spelt out": {"Origin": HERE, "Host": "maps.example:443"},
    "http's port spelt out": {"Origin": "http://maps.example", "Host": "maps.example:80"},
    "http's port before TLS": {"Origin": HERE, "Host": "maps.example:80"},
    "a port spelt out by the browser": {"Origin": "https://maps.example:443", "Host": "maps.example"},
    "capitals": {"Origin": "HTTPS://Maps.Example", "Host": "mAPS.eXAMPLE"},
    "a dot at the end": {"Origin": HERE, "Host": "maps.example."},
    "a dot in the origin": {"Origin": "https://maps.example.", "Host": "maps.example"},
    "Host rewritten, X-Forwarded-Host": {"Origin": HERE, "Host": "app:7860", "X-Forwarded-Host": "maps.example"},
    "two proxies": {"Origin": HERE, "Host": "app", "X-Forwarded-Host": "maps.example, inner.example"},
    "two proxies the other way": {"Origin": HERE, "Host": "app", "X-Forwarded-Host": "inner:81 ,maps.example:443"},
    "Apache": {"Origin": HERE, "Host": "app", "X-Forwarded-Server": "maps.example", "X-Forwarded-Host": "other"},
    "Azure": {"Origin": HERE, "Host": "app", "X-Original-Host": "maps.example"},
    "a Space": {"Origin": "https://a-b.hf.space", "Host": "a-b.hf.space", "X-Forwarded-Proto": "https"},
    "Forwarded": {"Origin": HERE, "Host": "app", "Forwarded": "for=10.0.0.1;host=maps.example;proto=https"},
    "Forwarded, quoted": {"Origin": "http://maps.example:81", "Forwarded": 'FOR="_x";Host="maps.example:81"'},
    "Forwarded, escaped": {"Origin": HERE, "Forwarded": r'host="maps\.example"'},
    "Forwarded, several": {"Origin": HERE, "Forwarded": "for=1;by=2, for=3; host=inner, for=4;host=maps.example"},
    "Forwarded, IPv6": {"Origin": "http://[2001:db8::1]:81", "Forwarded": 'for="[::2]:1";host="[2001:DB8:0::1]:81"'},
    "IPv6": {"Origin": "http://[::1]:7860", "Host": "[0:0:0:0:0:0:0:1]:7860"},
    "IPv6 without its port": {"Origin": "http://[::1]:7860", "Host": "[::1]"},
    "punycode": {"Origin": "https://xn--bcher-kva.example", "Host": "b\u00fccher.example"},
    "punycode of UTF-8": {
        "Origin": "https://xn--bcher-kva.example",
        "Host": "bücher.example".encode().decode("latin-1"),
    },
    "a socket through Traefik": {"Origin": "http://maps.example", "Host": "maps.example", "X-Forwarded-Proto": "ws"},
    "schemes of two proxies": {"Origin": "http://a.example", "Host": "a.example", "X-Forwarded-Proto": "https, http"},
    "Host rewritten, a browser that tells": {"Origin": HERE, "Host": "127.0.0.1:7860", "Sec-Fetch-Site": "same-origin"},
    "Host rewritten, a visitor who asks": {"Origin": HERE, "Host": "127.0.0.1:7860", "Sec-Fetch-Site": "none"},
    "nothing but what the browser tells": {"Origin": "null", "Sec-Fetch-Site": "same-origin"},
}
EVIL = "https://evil.example"
FOREIGN_ONES: dict[str, dict[str, str]] = {
    "another name": {"Origin": EVIL, "Host": "maps.example"},
    "another name that tells": {"Origin": EVIL, "Host": "maps.example", "Sec-Fetch-Site": "cross-site"},
    "a name within ours": {"Origin": "https://example", "Host": "maps.example"},
    "a name around ours": {"Origin": "https://maps.example.evil.example", "Host": "maps.example"},
    "a name before ours": {"Origin": "https://evilmaps.example", "Host": "maps.example"},
    "a sibling": {"Origin": "https://other.example.org", "Host": "maps.example.org", "Sec-Fetch-Site": "same-site"},
    "another port": {"Origin": "http://127.0.0.1:1", "Host": "127.0.0.1:7860"},
    "the default port": {"Origin": "http://127.0.0.1", "Host": "127.0.0.1:7860"},
    "a port where the default is spelt out": {"Origin": "http://maps.example:81", "Host": "maps.example:80"},
    "another port than is told": {"Origin": "http://a.example:82", "Host": "a.example", "X-Forwarded-Port": "81"},
    "another port of which the browser tells": {
        "Origin": "http://127.0.0.1:81",
        "Host": "127.0.0.1",
        "Sec-Fetch-Site": "same-site",
    },
    "a page's own headers of which the browser tells": {
        "Origin": EVIL,
        "Host": "maps.example",
        "X-Forwarded-Host": "evil.example",
        "Forwarded": "host=evil.example",
        "Sec-Fetch-Site": "cross-site",
    },
    "http where the site is https": {"Origin": "http://a.example", "Host": "a.example", "X-Forwarded-Proto": "https"},
    "http where Host says https": {"Origin": "http://a.example", "Host": "a.example:443"},
    "IPv6 of others": {"Origin": "http://[::2]:7860", "Host": "[::1]:7860"},
    "no origin": {"Origin": "null", "Host": "maps.example"},
    "an empty origin": {"Origin": "", "Host": "maps.example"},
    "no host": {"Origin": EVIL},
    "an empty host": {"Origin": EVIL, "Host": ""},
    "no scheme": {"Origin": "maps.example", "Host": "maps.example"},
    "another scheme": {"Origin": "ftp://maps.example", "Host": "maps.example"},
    "an extension": {"Origin": "chrome-extension://maps.example", "Host": "maps.example"},
    "a user": {"Origin": "https://evil@maps.example", "Host": "maps.example"},
    "a user who is ours": {"Origin": "https://maps.example@evil.example", "Host": "maps.example"},
    "a path": {"Origin": "https://maps.example/", "Host": "maps.example"},
    "a query": {"Origin": "https://maps.example?", "Host": "maps.example"},
    "a backslash": {"Origin": "https://evil.example\\.maps.example", "Host": "maps.example"},
    "two in one": {"Origin": "https://maps.example https://evil.example", "Host": "maps.example"},
    "a list": {"Origin": "https://maps.example,https://evil.example", "Host": "maps.example"},
    "a port too high": {"Origin": "https://maps.example:65536", "Host": "maps.example"},
    "a port of zero": {"Origin": "https://maps.example:0", "Host": "maps.example"},
    "a port that is none": {"Origin": "https://maps.example:http", "Host": "maps.example"},
    "digits of other scripts": {"Origin": "https://maps.example:\u00b2", "Host": "maps.example"},
    "half an IPv6": {"Origin": "http://[", "Host": "["},
    "IPv6 that is none": {"Origin": "http://[::g]", "Host": "[::g]"},
    "only a dot": {"Origin": "https://.", "Host": "."},
    "within a quotation": {"Origin": EVIL, "Host": "a", "Forwarded": 'for="x;host=evil.example";host=a'},
    "behind another name": {"Origin": EVIL, "Host": "a", "Forwarded": "xhost=evil.example;x-host=evil.example"},
    "a browser that contradicts itself": {"Origin": EVIL, "Host": "a", "Sec-Fetch-Site": "cross-site, same-origin"},
}


def refuses(headers: dict[str, str], **more: Any) -> bool:
    return is_foreign(Headers(headers), **more)


@pytest.mark.parametrize("headers", OWN.values(), ids=OWN)
def test_this_sites_own_page_is_known_behind_a_proxy(headers: dict[str, str]) -> None:
    assert not refuses(headers)


@pytest.mark.parametrize("headers", FOREIGN_ONES.values(), ids=FOREIGN_ONES)
def test_another_sites_page_is_known(headers: dict[str, str]) -> None:
    assert refuses(headers)


def test_a_page_by_http_is_another_where_the_server_itself_speaks_tls() -> None:
    headers = {"Origin": "http://maps.example", "Host": "maps.example"}
    assert refuses(headers, scheme="https")
    assert refuses(headers, scheme="wss")
    assert not refuses(headers, scheme="ws")
    assert not refuses({**headers, "X-Forwarded-Proto": "http"}, scheme="https")


@pytest.mark.parametrize("name", ["origin", "sec-fetch-site"])
def test_what_a_browser_says_once_is_not_believed_twice(name: str) -> None:
    host, origin = (b"host", b"maps.example"), (b"origin", b"https://evil.example")
    second = (b"origin", b"https://maps.example") if name == "origin" else (b"sec-fetch-site", b"cross-site")
    for others in ([(b"sec-fetch-site", b"same-origin"), second], [second, (b"sec-fetch-site", b"same-origin")]):
        assert is_foreign(Headers(raw=[host, origin, *others]))


def test_a_header_that_comes_twice_counts_as_one_list() -> None:
    told = [(b"x-forwarded-host", b"inner"), (b"x-forwarded-host", b"maps.example")]
    assert not is_foreign(Headers(raw=[(b"host", b"app"), (b"origin", b"https://maps.example"), *told]))


@pytest.mark.parametrize("name", ["Origin", "Host", "X-Forwarded-Host", "X-Forwarded-Port", "Forwarded"])
@pytest.mark.parametrize("piece", ["a", "a,", "é", ".", '"', 'host="', "host=a;", '\\"', "1,", "[", ":", " "])
def test_huge_headers_are_refused_without_work_that_grows_with_their_square(name: str, piece: str) -> None:
    assert refuses({"Host": "maps.example", "Origin": EVIL, name: piece * 1_000_000})  # that would take hours


# --- sites that the host names ------------------------------------------------------------------

NAMED = {
    "https://maps.example": (["https://maps.example"], ["http://maps.example", "https://maps.example:8443"]),
    "https://maps.example/": (["https://maps.example"], ["https://a.maps.example"]),
    "HTTPS://Maps.Example:443": (["https://maps.example"], ["https://maps.example:8443"]),
    "http://localhost:8080": (["http://localhost:8080"], ["http://localhost", "https://localhost:8080"]),
    "maps.example": (["https://maps.example", "http://maps.example:81"], ["https://a.maps.example", EVIL]),
    "maps.example:81": (["https://maps.example:81", "http://maps.example:81"], ["http://maps.example"]),
    "*.maps.example": (["https://a.maps.example", "http://a.b.maps.example:81"], ["https://maps.example"]),
    "https://*.maps.example": (["https://a.maps.example"], ["http://a.maps.example", "https://xmaps.example"]),
    "[::1]:81": (["http://[::1]:81"], ["http://[::1]"]),
    "bücher.example": (["https://xn--bcher-kva.example"], ["https://bucher.example"]),
    "a.example, https://b.example\tc.example,,": (
        ["http://a.example", "https://b.example", "http://c.example"],
        [EVIL],
    ),
    "": ([], [EVIL, "null"]),
    " , ": ([], [EVIL]),
}


@pytest.mark.parametrize(("named", "own", "foreign"), [(named, *both) for named, both in NAMED.items()], ids=NAMED)
def test_sites_that_the_host_names_may_ask(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, named: str, own: list[str], foreign: list[str]
) -> None:
    monkeypatch.setenv("EXPLORER_ORIGINS", named)
    for site in ("cross-site", "same-site", None):
        told = {"Host": "127.0.0.1:7860"} if site is None else {"Host": "127.0.0.1:7860", "Sec-Fetch-Site": site}
        assert not any(refuses({"Origin": origin, **told}, sites=named_sites()) for origin in own)
        assert all(refuses({"Origin": origin, **told}, sites=named_sites()) for origin in foreign)
    assert [record for record in caplog.records if record.name.startswith("explorer")] == []


@pytest.mark.parametrize(
    "entry",
    [
        "*",
        "https://",
        "https://*",
        "*.",
        "*.*.maps.example",
        "a*.maps.example",
        "ftp://maps.example",
        "https//maps.example",
        "https:/maps.example",
        "https://maps.example/maps",
        "https://me@maps.example",
        "maps.example:",
        "maps.example:port",
        "maps.example:99999",
        "[::1",
        "[::g]",
        "maps.example;b.example",
        "<b>",
    ],
)
def test_an_entry_that_names_no_site_is_told_once_and_left_out(caplog: pytest.LogCaptureFixture, entry: str) -> None:
    read_sites.cache_clear()
    with caplog.at_level(logging.WARNING):
        for _ in range(2):
            assert [site.host for site in read_sites(f"a.example,{entry} b.example")] == ["a.example", "b.example"]
    (record,) = caplog.records
    assert repr(entry) in record.getMessage()
    assert record.getMessage().endswith(".")


def test_the_address_that_a_root_path_gives_is_this_sites_own() -> None:
    def refuse(root_path: str, origin: str) -> bool:
        headers = [(b"host", b"127.0.0.1:7860"), (b"origin", origin.encode())]
        guard = SameSite(FastAPI(), Pass(), root_path)
        return guard.refuses({"type": "http", "path": "/", "headers": headers})

    assert not refuse("https://maps.example:8443/maps", "https://maps.example:8443")
    assert not refuse("http://maps.example", "http://maps.example")
    assert refuse("https://maps.example:8443/maps", "https://maps.example")
    assert refuse("/maps.example", "https://maps.example")
    assert refuse("", "https://maps.example")


# --- on a real server ---------------------------------------------------------------------------


@pytest.fixture(scope="module")
def site(digits_checkpoint: Path) -> Iterator[Site]:
    site = Site(WatchedWorker(str(digits_checkpoint)))
    yield site
    site.close()


@pytest.mark.parametrize("route", ["frame", "ws", "openapi.json", "nothing"])
def test_one_guard_stands_before_every_route(site: Site, route: str) -> None:
    for method in ("GET", "POST", "HEAD", "OPTIONS"):
        response = httpx.request(method, site.url(route), headers={"Origin": EVIL}, timeout=SOON)
        assert response.status_code == 403
        assert method == "HEAD" or response.json() == {"error": FOREIGN, "told": as_data(FOREIGN)}
        assert "access-control-allow-origin" not in response.headers


def test_who_watches_over_the_server_may_ask_from_anywhere(site: Site) -> None:
    assert httpx.get(site.url("healthz"), headers={"Origin": EVIL}, timeout=SOON).status_code == 200
    assert httpx.get(site.url("healthz/"), headers={"Origin": EVIL}, timeout=SOON).status_code == 403


def knock(site: Site, headers: dict[str, str]) -> ClientConnection:
    """A socket whose handshake has these headers, Host among them."""
    given = dict(headers)
    address = f"ws://{given.pop('Host', site.host)}{live.PATH}/ws"
    server = socket.create_connection(site.socket.getsockname(), SOON)
    return connect(address, sock=server, origin=Origin(given.pop("Origin")), additional_headers=given)


@pytest.mark.parametrize("name", ["a port left out", "Forwarded, quoted", "http's port spelt out", "two proxies"])
def test_the_socket_opens_behind_a_proxy(site: Site, name: str) -> None:
    with knock(site, OWN[name]) as visitor:
        ask(visitor, 1, site.worker.names[0])
        assert answer(visitor)[0] == 1


@pytest.mark.parametrize("name", ["another port than is told", "a path", "another port", "a sibling", "a user"])
def test_the_socket_stays_shut_for_another_sites_page(site: Site, name: str) -> None:
    with pytest.raises(InvalidStatus) as caught, knock(site, FOREIGN_ONES[name]):
        pass
    assert caught.value.response.status_code == 403
    assert json.loads(caught.value.response.body)["error"] == FOREIGN


def test_a_named_site_may_ask_from_the_next_request_on(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    query = {"model": site.worker.names[0], "x": 0, "y": 0}
    headers = {"Origin": HERE, "Sec-Fetch-Site": "cross-site"}
    assert httpx.get(site.url("frame"), params=query, headers=headers, timeout=SOON).status_code == 403
    monkeypatch.setenv("EXPLORER_ORIGINS", "maps.example")
    assert httpx.get(site.url("frame"), params=query, headers=headers, timeout=SOON).status_code == 200
    with site.visit(origin=HERE) as visitor:
        ask(visitor, 1, site.worker.names[0])
        assert answer(visitor)[0] == 1


# --- a socket's pass ----------------------------------------------------------------------------


def ask_for_pass(site: Site, **headers: str) -> httpx.Response:
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.post(site.url("pass"), headers={"Host": "app", **given}, timeout=SOON)


def test_what_a_browser_tells_over_http_opens_its_socket_behind_a_proxy_that_rewrites_host(site: Site) -> None:
    response = ask_for_pass(site, Origin=HERE, Sec_Fetch_Site="same-origin")
    assert response.status_code == 204
    set_by = response.headers["set-cookie"]
    assert all(word in set_by for word in ("HttpOnly", "SameSite=strict", "Secure"))
    assert "path" not in set_by.lower()
    cookie = set_by.partition(";")[0]
    with knock(site, {"Origin": HERE, "Host": "app", "Cookie": f"a=b; {cookie}"}) as visitor:
        ask(visitor, 1, site.worker.names[0])
        assert answer(visitor)[0] == 1
    query = {"model": site.worker.names[0], "x": 0, "y": 0}
    refused = {"Origin": HERE, "Host": "app", "Cookie": cookie}
    assert httpx.get(site.url("frame"), params=query, headers=refused, timeout=SOON).status_code == 403


@pytest.mark.parametrize("origin", [EVIL, "https://maps.example:81", "http://maps.example", "null"])
def test_a_pass_is_good_for_one_origin(site: Site, origin: str) -> None:
    cookie = ask_for_pass(site, Origin=HERE, Sec_Fetch_Site="same-origin").headers["set-cookie"].partition(";")[0]
    for shown in (cookie, f"{Pass.COOKIE}={Pass().made(origin)}", f"{Pass.COOKIE}=", f"{Pass.COOKIE}=\u00fc"):
        headers = {"Origin": origin, "Host": "app", "Cookie": shown}
        with pytest.raises(InvalidStatus) as caught, knock(site, headers):
            pass
        assert caught.value.response.status_code == 403


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 204),
        ({"Origin": "http://app"}, 204),
        ({"Sec_Fetch_Site": "same-origin"}, 204),
        ({"Origin": "null", "Sec_Fetch_Site": "same-origin"}, 204),
        ({"Origin": HERE}, 403),
        ({"Origin": HERE, "Sec_Fetch_Site": "same-site"}, 403),
        ({"Origin": HERE, "Sec_Fetch_Site": "cross-site"}, 403),
    ],
)
def test_only_a_browser_that_knows_gives_its_page_a_pass(site: Site, headers: dict[str, str], status: int) -> None:
    response = ask_for_pass(site, **headers)
    assert response.status_code == status
    assert "set-cookie" not in response.headers
