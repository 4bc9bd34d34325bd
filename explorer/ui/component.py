"""A gr.HTML component from asset files: its markup, its style, and the module that brings it to life."""

from __future__ import annotations

import json
from typing import Any

import gradio as gr

from explorer.ui.assets import address
from explorer.ui.texts import ASSETS, languages, say


def read(*names: str) -> str:
    """Asset files, one after the other."""
    return "".join((ASSETS / name).read_text(encoding="utf-8") for name in names)


def component(html: str, css: str, script: str, elem_id: str, **props: Any) -> gr.HTML:
    """A plain gr.HTML, since Gradio writes a stub file beside the source of every subclass.

    html, css: their text. script: what `mounted` says.
    """
    return gr.HTML(
        html_template=html, css_template=css, js_on_load=script, apply_default_css=False, elem_id=elem_id, **props
    )


def mounted(entry: str, *events: str) -> str:
    """The script that imports a module of assets/ and calls its `mount({element, props, trigger, watch})`.

    events: the names of the component's own, which Gradio looks for in quotes in this script.
    """
    sorry = {language: say("page.not-loaded", language) for language in languages()}
    return f"""import(new URL({json.dumps(address(entry))}, document.baseURI))
  .then(({{ mount }}) => mount({{ element, props, trigger, watch, events: {json.dumps(events)} }}))
  .catch((error) => {{
    console.error(error);
    const sorry = {json.dumps(sorry, ensure_ascii=False)};
    const note = Object.assign(document.createElement("p"), {{ role: "alert" }});
    note.textContent = sorry[navigator.language] ?? sorry.en;
    element.prepend(note);
  }});"""
