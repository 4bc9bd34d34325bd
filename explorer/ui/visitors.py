"""Who stands behind a Gradio event."""

from __future__ import annotations

import gradio as gr

from explorer.addresses import Visitor, client_of


def visitor_of(request: gr.Request | None, name: str = "") -> Visitor:
    """name: that of somebody without a session."""
    asked = getattr(request, "request", None)  # what came over HTTP; None where a function is called by another
    return Visitor(str(getattr(request, "session_hash", None) or name), client_of(getattr(asked, "scope", {})))
