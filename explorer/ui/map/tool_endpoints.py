"""What gradio_client can ask of a map besides decoding, by the names of the tools."""

import gradio as gr

from explorer.live.tool_thread import ToolThread
from explorer.ui.map.endpoints import with_sentences
from explorer.ui.map.tools import MapTools
from explorer.ui.server.parcels import in_turn

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
        gr.api(with_sentences(in_turn(getattr(tools, name), thread)), api_name=name, concurrency_limit=None)
