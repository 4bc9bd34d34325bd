"""What the page says, in each language: one file of assets/texts a language, the same keys in all of them."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path

TEXTS = Path(__file__).resolve().parents[2] / "assets" / "texts"


def say(key: str, **values: object) -> str:
    """A text in English, for what is said outside the page as well."""
    return texts()["en"][key].format(**values)


class Note(str):
    """A text in English that the page can say in its visitor's language: `said` is its key and values."""

    said: dict[str, object]

    def __new__(cls, key: str, **values: object) -> Note:
        note = super().__new__(cls, say(key, **values))
        note.said = {"key": key, "values": values}
        return note


@lru_cache(maxsize=1)
def texts() -> dict[str, dict[str, str]]:
    """Language tag ("en", "zh-CN", "zh-TW") -> key -> text, in which {name} stands for a value."""
    return {file.stem: json.loads(file.read_text(encoding="utf-8")) for file in sorted(TEXTS.glob("*.json"))}
