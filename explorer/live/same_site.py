"""Who may ask: this site's own pages, and whoever is no browser; another site's page is refused.

What a proxy does to the address of a request is undone as far as its headers tell. Another site's page can't forge
those headers: Host, Origin and Sec-Fetch-Site are the browser's own, and before it sends one of the others for a page
it asks by CORS, to which no route of ours agrees.
"""

from __future__ import annotations

import hmac
import logging
import os
import re
import secrets
from collections.abc import Iterable
from functools import lru_cache
from ipaddress import AddressValueError, IPv6Address
from typing import NamedTuple

from starlette.datastructures import Headers
from starlette.requests import HTTPConnection
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocket

from explorer.live.refusals import problem
from explorer.sentences import Sentence
from explorer.settings import entries

FOREIGN = Sentence(
    "told.foreign",
    "This is for this site's own pages. If you host it behind a proxy, name its address in EXPLORER_ORIGINS.",
)
DEFAULT_PORTS = {"http": 80, "https": 443}
MAX_HOST = 253  # characters that a name has in the DNS
# The headers in which proxies tell which host their visitor asked for. RFC 7239's Forwarded is read apart.
TOLD_HOSTS = ("x-forwarded-host", "x-original-host", "x-forwarded-server")
MAX_TOLD = 4096  # characters of a header that are read
_ADDRESS = re.compile(r"(\[[0-9a-f:.]+\]|[^\s/?#@\\\[\]:,;\"<>%*]+)(?::([0-9]{0,5}))?", re.IGNORECASE)
_ORIGIN = re.compile(r"(https?)://(.+)", re.IGNORECASE)
_SITE = re.compile(r"(?:(https?)://)?(\*\.)?((?:\[[0-9a-f:.]+\]|[\w.-]+)(?::[0-9]+)?)/?", re.IGNORECASE)
_FORWARDED = re.compile(r"(?<![\w-])(host|proto)=(\"(?:[^\"\\]|\\.)*\"|[^\s;,\"]*)|\"(?:[^\"\\]|\\.)*\"", re.IGNORECASE)

log = logging.getLogger(__name__)


class Address(NamedTuple):
    """A host as all of its spellings are compared: in lower case and punycode. No port: none was written."""

    host: str
    port: int | None = None


class Origin(NamedTuple):
    scheme: str
    host: str
    port: int

    @property
    def netloc(self) -> str:
        return self.host if self.port == DEFAULT_PORTS[self.scheme] else f"{self.host}:{self.port}"


class Site(NamedTuple):
    """Whose pages may ask besides our own. No scheme or port: any; below: all hosts whose names end with this one's."""

    scheme: str | None
    below: bool
    host: str
    port: int | None

    def has(self, origin: Origin) -> bool:
        named = origin.host.endswith(f".{self.host}") if self.below else origin.host == self.host
        return named and self.scheme in (None, origin.scheme) and self.port in (None, origin.port)


def read_address(text: str) -> Address | None:
    """A host, and a port behind a colon; None for what is none."""
    found = _ADDRESS.fullmatch(text.strip(" \t"))
    host = _spelt(found[1]) if found and len(found[1]) <= MAX_HOST else None
    port = int(found[2]) if found and found[2] else None
    return None if host is None or (port is not None and not 0 < port < 65536) else Address(host, port)


def _spelt(host: str) -> str | None:
    """A host as browsers spell it."""
    try:
        if host.startswith("["):
            return f"[{IPv6Address(host[1:-1]).compressed}]"
        if not host.isascii():
            host = _text(host).encode("idna").decode()
    except (AddressValueError, UnicodeError):
        return None
    return host.lower().removesuffix(".") or None


def _text(value: str) -> str:
    """What a header holds, where its UTF-8 was read as Latin-1."""
    try:
        return value.encode("latin-1").decode()
    except UnicodeError:
        return value


def read_origin(text: str) -> Origin | None:
    """What a browser says in Origin; None for "null" and what is no http or https origin."""
    found = _ORIGIN.fullmatch(text)
    address = read_address(found[2]) if found else None
    if found is None or address is None:
        return None
    scheme = found[1].lower()
    return Origin(scheme, address.host, address.port or DEFAULT_PORTS[scheme])


def read_site(text: str) -> Site | None:
    """One entry of EXPLORER_ORIGINS; None for what is none."""
    found = _SITE.fullmatch(text)
    address = read_address(found[3]) if found else None
    if found is None or address is None:
        return None
    scheme = found[1].lower() if found[1] else None
    return Site(scheme, bool(found[2]), address.host, address.port or DEFAULT_PORTS.get(scheme or ""))


@lru_cache(maxsize=16)
def read_sites(text: str) -> tuple[Site, ...]:
    """Entries with commas or spaces between them; one that is none is left out, and the log says so."""
    sites = []
    for entry in entries(text):
        if site := read_site(entry):
            sites.append(site)
        else:
            log.warning("EXPLORER_ORIGINS: %r is no site; name one like https://maps.example or *.maps.example.", entry)
    return tuple(sites)


def named_sites() -> tuple[Site, ...]:
    """Those of EXPLORER_ORIGINS."""
    return read_sites(os.environ.get("EXPLORER_ORIGINS", ""))


class Told(NamedTuple):
    """What a request's headers say about the address that its browser asked."""

    addresses: tuple[Address, ...]
    ports: frozenset[int]
    schemes: frozenset[str]

    def has(self, origin: Origin) -> bool:
        # TLS often ends at a first proxy of which the last says nothing, so that a page by https may always be ours.
        if origin.scheme not in self.schemes | {"https"}:
            return False
        return any(address.host == origin.host and self.fits(address.port, origin) for address in self.addresses)

    def fits(self, port: int | None, origin: Origin) -> bool:
        """Whether an origin's port may be that of an address. Many proxies leave out which it was, if it was another
        than the default, or tell the one by which they were asked themselves, behind another that speaks TLS."""
        if origin.port in self.ports:
            return True
        if origin.port == DEFAULT_PORTS[origin.scheme]:
            return port in (None, origin.port, DEFAULT_PORTS["http"])
        return port == origin.port or (port is None and not self.ports)


def read_told(headers: Headers, scheme: str) -> Told:
    """scheme: that of the request as it came here."""
    forwarded = [(name.lower(), _unquoted(value)) for name, value in _FORWARDED.findall(_joined(headers, "forwarded"))]
    hosts = [part for name in ("host", *TOLD_HOSTS) for part in _joined(headers, name).split(",")]
    hosts += [value for name, value in forwarded if name == "host"]
    schemes = [part.strip() for part in _joined(headers, "x-forwarded-proto").split(",")]
    schemes += [value for name, value in forwarded if name == "proto"]
    ports = [part.strip() for part in _joined(headers, "x-forwarded-port").split(",")]
    return Told(
        tuple(filter(None, map(read_address, hosts))),
        frozenset(int(port) for port in ports if re.fullmatch("[0-9]{1,5}", port)),
        _schemes(schemes) or _schemes([scheme]),
    )


def _schemes(names: Iterable[str]) -> frozenset[str]:
    same = {"http": "http", "https": "https", "ws": "http", "wss": "https"}  # some proxies tell a socket's own
    return frozenset(same[name.lower()] for name in names if name.lower() in same)


def _joined(headers: Headers, name: str) -> str:
    return ",".join(headers.getlist(name))[:MAX_TOLD]


def _unquoted(value: str) -> str:
    return re.sub(r"\\(.)", r"\1", value[1:-1]) if value.startswith('"') else value


def is_foreign(headers: Headers, scheme: str = "http", sites: Iterable[Site] = ()) -> bool:
    """Whether a browser says that another site's page asks.

    scheme: that of the request as it came here; sites: whose pages may ask, besides our own.
    """
    origins, fetch_site = headers.getlist("origin"), headers.getlist("sec-fetch-site")
    if not origins:
        return False
    if len(origins) > 1:
        return True
    if fetch_site in (["same-origin"], ["none"]):
        return False
    origin = read_origin(origins[0])
    if origin is None:
        return True
    if any(site.has(origin) for site in sites):
        return False
    if fetch_site:  # the browser says that this is another's page: then only the very same address is ours
        asked = read_address(headers.get("host", ""))
        return asked is None or origin != (origin.scheme, asked.host, asked.port or DEFAULT_PORTS[origin.scheme])
    return not read_told(headers, scheme).has(origin)


class Pass:
    """Lets a page of ours open a socket behind a proxy that hides the site's address.

    A browser may tell Sec-Fetch-Site with all but the handshake of a socket. So what it tells at another request is
    written into a cookie, which it sends with the handshake: only to the site that set it, and good for the one origin.
    """

    COOKIE = "explorer-pass"

    def __init__(self) -> None:
        self.key = secrets.token_bytes(32)

    def made(self, origin: str) -> str:
        return hmac.digest(self.key, origin.encode(), "sha256").hex()

    def give(self, headers: Headers, response: Response) -> None:
        """Set the cookie, if the browser says that a page of ours asks. Its path is that of the request."""
        origin = read_origin(headers.get("origin", ""))
        if origin is not None and headers.get("sec-fetch-site") == "same-origin":
            made, secure = self.made(headers["origin"]), origin.scheme == "https"
            response.set_cookie(self.COOKIE, made, path=None, secure=secure, httponly=True, samesite="strict")

    def lets_in(self, connection: HTTPConnection) -> bool:
        origin, shown = connection.headers.get("origin", ""), connection.cookies.get(self.COOKIE, "")
        return hmac.compare_digest(shown.encode(), self.made(origin).encode())


class SameSite:
    """ASGI middleware: answers another site's page with 403 and {"error": sentence}, on HTTP and at a socket's door.

    site: the whole URL at which this site is shown, if its host has said so; open_to_all: paths that anybody may ask.
    """

    def __init__(self, app: ASGIApp, passes: Pass, site: str = "", open_to_all: Iterable[str] = ()) -> None:
        self.app = app
        self.passes = passes
        whole = re.match("https?://[^/]+", site)
        own = read_site(whole[0]) if whole else None
        self.own = () if own is None else (own,)
        self.open_to_all = frozenset(open_to_all)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket") or not self.refuses(scope):
            await self.app(scope, receive, send)
            return
        refusal = problem(403, FOREIGN)
        if scope["type"] == "http":
            await refusal(scope, receive, send)
        else:
            await WebSocket(scope, receive, send).send_denial_response(refusal)

    def refuses(self, scope: Scope) -> bool:
        if scope["path"].removeprefix(scope.get("root_path", "")) in self.open_to_all:
            return False
        foreign = is_foreign(Headers(scope=scope), scope.get("scheme", "http"), (*self.own, *named_sites()))
        return foreign and not (scope["type"] == "websocket" and self.passes.lets_in(HTTPConnection(scope)))
