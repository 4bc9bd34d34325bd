"""What is said to visitors: in English to whoever reads it here, and by its key to a page that speaks another language.

A new one is written where it is said, and in each file of assets/texts under its key, which begins with "told."; a test
tells which of them is missing or another.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class Sentence(str):
    """The English text with its values in it, which may be sentences themselves.

    key: of its texts. text: in English, with {name} for each of the values.
    """

    key: str
    text: str
    values: dict[str, Any]

    def __new__(cls, key: str, text: str, /, **values: Any) -> Sentence:
        sentence = super().__new__(cls, text.format(**values))
        sentence.key, sentence.text, sentence.values = key, text, values
        return sentence

    def __getnewargs_ex__(self) -> tuple[tuple[str, str], dict[str, Any]]:
        return (self.key, self.text), self.values


def said_by(error: BaseException) -> str:
    """What an exception says; a Sentence where it was raised with one, which str(error) would make a plain text."""
    return error.args[0] if error.args and isinstance(error.args[0], str) else str(error)


def as_data(said: Any) -> Any:
    """A sentence as JSON for the page or another process: {"key", "text", "values"}; anything else as it is."""
    if not isinstance(said, Sentence):
        return said
    values = {name: as_data(part) if isinstance(part, Sentence) else str(part) for name, part in said.values.items()}
    return {"key": said.key, "text": said.text, "values": values}


def from_data(data: Any) -> Any:
    """What as_data was given. Raises KeyError, TypeError: nothing of the kind."""
    if not isinstance(data, Mapping):
        return data
    return Sentence(data["key"], data["text"], **{name: from_data(part) for name, part in data["values"].items()})
