"""What the page says, in each language; and which sentences of the rest of the code it can say in another one."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from types import SimpleNamespace

import pytest

from explorer.sentences import Sentence
from explorer.ui.texts import TOLD, head, language_for, language_of, languages, look_up, texts, translated
from explorer.visitors.checkpoint_files import NO_ZIP

EXPLORER = Path(__file__).resolve().parents[2] / "explorer"
# Whose sentences visitors of the page meet, every one of them.
MET = [
    "visitors/checkpoint_files",
    "visitors/checkpoint_hub",
    "photos/gpu",
    "photos/exchange",
    "photos/files",
    "visitors/models",
    "photos/image",
    "photos/colour",
    "photos/depth",
    "photos/formats/file",
    "photos/formats/kind",
    "photos/jobs",
    "photos/line",
    "photos/reader",
    "hub",
    "photos/models",
    "photos/weights",
    "maps/planes",
    "live/same_site",
    "live/tool_thread",
    "visitors/trainings",
    "ui/server/headers",
    "ui/server/limits",
    "ui/photo/compare",
    "ui/photo/pair",
    "ui/photo/tab",
    "ui/train/open",
]
UNMET = {  # what is said to the log, or to who calls a function with what the page does not offer
    "EXPLORER_ORIGINS: %r is no site; name one like https://maps.example or *.maps.example.",
    "A training failed: {}",
    "{} must be a whole number from 1 to {}.",
    "EXPLORER_HOSTS must name hosts such as maps.example, *.maps.example or 10.0.0.7:7860.",
    "EXPLORER_CACHE_GB must be a number of gigabytes.",
    "A training could not be started: {}",
    "The part lies between 0 and 1, the method is linear or spherical.",
}


def tree_of(module: str) -> ast.Module:
    return ast.parse((EXPLORER / f"{module}.py").read_text(encoding="utf-8"))


def is_sentence(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Sentence"


def bare_sentences(module: str) -> set[str]:
    """What a module says without a key: its strings that end with a full stop, docstrings aside."""
    tree = tree_of(module)
    known = {id(part) for node in ast.walk(tree) if is_sentence(node) for part in ast.walk(node)}
    parts = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    parts |= {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    found = set()
    for node in (node for node in ast.walk(tree) if id(node) not in known):
        if isinstance(node, ast.JoinedStr):
            found.add("".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in parts:
            found.add(node.value)
    return {text for text in found if re.fullmatch(r"[A-Z{].* .*(\.|: \{\})", text)}


SAID = [
    (f"{name}:{node.lineno}", node)
    for name in sorted(str(file.relative_to(EXPLORER).with_suffix("")) for file in EXPLORER.rglob("*.py"))
    for node in ast.walk(tree_of(name))
    if is_sentence(node) and name != "sentences"
]


@pytest.mark.parametrize("module", MET)
def test_every_sentence_that_a_visitor_can_meet_has_a_key(module: str) -> None:
    assert {text for text in bare_sentences(module) if text not in UNMET and not text.startswith("{}: {}")} == set()


@pytest.mark.parametrize("node", [node for _, node in SAID], ids=[place for place, _ in SAID])
def test_a_sentence_stands_in_the_texts_as_it_is_said(node: ast.Call) -> None:
    key, text = (ast.literal_eval(argument) for argument in node.args)
    assert key.startswith(TOLD)
    assert texts(TOLD)["en"].get(key) == text
    names = re.findall(r"\{(\w+)\}", text)
    assert sorted(keyword.arg or "" for keyword in node.keywords) == sorted(set(names))
    for language in languages():
        assert set(re.findall(r"\{(\w+)\}", texts(TOLD)[language][key])) == set(names), language


def test_every_told_sentence_is_one_that_the_code_says() -> None:
    assert {ast.literal_eval(node.args[0]) for _, node in SAID} == set(texts(TOLD)["en"])


@pytest.mark.parametrize("language", ["zh-CN", "zh-TW"])
def test_a_sentence_is_said_with_what_was_put_into_it(language: str) -> None:
    said, english = texts(TOLD)[language], texts(TOLD)["en"]
    for key, text in english.items():
        values = {name: f"<{name} {{12}}>" for name in re.findall(r"\{(\w+)\}", text)}
        sentence = Sentence(key, text, **values)
        assert sentence == text.format(**values)
        assert translated(sentence, language) == said[key].format(**values), key


def test_a_sentence_within_another_is_translated_as_well() -> None:
    why = Sentence("told.hub.no-model", "There is no public model of that id on the Hub.")
    whole = Sentence("told.photo.built-in", "{why} The built-in model is shown instead.", why=why)
    said = texts(TOLD)["zh-CN"]
    assert translated(whole, "zh-CN") == said[whole.key].format(why=said[why.key])


def test_what_has_no_key_and_english_stay_as_they_are() -> None:
    assert translated("{Nobody} said this.", "zh-CN") == "{Nobody} said this."
    assert translated(str(NO_ZIP), "zh-CN") == NO_ZIP
    assert translated(NO_ZIP, "en") == NO_ZIP


@pytest.mark.parametrize(
    ("tag", "found"),
    [
        ("zh-CN", "zh-CN"),
        ("zh", "zh-CN"),
        ("zh-SG", "zh-CN"),
        ("zh-Hant-HK", "zh-TW"),
        ("zh-hk", "zh-TW"),
        ("zh-MO", "zh-TW"),
        ("en-GB", "en"),
        ("de", None),
        ("", None),
        ("*", None),
        ("-", None),
        ("<b>", None),
        ("-" * 100_000, None),
    ],
    ids=lambda value: str(value)[:9],
)
def test_a_language_is_looked_up_by_its_subtags_from_the_most_exact_on(tag: str, found: str | None) -> None:
    assert look_up(tag) == found


@pytest.mark.parametrize(
    ("accepted", "found"),
    [
        ("", "en"),
        ("de", "en"),
        ("de-AT, fr, zh-TW", "zh-TW"),
        ("en-GB, zh", "en"),
        ("en;q=0.5, zh-HK;q=0.8, de;q=0.9", "zh-TW"),
        ("en;q=0.5, zh-HK;q=0.4", "en"),
        ("zh-TW;q=0, zh", "zh-CN"),
        ("zh-TW;q=0, zh-HK, en;q=0.1", "en"),
        ("zh-CN, zh-CN;q=0", "zh-CN"),
        ("*", "en"),
        ("*, zh;q=0.8", "en"),
        ("*;q=0.1, zh;q=0.8", "zh-CN"),
        ("en;q=0, *", "zh-CN"),
        ("en;q=0, zh;q=0, *;q=0.5", "zh-TW"),
        ("en;q=0, *;q=0", "en"),
        ("zh;q=nan, zh-TW;q=7, -;q=1, ;;;", "en"),
    ],
)
def test_of_the_languages_that_are_accepted_the_one_that_weighs_most_is_said(accepted: str, found: str) -> None:
    assert language_for("", accepted) == found


def test_the_address_says_the_language_before_the_browser_does() -> None:
    accepted = {"accept-language": "de;q=0.9, zh-HK;q=0.8, en;q=0.5"}
    assert language_of(SimpleNamespace(query_params={}, headers=accepted)) == "zh-TW"
    assert language_of(SimpleNamespace(query_params={"lang": "zh-CN"}, headers=accepted)) == "zh-CN"
    assert language_of(SimpleNamespace(query_params={"lang": "xx"}, headers={})) == "en"
    assert language_of(None) == "en"


def test_the_heads_script_knows_every_tag() -> None:
    assert '"zh-hk": "zh-TW"' in head()
    assert "TAGS" not in head()
