"""What the page fetches, and when: a first visitor's browser, which keeps nothing yet."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from map_page import READY
from playwright.sync_api import Browser, Page, Request, expect

from explorer.ui.texts import say

pytestmark = pytest.mark.browser

HEAVIEST = 1_200_000  # bytes over the wire, headers with them, until a map can be used
HEAVY = {"CodeMirror": "EditorView", "a video player": "MediaSource"}  # a word of each
OURS = "/gradio_api/explorer/assets/"


@pytest.fixture
def visitor(browser: Browser) -> Iterator[Page]:
    context = browser.new_context()
    yield context.new_page()
    context.close()


def over_the_wire(request: Request) -> int:
    sizes = request.sizes()
    return sizes["responseHeadersSize"] + sizes["responseBodySize"]


def test_the_first_visit_stays_light(visitor: Page, address: str) -> None:
    finished: list[Request] = []
    visitor.on("requestfinished", lambda request: finished.append(request))
    visitor.goto(f"{address}?model=fashion-ae-2d&point=0")
    visitor.wait_for_selector(READY, timeout=60_000)
    sizes = {request.url: over_the_wire(request) for request in finished if request.url.startswith(address)}
    assert any("/figure?" in url for url in sizes)
    assert any("plotly" in url for url in sizes)
    assert sum(sizes.values()) < HEAVIEST


def test_what_lies_in_tabs_and_accordions_comes_when_they_are_opened(visitor: Page, address: str) -> None:
    asked: list[str] = []
    visitor.on("request", lambda request: asked.append(request.url))

    def come() -> set[str]:
        """Which of the tabs' modules and of Gradio's heavy libraries."""
        scripts = [url for url in asked if url.endswith(".js") and OURS not in url]
        texts = [visitor.request.get(url).text() for url in scripts]
        modules = {folder for folder in ("photo", "train") if any(f"/{folder}/" in url for url in asked if OURS in url)}
        return modules | {library for library, word in HEAVY.items() if any(word in text for text in texts)}

    visitor.goto(address)
    visitor.wait_for_selector(READY, timeout=60_000)
    assert come() == set()
    with visitor.expect_request(f"**{OURS}*/photo/**"):
        visitor.get_by_role("tab", name=say("page.photo")).click()
    expect(visitor.locator("#photo-model")).to_be_visible()
    assert come() == {"photo"}
    visitor.get_by_role("button", name=say("photo.compare")).click()
    expect(visitor.locator("#photo-reconstructions")).to_be_visible()
    assert come() == {"photo", "a video player"}
    with visitor.expect_request(f"**{OURS}*/train/**"):
        visitor.get_by_role("tab", name=say("page.train")).click()
    expect(visitor.locator("#train-start")).to_be_visible()
    assert come() == {"photo", "a video player", "train"}
    visitor.get_by_role("tab", name=say("page.models")).click()
    expect(visitor.locator(".cm-editor")).to_be_visible()
    assert come() == {"photo", "a video player", "train", "CodeMirror"}
