"""How what goes to the page is packed: an answer's content in gzip, where that is accepted."""

from __future__ import annotations

import gzip

from fastapi import Request
from fastapi.responses import Response

from explorer.ui.accepted import accepts_gzip


def respond(content: bytes, gzipped: bool, kind: str, cache: str) -> Response:
    """kind: its media type; cache: Cache-Control."""
    headers = {"Cache-Control": cache, "Vary": "Accept-Encoding"}
    return Response(content, media_type=kind, headers=headers | ({"Content-Encoding": "gzip"} if gzipped else {}))


def unpacked(request: Request, content: bytes, kind: str, cache: str) -> Response:
    """What is kept in gzip, unpacked for who does not accept that."""
    packs = accepts_gzip(request.headers)
    return respond(content if packs else gzip.decompress(content), packs, kind, cache)
