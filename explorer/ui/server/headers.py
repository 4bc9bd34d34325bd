"""What every answer tells the browser about how it may be used, and for which hosts there are answers at all."""

from __future__ import annotations

from collections.abc import Iterable

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from explorer.live.same_site import Origin, read_address, read_site
from explorer.sentences import Sentence

# Gradio begins with inline scripts, compiles functions that arrive as text (our component's too) and has inline styles;
# pictures, downloads, the clipboard and the webcam's frames are blobs or data. All the rest is from here.
POLICY = {
    "default-src": "'self'",
    "script-src": "'self' 'unsafe-inline' 'unsafe-eval' blob:",
    "style-src": "'self' 'unsafe-inline'",
    "img-src": "'self' data: blob:",
    "media-src": "'self' data: blob:",
    "font-src": "'self' data:",
    "connect-src": "'self' ws: wss: data: blob:",
    "worker-src": "'self' blob:",
    "object-src": "'none'",
    "base-uri": "'self'",
    "form-action": "'self'",
}
NO_HOST = "EXPLORER_HOSTS must name hosts such as maps.example, *.maps.example or 10.0.0.7:7860."
SPACES = "'self' https://huggingface.co https://*.hf.space"
UNKNOWN_HOST = Sentence(
    "told.unknown-host", "This server does not answer to that name; its host can allow it in EXPLORER_HOSTS."
)


class SafeHeaders:
    """ASGI middleware: headers that keep a browser from guessing types, from telling other sites which page asks, and
    from loading anything from elsewhere. frames: what may show the page in a frame."""

    def __init__(self, app: ASGIApp, frames: Iterable[str] = ("*",)) -> None:
        self.app = app
        self.headers = {
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "same-origin",
            "Content-Security-Policy": policy(frames),
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def told(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(raw=list(message.get("headers", [])))
                for name, value in self.headers.items():
                    headers.setdefault(name, value)
                message = {**message, "headers": headers.raw}
            await send(message)

        await self.app(scope, receive, told if scope["type"] == "http" else send)


def policy(frames: Iterable[str]) -> str:
    """The Content-Security-Policy. "none": nothing may show the page in a frame; others are named beside Spaces.

    No frame-ancestors where all may: even * leaves out what is neither http nor https, as some notebooks' pages.
    """
    named = " ".join(frames)
    within = "'none'" if named == "none" else f"{SPACES} {named}"
    rules = POLICY if named == "*" else {**POLICY, "frame-ancestors": within}
    return "; ".join(f"{name} {value}" for name, value in rules.items())


class KnownHosts:
    """ASGI middleware: answers only who asks under one of these names, on any port unless it has one; none: any name.

    A page elsewhere whose name is made to lead to this machine would else be one of ours to the browser.
    hosts: as maps.example, *.maps.example or 10.0.0.7:7860. Raises ValueError for what is none.
    """

    def __init__(self, app: ASGIApp, hosts: Iterable[str] = ()) -> None:
        self.app = app
        self.sites = []
        for host in hosts:
            site = read_site(host)
            if site is None or site.scheme:
                raise ValueError(
                    "EXPLORER_HOSTS must name hosts such as maps.example, *.maps.example or 10.0.0.7:7860."
                )
            self.sites.append(site)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not self.sites or scope["type"] not in ("http", "websocket") or self.knows(scope):
            await self.app(scope, receive, send)
        elif scope["type"] == "http":
            await JSONResponse({"error": UNKNOWN_HOST}, 421)(scope, receive, send)
        else:
            await send({"type": "websocket.close", "code": 1008})

    def knows(self, scope: Scope) -> bool:
        hosts = Headers(scope=scope).getlist("host")
        address = read_address(hosts[0]) if len(hosts) == 1 else None
        if address is None:
            return False
        asked = Origin("http", address.host, address.port or 80)
        return any(site.has(asked) for site in self.sites) or (address.host in LOOPBACK and is_local(scope))


LOOPBACK = ("localhost", "127.0.0.1", "[::1]")


def is_local(scope: Scope) -> bool:
    """Whether this machine asks, as Gradio does of itself at its start, and a health check."""
    return (scope.get("client") or ("",))[0] in ("127.0.0.1", "::1", "testclient")
