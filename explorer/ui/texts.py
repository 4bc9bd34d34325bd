"""What the page says, in each language: one file of assets/texts a language, the same keys in all of them."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path

import gradio as gr

TEXTS = Path(__file__).resolve().parents[2] / "assets" / "texts"


def say(key: str, **values: object) -> str:
    """A text in English, for what is said outside the page as well."""
    return _all()["en"][key].format(**values)


class Note(str):
    """A text in English that the page can say in its visitor's language: `said` is its key and values."""

    said: dict[str, object]

    def __new__(cls, key: str, **values: object) -> Note:
        note = super().__new__(cls, say(key, **values))
        note.said = {"key": key, "values": values}
        return note


@lru_cache(maxsize=1)
def _all() -> dict[str, dict[str, str]]:
    return {file.stem: json.loads(file.read_text(encoding="utf-8")) for file in sorted(TEXTS.glob("*.json"))}


def texts(*groups: str) -> dict[str, dict[str, str]]:
    """Language tag ("en", "zh-CN", "zh-TW") -> key -> text, in which {name} stands for a value.

    groups: what the keys begin with; none for all of them.
    """
    return {
        tag: {key: text for key, text in said.items() if key.startswith(groups or "")} for tag, said in _all().items()
    }


# For what Gradio draws itself. The lookup is its front end's, by the browser's language alone: ?lang= does not reach
# it, and of Chinese it knows zh-CN and zh-TW by just these names, so that zh-HK, zh-SG or zh get English here. It also
# takes labels, infos and first values only: not the choices of a radio, nor what an answer brings.
i18n = gr.I18n(**texts("page", "models", "photo", "train"))
