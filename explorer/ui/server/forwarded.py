"""What proxies tell of a request, and which of them are believed.

EXPLORER_PROXIES names the proxies in front of this server: addresses and networks such as "127.0.0.1, 10.0.0.0/8", or
"*". Only theirs is believed when they tell a visitor's address. The host and scheme that a request was sent to are
believed of this machine as well, where proxies usually are and visitors are not.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from explorer.settings import entries

Networks = tuple[IPv4Network | IPv6Network, ...]

THIS_MACHINE = "127.0.0.0/8, ::1"
# Where a Space's proxies are, and no visitor.
SPACE = "10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16, 100.64.0.0/10, fc00::/7"
EVERYBODY = "0.0.0.0/0, ::/0"
# Any client can send these; they are meant for proxies, and for Gradio's own (x-gradio-server), which is not used here.
TELLING = (b"forwarded", b"x-original-host", b"x-real-ip", b"x-gradio-server")
PREFIX = b"x-forwarded-"

log = logging.getLogger(__name__)


@lru_cache(maxsize=16)
def read_networks(text: str) -> Networks:
    """Entries with commas or spaces between them; one that is none is left out, and the log says so."""
    networks = []
    for entry in entries(text.replace("*", EVERYBODY)):
        if (network := read_network(entry)) is None:
            log.warning("EXPLORER_PROXIES: %r is no address or network; name one like 10.0.0.1 or 10.0.0.0/8.", entry)
        else:
            networks.append(network)
    return tuple(networks)


def read_network(text: str) -> IPv4Network | IPv6Network | None:
    try:
        return ip_network(text, strict=False)
    except ValueError:
        return None


def named_proxies() -> Networks:
    """Those of EXPLORER_PROXIES, or of uvicorn's FORWARDED_ALLOW_IPS; a Space's own where none are named."""
    named = os.environ.get("EXPLORER_PROXIES") or os.environ.get("FORWARDED_ALLOW_IPS") or ""
    return read_networks(named or (SPACE if os.environ.get("SPACE_ID") else ""))


def lies_in(host: str, networks: Networks) -> bool:
    try:
        address = ip_address(host)
    except ValueError:
        return False
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return any((mapped or address) in network for network in networks)


class Forwarded:
    """ASGI middleware, the outermost: what proxies tell of a request is put into its scope, and what others pretend to
    be told is taken out of its headers, before anybody reads either."""

    def __init__(self, app: ASGIApp, proxies: Networks) -> None:
        self.app = app
        self.proxies = proxies
        everybody = set(proxies) >= set(read_networks("*"))
        self.believed = proxies + read_networks(THIS_MACHINE)
        self.told = ProxyHeadersMiddleware(app, "*" if everybody else [str(network) for network in proxies])  # type: ignore[arg-type]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        host = scope["client"][0] if scope.get("client") else ""
        if not lies_in(host, self.believed):
            scope["headers"] = [header for header in scope["headers"] if not tells(header[0])]
        scope["headers"] = [header for header in scope["headers"] if header[0] != b"x-gradio-server"]
        named = lies_in(host, self.proxies)
        await (self.told if named else self.app)(scope, receive, send)  # type: ignore[arg-type]


def tells(name: bytes) -> bool:
    return name.startswith(PREFIX) or name in TELLING


@contextmanager
def uvicorn_believes_nobody() -> Iterator[None]:
    """While a server is made: its own belief in this machine's proxies would hide which machine asks."""
    before = os.environ.get("FORWARDED_ALLOW_IPS")
    os.environ["FORWARDED_ALLOW_IPS"] = ""
    try:
        yield
    finally:
        del os.environ["FORWARDED_ALLOW_IPS"]
        if before is not None:
            os.environ["FORWARDED_ALLOW_IPS"] = before
