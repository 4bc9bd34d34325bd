"""Fixtures that more than one test file uses: small checkpoints, trained in seconds on scikit-learn's digits,
photo models with random weights, and the page in headless Chromium."""

import os
import shutil
import socket
from collections.abc import Callable, Generator, Iterator
from pathlib import Path

import pytest
import torch
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Error,
    Page,
    ViewportSize,
    expect,
    sync_playwright,
)
from random_models import random_vae

from explorer import train

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
expect.set_options(timeout=20_000)  # milliseconds: two cores shared by two browsers and their servers can be slow


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


def digits(out: Path, *options: str) -> Path:
    assert train.main(["digits-vae-2d", "--device", "cpu", "--no-tsne", "--out", str(out), *options]) == 0
    return out


@pytest.fixture(scope="session")
def digits_checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The digits VAE after two epochs."""
    return digits(tmp_path_factory.mktemp("checkpoints") / "digits", "--epochs", "2")


@pytest.fixture(scope="session")
def digits_checkpoint_5d(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The digits VAE with five latent dimensions and other options, after one epoch."""
    options = ["--epochs", "1", "--latent-dim", "5", "--width", "16", "--beta", "0.5", "--seed", "7", "--lr", "0.01"]
    return digits(tmp_path_factory.mktemp("checkpoints") / "digits-5d", *options)


@pytest.fixture
def copied(tmp_path: Path) -> Callable[[Path], Path]:
    """A function that copies a checkpoint, so that a test can damage it."""

    def copy(checkpoint: Path) -> Path:
        names = ("config.json", "model.safetensors", "latents.safetensors")
        folder = tmp_path / f"copy-of-{checkpoint.name}"
        folder.mkdir()
        for name in names:
            shutil.copy(checkpoint / name, folder)
        return folder

    return copy


@pytest.fixture(scope="session")
def small_vae(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an AutoencoderKL of the usual shape, 8 × 8 pixels to a latent, few channels and random weights."""
    folder = tmp_path_factory.mktemp("photo-models") / "small-vae"
    random_vae(norm_num_groups=4, mid_block_add_attention=False, sample_size=512).save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def small_tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an AutoencoderTiny of the usual shape, few channels and random weights."""
    from diffusers import AutoencoderTiny

    folder = tmp_path_factory.mktemp("photo-models") / "small-tiny"
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = AutoencoderTiny(
            encoder_block_out_channels=(8,) * 4,
            decoder_block_out_channels=(8,) * 4,
            num_encoder_blocks=(1,) * 4,
            num_decoder_blocks=(1,) * 4,
        )
        with torch.no_grad():
            model.decoder.layers[-1].weight.mul_(4)
            model.decoder.layers[-1].bias.fill_(0.5)  # around grey: what is black all over shows no change
        model.save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def profile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the browser keeps what it fetched and compiled, so that its first page opens sooner too."""
    return tmp_path_factory.mktemp("profile")


@pytest.fixture(scope="session")
def port() -> int:
    """One port for all files, since the browser keeps things by address: outside the range that systems hand out."""
    for candidate in range(20_000 + os.getpid() % 10_000, 31_000):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", candidate)):
                return candidate
    raise AssertionError("There is no free port.")


@pytest.fixture(scope="module")
def context(profile: Path) -> Iterator[BrowserContext]:
    """One visitor's browser for the tests of a file."""
    if CHROMIUM is None:
        reason = "Chromium is missing: apt-get install chromium (or your system's way), then run the tests again."
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    with sync_playwright() as playwright:
        chromium = playwright.chromium
        context = chromium.launch_persistent_context(profile, executable_path=CHROMIUM, args=ARGUMENTS, viewport=SIZE)
        yield context
        context.close()


@pytest.fixture(scope="module")
def browser(context: BrowserContext) -> Browser:
    """For visitors of another kind: with a phone, in another language."""
    assert context.browser is not None
    return context.browser


@pytest.fixture(scope="module")
def address(port: int) -> Iterator[str]:
    """Where the page is served for the tests of one file."""
    from explorer.ui.app import launch  # here: most files' tests do without Gradio, whose import takes seconds

    demo = launch(server_port=port, prevent_thread_lock=True, quiet=True)
    yield f"http://127.0.0.1:{port}/"
    demo.close()


FAILED = pytest.StashKey[bool]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if call.when == "call":
        item.stash[FAILED] = report.failed
    return report


@pytest.fixture
def page(context: BrowserContext, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A page that fails its test when a script throws or logs an error."""
    yield from watched(context, request, ("pageerror", "console"))


@pytest.fixture
def quiet_page(context: BrowserContext, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A page where a question may be refused, which the browser logs as an error, but where no script may throw."""
    yield from watched(context, request, ("pageerror",))


@pytest.fixture(scope="module")
def pocket(browser: Browser) -> Iterator[BrowserContext]:
    """The browser of a visitor with a phone."""
    context = browser.new_context(viewport={"width": 360, "height": 740}, has_touch=True, is_mobile=True)
    context.new_page()
    yield context
    context.close()


@pytest.fixture
def phone(pocket: BrowserContext, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A page on a phone that fails its test when a script throws or logs an error."""
    yield from watched(pocket, request, ("pageerror", "console"))


def watched(context: BrowserContext, request: pytest.FixtureRequest, events: tuple[str, ...]) -> Iterator[Page]:
    """The same page for all tests of a file, since to open one takes seconds: a test finds it as the one before left
    it, unless that one failed or was allowed errors."""
    page = context.pages[0]
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
    for opened in context.pages[1:]:
        opened.close()
    page.unroute_all()
    if request.node.stash.get(FAILED, True) or problems or "console" not in events:
        page.goto("about:blank")
    if page.viewport_size != size:
        page.set_viewport_size(size)
    assert problems == []
