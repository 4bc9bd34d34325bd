"""Samples on the map as a visitor draws them: pictures, coordinates, gaps, and what is said of them."""

from __future__ import annotations

import re
from functools import partial

import numpy as np
import pytest
from map_page import (
    FAILURES,
    at_pixels,
    drag,
    expected,
    fail,
    open_tool,
    pad_box,
    pictures,
    pixels,
    place,
    settle,
    visit,
)
from playwright.sync_api import Locator, Page, expect

import explorer
from explorer.live.worker import to_bytes
from explorer.maps.latent_space import LatentSpace

pytestmark = pytest.mark.browser
THUMBS = '[data-role="sample-thumbs"]'
EACH = f"{THUMBS} button"
WORDS = '[data-role="sample-words"]'
NOTE = '[data-role="sample-note"]'
MARKERS = '[data-layer="sample"] [data-sample]'


def begin(page: Page, address: str, model: str) -> LatentSpace:
    visit(page, address, f"?model={model}")
    open_tool(page, "sample")
    expect(page.locator(EACH)).to_have_count(18)
    return explorer.load(model)


def drawn(page: Page) -> np.ndarray:
    """The latents of the samples, (18, D) float32."""
    told = page.locator(EACH).evaluate_all("all => all.map(one => one.dataset.z)")
    return np.array([line.split() for line in told], np.float32)


def choose(page: Page, how: str) -> None:
    page.get_by_role("radio", name=how, exact=True).check(force=True)
    expect(page.locator(THUMBS)).to_have_attribute("data-how", how)


def draw_again(page: Page) -> None:
    before = page.locator(EACH).first.get_attribute("data-z") or ""
    page.get_by_role("button", name="Draw 18").click()
    expect(page.locator(EACH).first).not_to_have_attribute("data-z", before)


def in_gap(space: LatentSpace, latents: np.ndarray) -> np.ndarray:
    return space.neighbours(latents, 1)[1][:, 0] > space.gap


def counted(sentence: str) -> int:
    number = re.search(r"(\d+|none|all)(?: of)? 18 samples falls?", sentence)
    assert number is not None, sentence
    return int({"none": "0", "all": "18"}.get(number[1], number[1]))


def gap_marks(thumbs: Locator) -> list[bool]:
    return thumbs.evaluate_all("all => all.map(one => one.classList.contains('gap'))")


@pytest.mark.parametrize("model", ["fashion-ae-2d", "mnist-vae-20d"])
def test_eighteen_samples_are_shown_as_the_decoder_makes_them(page: Page, address: str, model: str) -> None:
    space = begin(page, address, model)
    np.testing.assert_array_equal(pictures(page, "sample-thumbs"), to_bytes(space.decode(drawn(page))))
    draw_again(page)
    np.testing.assert_array_equal(pictures(page, "sample-thumbs"), to_bytes(space.decode(drawn(page))))
    assert_places_are_told(page, space)


def assert_places_are_told(page: Page, space: LatentSpace) -> None:
    """The coordinates beside the samples, and their marks, are their places on the map."""
    xy = space.to_plane(drawn(page))
    shown = page.locator(f"{EACH} small").all_text_contents()
    for text, (x, y) in zip(shown, xy, strict=True):
        np.testing.assert_allclose([float(n.replace("−", "-")) for n in text.split("\n")], [x, y], atol=0.0051)
    assert not any("−0.00" in text for text in shown)
    assert shown[3].split("\n")[0] in (page.locator(EACH).nth(3).get_attribute("aria-label") or "")
    left, top, *_ = pad_box(page)
    for i in (0, 7, 17):
        box = page.locator(f'[data-layer="sample"] [data-sample="{i}"]').evaluate(
            "one => { const {x, y, width, height} = one.getBBox(); return [x + width / 2, y + height / 2]; }"
        )
        assert (left + box[0], top + box[1]) == pytest.approx(at_pixels(page, *map(float, xy[i])), abs=0.6)


@pytest.mark.parametrize("model", ["fashion-ae-2d", "mnist-vae-20d"])
def test_a_click_on_a_sample_goes_there(page: Page, address: str, model: str) -> None:
    space = begin(page, address, model)
    latents = drawn(page)
    page.locator(EACH).nth(5).click()
    settle(page)
    at = place(page)
    np.testing.assert_allclose([float(at["x"]), float(at["y"])], space.to_plane(latents[5:6])[0], atol=1e-5)
    if space.latent_dim > 2:
        np.testing.assert_allclose(np.array(at["z"].split(), np.float32), latents[5], rtol=1e-6)
    np.testing.assert_array_equal(pixels(page), expected(at))
    assert np.abs(pixels(page).astype(int) - pictures(page, "sample-thumbs")[5]).max() <= 1
    expect(page.locator(EACH).nth(5)).to_have_attribute("aria-current", "true")
    drag(page, [(0.3, 0.3), (0.4, 0.5)])
    expect(page.locator(f"{EACH}[aria-current]")).to_have_count(0)


def test_a_click_on_a_marker_goes_there_too(page: Page, address: str) -> None:
    space = begin(page, address, "fashion-vae-2d")
    choose(page, "box")
    latents = drawn(page)
    apart = np.linalg.norm(latents[:, None] - latents[None], axis=2) + 99 * np.eye(18)
    alone = int(apart.min(1).argmax())
    x, y = at_pixels(page, *map(float, space.to_plane(latents)[alone]))
    page.mouse.click(x + 3, y - 2)
    settle(page)
    at = place(page)
    assert [np.float32(at[axis]) for axis in "xy"] == latents[alone].tolist()
    assert at["point"] == ""
    expect(page.locator(EACH).nth(alone)).to_have_attribute("aria-current", "true")
    np.testing.assert_array_equal(pixels(page), expected(at))


def test_the_marker_of_the_picture_under_the_pointer_stands_out(page: Page, address: str) -> None:
    begin(page, address, "fashion-vae-2d")
    expect(page.locator(MARKERS)).to_have_count(18)
    page.locator(EACH).nth(2).hover()
    expect(page.locator('[data-layer="sample"] .sample-halo')).to_have_count(2)
    expect(page.locator(MARKERS).last).to_have_attribute("data-sample", "2")
    page.locator('[data-role="sample-draw"]').hover()
    expect(page.locator('[data-layer="sample"] .sample-halo')).to_have_count(0)
    page.locator(EACH).nth(9).focus()
    expect(page.locator(MARKERS).last).to_have_attribute("data-sample", "9")


def test_the_three_ways_differ(page: Page, address: str) -> None:
    space = begin(page, address, "mnist-ae-2d")
    prior = drawn(page)
    choose(page, "box")
    box = drawn(page)
    choose(page, "density")
    density = drawn(page)
    assert (box >= space.latents.min(0)).all()
    assert (box <= space.latents.max(0)).all()
    assert np.abs(prior).max() < 5  # of a standard normal; the codes reach beyond 15
    assert box.std() > 2 * prior.std()
    assert density.std() > 2 * prior.std()
    assert in_gap(space, density).sum() < in_gap(space, box).sum()


@pytest.mark.parametrize("model", ["fashion-ae-2d", "fashion-vae-2d", "mnist-vae-20d", "mnist-ae-16d"])
def test_the_sentence_counts_the_samples_in_a_gap_and_they_are_marked(page: Page, address: str, model: str) -> None:
    space = begin(page, address, model)
    for how in ("box", "density", "prior"):
        choose(page, how)
        gaps = in_gap(space, drawn(page))
        assert gap_marks(page.locator(EACH)) == gaps.tolist()
        assert counted(page.locator(WORDS).inner_text()) == gaps.sum()
        expect(page.locator(f"{MARKERS}.gap")).to_have_count(int(gaps.sum()))
        labels = page.locator(EACH).evaluate_all("all => all.map(one => one.ariaLabel.includes('in a gap'))")
        assert labels == gaps.tolist()
    all_of_them = page.locator('[data-role="sample-key"]').get_by_text(f"of all {space.latent_dim} dimensions")
    expect(all_of_them).to_have_count(int(space.latent_dim > 2))


def test_the_sentence_tells_an_autoencoder_from_a_vae(page: Page, address: str) -> None:
    begin(page, address, "fashion-ae-2d")
    said = {}
    for model in ("fashion-ae-2d", "mnist-ae-2d", "fashion-vae-2d"):
        page.locator(f'[data-role="models"] input[value="{model}"]').check(force=True)
        page.wait_for_selector(f'[data-role="root"][data-model="{model}"]')
        for how in ("box", "density", "prior"):
            choose(page, how)
            said[model, how] = page.locator(WORDS).inner_text()
    assert said["fashion-ae-2d", "prior"].startswith("Nothing drew this autoencoder's codes to N(0, I):")
    assert "5 times as wide" in said["mnist-ae-2d", "prior"]
    assert said["fashion-vae-2d", "prior"].startswith("The KL term drew the codes to")
    for model in ("fashion-ae-2d", "fashion-vae-2d"):
        assert said[model, "box"].startswith("Uniform in the bounding box, the tutorial's way:")
        assert said[model, "density"].startswith("Drawn where the data is:")
    assert said["fashion-ae-2d", "density"].endswith("a VAE brings its prior.")
    assert said["fashion-vae-2d", "density"].endswith("needs only its decoder.")


def test_the_markers_are_there_only_while_the_tool_is_open(page: Page, address: str) -> None:
    begin(page, address, "fashion-vae-2d")
    before = drawn(page)
    open_tool(page, "point")
    expect(page.locator(MARKERS)).to_have_count(0)
    open_tool(page, "sample")
    expect(page.locator(MARKERS)).to_have_count(18)
    np.testing.assert_array_equal(drawn(page), before)


def test_another_model_draws_its_own_samples(page: Page, address: str) -> None:
    begin(page, address, "fashion-ae-2d")
    before = page.locator(EACH).first.get_attribute("data-z") or ""
    page.get_by_role("radio", name="Digits").check(force=True)
    page.wait_for_selector('[data-role="root"][data-model="digits-vae-2d"]')
    expect(page.locator(EACH).first).not_to_have_attribute("data-z", before)
    space = explorer.load("digits-vae-2d")
    np.testing.assert_array_equal(pictures(page, "sample-thumbs"), to_bytes(space.decode(drawn(page))))


def test_a_server_that_fails_says_a_sentence_and_the_next_try_works(quiet_page: Page, address: str) -> None:
    page = quiet_page
    space = begin(page, address, "fashion-vae-2d")
    for failure, sentence in FAILURES.items():
        page.route("**/tool/samples", partial(fail, failure))
        page.get_by_role("button", name="Draw 18").click()
        expect(page.locator(NOTE)).to_have_text(sentence)
        expect(page.locator(EACH)).to_have_count(0)
        expect(page.locator(MARKERS)).to_have_count(0)
        drag(page, [(0.3, 0.3), (0.4, 0.5)])
        np.testing.assert_array_equal(pixels(page), expected(place(page)))
        page.unroute_all()
        page.get_by_role("button", name="Draw 18").click()
        expect(page.locator(EACH)).to_have_count(18)
        expect(page.locator(NOTE)).to_have_text("")
        np.testing.assert_array_equal(pictures(page, "sample-thumbs"), to_bytes(space.decode(drawn(page))))
