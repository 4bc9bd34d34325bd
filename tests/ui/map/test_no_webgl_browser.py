"""The map in a browser that has no WebGL, has too little of it, or loses it."""

from __future__ import annotations

import io
from collections.abc import Iterator

import numpy as np
import pytest
from host import CHROMIUM, SIZE, watched
from map_page import READY, choose_model, drag, lonely_points, on_screen, open_tool, pad_box, place, settle, visit
from PIL import Image, ImageColor
from playwright.sync_api import Browser, BrowserContext, Page, expect

import explorer
from explorer.ui.map.component import PALETTE

pytestmark = pytest.mark.browser

MODEL = "digits-vae-2d"
QUERY = f"?model={MODEL}&x=-9&y=9"  # with the cursor beside the points
OPACITY = 0.72
LINE = '[data-role="no-webgl"]'
SAID = "This browser has no WebGL now: all 500 points are drawn without it."
ASKED = """(() => {
    const get = HTMLCanvasElement.prototype.getContext;
    HTMLCanvasElement.prototype.getContext = function (kind, ...rest) {
        if (%s) %s;
        return get.call(this, kind, ...rest);
    };
})()"""
FAILING = """WebGLRenderingContext.prototype.%s = () => { throw new Error("no"); };"""
NONE = ASKED % ("/webgl/.test(kind)", "return null")
LACKING = {  # a kind of browser -> what it runs before the page's own scripts
    "refused": ASKED % ("/webgl/.test(kind)", 'throw new Error("blocked")'),
    "only the second version": ASKED % ("/webgl/.test(kind) && kind !== 'webgl2'", "return null"),
    "no extensions": "WebGLRenderingContext.prototype.getExtension = () => null;",
    "no memory": FAILING % "bufferData",
}
LOSE = """canvas => canvas.getContext("webgl").getExtension("WEBGL_lose_context").loseContext()"""


@pytest.fixture(scope="module")
def plain(context: BrowserContext) -> Iterator[Page]:
    """A page without WebGL."""
    page = context.new_page()
    page.add_init_script(NONE)
    yield page
    page.close()


@pytest.fixture
def plain_page(plain: Page, request: pytest.FixtureRequest) -> Iterator[Page]:
    yield from watched(plain, request, ("pageerror", "console"))


def screen(page: Page) -> np.ndarray:
    """What the screen shows, (H, W, 3) in [0, 255]."""
    with Image.open(io.BytesIO(page.screenshot())) as image:
        return np.asarray(image.convert("RGB"), np.float64)


def blended(label: int) -> np.ndarray:
    """The colour of one point of a class on the white map, (3,)."""
    return OPACITY * np.array(ImageColor.getrgb(PALETTE[label])) + (1 - OPACITY) * 255


def seen(page: Page, model: str = MODEL) -> list[int]:
    """The classes of which points are drawn on the map."""
    left, top, width, height = map(round, pad_box(page))
    shown = screen(page)[top : top + height, left : left + width]
    count = len(explorer.load(model).class_names)
    return [label for label in range(count) if (np.abs(shown - blended(label)) <= 3).all(2).sum() > 20]


def shown_points(page: Page, model: str = MODEL) -> list[int]:
    """Those of the loneliest test points at whose places the screen has their classes' colours."""
    shown, labels = screen(page), explorer.load(model).labels
    places = {point: on_screen(page, model, point) for point in lonely_points(model, 12)}
    size = shown.shape[:2]
    within = {point: (int(y), int(x)) for point, (x, y) in places.items() if 0 <= y < size[0] and 0 <= x < size[1]}
    return [point for point, at in within.items() if (np.abs(shown[at] - blended(int(labels[point]))) <= 3).all()]


def all_drawn_without_webgl(page: Page) -> None:
    expect(page.locator(LINE)).to_have_text(SAID)
    expect(page.get_by_text("get.webgl.org")).to_have_count(0)
    expect(page.locator(".gl-canvas")).to_have_count(0)
    assert seen(page) == list(range(10))
    assert len(shown_points(page)) > 6  # a name may lie on some


def test_a_browser_without_webgl_shows_every_point_and_says_so(plain_page: Page, address: str) -> None:
    visit(plain_page, address, QUERY)
    all_drawn_without_webgl(plain_page)


@pytest.mark.parametrize("kind", LACKING)
def test_a_browser_with_too_little_of_webgl_shows_every_point(context: BrowserContext, address: str, kind: str) -> None:
    page = context.new_page()
    page.add_init_script(LACKING[kind])
    visit(page, address, QUERY)
    all_drawn_without_webgl(page)
    page.close()


def test_a_browser_started_without_a_gpu_shows_every_point(browser: Browser, address: str) -> None:
    arguments = ["--no-sandbox", "--disable-gpu", "--disable-software-rasterizer", "--no-first-run"]
    without = browser.browser_type.launch(executable_path=CHROMIUM, args=arguments)
    page = without.new_page(viewport=SIZE)
    assert page.evaluate("document.createElement('canvas').getContext('webgl')") is None
    visit(page, address, QUERY)
    all_drawn_without_webgl(page)
    without.close()


def test_a_browser_with_webgl_is_told_nothing(page: Page, address: str) -> None:
    visit(page, address, QUERY)
    assert seen(page) == list(range(10))
    expect(page.locator(LINE)).to_be_hidden()
    expect(page.locator('[data-role="dots"]')).to_have_count(0)


def test_the_same_places_are_in_view_with_and_without_webgl(page: Page, plain_page: Page, address: str) -> None:
    views = []
    for visitor in (page, plain_page):
        visitor.bring_to_front()
        visit(visitor, address, QUERY)
        views.append(on_screen(visitor, MODEL, 0))
    assert views[0] == pytest.approx(views[1])


def test_without_webgl_the_legend_takes_a_class_away_and_shows_one_alone(plain_page: Page, address: str) -> None:
    visit(plain_page, address, QUERY)
    legend = plain_page.locator('[data-role="legend"] button')
    legend.nth(4).click()
    expect(legend.nth(4)).to_have_attribute("aria-pressed", "false")
    assert seen(plain_page) == [0, 1, 2, 3, 5, 6, 7, 8, 9]
    legend.nth(6).dblclick()
    expect(legend.nth(0)).to_have_attribute("aria-pressed", "false")
    assert seen(plain_page) == [6]


def test_without_webgl_a_click_on_a_point_tells_whose_it_is(plain_page: Page, address: str) -> None:
    visit(plain_page, address, QUERY)
    space, point = explorer.load(MODEL), shown_points(plain_page)[0]
    plain_page.mouse.click(*on_screen(plain_page, MODEL, point))
    label = space.class_names[space.labels[point]]
    expect(plain_page.locator('[data-role="picked"]')).to_have_text(f"{label} · test image {point}")
    settle(plain_page)
    assert place(plain_page)["point"] == str(point)


def test_without_webgl_the_points_follow_a_zoom_a_pan_and_a_smaller_window(plain_page: Page, address: str) -> None:
    visit(plain_page, address, QUERY)
    before = {point: on_screen(plain_page, MODEL, point) for point in lonely_points(MODEL, 12)}

    def moved_along() -> None:
        after = {point: on_screen(plain_page, MODEL, point) for point in before}
        assert all(np.hypot(*np.subtract(after[point], before[point])) > 5 for point in before)
        assert len(shown_points(plain_page)) > 3
        before.update(after)

    plain_page.locator('[data-role="zoom-out"]').click()
    moved_along()
    plain_page.locator('[data-role="pan"]').click()
    drag(plain_page, [(0.5, 0.5), (0.52, 0.55), (0.55, 0.6)])
    moved_along()
    plain_page.locator('[data-role="explore"]').click()
    plain_page.set_viewport_size({"width": 1000, "height": 700})
    frame = plain_page.locator('[data-role="frame"]')
    plain_page.wait_for_function(
        """frame => document.querySelector('[data-role="dots"]').width === frame.clientWidth""",
        arg=frame.element_handle(),
    )
    moved_along()


def test_without_webgl_another_model_and_another_theme_show_their_points(plain_page: Page, address: str) -> None:
    visit(plain_page, address, QUERY)
    choose_model(plain_page, "mnist-ae-2d")
    expect(plain_page.locator(LINE)).to_contain_text("all 10,000 points")
    settle(plain_page)
    assert seen(plain_page, "mnist-ae-2d") == list(range(10))
    plain_page.goto(f"{address}?model={MODEL}&__theme=dark")
    plain_page.wait_for_selector(READY)
    settle(plain_page)
    bright = screen(plain_page)
    points = [on_screen(plain_page, MODEL, point) for point in lonely_points(MODEL, 12)]
    colourful = [float(np.ptp(bright[int(y), int(x)])) for x, y in points]
    assert np.median(colourful) > 40


def test_without_webgl_history_moves_the_points_and_gives_them_back(plain_page: Page, address: str) -> None:
    visit(plain_page, address, QUERY)
    open_tool(plain_page, "history")
    plain_page.wait_for_selector('[data-role="root"].forming')
    slider = plain_page.locator('[data-role="history-at"]')
    slider.focus()
    plain_page.keyboard.press("Home")
    plain_page.wait_for_selector('[data-role="root"][data-moment="0"]')
    assert len(shown_points(plain_page)) < 3  # they are where they began
    open_tool(plain_page, "point")
    plain_page.wait_for_selector('[data-role="root"]:not(.forming)')
    assert len(shown_points(plain_page)) > 6


def test_without_webgl_select_counts_what_is_drawn_around(plain_page: Page, address: str) -> None:
    visit(plain_page, address, QUERY)
    open_tool(plain_page, "select")
    plain_page.locator('[data-role="legend"] button').nth(0).click()
    drag(plain_page, [(0.02, 0.02), (0.02, 0.98), (0.98, 0.98), (0.98, 0.02)])
    space = explorer.load(MODEL)
    expect(plain_page.locator('[data-role="select-count"]')).to_have_text(str((space.labels != 0).sum()))
    plain_page.locator('[data-role="select-clear"]').click()  # and what is drawn around is no longer tinted
    expect(plain_page.locator('[data-role="select-outcome"]')).to_be_hidden()
    assert seen(plain_page) == list(range(1, 10))


def test_points_stay_where_they_are_when_webgl_is_lost(page: Page, address: str) -> None:
    visit(page, address, QUERY)
    page.locator('[data-role="zoom-out"]').click()
    legend = page.locator('[data-role="legend"] button')
    legend.nth(3).click()
    expect(legend.nth(3)).to_have_attribute("aria-pressed", "false")
    before, drawn = on_screen(page, MODEL, 0), seen(page)
    page.eval_on_selector(".gl-canvas-context", LOSE)
    expect(page.locator(LINE)).to_have_text(SAID)
    expect(page.locator(".gl-canvas")).to_have_count(0)
    assert on_screen(page, MODEL, 0) == pytest.approx(before)
    assert seen(page) == drawn == [0, 1, 2, 4, 5, 6, 7, 8, 9]
    legend.nth(3).click()
    expect(legend.nth(3)).to_have_attribute("aria-pressed", "true")
    page.locator('[data-role="reset"]').click()
    all_drawn_without_webgl(page)


def test_too_many_webgl_contexts_leave_the_points_on_the_map(context: BrowserContext, address: str) -> None:
    page = context.new_page()
    visit(page, address, QUERY)
    page.evaluate(
        "window.others = Array.from({length: 20}, () => document.createElement('canvas').getContext('webgl'))"
    )
    all_drawn_without_webgl(page)
    page.close()
