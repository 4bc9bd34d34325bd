"""Where a visitor comes from, and whose word is believed for it."""

from __future__ import annotations

import asyncio
import logging
import os
from typing import Any

import pytest
from starlette.types import Message, Receive, Scope, Send

from explorer import addresses
from explorer.addresses import Visitor, address_of, client_of, per_address, share
from explorer.ui.server.forwarded import Forwarded, lies_in, named_proxies, read_networks, uvicorn_believes_nobody

TOLD = {
    "x-forwarded-for": "203.0.113.9",
    "x-forwarded-host": "told.example",
    "x-forwarded-proto": "https",
    "x-forwarded-port": "8443",
    "x-forwarded-server": "told.example",
    "x-forwarded-prefix": "/told",
    "x-original-host": "told.example",
    "x-real-ip": "203.0.113.9",
    "forwarded": "for=203.0.113.9;host=told.example;proto=https",
}


def seen(peer: str | None, headers: dict[str, str], proxies: str = "", kind: str = "http") -> Scope:
    """What the app behind the middleware sees of a request."""
    found: list[Scope] = []

    async def app(scope: Scope, _receive: Receive, _send: Send) -> None:
        found.append(scope)

    async def receive() -> Message:
        raise AssertionError

    async def send(_message: Message) -> None:
        raise AssertionError

    scope: dict[str, Any] = {
        "type": kind,
        "scheme": "ws" if kind == "websocket" else "http",
        "client": None if peer is None else (peer, 5000),
        "headers": [(name.encode(), value.encode()) for name, value in {"host": "here", **headers}.items()],
    }
    asyncio.run(Forwarded(app, read_networks(proxies))(scope, receive, send))
    return found[0]


def names(scope: Scope) -> set[str]:
    return {name.decode() for name, _ in scope["headers"]}


@pytest.mark.parametrize("peer", ["198.51.100.7", "2001:db8::7", "10.0.0.9", "unix", "", None])
def test_a_stranger_is_believed_nothing(peer: str | None) -> None:
    scope = seen(peer, TOLD, proxies="10.0.0.1")
    assert names(scope) == {"host"}
    assert (scope["client"], scope["scheme"]) == (None if peer is None else (peer, 5000), "http")


@pytest.mark.parametrize("peer", ["127.0.0.1", "::1", "127.8.9.1", "::ffff:127.0.0.1"])
def test_this_machine_is_believed_which_host_was_asked_but_not_who_asks(peer: str) -> None:
    scope = seen(peer, TOLD)
    assert names(scope) == {"host", *TOLD}
    assert client_of(scope) != "203.0.113.9"


@pytest.mark.parametrize(
    ("peer", "proxies"),
    [
        ("10.0.0.1", "10.0.0.1"),
        ("10.9.8.7", "192.0.2.1, 10.0.0.0/8"),
        ("127.0.0.1", "127.0.0.1"),
        ("::1", "::1"),
        ("2001:db8::5", "2001:db8::/32"),
        ("203.0.113.200", "*"),
    ],
)
def test_a_named_proxy_is_believed_who_asks_and_how(peer: str, proxies: str) -> None:
    scope = seen(peer, TOLD, proxies)
    assert client_of(scope) == "203.0.113.9"
    assert scope["scheme"] == "https"
    assert names(scope) == {"host", *TOLD}
    assert seen(peer, TOLD, proxies, "websocket")["scheme"] == "wss"


def test_of_a_chain_the_last_that_no_proxy_wrote_itself_is_the_visitor() -> None:
    chain = {"x-forwarded-for": "1.2.3.4, 198.51.100.7, 10.0.0.2"}  # the first is what the visitor pretends
    assert client_of(seen("10.0.0.1", chain, "10.0.0.0/8")) == "198.51.100.7"


@pytest.mark.parametrize("peer", ["127.0.0.1", "198.51.100.7", "10.0.0.1"])
def test_nobody_speaks_for_gradios_own_proxy_which_is_not_used(peer: str) -> None:
    assert names(seen(peer, {"x-gradio-server": "http://evil.example"}, "10.0.0.1")) == {"host"}


def test_the_life_of_the_server_is_let_through() -> None:
    assert seen(None, {}, kind="lifespan")["type"] == "lifespan"


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("192.0.2.1", "192.0.2.2", False),
        ("192.0.2.1", "::ffff:192.0.2.1", True),
        ("2001:db8:1:2::3", "2001:db8:1:2:ffff::9", True),
        ("2001:db8:1:2::3", "2001:db8:1:3::3", False),
        ("unix", "unix", True),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::1", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("fe80::1%eth0", "fe80::2%eth1", True),
        ("testclient", "testclient", True),
    ],
)
def test_an_address_is_counted_with_those_that_one_customer_has(one: str, other: str, same: bool) -> None:
    assert (client_of({"client": (one, 1)}) == client_of({"client": (other, 2)})) is same
    assert client_of({"client": None}) == client_of({}) == ""


def test_an_address_and_a_name_are_not_kept_longer_than_they_can_be() -> None:
    assert len(client_of({"client": ("x" * 10_000, 1)})) == len(Visitor("x" * 10_000)) == addresses.LONGEST


def test_a_visitor_is_their_session_wherever_they_come_from() -> None:
    assert Visitor("session", "192.0.2.1") == Visitor("session", "192.0.2.2") == "session"
    assert address_of(Visitor("session", "192.0.2.1")) == "192.0.2.1"
    assert address_of("session") == "session"


@pytest.mark.parametrize(
    ("environment", "peer", "named"),
    [
        ({}, "127.0.0.1", False),
        ({"EXPLORER_PROXIES": "192.0.2.1"}, "192.0.2.1", True),
        ({"EXPLORER_PROXIES": "192.0.2.1"}, "192.0.2.2", False),
        ({"FORWARDED_ALLOW_IPS": "192.0.2.1"}, "192.0.2.1", True),
        ({"EXPLORER_PROXIES": "192.0.2.1", "FORWARDED_ALLOW_IPS": "192.0.2.2"}, "192.0.2.2", False),
        ({"SPACE_ID": "me/maps"}, "10.16.3.4", True),
        ({"SPACE_ID": "me/maps"}, "198.51.100.7", False),
        ({"SPACE_ID": "me/maps", "EXPLORER_PROXIES": "192.0.2.1"}, "10.16.3.4", False),
    ],
)
def test_proxies_are_named_in_the_environment(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], peer: str, named: bool
) -> None:
    for name in ("EXPLORER_PROXIES", "FORWARDED_ALLOW_IPS", "SPACE_ID"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert lies_in(peer, named_proxies()) is named


def test_an_entry_that_is_no_address_is_told_and_left_out(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        assert [str(network) for network in read_networks("proxy.example 10.1.2.3/8 10.0.0.0/99")] == ["10.0.0.0/8"]
    assert "'proxy.example' is no address" in caplog.text


@pytest.mark.parametrize(("text", "count"), [("", 40), ("1", 1), ("500", 500), ("0", 40), ("-3", 40), ("many", 40)])
def test_how_many_visitors_an_address_may_stand_for_is_a_setting(
    monkeypatch: pytest.MonkeyPatch, text: str, count: int
) -> None:
    monkeypatch.setenv("EXPLORER_PER_ADDRESS", text)
    assert per_address() == count
    assert share(100, 2) == min(100, 2 * count)
    assert share(100, 0.001) == 1


def test_the_server_itself_believes_nobody_while_it_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    for before in (None, "192.0.2.1"):
        monkeypatch.delenv("FORWARDED_ALLOW_IPS", raising=False)
        if before is not None:
            monkeypatch.setenv("FORWARDED_ALLOW_IPS", before)
        with uvicorn_believes_nobody():
            assert os.environ["FORWARDED_ALLOW_IPS"] == ""
        assert os.environ.get("FORWARDED_ALLOW_IPS") == before
