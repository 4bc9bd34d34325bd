"""Fixtures that more than one test file uses: small checkpoints, trained in seconds on scikit-learn's digits,
photo models with random weights, and the page in headless Chromium."""

import shutil
from collections.abc import Callable, Generator, Iterator
from pathlib import Path

import pytest
import torch
from host import FAILED, Host, watched
from playwright.sync_api import (
    Browser,
    BrowserContext,
    Page,
    expect,
)
from random_models import random_vae

from explorer import train

HOST = pytest.StashKey[Host]()
VISITING = pytest.StashKey[set[Path]]()
expect.set_options(timeout=20_000)  # milliseconds: two cores shared by two browsers and their servers can be slow


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Files that look at the page come first: they take longest, and share a server and a browser."""
    visiting = config.stash[VISITING] = {item.path for item in items if "host" in getattr(item, "fixturenames", ())}
    items.sort(key=lambda item: item.path not in visiting)


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
def host(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    host = request.config.stash[HOST] = Host(tmp_path_factory.mktemp("host"))
    yield host
    host.close()


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Close what only others need: no event loop can be run beside Playwright's."""
    if HOST in item.config.stash and item.path not in item.config.stash[VISITING]:
        item.config.stash[HOST].close()


@pytest.fixture
def port(host: Host) -> int:
    """For a server of the test's own: a fixed one too, since the browser keeps things by address."""
    return host.port + 1


@pytest.fixture(scope="module")
def address(host: Host) -> str:
    """Where the page is served."""
    return host.address


@pytest.fixture(scope="module")
def context(host: Host) -> Iterator[BrowserContext]:
    """One visitor's browser, which the tests of a file find empty."""
    yield host.context
    host.context.pages[0].goto("about:blank")


@pytest.fixture(scope="module")
def browser(context: BrowserContext) -> Browser:
    """For visitors of another kind: with a phone, in another language."""
    assert context.browser is not None
    return context.browser


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
    yield from watched(context.pages[0], request, ("pageerror", "console"))


@pytest.fixture
def quiet_page(context: BrowserContext, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A page where a question may be refused, which the browser logs as an error, but where no script may throw."""
    yield from watched(context.pages[0], request, ("pageerror",))


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
    yield from watched(pocket.pages[0], request, ("pageerror", "console"))
