"""The map on a phone: the map first, nothing over its edges, and fingers that decode, draw and set anchors."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pytest
from map_page import expected, open_tool, pad_box, pixels, place, settle, visit
from playwright.sync_api import Page, expect
from sketch_pad import landed

pytestmark = pytest.mark.browser
FLAT, DEEP = "digits-vae-2d", "mnist-vae-20d"


def overflows(page: Page, *within: str) -> bool:
    """Whether the page, or what is found by a selector, is wider than there is room for."""
    widths = [page.evaluate("[document.documentElement.scrollWidth, innerWidth]")]
    for found in within:
        widths += page.locator(found).evaluate_all("all => all.map(one => [one.scrollWidth, one.clientWidth])")
    return any(needed > given for needed, given in widths)


def touch(page: Page, places: Iterable[tuple[float, float]]) -> None:
    """Lay a finger on a place, move it through the others, and lift it."""
    client = page.context.new_cdp_session(page)
    for i, (x, y) in enumerate(places):
        kind = "touchMove" if i else "touchStart"
        client.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": y}]})
    client.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    client.detach()


def test_the_map_comes_first_and_what_is_chosen_is_in_sight(phone: Page, address: str) -> None:
    visit(phone, address, f"?model={DEEP}&tool=history")
    tops = [phone.locator(f'[data-role="{role}"]').bounding_box() for role in ("pad", "models", "teaches", "panels")]
    assert [top["y"] for top in tops if top] == sorted(top["y"] for top in tops if top)
    assert tops[0] is not None
    assert tops[0]["y"] < 200
    for role, within in (("strip", '[data-open="history"]'), ("models", "label:has(:checked)")):  # in their rows' sight
        row, item = (phone.locator(f'[data-role="{role}"]{found}') for found in ("", f" {within}"))
        (left, width), (at, wide) = (
            (box["x"], box["width"]) for box in (row.bounding_box(), item.bounding_box()) if box
        )
        assert left <= at
        assert at + wide <= left + width + 1


def test_a_drag_decodes_under_the_finger(phone: Page, address: str) -> None:
    visit(phone, address, f"?model={FLAT}")
    before = place(phone)
    left, top, width, height = pad_box(phone)
    touch(phone, [(left + (0.5 + 0.01 * i) * width, top + (0.5 - 0.01 * i) * height) for i in range(20)])
    settle(phone)
    after = place(phone)
    assert after["x"] != before["x"]
    np.testing.assert_array_equal(pixels(phone), expected(after))
    expect(phone.locator('[data-role="decoded"]')).to_be_in_viewport(ratio=1)  # without scrolling


def test_a_finger_draws_and_does_not_scroll(phone: Page, address: str) -> None:
    visit(phone, address, f"?model={FLAT}&tool=draw")
    sketch = phone.locator('[data-role="sketch"]')
    sketch.scroll_into_view_if_needed()
    box, before = sketch.bounding_box(), phone.evaluate("scrollY")
    assert box is not None
    touch(phone, [(box["x"] + box["width"] / 2, box["y"] + (0.2 + 0.03 * i) * box["height"]) for i in range(20)])
    landed(phone, FLAT)
    assert pixels(phone, "sketch")[80:200, 140].min() == 255
    assert phone.evaluate("scrollY") == before
    assert not overflows(phone)


def test_a_walk_is_tapped_and_fits(phone: Page, address: str) -> None:
    visit(phone, address, "?model=fashion-vae-2d")
    phone.locator('[data-open="walk"]').tap()
    left, top, width, height = pad_box(phone)
    for x, y in [(0.3, 0.4), (0.6, 0.45), (0.5, 0.75), (0.4, 0.6)]:
        phone.touchscreen.tap(left + x * width, top + y * height)
    expect(phone.locator('[data-role="walk-film"] button')).to_have_count(3 * 12 + 1)
    assert not overflows(phone, '[data-role="panels"]')


def test_the_coordinates_of_samples_fit(phone: Page, address: str) -> None:
    visit(phone, address, "?model=mnist-ae-2d")
    phone.locator('[data-open="sample"]').tap()
    phone.get_by_role("radio", name="box", exact=True).check(force=True)  # whose coordinates are the longest
    expect(phone.locator('[data-role="sample-thumbs"]')).to_have_attribute("data-how", "box")
    assert not overflows(phone, '[data-role="panels"]', '[data-role="sample-thumbs"] button small')


def test_no_tool_is_wider_than_the_page(phone: Page, address: str) -> None:
    visit(phone, address, f"?model={DEEP}")
    for name in phone.locator("[data-open]").evaluate_all("all => all.map((tab) => tab.dataset.open)"):
        open_tool(phone, name)
        assert not overflows(phone), name
