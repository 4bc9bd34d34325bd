"""The documentation's examples run, and what it links to is there."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import skimage.data
from PIL import Image, ImageDraw

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def examples(page: Path) -> list[str]:
    return re.findall(r"^```python\n(.*?)^```", page.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)


def served(example: str, address: str) -> str:
    """The example with the tests' own server in it."""
    host = address.removeprefix("http://").rstrip("/")
    return example.replace("127.0.0.1:7860", host)


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The files that the examples read, in the working directory."""
    monkeypatch.chdir(tmp_path)
    drawing = Image.new("L", (120, 160), 255)
    ImageDraw.Draw(drawing).line([(30, 30), (90, 30), (50, 130)], fill=0, width=12)
    drawing.save("drawing.png")
    Image.fromarray(skimage.data.astronaut()[:128, 128:320]).save("photo.jpg")


@pytest.mark.parametrize("page", [ROOT / "README.md", ROOT / "docs" / "interfaces.md"], ids=lambda page: page.stem)
@pytest.mark.usefixtures("files")
def test_the_examples_run_one_after_the_other(page: Path, address: str) -> None:
    names: dict[str, Any] = {}
    blocks = examples(page)
    assert blocks
    for block in blocks:
        exec(served(block, address), names)  # noqa: S102 - our own documentation
    if page.stem == "interfaces":
        assert np.shape(names["latents"]) == (18, 2)
        assert names["sampled"].shape == (1, 4, 16, 24)
        assert (names["number"], names["width"], names["height"]) == (1, 32, 32)
        assert names["about"]
    else:
        assert names["latents"].shape == (3, 20)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_what_a_page_links_to_is_there(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)]+)\)", text):
        assert target.startswith("http") or (page.parent / target).exists(), target


def rooms() -> dict[str, str]:
    """Each folder that the README's house tells of, and what it says there."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    house = readme[readme.index("## The house") :].split("```")[1]
    told = re.split(r"^(\S+/)(?= )", house, flags=re.MULTILINE)
    return dict(zip(told[1::2], told[2::2], strict=True))


def test_each_room_in_the_readme_names_its_modules_and_no_others() -> None:
    named = {folder: set(re.findall(r"\b\w+\.py\b", said)) for folder, said in rooms().items()}
    packages = {file.parent for file in (ROOT / "explorer").rglob("*.py")}
    there = {
        f"{folder.relative_to(ROOT)}/": {file.name for file in folder.glob("*.py")} - {"__init__.py"}
        for folder in packages
    }
    assert {folder: names for folder, names in named.items() if folder.startswith("explorer/")} == there


def test_the_readme_names_the_folders_of_the_front_end_that_are_there() -> None:
    named = set(re.findall(r"(?<![\w/])\w+/(?=[ :])", rooms()["assets/"]))
    assert named == {f"{folder.name}/" for folder in (ROOT / "assets").iterdir() if folder.is_dir()}


def test_where_the_readme_says_that_something_is_done_it_is() -> None:
    """Each name stands in the file that is named after it."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    house = readme[readme.index("## The house") :].split("```")[0]
    told = re.findall(r"`([\w.]+)` in\s`([\w./]+)`", house)
    assert len(told) >= 3
    for name, file in told:
        owner, _, method = name.partition(".")
        text = (ROOT / file).read_text(encoding="utf-8")
        assert f"class {owner}" in text
        assert not method or f"def {method}(" in text
    assert [file for file in re.findall(r"`([\w./]+/[\w./]+)`", house) if not (ROOT / file).is_file()] == []
