"""What a request meets first: its address is put right, whichever way a proxy forwards it."""

from __future__ import annotations

from urllib.parse import unquote, urlsplit

from starlette.routing import Match, Mount
from starlette.types import ASGIApp, Receive, Scope, Send


def rooted(root_path: str) -> str:
    """The root path, "" or with a slash before it and none behind, or such a URL: what Gradio asks for."""
    scheme, found, rest = root_path.strip().partition("://")
    if found and scheme.lower() in ("http", "https"):
        return f"{scheme.lower()}://{rest.rstrip('/')}"
    path = root_path.strip().strip("/")
    return f"/{path}" if path else ""


class Front:
    """ASGI middleware around Gradio's app: a path below the root path and the same path without it, since the proxy has
    removed it, are one. `own` is reached past Gradio's middleware, which lets every site's page ask by CORS.

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
        await self.app(scope, receive, send)

    def below(self, path: str) -> str:
        """A path without the root path; that begins with one slash."""
        if path == self.root or path.startswith(f"{self.root}/"):
            path = path[len(self.root) :]
        return f"/{path.lstrip('/')}"
