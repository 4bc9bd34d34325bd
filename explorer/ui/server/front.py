"""What a request meets first: its address is put right, whatever a proxy has done to it."""

from __future__ import annotations

from urllib.parse import unquote, urlsplit

from starlette.datastructures import Headers
from starlette.routing import Match, Mount
from starlette.types import ASGIApp, Receive, Scope, Send

from explorer.live.same_site import is_foreign, named_sites, read_origin

TELL = (b"x-forwarded-host", b"x-forwarded-proto")  # what Gradio makes its files' addresses of


def rooted(root_path: str) -> str:
    """The root path, "" or with a slash before it and none behind, or such a URL: what Gradio asks for."""
    scheme, found, rest = root_path.strip().partition("://")
    if found and scheme.lower() in ("http", "https"):
        return f"{scheme.lower()}://{rest.rstrip('/')}"
    path = root_path.strip().strip("/")
    return f"/{path}" if path else ""


class Front:
    """ASGI middleware around Gradio's app: a path below the root path and the same path without it, since the proxy has
    removed it, are one; and the address that our own page's browser tells counts more than what a proxy made of it.
    `own` is reached past Gradio's middleware, which lets every site's page ask by CORS.

    root_path: a path or a URL, as `rooted` gives it.
    """

    def __init__(self, app: ASGIApp, own: Mount, root_path: str = "") -> None:
        self.app = app
        self.own = own
        self.root = unquote(urlsplit(root_path).path).rstrip("/")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in ("http", "websocket"):
            scope.update(root_path=self.root, path=self.root + self.below(scope["path"]))
            match, found = self.own.matches(scope)
            if match is Match.FULL:
                scope.update(found)
                await self.own.handle(scope, receive, send)
                return
            scope["headers"] = addressed(scope)
        await self.app(scope, receive, send)

    def below(self, path: str) -> str:
        """A path without the root path; that begins with one slash."""
        if path == self.root or path.startswith(f"{self.root}/"):
            path = path[len(self.root) :]
        return f"/{path.lstrip('/')}"


def addressed(scope: Scope) -> list[tuple[bytes, bytes]]:
    """A request's headers, in which those that tell its address tell what the browser of our own page does."""
    headers = Headers(scope=scope)
    origin = read_origin(headers.get("origin", ""))
    if origin is None or is_foreign(headers, scope["scheme"], named_sites()):
        return scope["headers"]
    told = zip(TELL, (origin.netloc.encode(), origin.scheme.encode()), strict=True)
    return [*(header for header in scope["headers"] if header[0] not in TELL), *told]
