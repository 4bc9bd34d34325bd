"""What gradio_client can call of the maps: the tools that are marked for it, by their names."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import wraps
from typing import Any

import gradio as gr

from explorer.live.tool_thread import ToolThread
from explorer.live.worker import Busy
from explorer.sentences import said_by
from explorer.ui.map.tools import TOOLS, MapTools
from explorer.ui.server.parcels import in_turn

NAMES = tuple(name for name, tool in TOOLS.items() if tool.client)


def build(tools: MapTools, thread: ToolThread) -> None:
    """Name the endpoints inside the surrounding gr.Blocks."""
    for name in NAMES:
        gr.api(with_sentences(in_turn(getattr(tools, name), thread)), api_name=name, concurrency_limit=None)


def with_sentences(function: Callable[..., Any]) -> Callable[..., Any]:
    """A ValueError (or Busy) becomes the client's error with its sentence, which never repeats what was sent."""

    def told(error: Exception) -> gr.Error:
        return gr.Error(said_by(error), print_exception=False)

    @wraps(function)
    def wrapped(*arguments: Any) -> Any:
        try:
            return function(*arguments)
        except (ValueError, Busy) as error:
            raise told(error) from None

    @wraps(function)
    async def awaited(*arguments: Any) -> Any:
        try:
            return await function(*arguments)
        except (ValueError, Busy) as error:
            raise told(error) from None

    return awaited if inspect.iscoroutinefunction(function) else wrapped
