"""The photo tab as a visitor uses it: headless Chromium, real files, pointer and keyboard events."""

from __future__ import annotations

import io
import os
import struct
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import skimage.data
from map_page import frames
from photo_page import (
    SOON,
    arrive,
    becomes,
    built_in,
    channel_pictures,
    choose,
    decoded,
    download,
    ends,
    fetched,
    knob,
    measured,
    numbers,
    open_tab,
    photos,
    role,
    send,
    set_range,
    settle,
    shows,
    slider,
    sources,
    upload,
    watched,
)
from PIL import Image
from playwright.sync_api import BrowserContext, Page, expect
from safetensors import safe_open

from explorer.hub import UNREACHABLE
from explorer.interpolation import interpolate
from explorer.photos import jobs as photo_jobs
from explorer.photos import metrics
from explorer.photos import views as latent_views
from explorer.photos.edits import Channel, Edits, take_channels
from explorer.photos.formats.kind import EMPTY, TEXT, VECTOR
from explorer.photos.image import BROKEN, TOO_MANY
from explorer.photos.models import KNOWN
from explorer.photos.vae import load_vae
from explorer.ui.photo import examples

pytestmark = pytest.mark.browser
SIZE = (192, 128)
CHANNELS = 4
HOSTILE = "<img src=x onerror=alert(1)>"


@pytest.fixture(scope="module", autouse=True)
def _host(small_vae: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """One folder whose models a visitor may open.

    The packages lie outside the working directory, as they do where there is no .venv in it: Gradio serves no files
    from there.
    """
    folder = tmp_path_factory.mktemp("host")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EXPLORER_DATA", os.environ.get("EXPLORER_DATA") or str(Path("data").resolve()))
        patch.chdir(folder)
        patch.setenv("EXPLORER_MODELS", str(small_vae.parent))
        patch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(folder / "hub"))
        yield


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return photos(tmp_path_factory.mktemp("photos"))


@pytest.fixture(scope="module")
def photo(files: dict[str, Path]) -> Image.Image:
    return Image.open(files["astronaut"]).convert("RGB")


@pytest.fixture(scope="module")
def posterior(photo: Image.Image) -> tuple[np.ndarray, np.ndarray | None]:
    """The photo's latents and their deviation, (4, 16, 24) each, by the built-in model."""
    mean, std = built_in().posterior(photo)
    return mean[0].numpy(), None if std is None else std[0].numpy()


@pytest.fixture(scope="module")
def visit(context: BrowserContext, address: str, files: dict[str, Path]) -> Iterator[tuple[Page, list[str]]]:
    page, problems = watched(context)
    page.set_viewport_size({"width": 1280, "height": 1400})
    page.on("request", lambda request: problems.append(request.url) if not local(request.url, address) else None)
    open_tab(page, address)
    upload(page, files["astronaut"])
    yield page, problems
    page.close()


def local(url: str, address: str) -> bool:
    return url.startswith((address, "data:", "blob:"))


@pytest.fixture
def at_photo(visit: tuple[Page, list[str]], files: dict[str, Path], photo: Image.Image) -> Iterator[Page]:
    """A page with the astronaut, unedited; many tests share it, and each leaves it as it was."""
    page, problems = visit
    page.bring_to_front()
    page.evaluate("scrollTo(0, 0)")
    yield page
    if not np.array_equal(slider(page)[0], np.asarray(photo)):
        upload(page, files["astronaut"])
    before = sources(page)
    page.locator(role("reset-all")).click()
    arrive(page, before)
    assert problems == []


def test_an_uploaded_photo_shows_its_channels_its_reconstruction_and_its_measures(
    at_photo: Page, photo: Image.Image, posterior: tuple
) -> None:
    mean, _ = posterior
    original, reconstruction = slider(at_photo)
    np.testing.assert_array_equal(original, np.asarray(photo))
    shows(at_photo, decoded(mean, SIZE))
    pictures = channel_pictures(at_photo)
    assert len(pictures) == CHANNELS
    for shown, expected in zip(pictures, latent_views.channel_pictures(mean), strict=True):
        np.testing.assert_allclose(shown.astype(int), expected.pixels, atol=1)
    exact = metrics.compare(original, reconstruction)
    told = measured(at_photo)
    assert exact.ssim is not None
    assert told["PSNR"] == f"{exact.psnr:.2f} dB"
    assert told["SSIM"] == f"{exact.ssim:.3f}"
    assert told["Mean error"] == f"{exact.mae:.4f}"
    assert (told["Size"], told["Model"], told["Numbers"]) == ("192 × 128", "built-in", "48× fewer")


def test_a_channel_that_is_off_counts_as_zero_and_its_reset_brings_it_back(at_photo: Page, posterior: tuple) -> None:
    mean, _ = posterior
    at_photo.locator("#photo-view").get_by_role("checkbox", name="Channel 2").uncheck()
    without = mean.copy()
    without[1] = 0
    shows(at_photo, decoded(without, SIZE))
    exact = metrics.compare(*slider(at_photo))
    expect(at_photo.locator("#photo-measures dd").first).to_contain_text(f"{exact.psnr:.2f} dB")
    at_photo.get_by_role("button", name="Reset channel 2").click()
    expect(at_photo.locator("#photo-view").get_by_role("checkbox", name="Channel 2")).to_be_checked()
    shows(at_photo, decoded(mean, SIZE))


def test_the_reconstruction_follows_every_edit(at_photo: Page, posterior: tuple) -> None:
    set_range(at_photo, knob(1, "gain"), 1.5)
    set_range(at_photo, knob(4, "offset"), -0.75)
    channels = (Channel(gain=1.5), Channel(), Channel(), Channel(offset=-0.75))
    shows(at_photo, decoded(Edits(channels).apply(*posterior), SIZE))
    set_range(at_photo, role("sigma"), 0.2)
    at_photo.locator(role("noise-seed")).fill("7")
    at_photo.locator(role("noise-seed")).press("Enter")
    shows(at_photo, decoded(Edits(channels, sigma=0.2, noise_seed=7).apply(*posterior), SIZE))
    for bits in (8, 4):
        at_photo.locator(role("bits")).select_option(str(bits))
        edits = Edits(channels, sigma=0.2, noise_seed=7, bits=bits)
        shows(at_photo, decoded(edits.apply(*posterior), SIZE))
    at_photo.locator(role("reset-all")).click()
    shows(at_photo, decoded(posterior[0], SIZE))
    assert [at_photo.locator(knob(c, "gain")).input_value() for c in (1, 2, 3, 4)] == ["1"] * CHANNELS
    assert at_photo.locator(role("bits")).input_value() == "0"


def test_a_posterior_can_be_sampled_again_and_again(at_photo: Page, posterior: tuple) -> None:
    sample = at_photo.locator(role("sample"))
    if posterior[1] is None:
        expect(sample).to_be_disabled()
        return
    for seed in (0, 1):
        sample.click()
        shows(at_photo, decoded(Edits(sample=seed).apply(*posterior), SIZE))
    expect(sample).to_have_text("Sample again")
    at_photo.locator(role("mode")).click()
    shows(at_photo, decoded(posterior[0], SIZE))
    expect(sample).to_have_text("Sample the posterior")


def test_after_a_rapid_drag_the_last_value_is_decoded(at_photo: Page, posterior: tuple) -> None:
    gain = at_photo.locator(knob(3, "gain"))
    box = gain.bounding_box()
    assert box is not None
    at_photo.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    at_photo.mouse.down()
    for i in range(60):
        at_photo.mouse.move(box["x"] + box["width"] * (0.1 + 0.8 * (i % 37) / 37), box["y"] + box["height"] / 2)
    at_photo.mouse.move(box["x"] + box["width"] * 0.8, box["y"] + box["height"] / 2)
    at_photo.mouse.up()
    value = float(gain.input_value())
    assert value > 1.5
    settle(at_photo)
    channels = (Channel(), Channel(), Channel(gain=value), Channel())
    shows(at_photo, decoded(Edits(channels).apply(*posterior), SIZE))
    frames(at_photo, 20)
    shows(at_photo, decoded(Edits(channels).apply(*posterior), SIZE))


def test_a_click_on_a_cell_does_not_swallow_an_edit_that_waits(at_photo: Page, posterior: tuple) -> None:
    gain = [f'[aria-label="gain of channel {channel}"]' for channel in (1, 2)]
    at_photo.evaluate(
        """([first, second]) => {
            for (const [name, value] of [[first, 0.5], [second, 2]]) {
                const slider = document.querySelector(`#photo-view ${name}`);
                slider.value = value;
                slider.dispatchEvent(new Event("input"));
            }
            document.querySelector('#photo-view [data-role="frame"]').click();
        }""",
        gain,
    )
    channels = (Channel(gain=0.5), Channel(gain=2), Channel(), Channel())
    shows(at_photo, decoded(Edits(channels).apply(*posterior), SIZE))


def test_the_views_change_the_channels_pictures_and_not_the_reconstruction(at_photo: Page, posterior: tuple) -> None:
    mean, std = posterior
    before, pictures = sources(at_photo), latent_views.channel_pictures(mean, percentile=(0, 100))
    at_photo.locator(role("percentile")).select_option("0")
    ends_become(at_photo, pictures)
    at_photo.get_by_role("button", name="Own scale").click()
    ends_become(at_photo, latent_views.channel_pictures(mean, shared=False, percentile=(0, 100)))
    deviation = at_photo.get_by_role("button", name="Deviation")
    if std is None:
        expect(deviation).to_be_disabled()
    else:
        deviation.click()
        ends_become(at_photo, latent_views.deviation_pictures(std, shared=False, percentile=(0, 100)))
    at_photo.get_by_role("button", name="Latents").click()
    at_photo.get_by_role("button", name="Shared scale").click()
    at_photo.locator(role("percentile")).select_option("2")
    ends_become(at_photo, latent_views.channel_pictures(mean))
    assert sources(at_photo) == before


def ends_become(page: Page, expected: list[latent_views.ChannelPicture]) -> None:
    for index, channel in enumerate(expected):
        low, high = (f"{value:.2f}".replace("-", "−") for value in (channel.low, channel.high))
        box = page.locator("#photo-view .channel .ends").nth(index)
        expect(box.locator("span").first).to_have_text(low, timeout=SOON)
        expect(box.locator("span").last).to_have_text(high)
    assert len(ends(page)) == len(expected)
    settle(page)
    for shown, channel in zip(channel_pictures(page), expected, strict=True):
        np.testing.assert_allclose(shown.astype(int), channel.pixels, atol=1)


def test_pointing_at_a_cell_shows_its_numbers_and_marks_it_in_every_channel(at_photo: Page, posterior: tuple) -> None:
    mean, _ = posterior
    box = at_photo.locator(role("frame")).bounding_box()
    assert box is not None
    rows, columns = mean.shape[1:]
    at_photo.mouse.move(box["x"] + box["width"] * 5.5 / columns, box["y"] + box["height"] * 3.5 / rows)
    cell_is(at_photo, mean, 3, 5)
    at_photo.locator(role("frame")).focus()
    at_photo.keyboard.press("ArrowRight")
    at_photo.keyboard.press("ArrowDown")
    cell_is(at_photo, mean, 4, 6)
    at_photo.mouse.click(box["x"] + box["width"] * 9.5 / columns, box["y"] + box["height"] * 2.5 / rows)
    expect(at_photo.locator(role("reading"))).to_contain_text("90 % of its influence lies within", timeout=SOON)
    cell_is(at_photo, mean, 2, 9)
    influence = at_photo.locator(role("influence"))
    expect(influence).to_be_visible()
    alpha = fetched(at_photo, influence.get_attribute("src") or "")[:, :, 3]
    assert alpha.shape == SIZE[::-1]
    row, column = np.unravel_index(alpha.argmax(), alpha.shape)
    assert abs(row - 20) < 64
    assert abs(column - 76) < 64


def cell_is(page: Page, latents: np.ndarray, row: int, column: int) -> None:
    reading = page.locator(role("reading"))
    expect(reading).to_contain_text(f"column {column}, row {row} · pixels from {column * 8}, {row * 8}")
    told = numbers(reading.inner_text().split(" · ")[2])
    np.testing.assert_allclose(told, latents[:, row, column], atol=0.00501)
    rows, columns = latents.shape[1:]
    expected = [f"{100 * place:.2f}" for place in (column / columns, row / rows)]
    for marker in page.locator("#photo-view .cell").all():
        expect(marker).to_be_visible()
        place = marker.evaluate("marker => [parseFloat(marker.style.left), parseFloat(marker.style.top)]")
        assert [f"{value:.2f}" for value in place] == expected


def test_the_picture_shows_photo_reconstruction_error_or_linear_map_and_flickers(
    at_photo: Page, photo: Image.Image, posterior: tuple
) -> None:
    mean, _ = posterior
    shown, original = at_photo.locator(role("shown")), np.asarray(photo)
    high = float(np.percentile(metrics.error_map(original, decoded(mean, SIZE)), 99))
    linear = latent_views.fit_preview(mean, original).picture(mean)
    error = latent_views.heat(metrics.error_map(original, decoded(mean, SIZE)), high)
    expected = {"Photo": original, "Recon.": decoded(mean, SIZE), "Error": error, "Linear": linear}
    for name, pixels in expected.items():
        at_photo.locator(role("layers")).get_by_role("button", name=name).click()
        picture = fetched(at_photo, shown.get_attribute("src") or "")
        assert np.abs(picture.astype(int) - pixels).mean() < 4, name  # JPEG
    flicker = at_photo.get_by_role("button", name="Flicker")
    at_photo.locator(role("layers")).get_by_role("button", name="Photo").click()
    flicker.click()
    for alt in ("The reconstruction", "The photo", "The reconstruction"):
        expect(shown).to_have_attribute("alt", alt)
    flicker.click()
    frames(at_photo, 40)  # more than the time of a picture
    expect(shown).to_have_attribute("alt", "The photo")


def test_what_is_downloaded_is_what_is_shown_and_opens_again(
    at_photo: Page, page: Page, address: str, posterior: tuple, tmp_path: Path
) -> None:
    set_range(at_photo, knob(2, "gain"), -0.5)
    edited = Edits((Channel(), Channel(gain=-0.5))).apply(*posterior)
    shows(at_photo, decoded(edited, SIZE))
    np.testing.assert_array_equal(np.asarray(Image.open(download(at_photo, "PNG"))), slider(at_photo)[1])
    np.testing.assert_allclose(np.load(download(at_photo, ".npy")), edited[None], atol=1e-5)
    latents = tmp_path / "latents.safetensors"
    latents.write_bytes(download(at_photo, ".safetensors").read_bytes())
    with safe_open(latents, "np") as opened:
        np.testing.assert_allclose(opened.get_tensor("latents"), edited[None], atol=1e-5)
        metadata = opened.metadata()
    assert metadata["model"] == "built-in"
    assert float(metadata["scaling_factor"]) == built_in().scaling_factor
    assert (metadata["width"], metadata["height"]) == ("192", "128")
    open_tab(page, address)
    page.get_by_role("button", name="Take it with you, and back").click()
    send(page, "#photo-latents", latents)
    arrive(page, [])
    shows(page, decoded(edited, SIZE))
    assert measured(page)["PSNR"] == "no photo to compare with"
    expect(page.get_by_role("button", name="Unedited")).to_be_visible()


def test_an_example_another_model_and_another_size_are_encoded_anew(
    page: Page, address: str, files: dict[str, Path], small_vae: Path
) -> None:
    open_tab(page, address)
    thumbnails = page.locator("#photo-examples img")
    assert thumbnails.evaluate_all("images => images.map((image) => image.naturalWidth)") == [80] * 6
    thumbnails.first.click()
    arrive(page, [])
    np.testing.assert_array_equal(slider(page)[0], skimage.data.chelsea())
    upload(page, files["wide"])
    notice = page.locator("#photo-notice")
    expect(notice).to_have_text("The photo was reduced from 600 × 40 to 512 × 34 pixels.")
    assert measured(page)["Size"] == "512 × 34"
    page.get_by_role("button", name="Own scale").click()
    after(page, lambda: page.get_by_role("radio", name="1:1").check(force=True))
    expect(notice).to_have_text("")
    wide = Image.open(files["wide"])
    np.testing.assert_array_equal(slider(page)[0], np.asarray(wide))
    expect(page.get_by_role("button", name="Shared scale")).to_have_attribute("aria-pressed", "true")
    after(page, lambda: type_model(page, str(small_vae)))
    other = load_vae(small_vae, channels_last=True)
    shows(page, np.asarray(other.latents_to_pil(other.posterior(wide)[0], wide.size)[0]))
    assert measured(page)["Model"] == str(small_vae)


def test_an_edit_of_a_photo_that_is_being_replaced_does_not_touch_the_next_one(at_photo: Page) -> None:
    before = sources(at_photo)
    with at_photo.expect_request(lambda request: "queue/join" in request.url):
        at_photo.locator("#photo-examples button").first.click()
    set_range(at_photo, knob(1, "gain"), 3)
    arrive(at_photo, before)
    frames(at_photo, 30)
    cat = Image.open(examples.file_of("cat")).convert("RGB")
    shows(at_photo, decoded(built_in().posterior(cat)[0][0].numpy(), cat.size))
    expect(at_photo.locator(knob(1, "gain"))).to_have_value("1")


def after(page: Page, action: Callable[[], None]) -> None:
    """Do something, and wait for the new reconstruction."""
    before = sources(page)
    action()
    arrive(page, before)


def type_model(page: Page, text: str) -> None:
    page.locator("#photo-model input").fill(text)
    page.locator("#photo-model input").press("Enter")


def test_between_two_photos_latents_are_decoded_and_pixels_cross_fade(
    at_photo: Page, files: dict[str, Path], photo: Image.Image, posterior: tuple
) -> None:
    second = Image.open(files["coffee"]).convert("RGB")
    a, b = posterior[0], built_in().posterior(second)[0][0].numpy()
    at_photo.get_by_role("button", name="Two photos").click()
    choose(at_photo, files["coffee"], "#photo-second")
    between(at_photo, decoded(interpolate(a, b, 0.5), SIZE), Image.blend(photo, second, 0.5))
    part = at_photo.locator('#photo-part input[type="number"]')
    for value, latents, pixels in ((0, a, photo), (1, b, second)):
        part.fill(str(value))
        between(at_photo, decoded(latents, SIZE), pixels)
    part.fill("0.3")
    at_photo.get_by_role("radio", name="slerp").check(force=True)
    between(at_photo, decoded(interpolate(a, b, 0.3, "spherical"), SIZE), Image.blend(photo, second, 0.3))
    at_photo.locator("#photo-taken").get_by_label("3").check(force=True)
    between(at_photo, decoded(take_channels(a, b, [2]), SIZE), Image.blend(photo, second, 0.3))


def between(page: Page, expected: np.ndarray, faded: Image.Image) -> None:
    """The tool for two photos shows these, now or soon."""
    becomes(page, "#photo-between img", expected)
    becomes(page, "#photo-faded img", np.asarray(faded))


def test_models_are_compared_on_the_photo_and_one_that_fails_says_why(
    at_photo: Page, photo: Image.Image, small_vae: Path
) -> None:
    at_photo.get_by_role("button", name="Compare models").click()
    chosen = at_photo.locator("#photo-models input")
    for text in (HOSTILE, str(small_vae), "nobody/nothing"):
        chosen.fill(text)
        chosen.press("Enter")
    at_photo.locator("#photo-compare").click()
    table = at_photo.locator("#photo-table tbody tr")
    expect(table).to_have_count(2, timeout=SOON)
    notice = at_photo.locator("#photo-compare-notice p")
    expect(notice).to_have_count(2)
    expect(notice.first).to_contain_text("Model 2 of the list: That is neither a Hub id")
    expect(notice.last).to_have_text(f"Model 4 of the list: {UNREACHABLE}")
    for row, name in zip(table.all(), ("built-in", str(small_vae)), strict=True):
        vae = load_vae(name, channels_last=True)
        picture = vae.latents_to_pil(vae.posterior(photo)[0], SIZE)[0]
        exact = metrics.compare(np.asarray(photo), np.asarray(picture))
        cells = row.locator("td").all_inner_texts()
        assert cells[:4] == [name, f"{exact.psnr:.2f} dB", f"{exact.ssim:.3f}", f"{exact.mae:.4f}"]
    expect(at_photo.locator("#photo-reconstructions .thumbnail-item img")).to_have_count(3)


def test_a_file_that_is_no_photo_gets_a_sentence_and_the_reconstruction_stays(
    at_photo: Page, files: dict[str, Path], tmp_path: Path
) -> None:
    before = sources(at_photo)
    for name, content, sentence in bad_photos():
        (tmp_path / name).write_bytes(content)
        choose(at_photo, tmp_path / name)
        expect(at_photo.locator("#photo-notice")).to_have_text(sentence, timeout=SOON)
        assert sources(at_photo) == before
    assert at_photo.locator(".toast-body").count() == 0
    choose(at_photo, files["astronaut"])
    expect(at_photo.locator("#photo-notice")).to_have_text("", timeout=SOON)
    assert sources(at_photo) == before
    upload(at_photo, files["coffee"])


def bad_photos() -> list[tuple[str, bytes, str]]:
    """Names, contents and sentences, none of them that of the file before."""
    jpeg = io.BytesIO()
    Image.fromarray(skimage.data.astronaut()[:200, :200]).save(jpeg, "JPEG")
    header = b"IHDR" + struct.pack(">IIBBBBB", 30_000, 30_000, 8, 2, 0, 0, 0)
    chunks = struct.pack(">I", 13) + header + struct.pack(">I", zlib.crc32(header)) + struct.pack(">I", 99) + b"IDAT"
    svg = b'<svg xmlns="http://www.w3.org/2000/svg" width="8" height="8"><script>alert(1)</script></svg>'
    return [
        ("text.png", b"These are words.\n" * 40, TEXT),
        ("huge.png", b"\x89PNG\r\n\x1a\n" + chunks, TOO_MANY),
        ("empty.png", b"", EMPTY),
        ("cut.jpg", jpeg.getvalue()[: len(jpeg.getvalue()) // 2], BROKEN),
        ("drawing.svg", svg, VECTOR),
    ]


@pytest.mark.parametrize("unknown", ["gpt2", "nobody/nothing", "../..", HOSTILE])
def test_a_model_that_cannot_be_had_gives_way_to_the_built_in_one_with_a_sentence(
    at_photo: Page, files: dict[str, Path], unknown: str, posterior: tuple
) -> None:
    after(at_photo, lambda: type_model(at_photo, unknown))
    notice = at_photo.locator("#photo-notice")
    expect(notice).to_contain_text("The built-in model is shown instead.")
    expect(notice).to_contain_text(UNREACHABLE if "/n" in unknown else "That is neither a Hub id")
    assert unknown not in notice.inner_html()
    assert at_photo.locator("img[onerror]").count() == 0
    assert measured(at_photo)["Model"] == "built-in"
    frames(at_photo, 20)
    expect(notice).to_contain_text("The built-in model is shown instead.")
    shows(at_photo, decoded(posterior[0], SIZE))
    upload(at_photo, files["coffee"])  # which nobody has tried another model with
    expect(notice).to_have_text("")


def test_to_look_at_the_list_of_models_changes_nothing(at_photo: Page, posterior: tuple) -> None:
    set_range(at_photo, knob(1, "gain"), 2)
    shows(at_photo, decoded(Edits((Channel(gain=2),)).apply(*posterior), SIZE))
    before = sources(at_photo)
    at_photo.locator("#photo-model input").click()
    expect(at_photo.locator("#photo-model [role=option]")).to_have_count(len(KNOWN))
    at_photo.mouse.click(5, 5)
    frames(at_photo, 20)
    settle(at_photo)
    assert sources(at_photo) == before
    expect(at_photo.locator(knob(1, "gain"))).to_have_value("2")


def test_an_edit_that_fails_says_why_and_the_next_one_is_answered(
    at_photo: Page, posterior: tuple, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_arguments: object) -> None:
        raise ValueError("There is no electricity.")

    with monkeypatch.context() as patch:
        patch.setattr(photo_jobs, "decode", fail)
        set_range(at_photo, knob(1, "gain"), 2)
        expect(at_photo.locator("#photo-notice")).to_have_text("There is no electricity.", timeout=SOON)
        settle(at_photo)
    set_range(at_photo, knob(1, "gain"), 0.5)
    shows(at_photo, decoded(Edits((Channel(gain=0.5),)).apply(*posterior), SIZE))
    expect(at_photo.locator("#photo-notice")).to_have_text("")


def test_latents_that_fit_no_model_here_get_a_sentence(at_photo: Page, tmp_path: Path, posterior: tuple) -> None:
    at_photo.get_by_role("button", name="Take it with you, and back").click()
    file = tmp_path / "latents.npy"
    np.save(file, np.zeros((1, 3, 8, 8), np.float32))
    send(at_photo, "#photo-latents", file)
    expect(at_photo.locator("#photo-notice")).to_contain_text("Latents must have the shape (B, 4, h, w)", timeout=SOON)
    shows(at_photo, decoded(posterior[0], SIZE))


def test_two_visitors_each_see_their_own_photo(
    at_photo: Page, page: Page, address: str, files: dict[str, Path], posterior: tuple
) -> None:
    second = Image.open(files["coffee"]).convert("RGB")
    others = built_in().posterior(second)[0][0].numpy()
    open_tab(page, address)
    upload(page, files["coffee"])
    for gain in (0.5, 2.0):
        set_range(at_photo, knob(1, "gain"), gain)
        set_range(page, knob(2, "gain"), gain)
    shows(at_photo, decoded(Edits((Channel(gain=2),)).apply(*posterior), SIZE))
    shows(page, decoded(Edits((Channel(), Channel(gain=2))).apply(others, None), SIZE))
    np.testing.assert_array_equal(slider(page)[0], np.asarray(second))


def test_nothing_runs_over_the_edge_of_a_narrow_phone(phone: Page, address: str, files: dict[str, Path]) -> None:
    open_tab(phone, address)
    upload(phone, files["astronaut"])
    for title in ("Take it with you, and back", "Two photos", "Compare models"):
        phone.get_by_role("button", name=title).click()
    expect(phone.locator("#photo-compare")).to_be_visible()
    assert phone.evaluate("document.documentElement.scrollWidth") <= 360
    phone.locator(role("frame")).tap()
    expect(phone.locator(role("influence"))).to_be_visible(timeout=SOON)
