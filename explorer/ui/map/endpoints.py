"""What gradio_client can call of the maps: the tools that are marked for it, by their names."""

from __future__ import annotations

import gradio as gr

from explorer.live.tool_thread import ToolThread
from explorer.ui.client_errors import with_sentences
from explorer.ui.map.tools import TOOLS, MapTools
from explorer.ui.server.parcels import in_turn

NAMES = tuple(name for name, tool in TOOLS.items() if tool.client)


def build(tools: MapTools, thread: ToolThread) -> None:
    """Name the endpoints inside the surrounding gr.Blocks."""
    for name in NAMES:
        gr.api(with_sentences(in_turn(getattr(tools, name), thread)), api_name=name, concurrency_limit=None)
