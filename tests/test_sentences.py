"""What is said to visitors, with the key by which it is said in another language."""

from __future__ import annotations

import copy
import json
import pickle

import gradio as gr
import pytest

from explorer.live.spaces import UnknownModel
from explorer.live.worker import Busy
from explorer.photos.line import GivenUp, Stopped
from explorer.sentences import Sentence, as_data, from_data, said_by

WHY = Sentence("told.why", "It has {count} parts.", count=3)
WHOLE = Sentence("told.whole", "Model {number}: {why}", number=2, why=WHY)


def same(found: object, said: Sentence) -> bool:
    return isinstance(found, Sentence) and (str(found), found.key, as_data(found)) == (
        str(said),
        said.key,
        as_data(said),
    )


def test_a_sentence_is_its_english_text() -> None:
    assert WHOLE == "Model 2: It has 3 parts."
    assert (WHOLE.key, WHOLE.values) == ("told.whole", {"number": 2, "why": WHY})
    assert json.dumps(WHOLE) == '"Model 2: It has 3 parts."'


def test_any_name_may_be_that_of_a_value_and_none_is_put_into_another() -> None:
    said = Sentence("told.names", "{key}, {text}, {self}", key="{text}", text="{self}", self="{0}")
    assert said == "{text}, {self}, {0}"


def test_copies_lose_nothing() -> None:
    for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
        assert same(pickle.loads(pickle.dumps(WHOLE, protocol)), WHOLE)  # noqa: S301 - our own
    assert same(copy.deepcopy(WHOLE), WHOLE)
    assert same(from_data(json.loads(json.dumps(as_data(WHOLE)))), WHOLE)


@pytest.mark.parametrize("kind", [ValueError, UnknownModel, Busy, Stopped, GivenUp])
def test_an_exception_says_it_as_it_was_raised_even_from_another_process(kind: type[Exception]) -> None:
    raised = kind(WHOLE)
    assert str(raised) == "Model 2: It has 3 parts."
    assert same(said_by(raised), WHOLE)
    assert same(said_by(pickle.loads(pickle.dumps(raised))), WHOLE)  # noqa: S301 - our own
    assert same(gr.Error(said_by(raised)).message, WHOLE)


def test_an_exception_without_a_sentence_says_what_it_says() -> None:
    assert said_by(ValueError("plain")) == "plain"
    assert said_by(ValueError()) == ""
    assert said_by(OSError(2, "No such file")) == "[Errno 2] No such file"


def test_plain_texts_and_numbers_pass_as_they_are() -> None:
    assert as_data("plain") == from_data("plain") == "plain"
    assert as_data(Sentence("told.sized", "{size}", size=(1, 2)))["values"] == {"size": "(1, 2)"}
