"""A gr.HTML component from asset files: its markup, its style, and its scripts, which are one function's body."""

from __future__ import annotations

from typing import Any

import gradio as gr

from explorer.ui.texts import ASSETS, texts

SPEECH = "latent_map/texts.js"  # what every component says its texts with


def read(*names: str) -> str:
    """Asset files, one after the other."""
    return "".join((ASSETS / name).read_text(encoding="utf-8") for name in names)


def component(
    html: str, css: str, scripts: list[str], elem_id: str, groups: tuple[str, ...] = (), **props: Any
) -> gr.HTML:
    """A plain gr.HTML, since Gradio writes a stub file beside the source of every subclass.

    html, css: their text. scripts: asset files, joined behind `say`. groups: the texts it says, all without any.
    """
    return gr.HTML(
        html_template=html,
        css_template=css,
        js_on_load=read(SPEECH, *scripts),
        apply_default_css=False,
        elem_id=elem_id,
        texts=texts(*groups),
        **props,
    )
