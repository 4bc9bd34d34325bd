"""The page for those who use no mouse, or a screen reader, or need contrast: axe-core, and the keyboard alone."""

from __future__ import annotations

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from map_page import expected, frames, painted, pixels, place, settle, use, visit
from playwright.sync_api import Page, expect

import explorer

pytestmark = pytest.mark.browser
MODEL = "mnist-vae-20d"
RULES = {"light": None, "dark": ["color-contrast", "link-in-text-block"]}  # with the theme only colours change
SHOWN = {  # a tab -> what is there when it is
    "Photo": "#photo-examples button[title]",
    "Train": '#train-view [data-role="headline"]:not(:empty)',
    "Models": "#models-table td",
}
TOOLS = (
    *("point", "lattice", "trust", "walk", "sample", "draw", "axes", "direction", "select"),
    *("compare", "history"),
)


def violations(page: Page, within: str = "html", only: list[str] | None = None) -> list[str]:
    """What is serious or critical in a part of the page. only: some of axe's rules, all where it is left out."""
    if not page.evaluate("window.axe !== undefined"):
        page.evaluate(Axe().axe_script)
    options = {"resultTypes": ["violations"], **({"runOnly": {"type": "rule", "values": only}} if only else {})}
    found = page.evaluate("async ([within, options]) => (await axe.run(within, options)).violations", [within, options])
    bad = [violation for violation in found if violation["impact"] in ("serious", "critical")]
    return [f"{violation['id']}: {node['target']}" for violation in bad for node in violation["nodes"]]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_no_serious_violation_in_any_tool_of_the_map(page: Page, address: str, theme: str) -> None:
    visit(page, address, f"?model={MODEL}&__theme={theme}")
    for name in TOOLS:
        use(page, name)
        within = "html" if name == TOOLS[0] else "#latent-map"  # outside it a tool changes nothing
        assert violations(page, within, only=RULES[theme]) == [], name
    page.locator('[data-role="share-python"]').click()
    assert violations(page, only=RULES[theme]) == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_no_serious_violation_in_the_other_tabs_and_the_tour(page: Page, address: str, theme: str) -> None:
    visit(page, address, f"?model={MODEL}&__theme={theme}")
    for name in SHOWN:
        page.get_by_role("tab", name=name, exact=True).click()
        page.locator(SHOWN[name]).first.wait_for()
        assert violations(page, only=RULES[theme]) == [], name
    page.get_by_role("button", name="Take the tour").click()
    page.locator('[data-role="root"][data-stop="1"]').wait_for()
    settle(page)
    assert violations(page, only=RULES[theme]) == []


def focused(page: Page) -> str:
    return page.evaluate("(at => at.dataset.role ?? at.dataset.open ?? at.name ?? '')(document.activeElement)")


def test_the_tabulator_key_leads_through_the_map_and_its_open_tool(page: Page, address: str) -> None:
    visit(page, address, f"?model={MODEL}&tool=trust")
    reached = []
    for _ in range(60):
        page.keyboard.press("Tab")
        reached.append(focused(page))
    wanted = ["explorer-model", "trust", "pad", "share-png", "trust-kind", "trust-opacity"]
    assert [name for name in dict.fromkeys(reached) if name in wanted] == wanted


def test_a_walk_is_made_and_played_with_the_keyboard_alone(page: Page, address: str) -> None:
    visit(page, address, "?model=digits-vae-2d")
    page.locator('[data-open="point"]').focus()
    for _ in range(3):
        page.keyboard.press("ArrowDown")
    page.locator('[data-role="pad"]').focus()
    page.keyboard.press("Enter")
    for _ in range(8):
        page.keyboard.press("Shift+ArrowLeft")
    page.keyboard.press("Enter")
    expect(page.locator('[data-role="walk-film"] button')).to_have_count(13)
    before = place(page)
    page.locator('[data-role="walk-play"]').focus()
    page.keyboard.press("Enter")
    page.wait_for_function("x => document.querySelector('[data-role=\"root\"]').dataset.x !== x", arg=before["x"])
    page.keyboard.press("Enter")
    settle(page)
    np.testing.assert_array_equal(pixels(page), expected(place(page)))


def test_the_models_are_chosen_with_the_arrow_keys(page: Page, address: str) -> None:
    visit(page, address, "?model=mnist-ae-2d")
    page.locator('[name="explorer-model"]:checked').focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function("document.querySelector('[data-role=\"root\"]').dataset.model === 'digits-vae-2d'")


def test_a_screen_reader_hears_where_the_cursor_is_and_what_a_tool_says(page: Page, address: str) -> None:
    visit(page, address, "?model=digits-vae-2d")
    page.locator('[data-role="pad"]').focus()
    page.keyboard.press("Shift+ArrowRight")
    expect(page.locator('[data-role="live"][aria-live="polite"]')).to_contain_text("nearest class")
    for role in ("lattice-note", "trust-note", "walk-note", "compare-words", "history-words"):
        assert page.locator(f'[data-role="{role}"]').get_attribute("role") == "status", role


def test_a_digit_is_drawn_with_the_keyboard_alone(page: Page, address: str) -> None:
    visit(page, address, "?model=digits-vae-2d&tool=draw")
    page.locator('[data-role="sketch"]').focus()
    page.keyboard.press("ArrowUp")
    expect(page.locator('[data-role="sketch-pen"]')).to_be_visible()
    for _ in range(5):
        page.keyboard.press("ArrowUp")
    frames(page, 10)
    assert not painted(page, "sketch")[..., 0].any()  # the pen is not down yet
    page.keyboard.press("Space")
    for _ in range(4):
        page.keyboard.press("Shift+ArrowDown")
    page.keyboard.press("Space")
    page.keyboard.press("ArrowLeft")  # with the pen lifted again
    expect(page.locator('[data-role="own-outcome"]')).to_be_visible()
    drawn = painted(page, "sketch")[..., 0] > 127
    rows, columns = np.flatnonzero(drawn.any(1)), np.flatnonzero(drawn.any(0))
    assert (rows[0], rows[-1]) == pytest.approx((56 - 11, 56 + 168 + 11), abs=2)
    assert (columns[0], columns[-1]) == pytest.approx((140 - 11, 140 + 11), abs=2)
    expect(page.locator('[data-role="own-classes"] span').first).to_have_text("1")
    page.keyboard.press("Tab")
    expect(page.locator('[data-role="sketch-pen"]')).to_be_hidden()


@pytest.mark.parametrize("kind", ["box", "lasso"])
def test_points_are_selected_with_the_keyboard_alone(page: Page, address: str, kind: str) -> None:
    visit(page, address, "?model=digits-vae-2d&tool=select")
    if kind == "box":
        page.locator('[name="select-kind"]:checked').focus()
        page.keyboard.press("ArrowRight")
    page.locator('[data-role="pad"]').focus()
    page.keyboard.press("Shift+ArrowLeft")  # off the test point where the cursor stands at first
    corners = [place(page)]
    page.keyboard.press("Space")
    for way in ("ArrowRight", "ArrowUp"):
        for _ in range(3):
            page.keyboard.press(f"Shift+{way}")
        corners.append(place(page))
    page.keyboard.press("Space")
    expect(page.locator('[data-role="select-outcome"]')).to_be_visible()
    (x0, y0), (x1, _), (x2, y2) = ((float(corner["x"]), float(corner["y"])) for corner in corners)
    x, y = explorer.load("digits-vae-2d").plane.T
    inside = (x > x0) & (x < x2) & (y > y0) & (y < y2)
    if kind == "lasso":  # the triangle below the diagonal
        inside &= (y - y0) / (y2 - y0) < (x - x0) / (x1 - x0)
    assert page.locator('[data-role="select-count"]').text_content() == str(inside.sum())
    assert inside.sum() > 3
    page.keyboard.press("Escape")
    expect(page.locator('[data-role="select-outcome"]')).to_be_hidden()


def test_a_click_takes_the_pen_from_the_keyboard(page: Page, address: str) -> None:
    visit(page, address, "?model=digits-vae-2d&tool=select")
    page.locator('[data-role="pad"]').focus()
    page.keyboard.press("Space")
    page.keyboard.press("Shift+ArrowRight")
    expect(page.locator('[data-layer="select"] polygon.line')).to_have_count(1)
    page.locator('[data-role="pad"]').click()
    page.keyboard.press("Shift+ArrowRight")
    expect(page.locator('[data-layer="select"] > *')).to_have_count(0)
