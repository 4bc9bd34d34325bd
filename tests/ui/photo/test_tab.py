"""The photo tab's handlers, called as its events call them."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gradio as gr
import numpy as np
import pytest
import skimage.data
from PIL import Image

from explorer.photos.models import BUILT_IN
from explorer.ui.photo import tab
from explorer.ui.photo.tab import Visit, on_edit, on_photo

REQUEST: Any = SimpleNamespace(headers={}, query_params={})


@pytest.fixture(autouse=True)
def written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the PNGs that the tab has written, in their order."""
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    names: list[str] = []
    save = tab.save_png

    def noted(image: Image.Image, file: Path) -> str:
        names.append(file.name)
        return save(image, file)

    monkeypatch.setattr(tab, "save_png", noted)
    return names


def choose(folder: Path, name: str, visit: Visit | None = None) -> dict[str, Any]:
    file = folder / name
    left = 40 * len(name)
    Image.fromarray(skimage.data.astronaut()[:32, left : left + 48]).save(file)
    return on_photo(REQUEST, str(file), BUILT_IN, 512, visit)


def edit(visit: Visit, gain: float) -> dict[str, Any]:
    sent = {"key": visit.key, "decode": True, "edits": {"channels": [{"gain": gain, "offset": 0, "on": True}] * 4}}
    return on_edit(REQUEST, visit, gr.EventData(None, sent))


def pixels(file: str | Path) -> np.ndarray:
    with Image.open(file) as image:
        return np.asarray(image)


def test_edits_leave_the_original_as_it_was_written(tmp_path: Path, written: list[str]) -> None:
    shown = choose(tmp_path, "cat.png")
    original, _ = shown["slider"]
    assert np.array_equal(pixels(original), pixels(tmp_path / "cat.png"))
    edited = [edit(shown["visit"], gain)["slider"] for gain in (0.5, 0.75, 1.5)]
    assert [before for before, _ in edited] == [original] * 3
    assert len({after for _, after in edited}) == 3  # browsers keep a picture by its address
    assert written == ["photo.png", *["reconstruction.png"] * 4]


def test_an_original_that_a_sweep_has_taken_is_written_again(tmp_path: Path) -> None:
    shown = choose(tmp_path, "cat.png")
    visit = shown["visit"]
    tab.remove_folder(visit.folder)
    again, reconstruction = edit(visit, 0.5)["slider"]
    assert again == shown["slider"][0]
    assert pixels(again).shape == pixels(reconstruction).shape == (32, 48, 3)


def test_another_photo_has_an_original_of_its_own_in_the_same_visitors_folder(tmp_path: Path) -> None:
    first = choose(tmp_path, "cat.png")
    second = choose(tmp_path, "retina.png", first["visit"])
    third = choose(tmp_path, "galaxies.png", second["visit"])
    places = [Path(shown["slider"][0]) for shown in (first, second, third)]
    assert {place.parent.parent for place in places} == {first["visit"].folder}
    assert [place.exists() for place in places] == [False, True, True]  # who still reads the one before gets it
    tab.forget(third["visit"])
    assert not first["visit"].folder.exists()
