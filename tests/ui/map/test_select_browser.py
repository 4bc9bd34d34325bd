"""A selection of test points on the map: drawn around with the pointer, in headless Chromium."""

from __future__ import annotations

import io

import numpy as np
import pytest
from map_page import pad_box, pixels, place, settle, visit
from playwright.sync_api import Page, expect

import explorer
from explorer.live.worker import to_bytes
from explorer.maps.datasets import load

pytestmark = pytest.mark.browser
MODEL = "digits-vae-2d"
STAR = [(0.35, 0.3), (0.62, 0.25), (0.66, 0.62), (0.5, 0.45), (0.42, 0.8)]  # shares of the map, not convex
BOX = [(0.4, 0.3), (0.6, 0.7)]
NOTHING = "Nothing is selected: draw around some points."


def open_select(page: Page, address: str, model: str = MODEL) -> None:
    visit(page, address, f"?model={model}")
    page.get_by_role("tab", name="Select").click()


def draw_around(page: Page, shares: list[tuple[float, float]], release: bool = True) -> np.ndarray:
    """Press, move and release -> the same places in the map's coordinates, (V, 2)."""
    left, top, width, height = pad_box(page)
    at = [(round(left + x * width), round(top + y * height)) for x, y in shares]
    page.mouse.move(*at[0])
    page.mouse.down()
    for point in at[1:]:
        page.mouse.move(*point)
    if release:
        page.mouse.up()
    return np.array(to_data(page, [(x - left, y - top) for x, y in at]))


def to_data(page: Page, places: list[tuple[float, float]]) -> list[list[float]]:
    return page.eval_on_selector(
        '[data-role="plot"]',
        """(plot, places) => places.map((place) => [plot._fullLayout.xaxis, plot._fullLayout.yaxis]
            .map((axis, i) => axis.p2d(place[i] - axis._offset)))""",
        places,
    )


def corners(two: np.ndarray) -> np.ndarray:
    (x0, y0), (x1, y1) = two
    return np.array([(x0, y0), (x1, y0), (x1, y1), (x0, y1)])


def inside(plane: np.ndarray, ring: np.ndarray) -> np.ndarray:
    """Which points lie in a polygon: by the edges that a line upwards from each crosses."""
    crossings = np.zeros(len(plane), int)
    for (x0, y0), (x1, y1) in zip(ring, np.roll(ring, -1, 0), strict=True):
        between = (plane[:, 0] >= min(x0, x1)) & (plane[:, 0] < max(x0, x1))
        height = y0 + (plane[:, 0] - x0) / (x1 - x0 or 1) * (y1 - y0)
        crossings += between & (height > plane[:, 1])
    return np.flatnonzero(crossings % 2)


def expect_selected(page: Page, points: np.ndarray, model: str = MODEL) -> None:
    """Count, classes, pictures and spread in the panel are those of the points."""
    space = explorer.load(model)
    expect(page.locator('[data-role="select-count"]')).to_have_text(f"{len(points):,}")
    counts = np.bincount(space.labels[points], minlength=len(space.class_names))
    rows = page.locator('[data-role="select-classes"] > div')
    told = dict(rows.evaluate_all("rows => rows.map((row) => [row.firstChild.textContent, row.lastChild.textContent])"))
    assert told == {space.class_names[label]: f"{count:,}" for label, count in enumerate(counts) if count}
    assert list(told.values()) == [f"{count:,}" for count in sorted(counts[counts > 0], reverse=True)]
    latents = space.latents[points]
    spread = np.sqrt(((latents - latents.mean(0)) ** 2).sum(1).mean())
    expect(page.locator('[data-role="select-spread"]')).to_contain_text(f"Spread {spread:.2f}")
    mean = to_bytes(space.decode(latents.mean(0, keepdims=True)))[0]
    np.testing.assert_array_equal(pixels(page, "select-decoded"), mean)


def saved(page: Page, kind: str) -> bytes:
    with page.expect_download() as download:
        page.get_by_role("button", name=kind, exact=True).locator("visible=true").click()
    assert download.value.suggested_filename == f"selection.{kind.lower()}"
    return download.value.path().read_bytes()


@pytest.mark.parametrize("kind", ["lasso", "box"])
def test_the_points_within_are_counted_and_averaged(page: Page, address: str, kind: str) -> None:
    open_select(page, address)
    page.locator(f'[name="select-kind"][value="{kind}"]').check(force=True)
    before = place(page)
    ring = draw_around(page, STAR) if kind == "lasso" else corners(draw_around(page, BOX))
    points = inside(explorer.load(MODEL).plane, ring)
    assert 20 < len(points) < 480
    expect_selected(page, points)
    originals = load("digits").images[points]
    np.testing.assert_array_equal(pixels(page, "select-image"), to_bytes((originals.mean(0) / 255).astype(np.float32)))
    assert place(page) == before  # a drag selects, and does not decode


def test_ten_thousand_points_in_a_plane_of_twenty_dimensions(page: Page, address: str) -> None:
    open_select(page, address, "mnist-vae-20d")
    ring = draw_around(page, STAR)
    expect_selected(page, inside(explorer.load("mnist-vae-20d").plane, ring), "mnist-vae-20d")


def test_a_class_that_is_not_shown_is_not_selected(page: Page, address: str) -> None:
    open_select(page, address)
    for label in (3, 8):
        page.locator('[data-role="legend"] button').nth(label).click()
    space, ring = explorer.load(MODEL), draw_around(page, STAR)
    points = inside(space.plane, ring)
    hidden = np.isin(space.labels[points], (3, 8))
    assert hidden.any()
    expect_selected(page, points[~hidden])


def test_a_button_selects_all_that_is_shown(page: Page, address: str) -> None:
    open_select(page, address)
    page.locator('[data-role="legend"] button').nth(4).click()
    page.get_by_role("button", name="All shown").press("Enter")
    expect_selected(page, np.flatnonzero(explorer.load(MODEL).labels != 4))


def test_the_files_hold_exactly_the_selected_points(page: Page, address: str) -> None:
    open_select(page, address)
    space, ring = explorer.load(MODEL), draw_around(page, STAR)
    points = inside(space.plane, ring)
    expect_selected(page, points)
    header, *rows = saved(page, "CSV").decode().splitlines()
    assert header == "index,label,x,y,z0,z1"
    assert [int(row.split(",")[0]) for row in rows] == points.tolist()
    with np.load(io.BytesIO(saved(page, "NPZ"))) as arrays:
        np.testing.assert_array_equal(arrays["indices"], points)
        np.testing.assert_array_equal(arrays["labels"], space.labels[points])
        np.testing.assert_array_equal(arrays["latents"], space.latents[points])


def test_a_selection_of_nothing_says_so_and_asks_nothing(page: Page, address: str) -> None:
    open_select(page, address)
    asked = []
    page.on("request", lambda request: asked.append(request.url) if "tool/select" in request.url else None)
    draw_around(page, [(0.02, 0.05), (0.06, 0.05), (0.06, 0.1)])
    expect(page.locator('[data-role="select-note"]')).to_have_text(NOTHING)
    expect(page.locator('[data-role="select-outcome"]')).to_be_hidden()
    expect(page.locator('[data-layer="select"] > *')).to_have_count(0)
    assert asked == []


def test_a_click_still_decodes_and_keeps_the_selection(page: Page, address: str) -> None:
    open_select(page, address)
    draw_around(page, STAR)
    expect(page.locator('[data-role="select-outcome"]')).to_be_visible()
    before = place(page)
    left, top, width, height = pad_box(page)
    page.mouse.click(left + 0.05 * width, top + 0.5 * height)
    settle(page)
    assert place(page)["x"] != before["x"]
    expect(page.locator('[data-layer="select"] polygon.line')).to_have_count(1)
    expect(page.locator('[data-role="select-outcome"]')).to_be_visible()


def test_a_selection_is_forgotten(page: Page, address: str) -> None:
    open_select(page, address, "mnist-vae-20d")
    for how in ("Escape", "Clear", "plane", "model"):
        draw_around(page, STAR)
        expect(page.locator('[data-role="select-outcome"]')).to_be_visible()
        if how == "Escape":
            page.keyboard.press("Escape")  # the pad has the focus since the drag
        elif how == "Clear":
            page.get_by_role("button", name="Clear", exact=True).locator("visible=true").click()
        elif how == "plane":
            page.get_by_role("tab", name="Axes").click()
            page.locator('[data-role="across"]').select_option("3")
            page.locator('[data-role="up"]').select_option("5")
            page.get_by_role("tab", name="Select").click()
        else:
            page.locator('[name="explorer-model"][value="mnist-ae-2d"]').check(force=True)
        expect(page.locator('[data-role="select-outcome"]')).to_be_hidden()
        expect(page.locator('[data-layer="select"] > *')).to_have_count(0)
        expect(page.locator('[data-role="select-note"]')).to_contain_text("Drag on the map")


def test_escape_during_a_drag_ends_it_without_a_selection(page: Page, address: str) -> None:
    open_select(page, address)
    draw_around(page, STAR[:3], release=False)
    expect(page.locator('[data-layer="select"] polygon.line')).to_have_count(1)
    page.keyboard.press("Escape")
    left, top, width, height = pad_box(page)
    page.mouse.move(left + 0.3 * width, top + 0.8 * height)
    page.mouse.up()
    expect(page.locator('[data-layer="select"] > *')).to_have_count(0)
    expect(page.locator('[data-role="select-outcome"]')).to_be_hidden()


def test_the_outline_follows_a_zoom_and_shows_while_the_tool_is_open(page: Page, address: str) -> None:
    open_select(page, address)
    ring = draw_around(page, STAR)
    outline = page.locator('[data-layer="select"] polygon.line')
    before = outline.get_attribute("points")
    page.locator('[data-role="zoom-in"]').click()
    expect(outline).not_to_have_attribute("points", before or "")
    shown = [tuple(map(float, place.split(","))) for place in (outline.get_attribute("points") or "").split()]
    np.testing.assert_allclose(to_data(page, shown), ring, atol=2e-3)
    page.get_by_role("tab", name="Trust").click()
    expect(outline).to_have_count(0)
    page.get_by_role("tab", name="Select").click()
    expect(outline).to_have_count(1)
    expect(page.locator('[data-role="select-outcome"]')).to_be_visible()
