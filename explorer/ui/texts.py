"""What the page says, in each language: one file of assets/texts a language, the same keys in all of them."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

import gradio as gr
from starlette.requests import Request

from explorer.sentences import Sentence
from explorer.ui.accepted import weights

ASSETS = Path(__file__).resolve().parents[2] / "assets"
ENGLISH = "en"
MAX_TAG = 35  # characters that are looked at (RFC 5646, 4.4.1)
TOLD = "told."  # begins the keys of sentences that the rest of the code says in English, to other callers as well


def say(key: str, language: str = ENGLISH, /, **values: object) -> str:
    return _all()[language][key].format(**values)


def translated(said: Any, language: str) -> str:
    """A sentence in another language; a text without a key as it is."""
    if language == ENGLISH or not isinstance(said, Sentence):
        return str(said)
    return say(said.key, language, **{name: translated(value, language) for name, value in said.values.items()})


def language_of(request: gr.Request | Request | None) -> str:
    """The language of the page that sent an event: its ?lang=, else its browser's, else English."""
    if request is None:
        return ENGLISH
    return language_for(str(request.query_params.get("lang", "")), request.headers.get("accept-language", ""))


def language_for(asked: str, accepted: str = "") -> str:
    """asked: a tag, before all others. accepted: Accept-Language, in which "*" is English unless that is refused."""
    if found := look_up(asked):
        return found
    weighed = weights(accepted)
    refused = {tags().get(tag) for tag, weight in weighed.items() if not weight}
    others = [name for name in (ENGLISH, *languages()) if name not in refused]
    for tag in (tag for tag, weight in weighed.items() if weight):
        found = next(iter(others), None) if tag == "*" else look_up(tag)
        if found and found not in refused:
            return found
    return ENGLISH


def look_up(tag: str) -> str | None:
    """A language tag -> that of a file here, by dropping subtags from the end (RFC 4647, 3.4)."""
    parts = tag[:MAX_TAG].lower().split("-")
    found = (tags().get("-".join(parts[:length])) for length in range(len(parts), 0, -1))
    return next(filter(None, found), None)


@lru_cache(maxsize=1)
def tags() -> dict[str, str]:
    """Every tag that is understood, in lower case -> the file that answers to it."""
    return {tag.lower(): name for name, said in _all().items() for tag in (name, *str(said["language.tags"]).split())}


@lru_cache(maxsize=1)
def _all() -> dict[str, dict[str, str]]:
    files = sorted((ASSETS / "texts").glob("*.json"))
    return {file.stem: json.loads(file.read_text(encoding="utf-8")) for file in files}


def languages() -> list[str]:
    return list(_all())


def texts(*groups: str) -> dict[str, dict[str, str]]:
    """Language tag ("en", "zh-CN", "zh-TW") -> key -> text, in which {name} stands for a value.

    groups: what the keys begin with; none for all of them.
    """
    return {
        tag: {key: text for key, text in said.items() if key.startswith(groups or "")} for tag, said in _all().items()
    }


def head() -> str:
    """The script that finds the page's language, for its head: before Gradio's asks for it."""
    script = (ASSETS / "language.js").read_text(encoding="utf-8")
    return f"<script>{script.replace('TAGS', json.dumps(tags()))}</script>"


# For what Gradio draws itself: labels, infos and first values, but not the choices of a radio, nor what an answer
# brings; those are said here.
i18n = gr.I18n(**texts("page", "models", "photo", "train"))
