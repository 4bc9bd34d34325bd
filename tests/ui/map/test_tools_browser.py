"""The tools beside the map, as a visitor uses them: neighbours, lattice, trust, axes, direction."""

from __future__ import annotations

import json

import numpy as np
import pytest
from map_page import (
    all_at_pixels,
    at_pixels,
    drag,
    expected,
    frames,
    latent,
    lonely_point,
    lonely_points,
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

pytestmark = pytest.mark.browser
FLAT, DEEP, PLAIN = "digits-vae-2d", "mnist-vae-20d", "fashion-ae-2d"


def said(page: Page, role: str) -> dict[str, str]:
    return page.eval_on_selector(f'[data-role="{role}"]', "canvas => ({...canvas.dataset})")


def switch_on_lattice(page: Page) -> None:
    open_tool(page, "lattice")
    page.locator('[data-role="lattice-on"]').check()
    page.wait_for_selector('[data-role="pictures"][data-box]')


def lattice_is_right(page: Page) -> None:
    """The pictures under the points are those of the places where they lie."""
    about, at = said(page, "pictures"), place(page)
    x0, x1, y0, y1 = map(float, about["box"].split())
    rows, columns = int(about["rows"]), int(about["columns"])
    space = explorer.load(at["model"])
    shown = space.in_plane(at["plane"]) if at["plane"] else space
    step = (x1 - x0) / columns
    assert (y1 - y0) / rows == pytest.approx(step)
    left, top, *_ = pad_box(page)
    canvas = painted(page, "pictures")
    size = round(step * (at_pixels(page, 1, 0)[0] - at_pixels(page, 0, 0)[0]))
    cells = [(row, column) for row in range(1, rows - 1, 3) for column in range(1, columns - 1, 3)]
    places = [(x0 + (column + 0.5) * step, y1 - (row + 0.5) * step) for row, column in cells]
    anchor = latent(at)[0] if space.latent_dim > 2 else None
    images = to_bytes(space.decode(shown.from_plane(places, anchor)))
    half, seen = size // 3, []
    for image, (px, py) in zip(images, all_at_pixels(page, places), strict=True):
        px, py = round(px - left), round(py - top)
        if half <= px < canvas.shape[1] - half and half <= py < canvas.shape[0] - half:
            found = canvas[py - half : py + half, px - half : px + half, 0]
            seen.append((float(found.mean()), float(middle(image).mean())))
    found, wanted = np.array(seen).T
    assert len(found) > 20
    assert np.corrcoef(found, wanted)[0, 1] > 0.97
    np.testing.assert_allclose(found, wanted, atol=25)


def middle(image: np.ndarray) -> np.ndarray:
    """The same share of a picture as lattice_is_right reads of its cell."""
    edge = round(len(image) / 6)
    return image[edge:-edge, edge:-edge]


@pytest.mark.parametrize("model", [PLAIN, DEEP])
def test_the_lattice_shows_under_the_points_what_each_place_decodes_to(page: Page, address: str, model: str) -> None:
    visit(page, address, f"?model={model}")
    assert not painted(page, "pictures").any()
    switch_on_lattice(page)
    lattice_is_right(page)
    page.locator('[data-role="lattice-on"]').uncheck()
    assert not painted(page, "pictures").any()


def test_the_lattice_follows_zoom_and_pan(page: Page, address: str) -> None:
    visit(page, address, f"?model={PLAIN}")
    switch_on_lattice(page)
    before = said(page, "pictures")["box"]
    page.locator('[data-role="zoom-in"]').click()
    page.wait_for_function(
        "before => document.querySelector('[data-role=\"pictures\"]').dataset.box !== before", arg=before
    )
    lattice_is_right(page)
    zoomed = said(page, "pictures")["box"]
    page.locator('[data-role="pan"]').click()
    left, top, width, height = pad_box(page)
    page.mouse.move(left + 0.5 * width, top + 0.5 * height)
    page.mouse.down()
    page.mouse.move(left + 0.7 * width, top + 0.6 * height, steps=8)
    page.mouse.up()
    page.wait_for_function(
        "zoomed => document.querySelector('[data-role=\"pictures\"]').dataset.box !== zoomed", arg=zoomed
    )
    page.wait_for_function(  # the newest view comes last
        """() => {
            const {box} = document.querySelector('[data-role="pictures"]').dataset;
            const [x0, x1, y0, y1] = box.split(" ").map(Number);
            const {xaxis, yaxis} = document.querySelector('[data-role="plot"]')._fullLayout;
            return x0 <= xaxis.range[0] && x1 >= xaxis.range[1] && y0 <= yaxis.range[0] && y1 >= yaxis.range[1];
        }"""
    )
    lattice_is_right(page)


def test_the_lattice_and_the_points_can_be_faded(page: Page, address: str) -> None:
    visit(page, address, f"?model={FLAT}")
    switch_on_lattice(page)
    page.locator('[data-role="lattice-opacity"]').fill("40")
    assert page.eval_on_selector('[data-role="pictures"]', "canvas => getComputedStyle(canvas).opacity") == "0.4"
    page.locator('section[data-tool="lattice"] [data-look="points"]').fill("20")
    assert page.eval_on_selector(".gl-container", "points => getComputedStyle(points).opacity") == "0.2"


def test_the_lattice_of_many_dimensions_goes_through_the_clicked_point(page: Page, address: str) -> None:
    point = lonely_point(DEEP)
    visit(page, address, f"?model={DEEP}")
    switch_on_lattice(page)
    open_tool(page, "point")
    with page.expect_response("**/tool/lattice"):
        pick(page, DEEP, point)
    frames(page, 10)  # the lattice before is of the same places
    lattice_is_right(page)


def test_a_map_that_is_opened_again_at_the_same_point_has_its_lattice(page: Page, address: str) -> None:
    visit(page, address, f"?model={DEEP}")
    page.wait_for_selector('[data-role="pair"]', state="attached")
    expect(page.locator('[data-role="latents"] > div')).to_have_count(20)
    visit(page, address, f"?model={DEEP}")
    switch_on_lattice(page)


def heat(page: Page, kind: str) -> None:
    page.locator(f'[name="trust-kind"][value="{kind}"]').check(force=True)
    page.wait_for_selector(f'[data-role="heat"][data-kind="{kind}"]')


def brown(page: Page, x: float, y: float) -> float:
    """How much more red than blue the heat map shows at a place of the map, times how opaque it is."""
    left, top, *_ = pad_box(page)
    px, py = at_pixels(page, x, y)
    red, _, blue, alpha = painted(page, "heat")[round(py - top), round(px - left)].astype(float)
    return (red - blue) * alpha / 255


def test_density_is_teal_where_the_data_is_and_brown_in_a_gap(page: Page, address: str) -> None:
    space = explorer.load(PLAIN)
    visit(page, address, f"?model={PLAIN}")
    open_tool(page, "trust")
    heat(page, "density")
    dense = space.latents[space.density(space.latents[:300]).argmax()]
    assert brown(page, *dense) < 0
    assert brown(page, -4.0, 4.0) > 40
    page.locator('[name="trust-kind"][value=""]').check(force=True)
    assert not painted(page, "heat").any()


def test_the_heat_map_covers_a_tall_view_too(page: Page, address: str) -> None:
    page.set_viewport_size({"width": 820, "height": 1180})
    visit(page, address, f"?model={PLAIN}")
    open_tool(page, "trust")
    heat(page, "density")
    low, high = page.eval_on_selector('[data-role="plot"]', "plot => plot._fullLayout.yaxis.range")
    page.wait_for_function(
        """([low, high]) => {
            const [, , y0, y1] = document.querySelector('[data-role="heat"]').dataset.box.split(" ").map(Number);
            return y0 <= low && y1 >= high;
        }""",
        arg=[low, high],
    )
    assert int(said(page, "heat")["rows"]) <= 40


def test_drift_is_brown_where_decoding_and_encoding_leads_away(page: Page, address: str) -> None:
    space = explorer.load(PLAIN)
    visit(page, address, f"?model={PLAIN}")
    open_tool(page, "trust")
    heat(page, "drift")
    x0, x1, y0, y1 = map(float, said(page, "heat")["box"].split())
    spots = space.grid(((0.8 * x0, 0.8 * x1), (0.8 * y0, 0.8 * y1)), 9).reshape(-1, 2)
    drifts = space.drift(spots)
    worst, best = spots[drifts.argmax()], spots[drifts.argmin()]
    assert brown(page, *worst) > brown(page, *best) + 30


def test_only_a_vae_offers_its_prior_and_it_is_likeliest_in_the_middle(page: Page, address: str) -> None:
    visit(page, address, f"?model={PLAIN}")
    open_tool(page, "trust")
    expect(page.get_by_role("radio", name="prior")).to_be_hidden()
    visit(page, address, f"?model={FLAT}")
    open_tool(page, "trust")
    heat(page, "prior")
    assert brown(page, 0, 0) < brown(page, 1.5, 1.5) < brown(page, 3, 2.9)


def test_the_decision_map_shows_each_place_in_the_colour_of_its_class(page: Page, address: str) -> None:
    space = explorer.load(FLAT)
    visit(page, address, f"?model={FLAT}")
    open_tool(page, "trust")
    heat(page, "classes")
    colours = page.eval_on_selector('[data-role="plot"]', "plot => plot.data.map(trace => trace.marker.color)")
    sure = space.classify(space.decode(space.latents))
    point = int(sure.max(1).argmax())
    left, top, *_ = pad_box(page)
    px, py = at_pixels(page, *map(float, space.plane[point]))
    found = painted(page, "heat")[round(py - top), round(px - left), :3]
    palette = np.array([[int(colour[i : i + 2], 16) for i in (1, 3, 5)] for colour in colours])
    assert np.abs(palette.astype(int) - found).sum(1).argmin() == sure[point].argmax()


def test_trust_says_in_words_what_is_known_of_a_place(page: Page, address: str) -> None:
    space = explorer.load(PLAIN)
    visit(page, address, f"?model={PLAIN}&x=-4&y=4")
    open_tool(page, "trust")
    words = page.locator('[data-role="trust-words"]')
    distance = float(space.neighbours([[-4, 4]], 1)[1][0, 0])
    shares = space.classify(space.decode([[-4, 4]]))[0]
    expect(words).to_contain_text(f"No test image within {distance:.2f}: a gap.")
    expect(words).to_contain_text(f"The classifier is {round(100 * float(shares.max()))} % sure")
    expect(page.locator('[data-role="trust-classes"] > div').first).to_contain_text(space.class_names[shares.argmax()])
    visit(page, address, f"?model={PLAIN}&point=7")
    open_tool(page, "trust")
    expect(words).to_contain_text("among the data")


def neighbours_shown(page: Page) -> list[int]:
    return page.eval_on_selector('[data-role="near"]', "near => [...near.children].map(made => +made.dataset.point)")


@pytest.mark.parametrize("model", [FLAT, DEEP])
def test_the_nearest_test_images_are_those_of_the_full_latent_space(page: Page, address: str, model: str) -> None:
    point = lonely_point(model)
    visit(page, address, f"?model={model}")
    pick(page, model, point)
    indices, distances = explorer.load(model).neighbours(explorer.load(model).latents[[point]], 6)
    expect(page.locator('[data-role="near"] button').first).to_have_attribute("data-point", str(point))
    assert neighbours_shown(page) == indices[0].tolist()
    captions = page.locator('[data-role="near"] small').all_inner_texts()
    assert [caption.split()[-1] for caption in captions] == [f"{distance:.2f}" for distance in distances[0]]


def test_neighbours_follow_a_drag_while_the_button_is_held(page: Page, address: str) -> None:
    visit(page, address, f"?model={FLAT}")
    expect(page.locator('[data-role="near"] button')).to_have_count(6)
    before = neighbours_shown(page)
    left, top, width, height = pad_box(page)
    page.mouse.move(left + 0.4 * width, top + 0.4 * height)
    page.mouse.down()
    page.mouse.move(left + 0.6 * width, top + 0.6 * height, steps=10)
    at = place(page)
    nearest = explorer.load(FLAT).neighbours([[float(at["x"]), float(at["y"])]], 6)[0][0].tolist()
    page.wait_for_function(
        """wanted => JSON.stringify([...document.querySelector('[data-role="near"]').children]
                     .map(made => +made.dataset.point)) === wanted""",
        arg=json.dumps(nearest, separators=(",", ":")),
    )
    assert nearest != before
    page.mouse.up()


def test_a_click_on_a_neighbour_flies_there(page: Page, address: str) -> None:
    visit(page, address, f"?model={FLAT}")
    third = page.locator('[data-role="near"] button').nth(2)
    expect(third).to_be_visible()
    point = int(third.get_attribute("data-point") or -1)
    third.click()
    page.wait_for_selector(f'[data-role="root"][data-point="{point}"]')
    expect(page.locator('[data-role="picked"]')).to_contain_text(f"test image {point}")
    settle(page)
    space = explorer.load(FLAT)
    np.testing.assert_array_equal(pixels(page), to_bytes(space.decode(space.latents[[point]]))[0])


def test_one_tool_is_open_at_a_time_and_the_arrow_keys_go_from_one_to_the_next(page: Page, address: str) -> None:
    visit(page, address, f"?model={FLAT}")
    panels = page.locator('[role="tabpanel"][data-tool]')
    expect(panels).to_have_count(11)
    page.locator('[data-open="point"]').focus()
    for name in (
        "lattice",
        "trust",
        "walk",
        "sample",
        "draw",
        "axes",
        "direction",
        "select",
        "compare",
        "history",
        "point",
    ):
        page.keyboard.press("ArrowDown")
        visible = [panel.get_attribute("data-tool") for panel in panels.all() if panel.is_visible()]
        assert visible == [name]
        assert page.locator('[role="tab"][data-open][aria-selected="true"]').get_attribute("data-open") == name


def test_a_slider_for_each_dimension_moves_the_latent_and_the_picture(page: Page, address: str) -> None:
    space, point = explorer.load(DEEP), 3
    visit(page, address, f"?model={DEEP}&point={point}")
    expect(page.locator('[data-role="pair"]')).to_be_visible()
    open_tool(page, "axes")
    rows = page.locator('[data-role="dims"] label')
    expect(rows).to_have_count(20)
    order = [int(row.get_attribute("data-dimension") or -1) for row in rows.all()]
    assert order == np.argsort(-space.variance, kind="stable").tolist()
    expect(rows.first.locator("output")).to_have_text(f"{space.latents[point, order[0]]:.2f}".replace("-", "−"))
    slider = page.locator(f'[data-dimension="{order[4]}"] input')
    slider.focus()
    for _ in range(20):
        page.keyboard.press("ArrowRight")
    settle(page)
    at = place(page)
    moved = latent(at)[0] - space.latents[point]
    assert moved[order[4]] > 0.05
    np.testing.assert_allclose(np.delete(moved, order[4]), 0, atol=1e-4)
    np.testing.assert_allclose(pixels(page).astype(int), expected(at), atol=1)


def test_a_drag_after_a_slider_keeps_what_lies_outside_the_plane(page: Page, address: str) -> None:
    space = explorer.load(DEEP)
    visit(page, address, f"?model={DEEP}&point=3")
    expect(page.locator('[data-role="pair"]')).to_be_visible()
    open_tool(page, "axes")
    page.locator('[data-role="dims"] input').nth(9).fill("1")
    settle(page)
    before = latent(place(page))
    drag(page, [(0.4, 0.4), (0.5, 0.6), (0.6, 0.5)])
    at = place(page)
    after = latent(at)
    off = (after - before) - (space.to_plane(after) - space.to_plane(before)) @ space.axes
    np.testing.assert_allclose(off, 0, atol=1e-3)
    assert np.abs(space.to_plane(after) - space.to_plane(before)).max() > 0.1
    np.testing.assert_allclose(pixels(page).astype(int), expected(at), atol=1)


def test_the_map_follows_to_the_plane_of_two_dimensions(page: Page, address: str) -> None:
    space = explorer.load(DEEP)
    visit(page, address, f"?model={DEEP}&point=5")
    expect(page.locator('[data-role="pair"]')).to_be_visible()
    shown = pixels(page)
    open_tool(page, "axes")
    page.locator('[data-role="across"]').select_option("3")
    page.locator('[data-role="up"]').select_option("7")
    page.wait_for_selector('[data-role="root"][data-plane="z3-z7"]')
    settle(page)
    np.testing.assert_array_equal(pixels(page), shown)  # the same point, seen from elsewhere
    assert (float(place(page)["x"]), float(place(page)["y"])) == pytest.approx(tuple(space.latents[5, [3, 7]]))
    page.wait_for_function("new URLSearchParams(location.search).get('plane') === 'z3-z7'")
    drag(page, [(0.4, 0.4), (0.5, 0.5), (0.55, 0.6)])
    np.testing.assert_allclose(pixels(page).astype(int), expected(place(page)), atol=1)
    link, at = page.url, place(page)
    page.locator('[data-role="principal"]').click()
    page.wait_for_selector('[data-role="root"][data-plane=""]')
    visit(page, link)
    assert {key: place(page)[key] for key in ("model", "plane")} == {key: at[key] for key in ("model", "plane")}


def test_three_clicked_points_span_the_plane(page: Page, address: str) -> None:
    space, chosen = explorer.load(DEEP), lonely_points(DEEP, 3)
    visit(page, address, f"?model={DEEP}")
    open_tool(page, "axes")
    page.locator('[data-role="three"]').click()
    for point in chosen:
        page.mouse.click(*on_screen(page, DEEP, point))
    plane = "-".join(f"p{point}" for point in chosen)
    page.wait_for_selector(f'[data-role="root"][data-plane="{plane}"]')
    settle(page)
    drawn = page.eval_on_selector(
        '[data-role="plot"]', "plot => [plot.data[0].x[0], plot.data[0].y[0], plot.data[0].customdata[0]]"
    )
    np.testing.assert_allclose(drawn[:2], space.in_plane(plane).plane[int(drawn[2])], rtol=1e-5)
    marks = page.locator('[data-layer="axes"] circle')
    expect(marks).to_have_count(3)
    left, top, *_ = pad_box(page)
    for mark, point in zip(marks.all(), chosen, strict=True):
        x, y = on_screen(page, DEEP, point, plane)
        assert float(mark.get_attribute("cx") or "nan") == pytest.approx(x - left, abs=1)
        assert float(mark.get_attribute("cy") or "nan") == pytest.approx(y - top, abs=1)


def test_a_damaged_plane_in_a_link_opens_the_maps_own_plane_and_says_so(quiet_page: Page, address: str) -> None:
    page = quiet_page
    visit(page, address, f"?model={DEEP}&plane=<b>z1</b>&point=4")
    expect(page.locator('[data-role="notice"]')).to_contain_text("A plane is named")
    assert place(page)["plane"] == ""
    assert "<b>" not in page.locator('[data-role="notice"]').inner_html()


def test_a_direction_between_two_classes_is_added_to_the_point(page: Page, address: str) -> None:
    space = explorer.load(PLAIN)
    boot, sandal = (space.class_names.index(name) for name in ("Ankle boot", "Sandal"))
    visit(page, address, f"?model={PLAIN}&x=1.5&y=-0.5")
    open_tool(page, "direction")
    page.locator('[data-role="from"]').select_option("Ankle boot")
    page.locator('[data-role="to"]').select_option("Sandal")
    page.locator('[data-role="strength"]').fill("0.5")
    settle(page)
    at = place(page)
    wanted = np.array([1.5, -0.5]) + 0.5 * (space.centroids[sandal] - space.centroids[boot])
    np.testing.assert_allclose([float(at["x"]), float(at["y"])], wanted, atol=1e-3)
    np.testing.assert_array_equal(pixels(page), expected(at))
    page.locator('[data-role="no-strength"]').click()
    settle(page)
    assert (float(place(page)["x"]), float(place(page)["y"])) == (1.5, -0.5)


def test_centroids_are_drawn_where_the_classes_have_their_means(page: Page, address: str) -> None:
    space = explorer.load(DEEP)
    visit(page, address, f"?model={DEEP}")
    open_tool(page, "direction")
    left, top, *_ = pad_box(page)
    for label, centre in enumerate(space.to_plane(space.centroids)):
        mark = page.locator(f'[data-layer="direction"] [data-label="{label}"]')
        x, y = at_pixels(page, *map(float, centre))
        assert float(mark.get_attribute("cx") or "nan") == pytest.approx(x - left, abs=0.5)
        assert float(mark.get_attribute("cy") or "nan") == pytest.approx(y - top, abs=0.5)


def test_in_many_dimensions_a_direction_leads_out_of_the_plane(page: Page, address: str) -> None:
    space = explorer.load(DEEP)
    visit(page, address, f"?model={DEEP}")
    open_tool(page, "direction")
    page.locator('[data-role="from"]').select_option("4")
    page.locator('[data-role="to"]').select_option("9")
    page.locator('[data-role="at-from"]').click()
    page.locator('[data-role="strength"]').fill("1")
    settle(page)
    at = place(page)
    np.testing.assert_allclose(latent(at)[0], space.centroids[9], atol=1e-4)
    np.testing.assert_allclose(pixels(page).astype(int), expected(at), atol=1)


def test_a_tool_that_gets_no_answer_says_so_and_the_map_goes_on(quiet_page: Page, address: str) -> None:
    page = quiet_page
    page.route("**/tool/lattice", lambda route: route.abort())
    busy = {"status": 503, "content_type": "application/json", "body": '{"error": "Too many questions wait."}'}
    page.route("**/tool/trust_map", lambda route: route.fulfill(**busy))
    visit(page, address, f"?model={FLAT}")
    open_tool(page, "lattice")
    page.locator('[data-role="lattice-on"]').check()
    expect(page.locator('[data-role="lattice-note"]')).to_have_text("The server did not answer; try again in a moment.")
    open_tool(page, "trust")
    page.locator('[name="trust-kind"][value="drift"]').check(force=True)
    expect(page.locator('[data-role="trust-note"]')).to_have_text("Too many questions wait.")
    drag(page, [(0.3, 0.3), (0.5, 0.5)])
    np.testing.assert_array_equal(pixels(page), expected(place(page)))
