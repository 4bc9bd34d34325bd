"""The page below a path and behind proxies, as a visitor uses it: headless Chromium, through a proxy of the tests'."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import numpy as np
import pytest
import skimage.data
from map_page import drag, expected, frames, lonely_point, open_tool, pick, pixels, place, settle, visit
from photo_page import arrive, photos, slider, upload
from PIL import Image
from playwright.sync_api import Page, Request
from proxy import Proxy
from serving import SOON, wait_for

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


@contextmanager
def shown(proxy: Proxy, root_path: str) -> Iterator[None]:
    from explorer.ui.app import launch

    demo = launch(root_path=root_path, server_port=proxy.upstream, prevent_thread_lock=True, quiet=True)
    yield
    demo.close()
    proxy.close()


@pytest.fixture(params=SHOWN.values(), ids=SHOWN)
def proxy(request: pytest.FixtureRequest, port: int) -> Iterator[Proxy]:
    """The page below /maps through a proxy."""
    root_path, strips, headers = request.param
    proxy = Proxy(port, "/maps", strips, headers)
    with shown(proxy, root_path.format(port=proxy.port)):
        yield proxy


@pytest.fixture
def hiding(port: int) -> Iterator[Proxy]:
    """The page through a proxy that tells nothing of the address that its visitors ask."""
    proxy = Proxy(port, headers={"Host": "localhost:1"})
    with shown(proxy, ""):
        yield proxy


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    return photos(tmp_path)["coffee"]


def follows_the_pointer(page: Page) -> None:
    """A drag over the map decodes, and not one frame of it comes over HTTP."""
    by_http: list[str] = []

    def note(request: Request) -> None:
        by_http.append(request.url)

    page.on("request", note)
    drag(page, [(0.3, 0.3), (0.4, 0.5), (0.6, 0.6)])
    page.remove_listener("request", note)
    np.testing.assert_array_equal(pixels(page), expected(place(page)))
    assert not [url for url in by_http if "/frame?" in url]


def answers(page: Page) -> None:
    """The tools tell of a clicked point, and draw the lattice."""
    with page.expect_response(re.compile("/tool/about$")) as told:
        pick(page, MODEL, lonely_point(MODEL))
    assert told.value.ok
    open_tool(page, "lattice")
    page.locator('[data-role="lattice-on"]').check()
    page.wait_for_selector('[data-role="pictures"][data-box]')


def encodes(page: Page, photo: Path) -> None:
    """An example and an uploaded photo come back as they are, beside their reconstructions."""
    page.get_by_role("tab", name="Photo").click()
    page.locator("#photo-examples img").first.click()
    arrive(page, [])
    np.testing.assert_array_equal(slider(page)[0], skimage.data.chelsea())
    upload(page, photo)
    np.testing.assert_array_equal(slider(page)[0], np.asarray(Image.open(photo)))


def test_below_a_path_map_socket_tools_link_and_photo_work(page: Page, proxy: Proxy, photo: Path) -> None:
    visit(page, proxy.address, f"?model={MODEL}")
    follows_the_pointer(page)
    assert proxy.sockets == [OPEN]
    answers(page)
    page.wait_for_function("() => location.search.includes('tool=lattice')")
    at, link = place(page), page.url
    assert link.startswith(f"{proxy.address}?")
    page.goto(link.replace("/maps/?", "/maps?"))  # as one may type it
    page.wait_for_selector('[data-role="root"][data-tool="lattice"]', timeout=60_000)
    settle(page)
    assert [place(page)[key] for key in ("x", "y", "point")] == [at[key] for key in ("x", "y", "point")]
    encodes(page, photo)
    assert proxy.strays == []
    page.goto("about:blank")  # before the server ends


def test_where_a_proxy_hides_the_address_the_browser_tells_whose_page_asks(
    quiet_page: Page, hiding: Proxy, photo: Path
) -> None:
    visit(quiet_page, hiding.address, f"?model={MODEL}")
    wait_for(lambda: OPEN in hiding.sockets)
    frames(quiet_page, 10)  # until the page knows as well
    follows_the_pointer(quiet_page)
    answers(quiet_page)
    encodes(quiet_page, photo)
    addresses = quiet_page.evaluate("[...document.images].map((image) => image.src)")
    assert all(url.startswith((hiding.address, "data:", "blob:")) for url in addresses if url)
    quiet_page.goto("about:blank")


def test_another_sites_page_may_not_pretend_to_be_ours(hiding: Proxy) -> None:
    evil = {"Origin": "http://evil.example", "Host": "maps.example"}
    told = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "x-forwarded-host"}
    url = f"http://127.0.0.1:{hiding.upstream}/gradio_api/explorer/tool/about"
    invited = httpx.options(url, headers={**evil, **told}, timeout=SOON)
    assert invited.status_code == 403
    assert not [name for name in invited.headers if name.startswith("access-control")]
