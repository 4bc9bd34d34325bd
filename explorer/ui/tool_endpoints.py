"""What gradio_client can ask of a map besides decoding, by the names of the tools."""

from collections.abc import Callable
from functools import wraps
from typing import Any

import gradio as gr

from explorer.tool_thread import ToolThread
from explorer.ui.endpoints import with_sentences
from explorer.ui.map_tools import MapTools

NAMES = (
    "lattice",
    "trust_map",
    "interpolate",
    "walk",
    "sample",
    "samples",
    "neighbours",
    "trust",
    "classify",
    "posterior",
    "about",
    "own",
    "select",
    "beside",
    "tsne",
    "formation",
)


def build(tools: MapTools, thread: ToolThread) -> None:
    """Name the endpoints inside the surrounding gr.Blocks."""
    for name in NAMES:
        gr.api(with_sentences(in_thread(getattr(tools, name), thread)), api_name=name)


def in_thread(tool: Callable[..., Any], thread: ToolThread) -> Callable[..., Any]:
    """The same tool, answered in its turn."""

    @wraps(tool)
    def wrapped(*arguments: Any) -> Any:
        return thread.submit(lambda: tool(*arguments)).result()

    return wrapped
