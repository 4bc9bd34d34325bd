"""The train tab as a visitor uses it: headless Chromium and real trainings."""

from __future__ import annotations

import json
import os
import re
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from map_page import READY, drag, pixels, place, settle
from playwright.sync_api import BrowserContext, Page, expect
from serving import wait_for

import explorer
from explorer.live.worker import to_bytes
from explorer.visitors import trainings
from explorer.visitors.train_options import Options
from explorer.visitors.trainings import CANCELLED, Training, Trainings

pytestmark = pytest.mark.browser
SOON = 120_000  # milliseconds; a training starts with the import of PyTorch
VIEW = '[data-role="train"]'
USED = """document.querySelector('[data-role="train"][data-state], [value^="own-"], #train-notice .notes') !== null"""


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Training, int, Path]]:
    """Every training that a test starts, with its process and folder."""
    found: list[tuple[Training, int, Path]] = []
    launch = Trainings._launch

    def noting(self: Trainings, training: Training) -> None:
        launch(self, training)
        assert training.process is not None
        assert training.folder is not None
        found.append((training, training.process.pid, training.folder))

    monkeypatch.setattr(Trainings, "_launch", noting)
    return found


@pytest.fixture
def played(monkeypatch: pytest.MonkeyPatch, digits_checkpoint: Path) -> None:
    """In a training's place, a small program that is there at once: PyTorch's import alone takes seconds. What is to
    train for one epoch has trained already, and what for more never ends."""
    launch = Trainings._launch
    done = f"import shutil; shutil.copytree({str(digits_checkpoint)!r}, 'runs/digits-vae-2d')"

    def command(options: Options) -> list[str]:
        return [sys.executable, "-c", done if options.epochs == 1 else "import time; time.sleep(600)"]

    def playing(self: Trainings, training: Training) -> None:
        monkeypatch.setattr(self, "_command", command)
        launch(self, training)

    monkeypatch.setattr(Trainings, "_launch", playing)


def is_gone(process_id: int, folder: Path) -> bool:
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return not folder.exists()
    return False


def visit(page: Page, address: str) -> None:
    """The train tab as a new visitor finds it; where nobody has trained or opened anything, it is there already."""
    if not page.url.startswith(address) or page.evaluate(USED):
        page.goto(address)
        page.wait_for_selector(READY, timeout=SOON)
    page.get_by_role("tab", name="Train", exact=True).click()
    expect(page.locator("#train-start")).to_be_visible()


def choose(page: Page, **values: float) -> None:
    for name, value in values.items():
        field = page.locator(f"#train-{name.replace('_', '-')} input[type=number]")
        field.fill(str(value))
        field.press("Tab")


def state(page: Page, name: str) -> None:
    page.wait_for_selector(f'{VIEW}[data-state="{name}"]', timeout=SOON)


def role(name: str) -> str:
    return f'{VIEW} [data-role="{name}"]'


def epoch(page: Page) -> int:
    return int(page.locator(VIEW).get_attribute("data-epoch") or 0)


def ink(page: Page, name: str) -> int:
    """How many pixels of a canvas are drawn on."""
    return page.eval_on_selector(
        role(name),
        """canvas => canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data
            .filter((_, i) => i % 4 === 3).filter((alpha) => alpha > 0).length""",
    )


def colours(page: Page) -> int:
    """How many of the classes' colours are on the forming map."""
    return page.eval_on_selector(
        role("cloud"),
        """canvas => {
            const {data} = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height), seen = new Map();
            for (let i = 0; i < data.length; i += 4) {
                const colour = data.slice(i, i + 3).join();
                if (data[i + 3] > 180) seen.set(colour, (seen.get(colour) ?? 0) + 1);
            }
            return [...seen.values()].filter((count) => count > 60).length;
        }""",
    )


def train(page: Page, **values: float) -> None:
    choose(page, **values)
    page.locator("#train-start").click()


def open_opener(page: Page) -> None:
    if not page.locator("#train-files").is_visible():
        page.get_by_text("Open a checkpoint").click()


def send(page: Page, files: list[Path]) -> None:
    open_opener(page)
    with page.expect_file_chooser() as chooser:
        page.locator("#train-files button[aria-dropeffect]").click()
    chooser.value.set_files(files)


def own_model(page: Page) -> None:
    page.wait_for_selector('[data-role="root"][data-model^="own-"]', timeout=SOON)
    settle(page)


def shows(page: Page, checkpoint: Path) -> None:
    """The picture on the map is what the checkpoint decodes at the place where the cursor stands."""
    space, at = explorer.load(checkpoint), place(page)
    anchor = space.latents[int(at["point"])] if at["point"] else None
    z = (
        np.array([at["z"].split()], np.float32)
        if at["z"]
        else space.from_plane([[float(at["x"]), float(at["y"])]], anchor)
    )
    np.testing.assert_array_equal(pixels(page), to_bytes(space.decode(z))[0])


def test_a_training_forms_a_map_that_can_be_explored_taken_along_and_opened_again(
    page: Page, address: str, started: list[tuple[Training, int, Path]], tmp_path: Path
) -> None:
    visit(page, address)
    assert colours(page) == 0
    train(page, latent_dim=3, beta=0.5, width=64, epochs=20)
    page.wait_for_selector(f"{VIEW}[data-epoch]", timeout=SOON)
    first = epoch(page)
    expect(page.locator(role("headline"))).to_have_text(re.compile(r"Epoch \d+ of 20|Measuring|Done"))
    assert colours(page) >= 5
    assert ink(page, "curve")
    assert ink(page, "reconstructions") == 2 * 10 * 8 * 8
    state(page, "done")
    assert epoch(page) == 20 > first
    assert len(page.locator(role("numbers")).locator("dd").all_inner_texts()) == 3
    ((training, process_id, folder),) = started
    assert is_gone(process_id, folder)

    with page.expect_download() as caught:
        page.locator(role("download")).click()
    assert caught.value.suggested_filename == "own-digits-vae-3d.zip"
    packed = tmp_path / "own.zip"
    caught.value.save_as(packed)
    with zipfile.ZipFile(packed) as archive:
        archive.extractall(tmp_path)
    checkpoint = tmp_path / "own-digits-vae-3d"
    config = json.loads((checkpoint / "config.json").read_text())
    assert (config["architecture"]["latent_dim"], config["beta"], config["epochs"]) == (3, 0.5, 20)

    page.locator(role("explore")).click()
    own_model(page)
    assert place(page)["model"] == training.model
    expect(page.locator('[data-role="models"] label').last).to_contain_text("Yours")
    shows(page, checkpoint)
    drag(page, [(0.4, 0.4), (0.45, 0.5), (0.6, 0.55)])
    shows(page, checkpoint)

    page.wait_for_function("() => location.search.includes('own-')")
    link = page.url
    page.goto(link)
    own_model(page)
    shows(page, checkpoint)

    page.get_by_role("tab", name="Train", exact=True).click()
    send(page, [packed])
    page.wait_for_function(
        """before => { const now = document.querySelector('[data-role="root"]').dataset.model;
                       return now.startsWith("own-") && now !== before; }""",
        arg=training.model,
        timeout=SOON,
    )
    settle(page)
    shows(page, checkpoint)


@pytest.mark.usefixtures("played")
def test_cancel_ends_a_training_and_says_so(
    page: Page, address: str, started: list[tuple[Training, int, Path]]
) -> None:
    visit(page, address)
    train(page, epochs=200)
    state(page, "running")
    page.locator(role("cancel")).click()
    state(page, "ended")
    expect(page.locator(role("headline"))).to_have_text(CANCELLED)
    for name in ("cancel", "explore", "download"):
        expect(page.locator(role(name))).to_be_hidden()
    assert is_gone(*started[0][1:])


@pytest.mark.usefixtures("played")
def test_a_second_training_takes_the_firsts_place(
    page: Page, address: str, started: list[tuple[Training, int, Path]]
) -> None:
    visit(page, address)
    train(page, epochs=200)
    state(page, "running")
    train(page, epochs=1)
    state(page, "done")
    expect(page.locator(role("headline"))).to_have_text("Done: 1 epoch.")
    assert [training.state for training, _, _ in started] == ["ended", "done"]
    assert is_gone(*started[0][1:])


@pytest.mark.usefixtures("played")
def test_leaving_the_page_ends_its_training(
    context: BrowserContext, address: str, started: list[tuple[Training, int, Path]]
) -> None:
    page = context.new_page()
    visit(page, address)
    train(page, epochs=200)
    state(page, "running")
    ((training, process_id, folder),) = started
    assert not is_gone(process_id, folder)
    page.close()
    wait_for(lambda: is_gone(process_id, folder) and training.state == "ended")


@pytest.mark.usefixtures("played")
def test_a_third_visitor_waits_in_line(
    page: Page, address: str, monkeypatch: pytest.MonkeyPatch, started: list[tuple[Training, int, Path]]
) -> None:
    monkeypatch.setattr(trainings, "RUNNING", 1)
    first, second = page, page.context.new_page()
    for visitor in (first, second):
        visit(visitor, address)
    train(first, epochs=200)
    state(first, "running")
    train(second, epochs=1)
    state(second, "waiting")
    expect(second.locator(role("headline"))).to_have_text("Waiting in line: yours is next.")
    first.locator(role("cancel")).click()
    state(second, "done")
    assert len(started) == 2


@pytest.fixture
def damaged(copied: Callable[[Path], Path], digits_checkpoint: Path, tmp_path: Path) -> dict[str, list[Path]]:
    """Uploads that are refused: what their sentence holds -> their files."""
    folder = copied(digits_checkpoint)
    (tmp_path / "no.zip").write_bytes(b"PK no")
    other = tmp_path / "config.json"
    other.write_text('{"_class_name": "AutoencoderKL"}')
    wrong = tmp_path / "model.safetensors"
    wrong.write_bytes(b"\xff" * 100)
    return {
        "damaged or none": [tmp_path / "no.zip"],
        "is missing": [folder / "config.json"],
        "names no architecture": [other, folder / "model.safetensors", folder / "latents.safetensors"],
        "damaged, cut off": [folder / "config.json", wrong, folder / "latents.safetensors"],
    }


def test_damaged_uploads_get_sentences_and_a_sound_one_after_them_opens(
    page: Page, address: str, damaged: dict[str, list[Path]], digits_checkpoint: Path
) -> None:
    visit(page, address)
    for sentence, files in damaged.items():
        send(page, files)
        expect(page.locator("#train-notice .notes.error")).to_contain_text(sentence, timeout=SOON)
    send(page, [digits_checkpoint / name for name in ("config.json", "model.safetensors", "latents.safetensors")])
    own_model(page)
    shows(page, digits_checkpoint)


def test_the_hub_out_of_reach_and_a_name_of_nothing_are_sentences(page: Page, address: str) -> None:
    visit(page, address)
    open_opener(page)
    for name, sentence in (("no id", "That is no Hub id"), ("some/map", "can't be reached")):
        page.locator("#train-hub input, #train-hub textarea").fill(name)
        page.locator("#train-fetch").click()
        expect(page.locator("#train-notice .notes.error")).to_contain_text(sentence, timeout=SOON)


def test_a_link_to_a_model_that_is_gone_opens_the_first_map_with_a_sentence(
    context: BrowserContext, address: str
) -> None:
    page = context.new_page()  # whose console tells of the 404
    page.goto(f"{address}?model=own-0123456789abcdef")
    page.wait_for_selector(READY, timeout=SOON)
    assert not place(page)["model"].startswith("own-")
    expect(page.locator('[data-role="notice"]').first).to_contain_text("not here")
    page.close()


def test_healthz_and_models_do_not_list_visitors_models(page: Page, address: str, digits_checkpoint: Path) -> None:
    visit(page, address)
    send(page, [digits_checkpoint / name for name in ("config.json", "model.safetensors", "latents.safetensors")])
    own_model(page)
    name = place(page)["model"]
    assert name not in page.request.get(f"{address}gradio_api/explorer/healthz").text()
    assert page.request.get(f"{address}gradio_api/explorer/own.zip?model={name}").ok
    assert page.request.get(f"{address}gradio_api/explorer/own.zip?model=digits-vae-2d").status == 404
    foreign = {"Origin": "https://elsewhere.example"}
    for route in ("own", "own.zip"):
        answer = page.request.get(f"{address}gradio_api/explorer/{route}?model={name}", headers=foreign)
        assert answer.status == 403


def test_nothing_is_wider_than_the_page(page: Page, address: str) -> None:
    visit(page, address)
    for width in (1280, 360):
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
