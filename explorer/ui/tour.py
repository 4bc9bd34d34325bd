"""The guided tour: seven stops over all tabs, a sentence each."""

from __future__ import annotations

import gradio as gr

from explorer.ui.latent_map import ASSETS as MAP_ASSETS
from explorer.ui.texts import SAY, texts

ASSETS = MAP_ASSETS.parent / "tour"


def build() -> None:
    """The button that starts it, and the card that leads through; the map sets itself to each stop."""
    html, css, script = ((ASSETS / f"tour.{kind}").read_text(encoding="utf-8") for kind in ("html", "css", "js"))
    gr.HTML(
        html_template=html,
        css_template=css,
        js_on_load=SAY + script,
        apply_default_css=False,
        elem_id="tour",
        texts=texts("tour", "page"),
    )
