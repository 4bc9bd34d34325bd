"""How the page asks about a map: POST tool/NAME with a JSON object of its arguments."""

# No `from __future__ import annotations` here: FastAPI reads the annotations of nested functions as types.
import asyncio
import gzip
import inspect
import json
from collections.abc import Callable
from functools import partial
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import Response

from explorer.decode_worker import Busy
from explorer.live import problem, refusal
from explorer.tool_thread import ToolThread
from explorer.ui.map_tools import MapTools

MAX_BODY = 1_000_000  # characters: a drawing of 512 × 512 takes 350,000
QUICK_BODY = 10_000  # of which none holds up the other visitors' frames while it is read
NAMES = (
    *("lattice", "trust_map", "walk", "samples", "about", "own", "select", "walk_file", "selection_file"),
    *("beside", "tsne", "formation"),
)


def add_routes(api: FastAPI, tools: MapTools, thread: ToolThread) -> None:
    @api.post("/tool/{name}")
    async def tool(request: Request, name: str) -> Response:
        """An answer as gzipped JSON, or {"error": sentence}."""
        if name not in NAMES:
            return problem(404, f"There is no such tool; there are {', '.join(NAMES)}.")
        try:
            question = partial(answer, getattr(tools, name), await body_of(request))
            packed = await asyncio.wrap_future(thread.submit(question))
        except (ValueError, Busy) as error:
            return refusal(error)
        headers = {"Content-Encoding": "gzip", "Cache-Control": "no-store"}
        return Response(packed, media_type="application/json", headers=headers)


async def body_of(request: Request) -> dict[str, Any]:
    """The arguments that a visitor sent. Raises ValueError with a sentence."""
    content = bytearray()
    async for chunk in request.stream():
        content += chunk
        if len(content) > MAX_BODY:
            raise ValueError(f"A question has at most {MAX_BODY:,} characters.")
    return parsed(content) if len(content) < QUICK_BODY else await asyncio.to_thread(parsed, content)


def parsed(content: bytes | bytearray) -> dict[str, Any]:
    try:
        values = json.loads(content)
    except (ValueError, RecursionError):
        raise ValueError("Send JSON.") from None
    if not isinstance(values, dict):
        raise ValueError("Send a JSON object.")
    return values


def answer(tool: Callable[..., Any], arguments: dict[str, Any]) -> bytes:
    """What a tool says, as gzipped JSON. Raises ValueError with a sentence."""
    wanted = inspect.signature(tool)
    try:
        wanted.bind(**arguments)
    except TypeError:
        raise ValueError(f"It takes {', '.join(wanted.parameters)}.") from None
    return gzip.compress(json.dumps(tool(**arguments), allow_nan=False).encode(), 1)
