"""The map's page as a test sees it: where things lie on the screen, and which pixels they show."""

from __future__ import annotations

import base64
import io
import re

import numpy as np
from PIL import Image
from playwright.sync_api import Page, Route, expect
from scipy.spatial import cKDTree

import explorer
from explorer.live.worker import to_bytes

READY = '[data-role="root"][data-x]'


# Each input back to what it was when the page was opened, nothing drawn, the first tool open. False where that would
# not make the map as it is for a new visitor.
TIDY = """() => {
    const map = document.querySelector("#latent-map"), query = new URLSearchParams(location.search);
    if (!map?.checkVisibility() || !map.querySelector("[data-x]")) return false;
    if (map.querySelector("[data-stop], [value^=own-], dialog[open]")) return false;
    if (query.has("lang") || query.has("__theme")) return false;
    map.querySelector('[data-role="sketch-clear"]').click();
    for (const input of map.querySelectorAll("[type=checkbox], [type=radio][checked]")) {
        if (input.checked !== input.defaultChecked) input.click();
    }
    for (const input of map.querySelectorAll("[type=range][value]")) {
        if (input.value === input.defaultValue) continue;
        input.value = input.defaultValue;
        for (const kind of ["input", "change"]) input.dispatchEvent(new Event(kind));
    }
    const other = map.querySelector('[data-role="other"]');
    if (other.value) {
        other.value = "";
        other.dispatchEvent(new Event("change"));
    }
    for (const found of ['[data-role="explore"]', '[data-open="point"]']) map.querySelector(found).click();
    document.activeElement.blur();
    scrollTo(0, 0);
    return true;
}"""


# By the page's own modules, told that another map was shown before: what is chosen again would not be cleared.
OPEN_ANEW = """async (name) => {
    const loaded = performance.getEntriesByType("resource").map((entry) => entry.name);
    const own = (path) => import(loaded.find((url) => url.endsWith(path)));
    const [{ state }, { openMap }, { notify }, { remember }] =
        await Promise.all(["state", "maps", "page", "address"].map((module) => own(`/map/${module}.js`)));
    notify("");
    state.model = "";
    await openMap(name);
    remember();
}"""


def visit(page: Page, address: str, query: str = "") -> None:
    """The map as a new visitor finds it. Where the page shows it already, it is tidied and the model chosen anew, in a
    fraction of the time that a page takes to open."""
    asked = re.fullmatch(r"\?model=([\w-]+)", query)
    if asked and page.url.startswith(address) and page.evaluate(TIDY):
        page.mouse.move(0, 0)
        page.evaluate(OPEN_ANEW, asked[1])
    else:
        page.goto(address + query)
        page.wait_for_selector(READY, timeout=60_000)
    settle(page)


def choose_model(page: Page, name: str) -> None:
    page.eval_on_selector(f'[name="explorer-model"][value="{name}"]', "choice => choice.click()")
    page.wait_for_selector(f'[data-role="root"][data-model="{name}"]')


def settle(page: Page) -> None:
    """Until the picture on the canvas is the one of the place where the cursor stands."""
    page.wait_for_function(
        """() => {
            const {model, x, y, point, z} = document.querySelector('[data-role="root"]').dataset;
            const here = z ? `${model} ${z}` : [model, x, y, point].join(" ");
            return document.querySelector('[data-role="decoded"]').dataset.place === here;
        }"""
    )


def frames(page: Page, count: int) -> None:
    """Until the browser has drawn that many frames, in which something would have happened that must not."""
    page.evaluate(
        """count => new Promise((done) => {
            const next = () => count-- ? requestAnimationFrame(next) : done();
            next();
        })""",
        count,
    )


def open_tool(page: Page, name: str) -> None:
    page.locator(f'[data-open="{name}"]').click()
    page.wait_for_selector(f'[data-role="root"][data-tool="{name}"]')


def use(page: Page, tool: str) -> None:
    """Open a tool, and have it say what it has to say."""
    open_tool(page, tool)
    left, top, width, height = pad_box(page)
    if tool == "point":
        page.locator('[data-role="near"] button').first.wait_for()
    elif tool == "lattice":
        page.locator('[data-role="lattice-on"]').check()
        expect(page.locator('[data-role="lattice-note"]')).not_to_be_empty()
        page.locator('[data-role="lattice-on"]').uncheck()
    elif tool == "trust":
        for kind in page.locator('[data-role="trust-kind"] label:visible').all():
            kind.click()
            expect(page.locator('[data-role="trust-words"]')).not_to_be_empty()
    elif tool == "walk":
        for x, y in ((0.4, 0.4), (0.55, 0.5)):
            page.mouse.click(left + x * width, top + y * height)
        expect(page.locator('[data-role="walk-film"] button')).to_have_count(13)
    elif tool == "sample":
        expect(page.locator('[data-role="sample-words"]')).not_to_be_empty()
    elif tool == "draw":
        box = page.locator('[data-role="sketch"]').bounding_box()
        assert box is not None
        page.mouse.move(box["x"] + 30, box["y"] + 30)
        page.mouse.down()
        page.mouse.move(box["x"] + 60, box["y"] + 80)
        page.mouse.up()
        expect(page.locator('[data-role="own-outcome"]')).to_be_visible()
    elif tool == "select":
        page.locator('[data-role="select-all"]').click()
        expect(page.locator('[data-role="select-outcome"]')).to_be_visible()
    elif tool == "compare":
        page.locator('[data-role="other"]').select_option("tsne")
        page.wait_for_selector('[data-role="other-frame"][data-x]')
    elif tool == "history":
        expect(page.locator('[data-role="history-note"]')).not_to_be_empty()


def place(page: Page) -> dict[str, str]:
    return page.eval_on_selector('[data-role="root"]', "root => ({...root.dataset})")


def pixels(page: Page, role: str = "decoded") -> np.ndarray:
    """The grey levels on a canvas, (H, W) uint8."""
    return painted(page, role)[:, :, 0]


def pictures(page: Page, role: str) -> np.ndarray:
    """The grey levels on all canvases within an element, (S, H, W) uint8."""
    found = page.eval_on_selector_all(f'[data-role="{role}"] canvas', "all => all.map((canvas) => canvas.toDataURL())")
    return np.stack([read_png(png)[:, :, 0] for png in found])


def painted(page: Page, role: str) -> np.ndarray:
    """The pixels (H, W, 4) of a canvas; as a PNG, since Playwright looks at each number of a list."""
    return read_png(page.eval_on_selector(f'[data-role="{role}"]', "canvas => canvas.toDataURL()"))


def read_png(url: str) -> np.ndarray:
    """A data URL -> (H, W, 4) uint8."""
    with Image.open(io.BytesIO(base64.b64decode(url.partition(",")[2]))) as image:
        return np.asarray(image.convert("RGBA"))


def latent(at: dict[str, str]) -> np.ndarray:
    """The latent (1, D) at which the page says it is."""
    if at["z"]:
        return np.array([at["z"].split()], np.float32)
    space = explorer.load(at["model"])
    anchor = space.latents[int(at["point"])] if at["point"] else None
    shown = space.in_plane(at["plane"]) if at["plane"] else space
    return shown.from_plane([[float(at["x"]), float(at["y"])]], anchor)


def expected(at: dict[str, str]) -> np.ndarray:
    """What the decoder makes of the place that the page says it is at."""
    return to_bytes(explorer.load(at["model"]).decode(latent(at)))[0]


def pad_box(page: Page) -> tuple[float, float, float, float]:
    box = page.locator('[data-role="pad"]').bounding_box()
    assert box is not None
    return box["x"], box["y"], box["width"], box["height"]


def drag(page: Page, moves: list[tuple[float, float]]) -> None:
    """Press, move and release at places given as shares of the map's width and height."""
    left, top, width, height = pad_box(page)
    at = [(left + x * width, top + y * height) for x, y in moves]
    page.mouse.move(*at[0])
    page.mouse.down()
    for point in at[1:]:
        page.mouse.move(*point)
    page.mouse.up()
    settle(page)


def on_screen(page: Page, model: str, point: int, plane: str = "") -> tuple[float, float]:
    """Where a test point lies on the screen."""
    space = explorer.load(model)
    return at_pixels(page, *map(float, (space.in_plane(plane) if plane else space).plane[point]))


def at_pixels(page: Page, x: float, y: float) -> tuple[float, float]:
    """Where a place of the map lies on the screen."""
    (found,) = all_at_pixels(page, [(x, y)])
    return found


def all_at_pixels(page: Page, places: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Where places of the map lie on the screen, asked for at once."""
    left, top, *_ = pad_box(page)
    found = page.eval_on_selector(
        '[data-role="plot"]',
        """(plot, places) => {
            const {xaxis, yaxis} = plot._fullLayout;
            return places.map(([x, y]) => [xaxis._offset + xaxis.d2p(x), yaxis._offset + yaxis.d2p(y)]);
        }""",
        [[float(x), float(y)] for x, y in places],
    )
    return [(left + dx, top + dy) for dx, dy in found]


def pick(page: Page, model: str, point: int) -> None:
    """Click a test point, and wait until the page knows whose it is."""
    page.mouse.click(*on_screen(page, model, point))
    page.wait_for_function(
        """point => document.querySelector('[data-role="picked"]').textContent.endsWith(`test image ${point}`)""",
        arg=point,
    )
    page.wait_for_selector('[data-role="pair"]', state="attached")


def lonely_point(model: str) -> int:
    """A test point with no other close to it, so that a click there means this one."""
    return lonely_points(model, 1)[0]


def lonely_points(model: str, count: int) -> list[int]:
    """The test points farthest from their nearest ones, of those that lie well within the view."""
    plane = explorer.load(model).plane
    inside = np.flatnonzero((np.abs(plane - np.median(plane, 0)) < 1.5 * plane.std(0)).all(1))
    nearest = cKDTree(plane).query(plane[inside], 2)[0][:, 1]
    return inside[np.argsort(-nearest)[:count]].tolist()


FAILURES = {  # a way to fail -> what the page says of it
    "abort": "The server did not answer; try again in a moment.",
    "503": "Busy; try again.",
}


def fail(failure: str, route: Route) -> None:
    """For page.route: a server that does not answer, or has no time."""
    if failure == "abort":
        route.abort()
    else:
        route.fulfill(status=503, json={"error": FAILURES[failure]})
