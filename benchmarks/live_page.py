"""One visitor's page in headless Chromium, driven by real pointer events."""

from __future__ import annotations

import asyncio
import math
import shutil
import time
from typing import Any

import numpy as np
from playwright.async_api import Browser, BrowserType, CDPSession, FloatRect, Page

from explorer import LatentSpace
from explorer.live.worker import to_bytes

ARGUMENTS = [
    "--no-sandbox",
    "--use-angle=swiftshader",  # WebGL without a graphics card
    "--enable-unsafe-swiftshader",
    # Only WebGL: a compositor on SwiftShader takes some 80 ms of the processor for each frame, whatever the page does.
    "--disable-gpu-compositing",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
POINTER_RATE = 125  # events a second, as a common mouse sends them
MOVES = 1_000
NOTHING, NEIGHBOURS, EVERYTHING = "nothing", "neighbours", "lattice, trust, neighbours"
READY = '[data-role="root"][data-x]'
COLLECT = """() => {
  const before = window.collected;
  window.collected = [];
  if (before) return;
  let frame = 0;
  const count = () => { frame += 1; requestAnimationFrame(count); };
  requestAnimationFrame(count);
  document.querySelector('[data-role="root"]').addEventListener("painted", ({detail}) => {
    window.collected.push([frame, detail.now, detail.latency]);
  });
}"""
SETTLED = """async () => {
  const frames = (left) => new Promise((done) => requestAnimationFrame(() => done(left && frames(left - 1))));
  const begin = performance.now();
  await frames(30);
  return performance.now() - begin < 1000;
}"""
PICTURE = """() => {
  const {x, y, point} = document.querySelector('[data-role="root"]').dataset;
  const canvas = document.querySelector('[data-role="decoded"]');
  const {data} = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  const grey = Array.from({length: data.length / 4}, (_, i) => data[4 * i]);
  return {x: +x, y: +y, point: point === "" ? null : +point, grey};
}"""


async def start_browser(chromium: BrowserType) -> Browser:
    """The system's Chromium, or Playwright's own where there is none."""
    return await chromium.launch(executable_path=shutil.which("chromium"), args=ARGUMENTS)


async def open_page(browser: Browser, port: int, model: str) -> tuple[Page, CDPSession, float, dict[str, int]]:
    """A new visitor's page. -> page, its DevTools, seconds until it could be used, bytes over the wire by path."""
    context = await browser.new_context(viewport={"width": 1280, "height": 800})
    page = await context.new_page()
    tools = await context.new_cdp_session(page)
    paths: dict[str, str] = {}
    sizes: dict[str, int] = {}

    def started(event: dict[str, Any]) -> None:
        paths[event["requestId"]] = event["response"]["url"].split("?")[0].rsplit("/", 1)[-1]

    def finished(event: dict[str, Any]) -> None:
        path = paths.get(event["requestId"], "")
        sizes[path] = sizes.get(path, 0) + int(event["encodedDataLength"])

    tools.on("Network.responseReceived", started)
    tools.on("Network.loadingFinished", finished)
    await tools.send("Network.enable")
    begin = time.perf_counter()
    await page.goto(f"http://127.0.0.1:{port}/?model={model}&point=0", wait_until="commit")
    await page.wait_for_selector(READY, timeout=120_000)
    seconds = time.perf_counter() - begin
    for _ in range(20):  # what loads behind the first picture would slow the first drag
        if await page.evaluate(SETTLED):
            break
    return page, tools, seconds, sizes


class Pointer:
    """A mouse that moves in one sweep over the map without waiting for the browser's answers."""

    def __init__(self, tools: CDPSession, box: FloatRect) -> None:
        self.tools, self.box = tools, box
        self.answers: list[asyncio.Task[Any]] = []
        self.moves = 0

    def move(self, kind: str = "mouseMoved") -> None:
        angle = self.moves / POINTER_RATE
        x = self.box["x"] + self.box["width"] * (0.5 + 0.38 * math.cos(1.9 * angle))
        y = self.box["y"] + self.box["height"] * (0.5 + 0.38 * math.sin(2.7 * angle))
        event = {"type": kind, "x": x, "y": y, "button": "left", "buttons": 1, "clickCount": 1}
        self.answers.append(asyncio.ensure_future(self.tools.send("Input.dispatchMouseEvent", event)))
        self.moves += 1

    async def sweep(self, seconds: float) -> None:
        begin = time.perf_counter()
        while (due := begin + self.moves / POINTER_RATE) < begin + seconds:
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            self.move()

    async def lift(self) -> None:
        await asyncio.gather(*self.answers)
        self.moves -= 1
        self.move("mouseReleased")
        await asyncio.gather(*self.answers)


async def press(page: Page, tools: CDPSession) -> Pointer:
    box = await page.locator('[data-role="pad"]').bounding_box()
    assert box is not None
    pointer = Pointer(tools, box)
    pointer.move()
    pointer.move("mousePressed")
    return pointer


async def switch_on(page: Page, what: str) -> None:
    """Open the walk tool, which is idle during a drag, or the nearest test images, or these over lattice and trust."""
    if what == EVERYTHING:
        await page.click('[data-open="lattice"]')
        await page.check('[data-role="lattice-on"]')
        await page.click('[data-open="trust"]')
        await page.check('[name="trust-kind"][value="density"]', force=True)
        for role in ("pictures", "heat"):
            await page.wait_for_selector(f'[data-role="{role}"][data-box]')
    await page.click(f'[data-open="{"walk" if what == NOTHING else "point"}"]')
    await page.wait_for_timeout(1000)


async def drag(page: Page, tools: CDPSession, network: str, what: str, seconds: float) -> list[str]:
    """One row: what was painted while the pointer moved."""
    await switch_on(page, what)
    pointer = await press(page, tools)
    await pointer.sweep(0.5)  # warm
    await page.evaluate(COLLECT)
    pointer.moves = 0
    await pointer.sweep(seconds)
    collected = await page.evaluate("window.collected")
    moves = pointer.moves
    await pointer.lift()
    if len(collected) < 2:
        return [network, what, "–", "–", "0", f"{moves / seconds:.0f}"]
    latencies = np.array([latency for _, _, latency in collected])
    span = (collected[-1][1] - collected[0][1]) / 1000
    rate = (len({frame for frame, _, _ in collected}) - 1) / span
    p50, p95 = np.percentile(latencies, [50, 95])
    return [network, what, f"{p50:.1f}", f"{p95:.1f}", f"{rate:.1f}", f"{moves / seconds:.0f}"]


async def shows_the_last(page: Page, tools: CDPSession, space: LatentSpace) -> str:
    """Whether the picture is that of the last place after as many moves as the browser takes at once."""
    pointer = await press(page, tools)
    for _ in range(MOVES):
        pointer.move()
    await pointer.lift()
    difference = 255
    for _ in range(100):
        shown = await page.evaluate(PICTURE)
        anchor = None if shown["point"] is None else space.latents[shown["point"]]
        image = to_bytes(space.decode(space.from_plane([[shown["x"], shown["y"]]], anchor)))
        if image.size == len(shown["grey"]):
            difference = int(np.abs(image.ravel().astype(int) - shown["grey"]).max())
        if difference <= 1:
            return "yes"
        await page.wait_for_timeout(50)
    return f"no: its pixels differ by up to {difference} of 255"
