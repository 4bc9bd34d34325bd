"""Links, code and pictures to take along, and the guided tour, as a visitor uses them."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from map_page import drag, expected, lonely_point, on_screen, open_tool, pad_box, pick, pixels, place, settle, visit
from PIL import Image
from playwright.sync_api import Page, expect

from explorer.ui.texts import texts

pytestmark = pytest.mark.browser
FLAT, DEEP, PLAIN = "digits-vae-2d", "mnist-vae-20d", "fashion-ae-2d"


def linked(page: Page, key: str, value: str | None = None) -> str:
    """The address, once it carries `key` (as `value`)."""
    page.wait_for_function(
        """([key, value]) => {
            const found = new URLSearchParams(location.search).get(key);
            return value === null ? found !== null : found === value;
        }""",
        arg=[key, value],
    )
    return page.url


def ranges(page: Page) -> list[float]:
    return page.eval_on_selector(
        '[data-role="plot"]', "plot => [...plot._fullLayout.xaxis.range, ...plot._fullLayout.yaxis.range]"
    )


def test_a_link_carries_zoom_overlays_filter_and_the_open_tool(page: Page, address: str) -> None:
    visit(page, address, f"?model={FLAT}")
    open_tool(page, "lattice")
    page.locator('[data-role="lattice-on"]').check()
    page.locator('[data-role="legend"] button').nth(3).click()
    page.locator('[data-role="zoom-in"]').click()
    open_tool(page, "trust")
    page.locator('[name="trust-kind"][value="density"]').check(force=True)
    drag(page, [(0.3, 0.3), (0.4, 0.5), (0.6, 0.6)])
    linked(page, "x", place(page)["x"])
    link, at, view = linked(page, "heat", "density"), place(page), ranges(page)
    other = page.context.new_page()
    visit(other, link)
    other.wait_for_selector('[data-role="pictures"][data-box]')
    other.wait_for_selector('[data-role="heat"][data-kind="density"]')
    assert place(other)["tool"] == "trust"
    assert {key: place(other)[key] for key in ("model", "x", "y")} == {key: at[key] for key in ("model", "x", "y")}
    assert ranges(other) == pytest.approx(view, rel=1e-3)
    expect(other.locator('[data-role="legend"] button').nth(3)).to_have_attribute("aria-pressed", "false")


def test_a_link_carries_a_latent_outside_the_plane(page: Page, address: str) -> None:
    visit(page, address, f"?model={DEEP}&point=3")
    expect(page.locator('[data-role="pair"]')).to_be_visible()
    open_tool(page, "axes")
    page.locator('[data-role="dims"] input').nth(7).fill("1.5")
    settle(page)
    link, shown = linked(page, "z"), pixels(page)
    other = page.context.new_page()
    visit(other, link)
    other.wait_for_selector('[data-role="root"]:not([data-z=""])')
    settle(other)
    np.testing.assert_allclose(pixels(other).astype(int), shown, atol=1)


def test_a_link_carries_the_anchors_of_a_walk(page: Page, address: str) -> None:
    visit(page, address, f"?model={FLAT}")
    open_tool(page, "walk")
    left, top, width, height = pad_box(page)
    for x, y in ((0.4, 0.4), (0.55, 0.5), (0.5, 0.6)):
        page.mouse.click(left + x * width, top + y * height)
    expect(page.locator('[data-role="walk-film"] button')).to_have_count(25)
    anchors = page.locator('[data-role="walk-film"]').get_attribute("data-anchors")
    page.wait_for_function("new URLSearchParams(location.search).get('anchors')?.split(';').length === 3")
    other = page.context.new_page()
    visit(other, page.url)
    expect(other.locator('[data-role="walk-film"] button')).to_have_count(25)
    found = other.locator('[data-role="walk-film"]').get_attribute("data-anchors")
    np.testing.assert_allclose(np.array(eval(found or "")), np.array(eval(anchors or "")), rtol=1e-5)  # noqa: S307


def test_a_link_carries_the_comparison(page: Page, address: str) -> None:
    visit(page, address, f"?model={PLAIN}")
    open_tool(page, "compare")
    page.locator('[data-role="other"]').select_option("fashion-vae-2d")
    link = linked(page, "with", "fashion-vae-2d")
    other = page.context.new_page()
    visit(other, link)
    other.wait_for_selector('[data-role="other-frame"][data-x]')
    expect(other.locator('[data-role="compare-words"]')).to_contain_text("are the same in both")


DAMAGED = [
    "z=1,2,3&view=1,2,3&hide=1,99&tool=<img src=x onerror=alert(1)>&lattice=yes&heat=toString&walk=%22%5D"
    "&anchors=1,2;NaN,3&with=../../etc&moment=then",
    f"z=1e99,0&view=2,1,0,1&hide=1.5&tool=constructor&heat=prior2&anchors={'1,2;' * 9}1,2&with=digits-vae-2d",
]


@pytest.mark.parametrize("query", DAMAGED, ids=["one", "another"])
def test_the_damaged_parts_of_a_link_are_left_out_and_named(page: Page, address: str, query: str) -> None:
    visit(page, address, f"?model={FLAT}&x=0.5&y=0.5&{query}")
    notice = page.locator('[data-role="notice"]')
    expect(notice).to_contain_text(texts()["en"]["link.view"].split("{")[0])
    named = notice.inner_text().removesuffix(".").split(": ")[1].split(", ")
    assert sorted(named) == sorted(part.split("=")[0] for part in query.split("&"))
    assert page.locator("img[src=x]").count() == 0
    drag(page, [(0.3, 0.3), (0.5, 0.5)])
    np.testing.assert_array_equal(pixels(page), expected(place(page)))


@pytest.mark.parametrize("where", ["point", "place", "plane of a point", "slider", "another plane"])
def test_the_python_code_makes_the_same_picture(
    page: Page, address: str, where: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = FLAT if where in ("point", "place") else DEEP
    point = lonely_point(model)
    visit(page, address, f"?model={model}" + ("&plane=z3-z7" if where == "another plane" else ""))
    if where in ("point", "plane of a point"):
        pick(page, model, point)
    if where in ("place", "plane of a point", "another plane"):
        drag(page, [(0.4, 0.4), (0.5, 0.6)])
    if where == "slider":
        open_tool(page, "axes")
        page.locator('[data-role="dims"] input').nth(2).fill("-1")
        settle(page)
    page.locator('[data-role="share-python"]').click()
    code = page.locator('[data-role="code"]').inner_text()
    monkeypatch.chdir(tmp_path)
    exec(code, {})  # noqa: S102 - our own page's code, which a visitor would run
    with Image.open(tmp_path / "decoded.png") as made:
        np.testing.assert_allclose(np.asarray(made).astype(int), pixels(page), atol=1)
    page.keyboard.press("Escape")
    expect(page.locator('[data-role="code-dialog"]')).to_be_hidden()


def test_the_png_is_the_picture(page: Page, address: str) -> None:
    visit(page, address, f"?model={FLAT}")
    with page.expect_download() as waiting:
        page.locator('[data-role="share-png"]').click()
    assert waiting.value.suggested_filename == f"{FLAT}.png"
    with Image.open(io.BytesIO(Path(waiting.value.path()).read_bytes())) as saved:
        np.testing.assert_array_equal(np.asarray(saved.convert("L")), pixels(page))


def test_a_click_on_the_picked_point_again_keeps_what_is_known_of_it(page: Page, address: str) -> None:
    point = lonely_point(FLAT)
    visit(page, address, f"?model={FLAT}")
    for _ in range(2):
        pick(page, FLAT, point)
        expect(page.locator('[data-role="pair"]')).to_be_visible()
        page.mouse.click(*on_screen(page, FLAT, point))
    expect(page.locator('[data-role="pair"]')).to_be_visible()


def stop(page: Page, number: int) -> None:
    expect(page.locator('#tour [data-role="count"]')).to_have_text(f"{number} of 7")
    expect(page.locator('#tour [data-role="text"]')).to_have_text(texts()["en"][f"tour.{number}"])
    page.wait_for_selector(f'[data-role="root"][data-stop="{number}"]', state="attached")


def test_the_tour_sets_the_page_to_each_of_its_seven_sentences(page: Page, address: str) -> None:
    visit(page, address, f"?model={FLAT}")
    page.get_by_role("button", name="Take the tour").click()
    following = page.locator('#tour [data-role="next"]')
    stop(page, 1)
    assert (place(page)["model"], place(page)["point"], place(page)["tool"]) == (PLAIN, "0", "point")
    following.click()
    stop(page, 2)
    page.wait_for_selector('[data-role="pictures"][data-box]')
    following.click()
    stop(page, 3)
    page.wait_for_selector('[data-role="heat"][data-kind="density"]')
    following.click()
    stop(page, 4)
    expect(page.locator('section[data-tool="sample"] .thumbs button')).to_have_count(18)
    following.click()
    stop(page, 5)
    assert place(page)["model"] == "fashion-vae-2d"
    following.click()
    stop(page, 6)
    assert (place(page)["model"], place(page)["tool"]) == (DEEP, "axes")
    expect(page.locator('[data-role="dims"] label')).to_have_count(20)
    following.click()
    stop(page, 7)
    expect(page.locator("#photo-view canvas").first).to_be_visible(timeout=60_000)
    page.locator('#tour [data-role="back"]').click()
    stop(page, 6)
    expect(page.locator('[data-role="pad"]')).to_be_visible()


def test_the_tour_can_be_left_at_any_stop(page: Page, address: str) -> None:
    visit(page, address, f"?model={FLAT}")
    page.get_by_role("button", name="Take the tour").click()
    page.get_by_role("button", name="End the tour").click()
    expect(page.locator('#tour [data-role="stop"]')).to_be_hidden()
    page.get_by_role("button", name="Take the tour").press("Enter")
    stop(page, 1)
    page.keyboard.press("Escape")
    expect(page.locator('#tour [data-role="stop"]')).to_be_hidden()
