"""The front end's files, as the page fetches them: below a hash of them all, so that they are kept for ever."""

from __future__ import annotations

import hashlib
import posixpath
import re
from dataclasses import dataclass, field
from functools import lru_cache

from fastapi import FastAPI, Request
from fastapi.responses import Response
from starlette.datastructures import Headers

from explorer.live.refusals import problem
from explorer.live.routes import PATH
from explorer.ui.accepted import Encoding, encoding_of
from explorer.ui.packing import pack, respond
from explorer.ui.texts import ASSETS

KINDS = {".js": "text/javascript", ".json": "application/json"}  # of what is served; Python reads the rest
PACK_LEVEL = 9
FOR_EVER = "public, max-age=31536000, immutable"
IMPORT = re.compile(r'^(?:import|export) [^"]*?"(\.[^"]+)"', re.MULTILINE)  # not import(), which waits for its time


@dataclass(frozen=True)
class Asset:
    """A file as it is sent."""

    content: bytes
    kind: str
    kept: dict[Encoding, bytes] = field(default_factory=dict, compare=False)

    def packed(self, encoding: Encoding) -> bytes:
        if encoding not in self.kept:
            self.kept[encoding] = pack(self.content, encoding, PACK_LEVEL)
        return self.kept[encoding]

    def respond(self, headers: Headers, cache: str) -> Response:
        """headers: the request's; cache: Cache-Control."""
        encoding = encoding_of(headers)
        return respond(self.packed(encoding), encoding, self.kind, cache)


@lru_cache(maxsize=1)
def files() -> dict[str, Asset]:
    """Path below assets/ -> what is served there."""
    found = sorted(path for path in ASSETS.rglob("*") if path.suffix in KINDS)
    return {path.relative_to(ASSETS).as_posix(): Asset(path.read_bytes(), KINDS[path.suffix]) for path in found}


@lru_cache(maxsize=1)
def version() -> str:
    """A hash of all names and contents: another one whenever any file is another."""
    seen = hashlib.sha256()
    for name, asset in files().items():
        seen.update(f"{name}\0{len(asset.content)}\0".encode() + asset.content)
    return seen.hexdigest()[:16]


def address(name: str) -> str:
    """Where a file lies, relative to the page. Raises KeyError: there is none."""
    if name not in files():
        raise KeyError(name)
    return f"{PATH.lstrip('/')}/assets/{version()}/{name}"


def modules(entry: str) -> list[str]:
    """A module and all that it imports, each once. Raises KeyError: one is not there."""
    found = [entry]
    for name in found:
        folder = posixpath.dirname(name)
        for imported in IMPORT.findall(files()[name].content.decode()):
            other = posixpath.normpath(posixpath.join(folder, imported))
            if other not in found:
                found.append(other)
    return found


def preloads(*entries: str) -> str:
    """Links for the page's head, by which modules are fetched at once instead of one import after another; after what
    Gradio begins with, since nothing of ours is shown before."""
    names = dict.fromkeys(name for entry in entries for name in modules(entry))
    return "".join(f'<link rel="modulepreload" fetchpriority="low" href="{address(name)}">' for name in names)


def add_routes(api: FastAPI) -> None:
    @api.get("/assets/{hashed}/{name:path}")
    def asset(request: Request, hashed: str, name: str) -> Response:
        """A file of the front end, by the version that the page was made with."""
        found = files().get(name) if hashed == version() else None
        if found is None:
            return problem(404, "There is no such file; open the page anew.")
        return found.respond(request.headers, FOR_EVER)
