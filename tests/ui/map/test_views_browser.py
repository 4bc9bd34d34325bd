"""Two views of the same test images, and how a map formed, as a visitor uses them."""

from __future__ import annotations

import numpy as np
import pytest
from map_page import (
    at_pixels,
    drag,
    expected,
    frames,
    lonely_point,
    on_screen,
    open_tool,
    pad_box,
    painted,
    pick,
    pixels,
    place,
    settle,
    visit,
)
from playwright.sync_api import Page, expect

import explorer
from explorer.live.worker import to_bytes
from explorer.maps.comparison import shared_neighbours
from explorer.maps.recorded import formation, tsne

pytestmark = pytest.mark.browser
PLAIN, VARIATIONAL, DIGITS = "fashion-ae-2d", "fashion-vae-2d", "digits-vae-2d"


def compare(page: Page, other: str) -> None:
    open_tool(page, "compare")
    page.locator('[data-role="other"]').select_option(other)
    page.wait_for_selector('[data-role="other-frame"][data-x]')


def other_place(page: Page) -> dict[str, str]:
    return page.eval_on_selector('[data-role="other-frame"]', "frame => ({...frame.dataset})")


def other_spot(page: Page, places: np.ndarray, index: int) -> tuple[float, float]:
    """Where a test image lies on the other map's screen, by its own rule: everything fits, with an edge of 18 px."""
    box = page.locator('[data-role="other-pad"]').bounding_box()
    assert box is not None
    low, high = places.min(0), places.max(0)
    scale = min((box["width"] - 36) / (high[0] - low[0]), (box["height"] - 36) / (high[1] - low[1]))
    middle = (low + high) / 2
    x, y = places[index]
    across, up = (x - middle[0]) * scale, (y - middle[1]) * scale
    return box["x"] + box["width"] / 2 + float(across), box["y"] + box["height"] / 2 - float(up)


def test_the_same_image_is_marked_and_decoded_on_both_maps(page: Page, address: str) -> None:
    point, other = lonely_point(PLAIN), explorer.load(VARIATIONAL)
    visit(page, address, f"?model={PLAIN}")
    compare(page, VARIATIONAL)
    page.mouse.click(*on_screen(page, PLAIN, point))
    page.wait_for_selector(f'[data-role="other-frame"][data-point="{point}"]')
    at = other_place(page)
    assert (float(at["x"]), float(at["y"])) == pytest.approx(tuple(other.plane[point]))
    wanted = to_bytes(other.decode(other.latents[[point]]))[0]
    page.wait_for_function(
        """place => document.querySelector('[data-role="other-decoded"]').dataset.place.endsWith(` ${place}`)""",
        arg=str(point),
    )
    np.testing.assert_array_equal(pixels(page, "other-decoded"), wanted)
    cursor = page.locator('[data-role="other-cursor"]').bounding_box()
    assert cursor is not None
    x, y = other_spot(page, other.plane, point)
    assert (cursor["x"] + cursor["width"] / 2, cursor["y"] + cursor["height"] / 2) == pytest.approx((x, y), abs=2)


def test_a_drag_on_the_other_map_moves_both_and_decodes_both(page: Page, address: str) -> None:
    space, other = explorer.load(PLAIN), explorer.load(VARIATIONAL)
    visit(page, address, f"?model={PLAIN}")
    compare(page, VARIATIONAL)
    point = lonely_point(VARIATIONAL)
    x, y = other_spot(page, other.plane, point)
    page.mouse.move(x - 30, y)
    page.mouse.down()
    page.mouse.move(x, y, steps=5)
    page.mouse.up()
    page.wait_for_selector(f'[data-role="root"][data-point="{point}"]')
    settle(page)
    np.testing.assert_array_equal(pixels(page), to_bytes(space.decode(space.latents[[point]]))[0])
    at = other_place(page)
    there = [float(at["x"]), float(at["y"])]
    assert there == pytest.approx(other.plane[point].tolist(), abs=0.1)
    page.wait_for_function(
        """([x, y]) => document.querySelector('[data-role="other-decoded"]').dataset.place.includes(` ${x} ${y} `)""",
        arg=[at["x"], at["y"]],
    )
    np.testing.assert_array_equal(pixels(page, "other-decoded"), to_bytes(other.decode([there]))[0])


def test_a_sentence_says_how_much_the_neighbourhoods_agree(page: Page, address: str) -> None:
    visit(page, address, f"?model={PLAIN}")
    compare(page, VARIATIONAL)
    shared = 10 * shared_neighbours(explorer.load(PLAIN), explorer.load(VARIATIONAL))
    expect(page.locator('[data-role="compare-words"]')).to_contain_text(f"{shared:.1f} are the same in both")


def test_the_t_sne_marks_the_same_image_and_says_that_it_cannot_be_decoded(page: Page, address: str) -> None:
    visit(page, address, f"?model={DIGITS}&point=5")
    compare(page, "tsne")
    expect(page.locator('[data-role="compare-words"]')).to_contain_text("nothing can be decoded from it")
    expect(page.locator('[data-role="other-decoded"]')).to_be_hidden()
    places = tsne(explorer.load(DIGITS))
    at = other_place(page)
    assert (float(at["x"]), float(at["y"])) == pytest.approx(tuple(places[5]))
    page.mouse.click(*other_spot(page, places, 17))
    page.wait_for_function("document.querySelector('[data-role=\"root\"]').dataset.point !== '5'")
    landed = int(place(page)["point"])
    assert np.linalg.norm(places[landed] - places[17]) < 1
    expect(page.locator('[data-role="picked"]')).to_contain_text(f"test image {landed}")


def test_hovering_on_one_map_rings_the_same_image_on_the_other(page: Page, address: str) -> None:
    point = lonely_point(DIGITS)
    visit(page, address, f"?model={DIGITS}")
    compare(page, "tsne")
    page.mouse.move(*on_screen(page, DIGITS, point))
    ring = page.locator('[data-role="other-ring"]')
    expect(ring).to_be_visible()
    box = ring.bounding_box()
    assert box is not None
    x, y = other_spot(page, tsne(explorer.load(DIGITS)), point)
    assert (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2) == pytest.approx((x, y), abs=2)
    page.mouse.move(x, y)
    expect(page.locator('[data-layer="compare"] circle')).to_have_count(1)


def strong(page: Page) -> int:
    """How many pixels of the other map show a point that does not stand back."""
    return int((painted(page, "other-points")[:, :, 3] > 150).sum())


def test_what_is_selected_here_stands_out_there(page: Page, address: str) -> None:
    visit(page, address, f"?model={DIGITS}")
    compare(page, "tsne")
    every = strong(page)
    open_tool(page, "select")
    drag(page, [(0.45, 0.5), (0.6, 0.5), (0.6, 0.75), (0.45, 0.75)])
    expect(page.locator('[data-role="select-count"]')).to_be_visible()
    page.wait_for_function("!document.querySelector('[data-role=\"select-outcome\"]').hidden")
    chosen = int(page.locator('[data-role="select-count"]').inner_text())
    assert 0 < chosen < 500
    assert strong(page) == pytest.approx(every * chosen / 500, rel=0.5)
    page.locator('[data-role="select-clear"]').click()
    assert strong(page) == every


def test_another_data_set_ends_the_comparison(page: Page, address: str) -> None:
    visit(page, address, f"?model={PLAIN}")
    compare(page, VARIATIONAL)
    page.get_by_role("radio", name="Digits").check(force=True)
    page.wait_for_function("document.querySelector('[data-role=\"root\"]').dataset.model === 'digits-vae-2d'")
    expect(page.locator('[data-role="other-frame"]')).to_be_hidden()
    names = page.locator('[data-role="other"] option').evaluate_all("options => options.map(option => option.value)")
    assert names == ["", "tsne"]
    drag(page, [(0.3, 0.3), (0.5, 0.5)])
    np.testing.assert_array_equal(pixels(page), expected(place(page)))


def forming(page: Page) -> np.ndarray:
    """Which pixels of the layer of forming points are drawn, (H, W) bool."""
    return painted(page, "forming")[:, :, 3] > 0


def test_the_slider_shows_where_the_points_were_at_a_moment_of_the_training(page: Page, address: str) -> None:
    visit(page, address, f"?model={DIGITS}")
    assert not forming(page).any()
    open_tool(page, "history")
    slider = page.locator('[data-role="history-at"]')
    expect(page.locator('[data-role="history-words"]')).to_contain_text("Step")
    past = formation(explorer.load(DIGITS))
    left, top, *_ = pad_box(page)
    for moment in (0, len(past.steps) // 2, len(past.steps) - 1):
        slider.fill(str(moment))
        drawn = forming(page)
        for x, y in past.snapshots[moment, :20].astype(float):
            px, py = at_pixels(page, x, y)
            assert drawn[round(py - top), round(px - left)]
        expect(page.locator('[data-role="history-words"]')).to_contain_text(f"Step {past.steps[moment]:,}")
    open_tool(page, "point")
    assert not forming(page).any()


def test_playing_runs_from_noise_to_the_end_and_can_be_paused(page: Page, address: str) -> None:
    visit(page, address, f"?model={DIGITS}")
    open_tool(page, "history")
    play, slider = page.locator('[data-role="history-play"]'), page.locator('[data-role="history-at"]')
    expect(page.locator('[data-role="history-words"]')).to_contain_text("Step")
    last = float(slider.input_value())
    play.click()
    page.wait_for_function(
        f"(at => at > 1 && at < {last})(+document.querySelector('[data-role=\"history-at\"]').value)"
    )
    play.click()
    paused, line = slider.input_value(), page.locator('[data-role="curve"] .now').get_attribute("transform")
    frames(page, 20)
    assert slider.input_value() == paused
    slider.fill("0")
    assert page.locator('[data-role="curve"] .now').get_attribute("transform") != line


def test_the_curves_are_the_losses_of_the_training(page: Page, address: str) -> None:
    visit(page, address, f"?model={DIGITS}")
    open_tool(page, "history")
    losses = formation(explorer.load(DIGITS)).losses
    for kind, name in (("train", "reconstruction"), ("test", "test_reconstruction")):
        drawn = page.locator(f'[data-role="curve"] .{kind}').get_attribute("points") or ""
        heights = np.array([float(pair.split(",")[1]) for pair in drawn.split()])
        assert len(heights) == len(losses[name])
        assert np.corrcoef(-heights, losses[name])[0, 1] > 0.999


def test_the_map_can_be_used_while_its_past_is_shown(page: Page, address: str) -> None:
    visit(page, address, f"?model={DIGITS}")
    open_tool(page, "history")
    drag(page, [(0.3, 0.3), (0.5, 0.5), (0.6, 0.4)])
    np.testing.assert_array_equal(pixels(page), expected(place(page)))
    open_tool(page, "point")
    pick(page, DIGITS, lonely_point(DIGITS))
