"""The photo tab in a browser, for tests: open it, send it files, and read what it shows."""

from __future__ import annotations

import io
import re
import time
from base64 import b64decode
from pathlib import Path

import numpy as np
import skimage.data
from map_page import frames
from PIL import Image
from playwright.sync_api import BrowserContext, Page, expect

from explorer.photos.vae import PhotoVAE, load_vae

SOON = 20_000  # milliseconds; an answer takes far less where the cores are free
BUSY = '#photo-view [data-role="busy"]'


def photos(folder: Path) -> dict[str, Path]:
    """Small photos as files: name -> path."""
    pixels = {
        "astronaut": skimage.data.astronaut()[:128, 150:342],
        "coffee": skimage.data.coffee()[100:228, 150:342],
        "wide": skimage.data.chelsea()[100:140, :440].repeat(2, axis=1)[:, :600],
    }
    for name, values in pixels.items():
        Image.fromarray(values).save(folder / f"{name}.png")
    return {name: folder / f"{name}.png" for name in pixels}


def built_in() -> PhotoVAE:
    return load_vae("built-in", channels_last=True)


def decoded(latents: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """What the built-in model makes of scaled latents (C, h, w)."""
    return np.asarray(built_in().latents_to_pil(latents[None], size)[0])


def watched(context: BrowserContext) -> tuple[Page, list[str]]:
    """A page, and what its scripts have thrown or logged as errors, and what it fetched from elsewhere."""
    page = context.new_page()
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    return page, problems


def open_tab(page: Page, address: str) -> None:
    page.goto(address)
    page.get_by_role("tab", name="Photo").click()
    expect(page.get_by_label("Drop an image file here to upload").first).to_be_visible(timeout=60_000)


def choose(page: Page, file: Path, area: str = "#photo-input") -> None:
    """A photo through the file chooser, after taking away the one that is there."""
    remove = page.locator(f'{area} button[aria-label="Remove Image"]')
    if remove.count():
        remove.click()
    send(page, area, file)


def send(page: Page, area: str, file: Path) -> None:
    with page.expect_file_chooser() as chooser:
        page.locator(f"{area} button[aria-dropeffect]").click()
    chooser.value.set_files(file)


def upload(page: Page, file: Path) -> None:
    """Choose a photo and wait until its reconstruction is there."""
    before = sources(page)
    choose(page, file)
    arrive(page, before)


def arrive(page: Page, before: list[str]) -> None:
    """Until there are other pictures in the slider than before."""
    page.wait_for_function(
        """before => {
            const now = [...document.querySelectorAll("#photo-slider img")].map((image) => image.src);
            return now.length === 2 && now[1] !== before[1];
        }""",
        arg=before,
        timeout=SOON,
    )
    settle(page)


def settle(page: Page) -> None:
    """Until no answer is awaited."""
    expect(page.locator(BUSY)).to_have_text("", timeout=SOON)


def sources(page: Page) -> list[str]:
    return page.eval_on_selector_all("#photo-slider img", "images => images.map((image) => image.src)")


def slider(page: Page) -> tuple[np.ndarray, np.ndarray]:
    """The photo and the reconstruction under the slider, pixel by pixel."""
    photo, reconstruction = (fetched(page, source) for source in sources(page))
    return photo, reconstruction


def fetched(page: Page, source: str) -> np.ndarray:
    """A picture that the page shows, (H, W, 3 or 4) uint8: data URL or file of the server's."""
    body = b64decode(source.partition(",")[2]) if source.startswith("data:") else page.request.get(source).body()
    return np.asarray(Image.open(io.BytesIO(body)))


def shows(page: Page, expected: np.ndarray) -> None:
    """The reconstruction is `expected`, now or soon, within one level."""
    settle(page)
    becomes(page, "#photo-slider img >> nth=1", expected)


def becomes(page: Page, image: str, expected: np.ndarray) -> None:
    """The picture at a selector is `expected`, now or soon, within one level."""
    until = time.monotonic() + SOON / 1000
    while True:
        shown = fetched(page, page.locator(image).get_attribute("src") or "")
        same = shown.shape == expected.shape and np.abs(shown.astype(int) - expected).max() <= 1
        if same or time.monotonic() > until:
            break
        frames(page, 6)
    np.testing.assert_allclose(shown.astype(int), expected, atol=1)


def set_range(page: Page, selector: str, value: float) -> None:
    """A slider of the component, as a drag would leave it."""
    page.locator(selector).evaluate(
        "(slider, value) => { slider.value = value; slider.dispatchEvent(new Event('input', { bubbles: true })); }",
        value,
    )


def knob(channel: int, name: str) -> str:
    return f'#photo-view [aria-label="{name} of channel {channel}"]'


def role(name: str) -> str:
    return f'#photo-view [data-role="{name}"]'


def numbers(text: str) -> list[float]:
    """The decimal numbers of a text, written with a minus sign or a hyphen."""
    return [float(found.replace("−", "-")) for found in re.findall(r"[−-]?\d+\.\d+", text)]


def measured(page: Page) -> dict[str, str]:
    """The list of measures: name -> what stands beside it, without the small print."""
    script = "rows => rows.map(r => [r.querySelector('dt').textContent, r.querySelector('dd').firstChild.textContent])"
    return dict(page.eval_on_selector_all("#photo-measures .measures > div", script))


def channel_pictures(page: Page) -> list[np.ndarray]:
    script = "images => images.map((image) => image.src)"
    return [fetched(page, url) for url in page.eval_on_selector_all("#photo-view .channel .picture img", script)]


def ends(page: Page) -> list[list[float]]:
    """The numbers at both ends of each channel's colour bar."""
    return [numbers(text) for text in page.locator("#photo-view .channel .ends").all_inner_texts()]


def download(page: Page, name: str) -> Path:
    with page.expect_download(timeout=SOON) as caught:
        page.locator("#photo-downloads").get_by_role("button", name=name, exact=True).click()
    return Path(caught.value.path())
