"""The page as a visitor uses it: headless Chromium, real pointer and keyboard events."""

from __future__ import annotations

import urllib.request

import numpy as np
import pytest
from map_page import drag, expected, frames, lonely_point, on_screen, pad_box, pixels, place, settle, visit
from playwright.sync_api import Page, expect

import explorer
from explorer.live.worker import to_bytes
from explorer.ui.map.component import PLOTLY_JS
from explorer.ui.texts import ASSETS, say

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("model", ["fashion-ae-2d", "mnist-vae-20d"])
def test_after_a_drag_the_canvas_shows_what_the_decoder_makes_of_the_last_place(
    page: Page, address: str, model: str
) -> None:
    visit(page, address, f"?model={model}")
    before = place(page)
    drag(page, [(0.3 + 0.4 * i / 60, 0.35 + 0.3 * np.sin(i / 9) ** 2) for i in range(61)])
    after = place(page)
    assert (after["x"], after["y"]) != (before["x"], before["y"])
    np.testing.assert_array_equal(pixels(page), expected(after))


def test_after_a_thousand_rapid_moves_the_last_place_is_shown(page: Page, address: str) -> None:
    visit(page, address)
    left, top, width, height = pad_box(page)
    page.mouse.move(left + width / 2, top + height / 2)
    page.mouse.down()
    page.evaluate(
        """([left, top, width, height]) => {
            const pad = document.querySelector('[data-role="pad"]');
            for (let i = 0; i < 1000; i++) {
                const [clientX, clientY] = [left + width * (i % 97) / 97, top + height * (i % 89) / 89];
                const event = { bubbles: true, pointerId: 1, pointerType: "mouse", clientX, clientY };
                pad.dispatchEvent(new PointerEvent("pointermove", event));
            }
        }""",
        [left, top, width, height],
    )
    page.mouse.move(left + 0.4 * width, top + 0.6 * height)
    page.mouse.up()
    settle(page)
    np.testing.assert_array_equal(pixels(page), expected(place(page)))


@pytest.mark.parametrize("model", ["digits-vae-2d", "mnist-ae-16d"])
def test_a_click_on_a_point_shows_whose_it_is_and_decodes_to_its_own_reconstruction(
    page: Page, address: str, model: str
) -> None:
    space, point = explorer.load(model), lonely_point(model)
    visit(page, address, f"?model={model}")
    page.mouse.click(*on_screen(page, model, point))
    label = space.class_names[space.labels[point]]
    expect(page.locator('[data-role="picked"]')).to_have_text(f"{label} · test image {point}")
    expect(page.locator('[data-role="latents"] > div')).to_have_count(space.latent_dim)
    settle(page)
    reconstruction = to_bytes(space.decode(space.latents[point : point + 1]))[0]
    np.testing.assert_array_equal(pixels(page), reconstruction)
    np.testing.assert_array_equal(pixels(page, "reconstruction"), reconstruction)


def test_a_click_on_a_digit_shows_the_original_image(page: Page, address: str) -> None:
    from explorer.maps.datasets import load

    point = lonely_point("digits-vae-2d")
    visit(page, address, "?model=digits-vae-2d")
    page.mouse.click(*on_screen(page, "digits-vae-2d", point))
    expect(page.locator('[data-role="picked"]')).to_contain_text(f"test image {point}")
    np.testing.assert_array_equal(pixels(page, "original"), load("digits").images[point])


def test_a_drag_from_a_clicked_point_moves_within_the_plane_through_it(page: Page, address: str) -> None:
    model = "mnist-vae-20d"
    point = lonely_point(model)
    visit(page, address, f"?model={model}")
    page.mouse.click(*on_screen(page, model, point))
    expect(page.locator('[data-role="picked"]')).to_contain_text(f"test image {point}")
    drag(page, [(0.4, 0.4), (0.5, 0.5), (0.55, 0.6)])
    assert place(page)["point"] == str(point)
    np.testing.assert_array_equal(pixels(page), expected(place(page)))


def test_a_click_between_points_decodes_that_place_and_names_nobody(page: Page, address: str) -> None:
    visit(page, address)
    left, top, *_ = pad_box(page)
    page.mouse.click(left + 12, top + 200)
    settle(page)
    at = place(page)
    assert at["point"] == ""
    expect(page.locator('[data-role="picked"]')).to_have_text("No test image picked")
    np.testing.assert_array_equal(pixels(page), expected(at))


def test_arrow_keys_move_the_cursor_and_shift_moves_it_further(page: Page, address: str) -> None:
    visit(page, address, "?model=digits-vae-2d&x=0&y=0")
    page.locator('[data-role="pad"]').focus()
    page.keyboard.press("ArrowRight")
    settle(page)
    small = float(place(page)["x"])
    page.keyboard.press("Shift+ArrowUp")
    settle(page)
    at = place(page)
    assert 0 < small < float(at["y"])
    np.testing.assert_array_equal(pixels(page), expected(at))
    expect(page.locator('[data-role="live"]')).to_contain_text("nearest class")


def test_the_address_follows_the_cursor_and_opens_the_same_place(page: Page, address: str) -> None:
    visit(page, address, "?model=digits-vae-2d")
    drag(page, [(0.3, 0.3), (0.4, 0.5), (0.6, 0.6)])
    page.wait_for_function("x => new URLSearchParams(location.search).get('x') == x", arg=place(page)["x"])
    link, at, shown = page.url, place(page), pixels(page)
    other = page.context.new_page()
    visit(other, link)
    assert {key: place(other)[key] for key in ("model", "x", "y")} == {key: at[key] for key in ("model", "x", "y")}
    np.testing.assert_array_equal(pixels(other), shown)


@pytest.mark.parametrize("query", ["?model=<b>nobody</b>", "?model=digits-vae-2d&x=abc&y=1", "?x=1e99&y=0"])
def test_a_damaged_link_opens_the_start_with_a_line_that_says_so(page: Page, address: str, query: str) -> None:
    visit(page, address, query)
    expect(page.locator('[data-role="notice"]')).to_contain_text("link")
    assert "nobody" not in page.locator('[data-role="root"]').inner_text()
    assert page.locator('[data-role="root"] b', has_text="nobody").count() == 0


def test_the_legend_filters_what_can_be_seen_and_picked(page: Page, address: str) -> None:
    model = "digits-vae-2d"
    space, point = explorer.load(model), lonely_point(model)
    visit(page, address, f"?model={model}&x=0&y=0")
    label = int(space.labels[point])
    page.locator('[data-role="legend"] button').nth(label).click()
    assert page.eval_on_selector('[data-role="plot"]', f"plot => plot.data[{label}].visible") is False
    page.mouse.click(*on_screen(page, model, point))
    settle(page)
    assert place(page)["point"] != str(point)


def test_switching_the_model_keeps_nothing_of_the_one_before(page: Page, address: str) -> None:
    visit(page, address, "?model=digits-vae-2d")
    expect(page.locator('[data-role="pair"]')).to_be_visible()
    page.get_by_role("radio", name="Fashion-MNIST autoencoder").check(force=True)
    page.wait_for_function("document.querySelector('[data-role=\"root\"]').dataset.model === 'fashion-ae-2d'")
    settle(page)
    assert pixels(page).shape == (32, 32)
    np.testing.assert_array_equal(pixels(page), expected(place(page)))
    expect(page.locator('[data-role="legend"] button').first).to_have_text("T-shirt")
    page.wait_for_function("new URLSearchParams(location.search).get('model') === 'fashion-ae-2d'")


def test_zoom_stays_while_the_cursor_moves_and_when_the_theme_changes(page: Page, address: str) -> None:
    visit(page, address, "?model=digits-vae-2d")
    page.locator('[data-role="zoom-in"]').click()
    ranges = "plot => [...plot._fullLayout.xaxis.range, ...plot._fullLayout.yaxis.range]"
    zoomed = page.eval_on_selector('[data-role="plot"]', ranges)
    drag(page, [(0.3, 0.3), (0.5, 0.5)])
    page.evaluate("document.body.classList.toggle('dark')")
    frames(page, 20)
    assert page.eval_on_selector('[data-role="plot"]', ranges) == pytest.approx(zoomed)


def test_in_pan_mode_a_drag_moves_the_map_and_not_the_cursor(page: Page, address: str) -> None:
    visit(page, address, "?model=digits-vae-2d")
    before = place(page)
    centre = "plot => plot._fullLayout.xaxis.range[0] + plot._fullLayout.xaxis.range[1]"
    start = page.eval_on_selector('[data-role="plot"]', centre)
    page.locator('[data-role="pan"]').click()
    left, top, width, height = pad_box(page)
    page.mouse.move(left + 0.5 * width, top + 0.5 * height)
    page.mouse.down()
    page.mouse.move(left + 0.6 * width, top + 0.5 * height, steps=5)
    page.mouse.up()
    page.wait_for_function(f"start => ({centre})(document.querySelector('[data-role=\"plot\"]')) < start", arg=start)
    assert place(page) == before


def test_the_wheel_zooms_around_the_pointer(page: Page, address: str) -> None:
    visit(page, address, "?model=digits-vae-2d")
    span = "plot => plot._fullLayout.xaxis.range[1] - plot._fullLayout.xaxis.range[0]"
    before = page.eval_on_selector('[data-role="plot"]', span)
    left, top, width, height = pad_box(page)
    page.mouse.move(left + width / 2, top + height / 2)
    page.mouse.wheel(0, -240)
    page.wait_for_function(
        f"before => ({span})(document.querySelector('[data-role=\"plot\"]')) < 0.8 * before", arg=before
    )


def test_without_the_socket_frames_come_over_http(page: Page, address: str) -> None:
    other = page.context.new_page()  # a socket that is routed stays so
    other.route_web_socket("**/explorer/ws", lambda socket: socket.close(code=1013, reason="full"))
    visit(other, address, "?model=digits-vae-2d")
    drag(other, [(0.3, 0.3), (0.4, 0.4), (0.6, 0.5)])
    np.testing.assert_array_equal(pixels(other), expected(place(other)))


def test_the_meter_tells_rate_latency_and_device_and_nothing_below_moves(page: Page, address: str) -> None:
    visit(page, address, "?model=digits-vae-2d")
    page.locator('[data-role="near"] button').first.wait_for()  # the panel is as high as it will be
    before = page.locator('[data-role="panels"]').bounding_box()
    drag(page, [(0.3 + 0.004 * i, 0.4 + 0.001 * i) for i in range(100)])
    expect(page.locator('[data-role="meter"]')).to_contain_text("fps")
    expect(page.locator('[data-role="meter"]')).to_contain_text("cpu")
    assert page.locator('[data-role="panels"]').bounding_box() == before


def test_the_models_tab_lists_every_model_and_the_map_survives_the_switch(page: Page, address: str) -> None:
    visit(page, address, "?model=digits-vae-2d")
    page.get_by_role("tab", name="Models").click()
    for name in explorer.available():
        expect(page.get_by_text(name, exact=True).first).to_be_visible()
    page.get_by_role("tab", name="Map").click()
    drag(page, [(0.3, 0.3), (0.5, 0.5)])
    np.testing.assert_array_equal(pixels(page), expected(place(page)))


def test_the_plotly_script_lies_where_anybody_finds_it(address: str) -> None:
    with urllib.request.urlopen(f"{address}gradio_api/explorer/plotly.min.js") as answer:  # noqa: S310 (our own server)
        assert answer.read() == (ASSETS / PLOTLY_JS).read_bytes()


def test_a_map_whose_modules_do_not_come_says_so(quiet_page: Page, address: str) -> None:
    quiet_page.route("**/assets/*/map/start.js", lambda route: route.abort())
    quiet_page.goto(address)
    expect(quiet_page.locator("#latent-map [role=alert]")).to_have_text(say("page.not-loaded"), timeout=60_000)
    expect(quiet_page.get_by_role("button", name=say("tour.start"))).to_be_visible()  # which is one of its own
