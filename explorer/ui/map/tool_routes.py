"""How the page asks about a map: POST tool/NAME with a JSON object of its arguments."""

# No `from __future__ import annotations` here: FastAPI reads the annotations of nested functions as types.
import inspect
import json
from collections.abc import Callable
from functools import partial
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import Response

from explorer.addresses import Visitor, client_of
from explorer.live.refusals import problem
from explorer.live.routes import while_there
from explorer.live.tool_thread import ToolThread
from explorer.ui.accepted import Encoding, encoding_of
from explorer.ui.map.tools import TOOLS, MapTools
from explorer.ui.packing import pack, respond

PACK_LEVEL = 1
PAGE = "X-Explorer-Page"  # what a page calls itself, so that those behind one address are answered in turn
NAMES = tuple(name for name, tool in TOOLS.items() if tool.page)


def add_routes(api: FastAPI, tools: MapTools, thread: ToolThread) -> None:
    @api.post("/tool/{name}")
    async def tool(request: Request, name: str) -> Response:
        """An answer as JSON, or {"error": sentence}."""
        if name not in NAMES:
            return problem(404, f"There is no such tool; there are {', '.join(NAMES)}.")
        content = await body_of(request, TOOLS[name].most)
        encoding = encoding_of(request.headers)
        question = partial(answer, getattr(tools, name), content, encoding)
        answered = await while_there(request, thread.submit(question, asker(request, name), len(content)))
        return respond(answered, encoding, "application/json", "no-store")


def asker(request: Request, what: str) -> Visitor:
    """Whose turn a question takes: the page's; of those that don't say which they are, those who ask for the same."""
    return Visitor(request.headers.get(PAGE, what), client_of(request.scope))


async def body_of(request: Request, at_most: int) -> bytes:
    """Raises ValueError with a sentence."""
    content = bytearray()
    async for chunk in request.stream():
        content += chunk
        if len(content) > at_most:
            raise ValueError(f"A question has at most {at_most:,} characters.")
    return bytes(content)


def arguments_of(content: bytes) -> dict[str, Any]:
    """The arguments that a visitor sent. Raises ValueError with a sentence."""
    try:
        values = json.loads(content)
    except (ValueError, RecursionError):
        raise ValueError("Send JSON.") from None
    if not isinstance(values, dict):
        raise ValueError("Send a JSON object.")
    return values


def answer(tool: Callable[..., Any], content: bytes, encoding: Encoding) -> bytes:
    """What a tool says, as packed JSON. Raises ValueError with a sentence."""
    wanted, arguments = inspect.signature(tool), arguments_of(content)
    try:
        wanted.bind(**arguments)
    except TypeError:
        raise ValueError(f"It takes {', '.join(wanted.parameters)}.") from None
    said = json.dumps(tool(**arguments), allow_nan=False).encode()
    return pack(said, encoding, PACK_LEVEL)
