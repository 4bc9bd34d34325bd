"""What a visitor sees of the limits in a browser: nothing, until one is met; and what comes after a restart."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from photo_page import photos
from playwright.sync_api import ConsoleMessage, Page, WebSocket, expect

from explorer.ui.app import launch
from explorer.ui.server import limits

pytestmark = pytest.mark.browser
TABS = ("Photo", "Train", "Models", "Map")


@pytest.fixture
def violations(quiet_page: Page) -> Iterator[list[str]]:
    found: list[str] = []

    def note(message: ConsoleMessage) -> None:
        if "Content Security Policy" in message.text:
            found.append(message.text)

    quiet_page.on("console", note)
    yield found
    quiet_page.remove_listener("console", note)


def test_the_page_loads_nothing_that_its_policy_forbids(quiet_page: Page, address: str, violations: list[str]) -> None:
    elsewhere: list[str] = []
    quiet_page.on("request", lambda asked: elsewhere.append(asked.url))
    quiet_page.goto(address)
    expect(quiet_page.locator("#latent-map canvas").first).to_be_visible(timeout=60_000)
    for tab in TABS:
        quiet_page.get_by_role("tab", name=tab).first.click()
    quiet_page.get_by_role("tab", name="Photo").click()
    quiet_page.locator(".examples button").first.click()
    expect(quiet_page.locator("#photo-slider img").first).to_be_visible(timeout=60_000)
    assert violations == []
    assert [url for url in elsewhere if not url.startswith((address, "data:", "blob:"))] == []


def test_a_visitor_is_told_of_a_full_disk_and_keeps_what_is_there(
    quiet_page: Page, address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    quiet_page.goto(address)
    quiet_page.get_by_role("tab", name="Photo").click()
    quiet_page.locator(".examples button").first.click()
    picture = quiet_page.locator("#photo-slider img").first
    expect(picture).to_be_visible(timeout=60_000)
    quiet_page.get_by_label("Remove Image").first.click()
    shown = picture.get_attribute("src")
    monkeypatch.setattr(limits, "free", lambda _folder: 0)
    quiet_page.locator("#photo-input input[type=file]").first.set_input_files(photos(tmp_path)["coffee"])
    expect(quiet_page.get_by_text(limits.FULL).first).to_be_visible()
    assert picture.get_attribute("src") == shown
    monkeypatch.undo()
    quiet_page.locator("#photo-input input[type=file]").first.set_input_files(photos(tmp_path)["coffee"])
    expect(picture).not_to_have_attribute("src", str(shown), timeout=60_000)


def test_a_page_that_outlived_its_server_goes_on_with_the_next(quiet_page: Page, port: int) -> None:
    """At a port on which the first server ends and another begins."""
    options = {"server_port": port, "prevent_thread_lock": True, "quiet": True}
    first = launch(**options)
    sockets: list[WebSocket] = []
    quiet_page.on("websocket", lambda opened: sockets.append(opened))
    quiet_page.goto(f"http://127.0.0.1:{port}/")
    # Whose first pick is answered: where the server goes with an event under way, Gradio loads the page anew.
    expect(quiet_page.get_by_role("img", name="Its reconstruction")).to_be_visible(timeout=60_000)
    tried: list[str] = []
    with sockets[-1].expect_event("close"):  # and the page has noticed
        first.close(verbose=False)
    quiet_page.on("websocket", lambda opened: tried.append(opened.url))
    for _ in range(2):  # questions whether it is back
        quiet_page.wait_for_event("requestfailed", lambda asked: "healthz" in asked.url)
    assert tried == []  # for browsers put off sockets after others that failed, for seconds
    second = launch(**options)
    try:
        with quiet_page.expect_websocket(timeout=10_000) as opened:
            pass
        assert opened.value.url.endswith("/ws")
        quiet_page.get_by_role("tab", name="Photo").click()
        quiet_page.locator(".examples button").first.click()
        expect(quiet_page.locator("#photo-slider img").first).to_be_visible(timeout=60_000)
    finally:
        second.close(verbose=False)


def test_a_page_whose_question_met_no_server_is_loaded_anew_by_the_next_and_keeps_its_place(
    quiet_page: Page, port: int
) -> None:
    options = {"server_port": port, "prevent_thread_lock": True, "quiet": True}
    first = launch(**options)
    quiet_page.goto(f"http://127.0.0.1:{port}/?model=digits-vae-2d&x=0.5&y=-0.25")
    root = quiet_page.locator('[data-role="root"]')
    expect(root).to_have_attribute("data-x", "0.5", timeout=60_000)
    quiet_page.evaluate("window.before = true")
    quiet_page.get_by_role("tab", name="Photo").click()
    expect(quiet_page.locator(".examples button").first).to_be_enabled()  # whose code is fetched when the tab is opened
    first.close(verbose=False)
    with quiet_page.expect_event("requestfailed", lambda asked: "run/predict" in asked.url):
        quiet_page.locator(".examples button").first.click()
    second = launch(**options)
    try:
        quiet_page.wait_for_function("!window.before", timeout=30_000)
        expect(root).to_have_attribute("data-x", "0.5", timeout=60_000)
        assert "model=digits-vae-2d" in quiet_page.url
    finally:
        second.close(verbose=False)
