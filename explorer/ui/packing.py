"""How what goes to the page is packed: answers as the client accepts it, and in them arrays in base64."""

from __future__ import annotations

import base64
import gzip
from typing import Any

import brotli
import numpy as np
from fastapi.responses import Response

from explorer.live.worker import to_bytes
from explorer.ui.accepted import Encoding

MAX_PIXELS = 512  # on a side of a picture that comes in


def pack(content: bytes, encoding: Encoding, level: int) -> bytes:
    """level: from 1, which is quick, to 9, which is small."""
    if encoding == "br":
        packed: bytes = brotli.compress(content, quality=level)
        return packed
    return gzip.compress(content, level) if encoding == "gzip" else content


def respond(content: bytes, encoding: Encoding, kind: str, cache: str) -> Response:
    """content: packed in that; kind: its media type; cache: Cache-Control."""
    headers = {"Cache-Control": cache, "Vary": "Accept-Encoding"}
    if encoding != "identity":
        headers["Content-Encoding"] = encoding
    return Response(content, media_type=kind, headers=headers)


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
