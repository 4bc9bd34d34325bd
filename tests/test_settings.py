"""What a host can set by the environment."""

from __future__ import annotations

import pytest

from explorer.settings import gigabytes, names, whole


@pytest.mark.parametrize(("text", "found"), [("", 5), ("  ", 5), ("7", 7), (" 9 ", 9), ("007", 7)])
def test_a_whole_number_is_read_with_or_without_spaces(text: str, found: int) -> None:
    assert whole("EXPLORER_X", 5, given={"EXPLORER_X": text}) == found
    assert whole("EXPLORER_X", 5, given={}) == 5


@pytest.mark.parametrize("text", ["0", "-1", "many", "1.5", "²", "1e3", "9" * 5000, "１"])
def test_what_is_no_whole_number_is_said_with_its_bounds(text: str) -> None:
    given = {"EXPLORER_X": text}
    with pytest.raises(ValueError, match=r"^EXPLORER_X must be a whole number of at least 1\.$"):
        whole("EXPLORER_X", 5, given=given)
    with pytest.raises(ValueError, match=r"^EXPLORER_X must be a whole number from 1 to 47\.$"):
        whole("EXPLORER_X", 5, most=47, given=given)


def test_gigabytes_are_read_as_bytes() -> None:
    assert gigabytes("EXPLORER_X", 10, {}) == 10e9
    assert gigabytes("EXPLORER_X", 10, {"EXPLORER_X": "0.5"}) == 5e8
    assert gigabytes("EXPLORER_X", 10, {"EXPLORER_X": "0"}) == 0


@pytest.mark.parametrize("text", ["nan", "-1", "many", "1 GB"])
def test_what_is_no_number_of_gigabytes_is_said(text: str) -> None:
    with pytest.raises(ValueError, match=r"^EXPLORER_X must be a number of gigabytes\.$"):
        gigabytes("EXPLORER_X", 10, {"EXPLORER_X": text})


def test_names_have_commas_or_spaces_between_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EXPLORER_X", " a.example,b  c, ")
    assert names("EXPLORER_X") == ("a.example", "b", "c")
    with pytest.raises(ValueError, match="EXPLORER_X must name hosts with commas or spaces between them"):
        names("EXPLORER_X", {"EXPLORER_X": "a;b"})
