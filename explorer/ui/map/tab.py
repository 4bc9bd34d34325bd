"""The map tab: the component, and what answers when a point is picked."""

from __future__ import annotations

from typing import Any

import gradio as gr

from explorer.live.spaces import Spaces
from explorer.live.tool_thread import ToolThread
from explorer.sentences import as_data, said_by
from explorer.ui.map import endpoints
from explorer.ui.map.component import introduce, view
from explorer.ui.map.tools import MapTools


def build(spaces: Spaces, tools: MapTools, thread: ToolThread) -> None:
    """Lay out the tab inside the surrounding gr.Blocks."""
    latent_map = view([introduce(spaces.open(name)) for name in spaces.names], elem_id="latent-map")

    def on_pick(event: gr.EventData) -> dict[str, Any]:
        sent = event._data if isinstance(event._data, dict) else {}
        try:
            about = tools.describe(str(sent.get("model")), sent.get("point"))  # type: ignore[arg-type]
        except ValueError as error:
            return {"error": as_data(said_by(error))}
        return {**about, "note": as_data(about["note"])}

    # Not through the queue: a click should be answered at once, and it costs one small decode. "multiple", or a click
    # while an earlier one is being answered would be lost; the page drops answers that are no longer asked for.
    quick = {"queue": False, "trigger_mode": "multiple", "show_progress": "hidden", "api_visibility": "private"}
    latent_map.pick(on_pick, None, latent_map, **quick)
    endpoints.build(tools, thread)
