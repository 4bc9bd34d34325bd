"""How what goes to the page is packed: answers in gzip, where that is accepted, and in them arrays in base64."""

from __future__ import annotations

import base64
import gzip
from typing import Any

import numpy as np
from fastapi import Request
from fastapi.responses import Response

from explorer.live.worker import to_bytes
from explorer.ui.accepted import accepts_gzip

MAX_PIXELS = 512  # on a side of a picture that comes in


def respond(content: bytes, gzipped: bool, kind: str, cache: str) -> Response:
    """kind: its media type; cache: Cache-Control."""
    headers = {"Cache-Control": cache, "Vary": "Accept-Encoding"}
    return Response(content, media_type=kind, headers=headers | ({"Content-Encoding": "gzip"} if gzipped else {}))


def unpacked(request: Request, content: bytes, kind: str, cache: str) -> Response:
    """What is kept in gzip, unpacked for who does not accept that."""
    packs = accepts_gzip(request.headers)
    return respond(content if packs else gzip.decompress(content), packs, kind, cache)


def to_base64(array: np.ndarray) -> str:
    return base64.b64encode(array.tobytes()).decode()


def pictures(images: np.ndarray) -> dict[str, Any]:
    """Images (..., H, W) in [0, 1] as grey bytes."""
    return {"shape": list(images.shape), "pixels": to_base64(to_bytes(images))}


def values(numbers: np.ndarray) -> dict[str, Any]:
    """Numbers as little-endian float32."""
    return {"shape": list(numbers.shape), "values": to_base64(numbers.astype("<f4"))}


def file(name: str, content: bytes) -> dict[str, str]:
    return {"name": name, "content": base64.b64encode(content).decode()}


def grey(width: int, height: int, pixels: str) -> np.ndarray:
    """Base64 of height * width grey bytes -> (height, width) uint8. Raises ValueError with a sentence."""
    whole = all(type(side) is int and 0 < side <= MAX_PIXELS for side in (width, height))
    try:
        content = base64.b64decode(pixels, validate=True) if whole and isinstance(pixels, str) else b""
    except ValueError:
        content = b""
    if not whole or len(content) != width * height:
        raise ValueError(f"A picture is width, height (at most {MAX_PIXELS} each) and base64 of as many grey bytes.")
    return np.frombuffer(content, np.uint8).reshape(height, width)
