"""Walks on the map as a visitor makes them: anchors, film, playing, files."""

from __future__ import annotations

import io
import json
import re
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from map_page import (
    FAILURES,
    drag,
    expected,
    fail,
    frames,
    on_screen,
    open_tool,
    pad_box,
    pictures,
    pixels,
    place,
    settle,
    visit,
)
from PIL import Image
from playwright.sync_api import Page, expect

import explorer
from explorer.live.worker import to_bytes
from explorer.maps.files import gif

pytestmark = pytest.mark.browser
MODEL = "fashion-vae-2d"
SPOTS = [(0.3, 0.4), (0.6, 0.45), (0.5, 0.75), (0.4, 0.6), (0.55, 0.3), (0.35, 0.7)]
FILM = '[data-role="walk-film"] button'
NOTE = '[data-role="walk-note"]'
PATH = '[data-role="walk-path"]'
PINS = '[data-layer="walk"] .walk-pin'
STEPS = 12


def begin(page: Page, address: str, model: str = MODEL, spots: int = 2) -> None:
    visit(page, address, f"?model={model}")
    open_tool(page, "walk")
    click(page, *SPOTS[:spots])


def click(page: Page, *spots: tuple[float, float]) -> None:
    """Click places of the map, given as shares of its width and height, and wait for the film through all anchors."""
    left, top, width, height = pad_box(page)
    for x, y in spots:
        page.mouse.click(left + x * width, top + y * height)
    pins = page.locator(PINS).count()
    expect(page.locator(FILM)).to_have_count((pins - 1) * STEPS + 1 if pins > 1 else 0)


def anchors(page: Page) -> np.ndarray:
    told = page.locator('[data-role="walk-film"]').get_attribute("data-anchors")
    return np.array(json.loads(told or "[]"), np.float32)


def walked(page: Page, model: str = MODEL, method: str = "linear") -> np.ndarray:
    """The latents of the walk past the page's anchors."""
    return explorer.load(model).walk(anchors(page), STEPS, method)


def choose(page: Page, method: str) -> None:
    page.get_by_role("radio", name=method).check(force=True)
    expect(page.locator('[data-role="walk-film"]')).to_have_attribute("data-method", method)


def current(page: Page) -> int:
    """Which picture of the film is marked, -1 for none."""
    marks = page.locator(FILM).evaluate_all("all => all.map(one => one.getAttribute('aria-current'))")
    return marks.index("true") if "true" in marks else -1


def set_speed(page: Page, milliseconds: int) -> None:
    page.locator('[data-role="walk-speed"]').fill(str(milliseconds))


def play(page: Page) -> None:
    page.get_by_role("button", name="Play", exact=True).click()
    expect(page.locator('[data-role="walk-play"]')).to_have_text("Pause")


def visited(page: Page, count: int) -> tuple[list[int], list[float]]:
    """Play until `count` pictures were marked one after the other: which, and the milliseconds between them."""
    page.evaluate(
        """() => {
            window.visits = [];
            const film = document.querySelector('[data-role="walk-film"]');
            window.watcher = new MutationObserver(() => {
                const at = [...film.children].findIndex((one) => one.getAttribute("aria-current"));
                if (at >= 0 && at !== visits.at(-1)?.[0]) visits.push([at, performance.now()]);
            });
            watcher.observe(film, { subtree: true, attributeFilter: ["aria-current"] });
        }"""
    )
    play(page)
    page.wait_for_function("count => visits.length >= count", arg=count)
    page.get_by_role("button", name="Pause").click()
    order, times = zip(*page.evaluate("(watcher.disconnect(), visits)"), strict=True)
    return list(order), np.diff(times).tolist()


def assert_alike(one: np.ndarray, other: np.ndarray) -> None:
    """The same pictures, except that one decoded alone may be rounded otherwise than within a batch."""
    assert np.abs(one.astype(int) - other).max() <= 1


@pytest.mark.parametrize("method", ["linear", "spherical"])
def test_the_film_shows_what_the_decoder_makes_of_the_way_between_the_anchors(
    page: Page, address: str, method: str
) -> None:
    begin(page, address, spots=3)
    choose(page, method)
    latents = walked(page, method=method)
    np.testing.assert_array_equal(pictures(page, "walk-film"), to_bytes(explorer.load(MODEL).decode(latents)))
    assert len((page.locator(PATH).get_attribute("points") or "").split()) == len(latents) == 2 * STEPS + 1


def test_an_anchor_is_where_the_click_was_and_the_cursor_goes_there_too(page: Page, address: str) -> None:
    begin(page, address, spots=1)
    assert anchors(page).tolist() == [[np.float32(place(page)[axis]) for axis in "xy"]]
    click(page, SPOTS[1])
    assert anchors(page)[1].tolist() == [np.float32(place(page)[axis]) for axis in "xy"]
    expect(page.locator('[data-open="walk"]')).to_have_class("lit")


def test_spherical_goes_another_way_on_the_map(page: Page, address: str) -> None:
    begin(page, address)
    straight = page.locator(PATH).get_attribute("points")
    frames = pictures(page, "walk-film")
    choose(page, "spherical")
    assert page.locator(PATH).get_attribute("points") != straight
    assert (pictures(page, "walk-film") != frames).any()


def test_the_path_follows_the_map_and_stays_with_another_tool(page: Page, address: str) -> None:
    begin(page, address)
    before = page.locator(PATH).get_attribute("points")
    page.locator('[data-role="zoom-in"]').click()
    expect(page.locator(PATH)).not_to_have_attribute("points", before or "")
    open_tool(page, "point")
    expect(page.locator(PATH)).to_be_visible()
    drag(page, [(0.3, 0.3), (0.4, 0.5)])  # which adds no anchor there, and none here
    open_tool(page, "walk")
    drag(page, [(0.3, 0.3), (0.4, 0.5)])
    assert len(anchors(page)) == 2


def test_a_click_on_a_picture_goes_there(page: Page, address: str) -> None:
    begin(page, address)
    page.locator(FILM).nth(4).click()
    settle(page)
    assert current(page) == 4
    assert [np.float32(place(page)[axis]) for axis in "xy"] == walked(page)[4].tolist()
    assert_alike(pixels(page), pictures(page, "walk-film")[4])
    page.keyboard.press("ArrowRight")
    settle(page)
    assert current(page) == 5
    assert_alike(pixels(page), pictures(page, "walk-film")[5])
    drag(page, [(0.3, 0.3), (0.4, 0.5)])
    assert current(page) == -1


def test_playing_takes_the_cursor_forth_and_back_along_the_path(page: Page, address: str) -> None:
    begin(page, address)
    frames, latents = pictures(page, "walk-film"), walked(page)
    page.locator(FILM).first.click()
    set_speed(page, 50)
    order, _ = visited(page, STEPS + 6)
    settle(page)
    there_and_back = [*range(13), *range(11, 0, -1)] * 3
    assert order == there_and_back[: len(order)]
    at = current(page)
    assert at == order[-1]
    assert [np.float32(place(page)[axis]) for axis in "xy"] == latents[at].tolist()
    assert_alike(pixels(page), frames[at])
    shift = page.locator('[data-role="cursor"]').evaluate("cursor => cursor.style.transform")
    mark = (page.locator(PATH).get_attribute("points") or "").split()[at].split(",")
    assert [float(n) for n in re.findall(r"[\d.]+(?=px)", shift)[:2]] == pytest.approx([float(n) for n in mark], abs=1)


def test_the_picture_and_the_path_are_the_same_while_it_plays(page: Page, address: str) -> None:
    begin(page, address)
    frames = pictures(page, "walk-film")
    play(page)
    for _ in range(4):
        at = place(page)["x"]
        page.wait_for_function("x => document.querySelector('[data-role=\"root\"]').dataset.x !== x", arg=at)
        shown = pixels(page)
        assert np.abs(frames.astype(int) - shown).max((1, 2)).min() <= 1


def test_the_speed_is_the_time_of_each_picture(page: Page, address: str) -> None:
    begin(page, address, spots=3)
    page.locator(FILM).first.click()
    set_speed(page, 400)
    expect(page.locator('[data-role="walk-pace"]')).to_have_text("400 ms")
    _, slow = visited(page, 5)
    assert np.mean(slow) == pytest.approx(400, abs=100)
    set_speed(page, 40)
    _, quick = visited(page, 12)
    assert np.median(quick) < np.median(slow) / 1.5  # how quick depends on the machine


def test_the_film_scrolls_to_the_picture_and_the_page_stays(page: Page, address: str) -> None:
    begin(page, address, spots=5)
    page.locator(FILM).first.click()
    assert page.locator('[data-role="walk-film"]').evaluate("film => film.scrollLeft") == 0
    set_speed(page, 40)
    visited(page, 4 * STEPS)
    mark = page.locator(f'{FILM}[aria-current="true"]').bounding_box()
    film = page.locator('[data-role="walk-film"]').bounding_box()
    assert mark is not None
    assert film is not None
    assert film["x"] <= mark["x"]
    assert mark["x"] + mark["width"] <= film["x"] + film["width"]
    assert page.evaluate("scrollY") == 0


def test_whatever_else_moves_the_cursor_ends_the_playing(page: Page, address: str) -> None:
    begin(page, address)
    for how in ("drag", "keys", "model"):
        play(page)
        if how == "drag":
            drag(page, [(0.3, 0.3), (0.4, 0.5)])
        elif how == "keys":
            page.locator('[data-role="pad"]').focus()
            page.keyboard.press("Shift+ArrowUp")
        else:
            page.get_by_role("radio", name="Digits").check(force=True)
            page.wait_for_selector('[data-role="root"][data-model="digits-vae-2d"]')
        expect(page.locator('[data-role="walk-play"]')).to_have_text("Play")
        at = place(page)
        frames(page, 30)
        settle(page)
        assert place(page) == at, how
        np.testing.assert_array_equal(pixels(page), expected(at))


def test_it_goes_on_playing_with_another_tool_until_the_map_is_touched(page: Page, address: str) -> None:
    begin(page, address)
    play(page)
    open_tool(page, "select")
    before = place(page)
    page.wait_for_function("x => document.querySelector('[data-role=\"root\"]').dataset.x !== x", arg=before["x"])
    drag(page, [(0.3, 0.3), (0.4, 0.5), (0.3, 0.5)])  # a lasso, which leaves the cursor where it is
    expect(page.locator('[data-role="walk-play"]')).to_have_text("Play")
    assert [np.float32(place(page)[axis]) for axis in "xy"] in walked(page).tolist()
    assert len(anchors(page)) == 2


def test_a_sixth_click_says_a_sentence_and_adds_nothing(page: Page, address: str) -> None:
    begin(page, address, spots=5)
    before = anchors(page)
    click(page, SPOTS[5])
    expect(page.locator(NOTE)).to_have_text("A walk has at most five anchors; clear it to begin again.")
    np.testing.assert_array_equal(anchors(page), before)
    expect(page.locator(PINS)).to_have_count(5)
    settle(page)
    assert [np.float32(place(page)[axis]) for axis in "xy"] != before[-1].tolist()


def test_a_double_click_adds_one_anchor(page: Page, address: str) -> None:
    begin(page, address, spots=0)
    click(page, SPOTS[0], SPOTS[0])
    assert len(anchors(page)) == 1
    expect(page.locator(NOTE)).to_have_text("Anchor 1 is here already.")


def test_undo_takes_the_last_anchor_and_clear_all_of_them(page: Page, address: str) -> None:
    begin(page, address, spots=3)
    before = anchors(page)
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(FILM)).to_have_count(STEPS + 1)
    np.testing.assert_array_equal(anchors(page), before[:2])
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(FILM)).to_have_count(0)
    expect(page.locator(PATH)).to_have_count(0)
    expect(page.locator('[data-role="walk-play"]')).to_be_disabled()
    click(page, SPOTS[1])
    page.get_by_role("button", name="Clear").click()
    expect(page.locator(FILM)).to_have_count(0)
    expect(page.locator('[data-layer="walk"] > *')).to_have_count(0)
    expect(page.locator('[data-open="walk"]')).not_to_have_class("lit")
    for name in ("Play", "Undo", "Clear", "GIF", "NPZ"):
        expect(page.get_by_role("button", name=name, exact=True)).to_be_disabled()


def test_the_gif_holds_the_film_forth_and_back_at_its_speed(page: Page, address: str, tmp_path: Path) -> None:
    begin(page, address)
    set_speed(page, 200)
    with page.expect_download() as download:
        page.get_by_role("button", name="GIF").click()
    assert download.value.suggested_filename == "walk.gif"
    download.value.save_as(tmp_path / "walk.gif")
    images = pictures(page, "walk-film")
    there_and_back = np.concatenate([images, images[-2:0:-1]])
    assert (tmp_path / "walk.gif").read_bytes() == gif(there_and_back, 200)
    with Image.open(io.BytesIO((tmp_path / "walk.gif").read_bytes())) as opened:
        assert opened.info["loop"] == 0
        assert opened.info["duration"] == 200
        assert opened.n_frames == len(there_and_back)  # type: ignore[attr-defined]


def test_the_npz_holds_the_latents_of_the_walk(page: Page, address: str, tmp_path: Path) -> None:
    begin(page, address)
    choose(page, "spherical")
    with page.expect_download() as download:
        page.get_by_role("button", name="NPZ").click()
    assert download.value.suggested_filename == "walk.npz"
    download.value.save_as(tmp_path / "walk.npz")
    with np.load(tmp_path / "walk.npz") as saved:
        np.testing.assert_array_equal(saved["latents"], walked(page, method="spherical"))
        np.testing.assert_array_equal(to_bytes(saved["images"]), pictures(page, "walk-film"))


def test_anchors_in_twenty_dimensions_are_the_test_points_whole_latents(page: Page, address: str) -> None:
    model = "mnist-vae-20d"
    space = explorer.load(model)
    one, other = (int(index) for index in space.neighbours(space.centroids[[0, 1]], 1)[0][:, 0])  # a zero and a one
    visit(page, address, f"?model={model}")
    open_tool(page, "walk")
    for point in (one, other):  # the second before the first one's latents can have come
        page.mouse.click(*on_screen(page, model, point))
    expect(page.locator(FILM)).to_have_count(STEPS + 1)
    np.testing.assert_array_equal(anchors(page), space.latents[[one, other]])
    choose(page, "spherical")
    latents = walked(page, model, "spherical")
    np.testing.assert_array_equal(pictures(page, "walk-film"), to_bytes(space.decode(latents)))
    page.locator(FILM).nth(6).click()
    settle(page)
    np.testing.assert_allclose(np.array(place(page)["z"].split(), np.float32), latents[6], rtol=1e-6)
    np.testing.assert_array_equal(pixels(page), expected(place(page)))


def test_another_model_keeps_nothing_of_the_walk(page: Page, address: str) -> None:
    begin(page, address)
    page.get_by_role("radio", name="Digits").check(force=True)
    page.wait_for_selector('[data-role="root"][data-model="digits-vae-2d"]')
    expect(page.locator(FILM)).to_have_count(0)
    expect(page.locator('[data-layer="walk"] > *')).to_have_count(0)
    expect(page.locator('[data-role="walk-gif"]')).to_be_disabled()
    click(page, SPOTS[0], SPOTS[1])
    np.testing.assert_array_equal(
        pictures(page, "walk-film"), to_bytes(explorer.load("digits-vae-2d").decode(walked(page, "digits-vae-2d")))
    )


def test_a_server_that_fails_says_a_sentence_and_the_next_try_works(quiet_page: Page, address: str) -> None:
    page = quiet_page
    begin(page, address)
    for method, other, failure in (("spherical", "linear", "abort"), ("linear", "spherical", "503")):
        page.route("**/tool/walk*", partial(fail, failure))
        page.get_by_role("button", name="GIF").click()
        expect(page.locator(NOTE)).to_have_text(FAILURES[failure])
        expect(page.locator(FILM)).to_have_count(STEPS + 1)
        page.get_by_role("radio", name=method).check(force=True)
        expect(page.locator(FILM)).to_have_count(0)
        expect(page.locator(NOTE)).to_have_text(FAILURES[failure])
        expect(page.locator('[data-role="walk-gif"]')).to_be_disabled()
        page.unroute_all()
        choose(page, other)
        choose(page, method)
        made = to_bytes(explorer.load(MODEL).decode(walked(page, method=method)))
        np.testing.assert_array_equal(pictures(page, "walk-film"), made)
