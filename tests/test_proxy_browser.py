"""The page below a path and behind proxies, as a visitor uses it: headless Chromium, through a proxy of the tests'."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import skimage.data
from map_page import drag, expected, lonely_point, open_tool, pick, pixels, place, settle, visit
from photo_page import arrive, photos, slider, upload
from PIL import Image
from playwright.sync_api import Page
from proxy import Proxy

pytestmark = pytest.mark.browser
MODEL = "digits-vae-2d"
OPEN = "HTTP/1.1 101 Switching Protocols"
# How proxies tell a request's address: nginx as Gradio's guide has it, which leaves the port out, and RFC 7239.
GUIDE = {"Host": "127.0.0.1", "X-Forwarded-Host": "127.0.0.1", "X-Forwarded-Proto": "http"}
FORWARDED = {"Host": "localhost:1", "Forwarded": 'for="_x";host="127.0.0.1:{port}";proto=http'}
SHOWN = {  # root path, whether the proxy takes it away, what it tells
    "path, stripped": ("/maps", True, GUIDE),
    "path, kept": ("/maps/", False, {}),
    "URL, stripped": ("http://127.0.0.1:{port}/maps", True, {"Host": "localhost:1"}),
    "URL, kept": ("http://127.0.0.1:{port}/maps", False, FORWARDED),
}


@pytest.fixture(params=SHOWN.values(), ids=SHOWN)
def proxy(request: pytest.FixtureRequest, port: int) -> Iterator[Proxy]:
    """The page below /maps through a proxy."""
    from explorer.ui.app import launch

    root_path, strips, headers = request.param
    proxy = Proxy(port, "/maps", strips, headers)
    root_path = root_path.format(port=proxy.port)
    demo = launch(root_path=root_path, server_port=port, prevent_thread_lock=True, quiet=True)
    yield proxy
    demo.close()
    proxy.close()


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    return photos(tmp_path)["coffee"]


def test_below_a_path_map_socket_tools_link_and_photo_work(page: Page, proxy: Proxy, photo: Path) -> None:
    by_http: list[str] = []
    page.on("request", lambda request: by_http.append(request.url) if "/frame?" in request.url else None)
    visit(page, proxy.address, f"?model={MODEL}")
    page.wait_for_function("() => document.querySelector('[data-role=plot]')._fullLayout")
    drag(page, [(0.3, 0.3), (0.4, 0.5), (0.6, 0.6)])
    np.testing.assert_array_equal(pixels(page), expected(place(page)))
    assert proxy.sockets == [OPEN]
    assert by_http == []

    with page.expect_response(re.compile("/tool/about$")) as told:
        pick(page, MODEL, lonely_point(MODEL))
    assert told.value.ok
    open_tool(page, "lattice")
    page.locator('[data-role="lattice-on"]').check()
    page.wait_for_selector('[data-role="pictures"][data-box]')
    page.wait_for_function("x => location.search.includes('tool=lattice')")
    at, link = place(page), page.url
    assert link.startswith(f"{proxy.address}?")
    page.goto(link.replace("/maps/?", "/maps?"))  # as one may type it
    page.wait_for_selector('[data-role="root"][data-tool="lattice"]', timeout=60_000)
    settle(page)
    assert [place(page)[key] for key in ("x", "y", "point")] == [at[key] for key in ("x", "y", "point")]

    page.get_by_role("tab", name="Photo").click()
    page.locator("#photo-examples img").first.click()
    arrive(page, [])
    np.testing.assert_array_equal(slider(page)[0], skimage.data.chelsea())
    upload(page, photo)
    np.testing.assert_array_equal(slider(page)[0], np.asarray(Image.open(photo)))
    assert proxy.strays == []
    page.goto("about:blank")  # before the server ends
