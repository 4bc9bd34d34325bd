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


def test_the_house_in_the_readme_names_every_module() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    house = readme[readme.index("## The house") :]
    missing = [
        file.name for file in (ROOT / "explorer").glob("*.py") if file.name != "__init__.py" and file.name not in house
    ]
    assert missing == []
