"""What all files that look at the page have in common: its server, a browser, and pages that tell of errors."""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from functools import cached_property
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, ConsoleMessage, Error, Page, ViewportSize, sync_playwright

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
ARGUMENTS = [
    "--no-sandbox",
    "--use-angle=swiftshader",  # WebGL without a graphics card
    "--enable-unsafe-swiftshader",
    "--disable-gpu-compositing",  # or the page itself is drawn by SwiftShader too, at four frames a second
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
SIZE: ViewportSize = {"width": 1280, "height": 800}
FAILED = pytest.StashKey[bool]()


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


class Host:
    """One server and one browser for a process, each from when it is first asked for until the host is closed.

    folder: an empty one, in which both keep their files.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.opened = ExitStack()

    @cached_property
    def port(self) -> int:
        """Outside the range that systems hand out, and followed by two that are free as well."""
        for candidate in range(20_000 + 3 * os.getpid() % 10_000, 31_000, 3):
            if all(is_free(candidate + i) for i in range(3)):
                return candidate
        raise AssertionError("There is no free port.")

    @cached_property
    def address(self) -> str:
        """Where the page is served, without a Hub."""
        from explorer.ui.app import launch  # here: most files' tests do without Gradio, whose import takes seconds

        patch = self.opened.enter_context(pytest.MonkeyPatch.context())
        patch.setenv("GRADIO_TEMP_DIR", str(self.folder / "gradio"))
        patch.setenv("GRADIO_ANALYTICS_ENABLED", "False")
        patch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
        with pytest.MonkeyPatch.context() as elsewhere:
            # The packages lie outside the working directory, as they do where there is no .venv in it: Gradio serves no
            # files from there.
            elsewhere.setenv("EXPLORER_DATA", os.environ.get("EXPLORER_DATA") or str(Path("data").resolve()))
            elsewhere.chdir(self.folder)
            demo = launch(server_port=self.port, prevent_thread_lock=True, quiet=True)
        self.opened.callback(demo.close, verbose=False)
        return f"http://127.0.0.1:{self.port}/"

    @cached_property
    def context(self) -> BrowserContext:
        """One visitor's browser, which keeps what it fetched and compiled when it is closed and opened again."""
        if CHROMIUM is None:
            reason = "Chromium is missing: apt-get install chromium (or your system's way), then run the tests again."
            if os.environ.get("CI"):
                pytest.fail(reason)
            pytest.skip(reason)
        chromium = self.opened.enter_context(sync_playwright()).chromium
        context = chromium.launch_persistent_context(
            self.folder / "profile", executable_path=CHROMIUM, args=ARGUMENTS, viewport=SIZE
        )
        return self.opened.enter_context(context)

    def close(self) -> None:
        self.opened.close()
        for name in ("address", "context"):
            self.__dict__.pop(name, None)


def watched(page: Page, request: pytest.FixtureRequest, events: tuple[str, ...]) -> Iterator[Page]:
    """The same page for all tests of a file, since to open one takes seconds: a test finds it as the one before left
    it, unless that one failed or was allowed errors."""
    others = page.context.pages
    size = page.viewport_size or SIZE
    page.bring_to_front()  # what lies behind another page gets less of the processor
    problems: list[str] = []

    def note(event: Error | ConsoleMessage) -> None:
        if isinstance(event, Error):
            problems.append(str(event))
        elif event.type == "error":
            problems.append(event.text)

    for name in events:
        page.on(name, note)
    yield page
    for name in events:
        page.remove_listener(name, note)
    for opened in page.context.pages:
        if opened not in others:
            opened.close()
    page.unroute_all()
    if request.node.stash.get(FAILED, True) or problems or "console" not in events:
        page.goto("about:blank")
    if page.viewport_size != size:
        page.set_viewport_size(size)
    assert problems == []
