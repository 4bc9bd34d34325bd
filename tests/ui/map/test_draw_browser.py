"""A visitor's own image on the map: drawn with the pointer or uploaded, in headless Chromium."""

from __future__ import annotations

import io

import numpy as np
import pytest
from map_page import frames, pad_box, pixels, place, settle, visit
from PIL import Image, ImageDraw
from playwright.sync_api import Page, Route, expect
from sketch_pad import landed, wait_for

from explorer.live.worker import to_bytes
from explorer.maps.ink import EMPTY, FILLED
from explorer.maps.latent_space import LatentSpace

pytestmark = pytest.mark.browser
SEVEN = [[(70, 75), (140, 70), (205, 75), (170, 140), (135, 225)], [(110, 150), (195, 145)]]  # of 280 × 280
OWN = "**/tool/own"
PLOT = '[data-role="plot"]'


def open_draw(page: Page, address: str, model: str) -> None:
    visit(page, address, f"?model={model}")
    page.get_by_role("tab", name="Draw").click()


def stroke(page: Page, points: list[tuple[float, float]], release: bool = True) -> None:
    box = page.locator('[data-role="sketch"]').bounding_box()
    assert box is not None
    places = [(box["x"] + x * box["width"] / 280, box["y"] + y * box["width"] / 280) for x, y in points]
    page.mouse.move(*places[0])
    page.mouse.down()
    for at in places[1:]:
        page.mouse.move(*at, steps=2)
    if release:
        page.mouse.up()


def draw(page: Page, strokes: list[list[tuple[float, float]]] = SEVEN) -> None:
    for points in strokes:
        stroke(page, points)


def to_pixels(page: Page, xy: np.ndarray) -> list[float]:
    return page.eval_on_selector(
        PLOT,
        """(plot, xy) => [plot._fullLayout.xaxis, plot._fullLayout.yaxis]
            .map((axis, i) => axis._offset + axis.d2p(xy[i]))""",
        xy.tolist(),
    )


def marker(page: Page) -> list[float]:
    return page.eval_on_selector(
        '[data-role="own-mean"]', "dot => ['cx', 'cy'].map((name) => Number(dot.getAttribute(name)))"
    )


def likeliest(space: LatentSpace, image: np.ndarray) -> list[str]:
    """The three classes of which the classifier is surest; none where there is no classifier."""
    try:
        probabilities = space.classify(image[None])[0]
    except ValueError:
        return []
    surest = np.argsort(-probabilities, kind="stable")[:3]
    return [f"{space.class_names[label]} {np.floor(100 * probabilities[label] + 0.5):.0f} %" for label in surest]


def png(image: np.ndarray) -> dict:
    """A grey image (h, w) uint8 as what set_input_files takes."""
    file = io.BytesIO()
    Image.fromarray(image).save(file, "PNG")
    return {"name": "mine.png", "mimeType": "image/png", "buffer": file.getvalue()}


def upload(page: Page, file: dict) -> None:
    page.set_input_files('[data-role="sketch-file"]', file)


@pytest.mark.parametrize("model", ["digits-vae-2d", "mnist-vae-20d"])
def test_a_drawing_lands_where_the_model_encodes_it_with_all_that_is_known_of_it(
    page: Page, address: str, model: str
) -> None:
    open_draw(page, address, model)
    draw(page)
    space, image, z = landed(page, model)
    reconstruction = space.decode(z[None])
    np.testing.assert_allclose(marker(page), to_pixels(page, space.to_plane(z[None])[0]), atol=0.1)
    np.testing.assert_array_equal(pixels(page, "own-image"), to_bytes(image))
    np.testing.assert_array_equal(pixels(page, "own-reconstruction"), to_bytes(reconstruction)[0])
    # The page sends seven digits of each number, so that a level may be rounded the other way.
    assert np.abs(pixels(page).astype(int) - to_bytes(reconstruction)[0]).max() <= 1
    error = ((image - reconstruction[0]) ** 2).mean() / space.config["measures"]["mse_per_pixel"]
    expect(page.locator('[data-role="own-words"]')).to_contain_text(f"{error:.1f} times the error of")
    shown = page.locator('[data-role="own-classes"] > div').all_inner_texts()
    assert [" ".join(row.split()) for row in shown] == likeliest(space, image)
    near = space.neighbours(z[None], 6)[0][0]
    thumbs = page.locator('[data-role="own-near"] button')
    assert thumbs.evaluate_all("all => all.map((thumb) => Number(thumb.dataset.point))") == near.tolist()


@pytest.mark.parametrize("model", ["digits-vae-2d", "mnist-vae-20d"])
def test_the_ellipses_are_one_and_two_sigma_of_the_posterior(page: Page, address: str, model: str) -> None:
    open_draw(page, address, model)
    draw(page)
    space, image, _ = landed(page, model)
    deviation = space.posterior(image[None])[1][0]
    scale = np.diag(np.array(to_pixels(page, np.ones(2))) - to_pixels(page, np.zeros(2)))  # pixels a unit; y goes down
    covariance = scale @ (space.axes * deviation**2) @ space.axes.T @ scale
    if space.latent_dim == 2:
        np.testing.assert_allclose(np.sqrt(np.diag(covariance)), deviation * np.abs(np.diag(scale)), rtol=1e-6)
    for sigma in (1, 2):
        rx, ry, *turn = page.eval_on_selector(
            f'ellipse.line[data-sigma="{sigma}"]',
            """ellipse => {
                const {a, b, c, d} = ellipse.transform.baseVal.consolidate().matrix;
                return [ellipse.rx.baseVal.value, ellipse.ry.baseVal.value, a, c, b, d];
            }""",
        )
        radii = np.reshape(turn, (2, 2)) * [rx, ry]  # its two half axes as columns
        np.testing.assert_allclose(radii @ radii.T, sigma**2 * covariance, rtol=1e-3, atol=1e-3 * covariance.max())


def test_a_plain_autoencoder_has_a_mark_and_no_ellipse(page: Page, address: str) -> None:
    open_draw(page, address, "mnist-ae-2d")
    draw(page)
    landed(page, "mnist-ae-2d")
    expect(page.locator('[data-role="own-mean"]')).to_have_count(1)
    expect(page.locator('[data-layer="draw"] ellipse')).to_have_count(0)


def test_the_place_follows_the_pen_while_it_is_down(page: Page, address: str) -> None:
    open_draw(page, address, "digits-vae-2d")
    stroke(page, SEVEN[0][:3], release=False)
    first = landed(page, "digits-vae-2d")[2]
    box = page.locator('[data-role="sketch"]').bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 0.45 * box["width"], box["y"] + 0.8 * box["height"], steps=10)
    page.wait_for_function(  # no release tells that the pad has seen all moves
        """() => document.querySelector('[data-role="sketch"]').getContext("2d")
            .getImageData(126, 220, 1, 1).data[0] > 0"""
    )
    second = landed(page, "digits-vae-2d")[2]
    page.mouse.up()
    assert np.linalg.norm(second - first) > 0.1


def test_clear_forgets_the_drawing_and_an_answer_on_its_way(page: Page, address: str) -> None:
    open_draw(page, address, "digits-vae-2d")
    draw(page)
    landed(page, "digits-vae-2d")
    waiting: list[Route] = []
    page.route(OWN, lambda route: waiting.append(route))
    with page.expect_request(OWN):
        stroke(page, [(60, 60), (220, 60)])
    page.get_by_role("button", name="Clear", exact=True).locator("visible=true").click()
    at = place(page)
    assert waiting
    with page.expect_response(OWN):
        waiting[0].continue_()
    frames(page, 20)
    assert pixels(page, "sketch").max() == 0
    expect(page.locator('[data-role="own-outcome"]')).to_be_hidden()
    expect(page.locator('[data-layer="draw"] > *')).to_have_count(0)
    assert place(page) == at
    assert len(waiting) == 1  # nothing is asked about an empty pad


def test_an_uploaded_drawing_lands_where_the_same_drawing_does(page: Page, address: str) -> None:
    open_draw(page, address, "mnist-vae-20d")
    draw(page)
    landed(page, "mnist-vae-20d")
    drawn = pixels(page, "sketch")
    page.get_by_role("button", name="Clear", exact=True).locator("visible=true").click()
    assert pixels(page, "sketch").max() == 0
    upload(page, png(drawn))
    page.wait_for_function("document.querySelector('[data-role=\"own-outcome\"]').hidden === false")
    np.testing.assert_array_equal(pixels(page, "sketch"), drawn)
    landed(page, "mnist-vae-20d")


def test_a_wide_dark_on_light_picture_becomes_the_image_that_was_drawn(page: Page, address: str) -> None:
    open_draw(page, address, "mnist-vae-20d")
    large = Image.new("L", (1120, 1120))
    pen = ImageDraw.Draw(large)
    for points in (4 * np.array(line) for line in SEVEN):
        pen.line(points.ravel().tolist(), 255, width=88)
        for x, y in points.tolist():
            pen.ellipse((x - 44, y - 44, x + 44, y + 44), 255)
    seven = np.asarray(large.resize((280, 280)))  # with smooth edges, as the pad's pen has
    upload(page, png(seven))
    page.wait_for_function("document.querySelector('[data-role=\"own-outcome\"]').hidden === false")
    _, drawn, _ = landed(page, "mnist-vae-20d")
    wide = np.full((280, 480), 235, np.uint8)
    wide[:, 100:380] -= (seven * 0.8).astype(np.uint8)
    upload(page, png(wide))
    page.wait_for_function(
        """() => document.querySelector('[data-role="sketch"]').getContext("2d")
            .getImageData(2, 2, 1, 1).data[0] === 235"""
    )
    _, image, _ = landed(page, "mnist-vae-20d")
    assert np.abs(image - drawn).mean() < 0.02
    stroke(page, [(20, 30), (60, 30)])  # a pen that shows on this ground
    assert pixels(page, "sketch")[30, 40] == 0


@pytest.mark.parametrize("level", [0, 255, 90])
def test_ink_on_a_transparent_ground_is_seen_in_any_colour(page: Page, address: str, level: int) -> None:
    open_draw(page, address, "mnist-vae-20d")
    draw(page)
    _, drawn, _ = landed(page, "mnist-vae-20d")
    seven = Image.fromarray(pixels(page, "sketch"))
    upload(page, png(np.asarray(Image.merge("LA", (Image.new("L", seven.size, level), seven)))))
    ground = 0 if level > 127 else 255
    page.wait_for_function(
        """ground => document.querySelector('[data-role="sketch"]').getContext("2d")
            .getImageData(2, 2, 1, 1).data[0] === ground""",
        arg=ground,
    )
    _, image, _ = landed(page, "mnist-vae-20d")
    assert np.abs(image - drawn).mean() < 0.03


@pytest.mark.parametrize("level", [240, 20])
def test_a_sheet_with_a_transparent_margin_goes_on_in_its_own_colour(page: Page, address: str, level: int) -> None:
    open_draw(page, address, "mnist-vae-20d")
    draw(page)
    _, drawn, _ = landed(page, "mnist-vae-20d")
    seven = pixels(page, "sketch").astype(float) / 255
    sheet = np.zeros((320, 320, 2), np.uint8)
    sheet[20:300, 20:300, 0] = (level + (200 if level < 128 else -200) * seven).round()
    sheet[20:300, 20:300, 1] = 255
    upload(page, png(sheet))
    page.wait_for_function(
        """level => document.querySelector('[data-role="sketch"]').getContext("2d")
            .getImageData(2, 2, 1, 1).data[0] === level""",
        arg=level,
    )
    _, image, _ = landed(page, "mnist-vae-20d")
    assert np.abs(image - drawn).mean() < 0.03


def test_a_file_that_is_no_picture_gets_a_sentence_and_the_drawing_stays(page: Page, address: str) -> None:
    open_draw(page, address, "digits-vae-2d")
    draw(page)
    landed(page, "digits-vae-2d")
    before = pixels(page, "sketch")
    upload(page, {"name": "mine.png", "mimeType": "image/png", "buffer": b"no picture at all"})
    expect(page.locator('[data-role="own-note"]')).to_have_text("Your browser cannot read that file as a picture.")
    np.testing.assert_array_equal(pixels(page, "sketch"), before)
    expect(page.locator('[data-role="own-outcome"]')).to_be_visible()


def test_a_pad_with_nothing_to_see_gets_a_sentence(quiet_page: Page, address: str) -> None:
    open_draw(quiet_page, address, "digits-vae-2d")
    for level, rim, sentence in ((0, 0, EMPTY), (255, 0, EMPTY), (255, 2, FILLED)):  # black, white, full
        draw(quiet_page)
        landed(quiet_page, "digits-vae-2d")
        upload(quiet_page, png(np.pad(np.full((280 - 2 * rim,) * 2, level, np.uint8), rim)))
        expect(quiet_page.locator('[data-role="own-note"]')).to_have_text(sentence)
        expect(quiet_page.locator('[data-role="own-outcome"]')).to_be_hidden()
        expect(quiet_page.locator('[data-layer="draw"] > *')).to_have_count(0)
        quiet_page.locator('[data-role="sketch-clear"]').click()


def test_another_model_is_asked_about_the_same_drawing(page: Page, address: str) -> None:
    open_draw(page, address, "mnist-vae-20d")
    draw(page)
    landed(page, "mnist-vae-20d")
    drawn = pixels(page, "sketch")
    page.locator('[name="explorer-model"][value="digits-vae-2d"]').check(force=True)
    landed(page, "digits-vae-2d")
    np.testing.assert_array_equal(pixels(page, "sketch"), drawn)
    assert pixels(page, "own-image").shape == (8, 8)


def test_another_plane_shows_the_same_drawing_in_its_place_there(page: Page, address: str) -> None:
    open_draw(page, address, "mnist-vae-20d")
    draw(page)
    space, _, z = landed(page, "mnist-vae-20d")
    page.get_by_role("tab", name="Axes").click()
    page.locator('[data-role="across"]').select_option("3")
    page.locator('[data-role="up"]').select_option("5")
    page.wait_for_function("document.querySelector('[data-role=\"root\"]').dataset.plane === 'z3-z5'")
    page.get_by_role("tab", name="Draw").click()
    expect(page.locator('[data-role="own-mean"]')).to_have_count(1)
    wait_for(page, z)
    np.testing.assert_allclose(marker(page), to_pixels(page, z[[3, 5]]), atol=0.1)
    assert np.abs(space.to_plane(z[None])[0] - z[[3, 5]]).max() > 0.1


def test_the_mark_follows_the_view_and_shows_while_the_tool_is_open(page: Page, address: str) -> None:
    open_draw(page, address, "digits-vae-2d")
    draw(page)
    space, _, z = landed(page, "digits-vae-2d")
    before = marker(page)
    page.locator('[data-role="zoom-in"]').click()
    page.wait_for_function(
        "before => Number(document.querySelector('[data-role=\"own-mean\"]').getAttribute('cx')) !== before",
        arg=before[0],
    )
    np.testing.assert_allclose(marker(page), to_pixels(page, space.to_plane(z[None])[0]), atol=0.1)
    page.get_by_role("tab", name="Point").click()
    expect(page.locator('[data-role="own-mean"]')).to_have_count(0)
    left, top, width, height = pad_box(page)
    page.mouse.click(left + 0.1 * width, top + 0.9 * height)
    settle(page)
    at = place(page)
    page.get_by_role("tab", name="Draw").click()
    expect(page.locator('[data-role="own-mean"]')).to_have_count(1)
    assert {key: place(page)[key] for key in "xy"} == {key: at[key] for key in "xy"}  # the cursor stays
