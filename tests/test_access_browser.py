"""The page for those who use no mouse, or a screen reader, or need contrast: axe-core, and the keyboard alone."""

from __future__ import annotations

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from map_page import expected, open_tool, pixels, place, settle, visit
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser
MODEL = "mnist-vae-20d"
TOOLS = (
    *("point", "lattice", "trust", "walk", "sample", "draw", "axes", "direction", "select"),
    *("compare", "history"),
)
# Gradio's own mark of a picture that is not there yet, which the page cannot change.
OF_GRADIO = {"exclude": [[".empty"]]}


def violations(page: Page) -> list[str]:
    found = Axe().run(page, context=OF_GRADIO).response["violations"]
    bad = [violation for violation in found if violation["impact"] in ("serious", "critical")]
    return [f"{violation['id']}: {node['target']}" for violation in bad for node in violation["nodes"]]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_no_serious_violation_in_any_tool_of_the_map(page: Page, address: str, theme: str) -> None:
    visit(page, address, f"?model={MODEL}&__theme={theme}")
    for name in TOOLS:
        open_tool(page, name)
        page.wait_for_timeout(400)
        assert violations(page) == [], name
    page.locator('[data-role="share-python"]').click()
    assert violations(page) == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_no_serious_violation_in_the_other_tabs_and_the_tour(page: Page, address: str, theme: str) -> None:
    visit(page, address, f"?model={MODEL}&__theme={theme}")
    for name in ("Photo", "Train", "Models"):
        page.get_by_role("tab", name=name, exact=True).click()
        page.wait_for_timeout(800)
        assert violations(page) == [], name
    page.get_by_role("button", name="Take the tour").click()
    page.wait_for_timeout(1500)
    assert violations(page) == []


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
