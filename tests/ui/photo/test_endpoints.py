"""What gradio_client can call of the photo tab, through the page as `python app.py` serves it."""

from __future__ import annotations

import io
import json
import os
import socket
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import gradio as gr
import httpx
import numpy as np
import pytest
import skimage.data
from gradio.route_utils import delete_files_created_by_app
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from PIL import Image
from safetensors import safe_open
from safetensors.numpy import save_file

from explorer.hub import UNREACHABLE
from explorer.photos import metrics
from explorer.photos import views as latent_views
from explorer.photos.edits import Channel, Edits
from explorer.photos.formats.kind import EMPTY
from explorer.photos.image import BROKEN, NO_IMAGE
from explorer.photos.vae import PhotoVAE, load_vae
from explorer.ui.app import launch
from explorer.ui.photo import files as photo_files
from explorer.ui.photo import tab as photo_tab

SIZE = (192, 128)
NEITHER = "That is neither a Hub id"
HOSTILE = "<b>nowhere</b>"


@pytest.fixture(scope="module", autouse=True)
def temporary(small_vae: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Gradio's folder, an empty one for everything else that is temporary, one folder with models, and no Hub."""
    folder, elsewhere = tmp_path_factory.mktemp("gradio"), tmp_path_factory.mktemp("elsewhere")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EXPLORER_MODELS", str(small_vae.parent))
        patch.setenv("GRADIO_TEMP_DIR", str(folder))
        patch.setenv("GRADIO_ANALYTICS_ENABLED", "False")
        patch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
        patch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(elsewhere / "hub"))
        patch.setattr(tempfile, "tempdir", str(elsewhere))
        yield folder
        assert [path for path in elsewhere.rglob("*") if path.is_file()] == []


@pytest.fixture(scope="module")
def demo() -> Iterator[gr.Blocks]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    demo = launch(prevent_thread_lock=True, server_port=port, quiet=True)
    yield demo
    demo.close(verbose=False)


@pytest.fixture(scope="module")
def client(demo: gr.Blocks, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    folder = tmp_path_factory.mktemp("downloads")
    client = Client(demo.local_url, verbose=False, analytics_enabled=False, download_files=folder)
    yield client
    client.close()


@pytest.fixture(scope="module")
def photo() -> Image.Image:
    return Image.fromarray(skimage.data.astronaut()[:128, 150:342])


@pytest.fixture(scope="module")
def file(photo: Image.Image, tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("photos") / "astronaut.png"
    photo.save(path)
    return str(path)


@pytest.fixture(scope="module")
def vae() -> PhotoVAE:
    return load_vae("built-in", channels_last=True)


@pytest.fixture(scope="module")
def posterior(vae: PhotoVAE, photo: Image.Image) -> tuple[np.ndarray, np.ndarray | None]:
    mean, std = vae.posterior(photo)
    return mean[0].numpy(), None if std is None else std[0].numpy()


def is_picture_of(image: str, vae: PhotoVAE, latents: np.ndarray, size: tuple[int, int] = SIZE) -> None:
    """An image file is what the model makes of latents (C, h, w), within one level."""
    expected = np.asarray(vae.latents_to_pil(latents[None], size)[0])
    np.testing.assert_allclose(np.asarray(Image.open(image)).astype(int), expected, atol=1)


def test_encode_gives_a_file_of_latents_that_says_what_they_are(
    client: Client, file: str, vae: PhotoVAE, posterior: tuple
) -> None:
    latents, info = client.predict(handle_file(file), api_name="/encode")
    with safe_open(latents, "np") as opened:
        assert list(opened.keys()) == ["latents"]
        np.testing.assert_allclose(opened.get_tensor("latents"), posterior[0][None], atol=1e-4)
        metadata = opened.metadata()
    assert metadata == {
        "model": "built-in",
        "scaling_factor": repr(vae.scaling_factor),
        "width": "192",
        "height": "128",
    }
    assert (info["model"], info["kind"], info["shape"]) == ("built-in", vae.kind, [1, 4, 16, 24])
    assert (info["width"], info["height"]) == SIZE
    assert info["encode_ms"] > 0


def test_encode_samples_the_posterior_by_a_seed(client: Client, file: str, posterior: tuple) -> None:
    latents, _ = client.predict(photo=handle_file(file), seed=5, api_name="/encode")
    with safe_open(latents, "np") as opened:
        sampled = opened.get_tensor("latents")[0]
    np.testing.assert_allclose(sampled, Edits(sample=5).apply(*posterior), atol=1e-4)


def test_encode_reduces_a_photo_to_the_longest_side_it_is_given(client: Client, file: str) -> None:
    _, info = client.predict(handle_file(file), "built-in", 96, api_name="/encode")
    assert (info["width"], info["height"], info["shape"]) == (96, 64, [1, 4, 8, 12])


def test_latents_edited_by_a_client_are_decoded(client: Client, file: str, vae: PhotoVAE, tmp_path: Path) -> None:
    encoded, _ = client.predict(handle_file(file), api_name="/encode")
    with safe_open(encoded, "np") as opened:
        latents, metadata = opened.get_tensor("latents"), opened.metadata()
    latents[:, 0] *= 1.5
    latents[:, :, :4] = 0
    for name in ("edited.safetensors", "edited.npy"):
        edited = tmp_path / name
        np.save(edited, latents) if edited.suffix == ".npy" else save_file({"latents": latents}, edited, metadata)
        image, info = client.predict(handle_file(edited), api_name="/decode")
        is_picture_of(image, vae, latents[0])
        assert "psnr" not in info


def test_decode_edits_latents_as_the_page_does(client: Client, vae: PhotoVAE, posterior: tuple, tmp_path: Path) -> None:
    latents = tmp_path / "latents.npy"
    np.save(latents, posterior[0])
    sent = {"channels": [{"gain": 2}, {"on": False}, {"offset": -0.5}], "sigma": 0.1, "noise_seed": 3, "bits": 8}
    image, info = client.predict(handle_file(latents), "built-in", sent, api_name="/decode")
    channels = (Channel(gain=2), Channel(on=False), Channel(offset=-0.5), Channel())
    edits = Edits(channels, sigma=0.1, noise_seed=3, bits=8)
    is_picture_of(image, vae, edits.apply(posterior[0], None))
    assert info["shape"] == [1, 4, 16, 24]


def test_channels_gives_their_pictures_and_statistics(client: Client, file: str, posterior: tuple) -> None:
    for shared in (True, False):
        pictures, info = client.predict(handle_file(file), shared_scale=shared, api_name="/channels")
        expected = latent_views.channel_pictures(posterior[0], shared=shared)
        assert [picture["caption"] for picture in pictures] == [f"channel {index}" for index in (1, 2, 3, 4)]
        for picture, told, channel in zip(pictures, info["channels"], expected, strict=True):
            shown = np.asarray(Image.open(picture["image"]).convert("RGB"))
            np.testing.assert_allclose(shown.astype(int), channel.pixels, atol=1)
            assert told == pytest.approx(channel.statistics(), abs=1e-3)


def test_compare_answers_by_model_and_says_why_one_failed(
    client: Client, file: str, photo: Image.Image, small_vae: Path
) -> None:
    names = ["built-in", str(small_vae), "nobody/nothing", HOSTILE]
    told = client.predict(handle_file(file), names, api_name="/compare")
    assert set(told) == set(names)
    for name in names[:2]:
        vae = load_vae(name, channels_last=True)
        picture = vae.latents_to_pil(vae.posterior(photo)[0], SIZE)[0]
        exact = metrics.compare(np.asarray(photo), np.asarray(picture))
        assert told[name]["model"] == name
        assert told[name]["psnr"] == pytest.approx(exact.psnr, abs=1e-2)
        assert told[name]["ssim"] == pytest.approx(exact.ssim, abs=1e-3)
    assert told["nobody/nothing"] == {"error": f"Model 3 of the list: {UNREACHABLE}"}
    assert set(told[HOSTILE]) == {"error"}
    assert told[HOSTILE]["error"].startswith(f"Model 4 of the list: {NEITHER}")


def a_file(folder: Path, name: str) -> object:
    """Something to send by the name that a case below gives it."""
    jpeg = io.BytesIO()
    Image.fromarray(skimage.data.astronaut()[:200, :200]).save(jpeg, "JPEG")
    latents = io.BytesIO()
    np.save(latents, np.zeros((1, 3, 4, 4), np.float32) if "three" in name else np.full((1, 4, 4, 4), np.nan))
    whole = io.BytesIO()
    np.save(whole, np.zeros((1, 4, 4, 4), np.float32))
    contents = {".png": b"words", ".jpg": jpeg.getvalue()[:3000], ".npy": latents.getvalue(), ".safetensors": b"words"}
    file = folder / name
    file.write_bytes(whole.getvalue() if "good" in name else b"" if "empty" in name else contents[file.suffix])
    return handle_file(file)


PHOTO = "<the photo>"  # stands for a file that is good
LATENTS = "good.npy"


@pytest.mark.parametrize(
    ("endpoint", "sent", "arguments", "sentence"),
    [
        ("/encode", None, (), "Send a photo."),
        ("/encode", "nowhere.png", (), NO_IMAGE),
        ("/encode", "empty.png", (), EMPTY),
        ("/encode", "cut.jpg", (), BROKEN),
        ("/encode", PHOTO, (HOSTILE,), NEITHER),
        ("/encode", PHOTO, ("../..",), NEITHER),
        ("/encode", PHOTO, ("nobody/nowhere",), UNREACHABLE),
        ("/encode", PHOTO, ("built-in", -1), "longest_side must lie between 0 and 4096"),
        ("/encode", PHOTO, ("built-in", 10**9), "longest_side must lie between 0 and 4096"),
        ("/encode", PHOTO, ("built-in", 64, -1), "The seed must lie between 0 and 2147483647."),
        ("/decode", None, (), "Send a .safetensors or .npy file with latents."),
        ("/decode", "nowhere.safetensors", (), "That is neither a .safetensors nor a .npy file with latents"),
        ("/decode", "empty.npy", (), "That is neither a .safetensors nor a .npy file with latents"),
        ("/decode", "nan.npy", (), "Latents must be finite"),
        ("/decode", "three.npy", (), "Latents must have the shape (B, 4, h, w) for this model"),
        ("/decode", LATENTS, (HOSTILE,), NEITHER),
        ("/decode", LATENTS, ("built-in", [1]), "Edits must be an object."),
        ("/decode", LATENTS, ("built-in", {"channels": HOSTILE}), "channels must be a list of at most 4 objects"),
        ("/decode", LATENTS, ("built-in", {"channels": [{}] * 5}), "channels must be a list of at most 4 objects"),
        ("/decode", LATENTS, ("built-in", {"channels": [{"gain": HOSTILE}]}), "gain must be a number."),
        ("/decode", LATENTS, ("built-in", {"channels": [{"gain": 99}]}), "gain must lie within ±4."),
        ("/decode", LATENTS, ("built-in", {"sigma": -1}), "sigma must not be negative."),
        ("/decode", LATENTS, ("built-in", {"sigma": 10**400}), "sigma must lie within ±4."),
        ("/decode", LATENTS, ("built-in", {"bits": 5}), "bits must be 0, 8 or 4."),
        ("/decode", LATENTS, ("built-in", {"noise_seed": 1.5}), "The seed must be a whole number."),
        ("/compare", None, (), "Send a photo."),
        ("/compare", PHOTO, ([],), "models must be a list of built-in, Hub ids or folders."),
        ("/compare", PHOTO, ([1],), "models must be a list of built-in, Hub ids or folders."),
        ("/compare", PHOTO, ({"nowhere": 1},), "models must be a list of built-in, Hub ids or folders."),
        ("/channels", "nowhere.png", (), NO_IMAGE),
        ("/channels", PHOTO, (HOSTILE,), NEITHER),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_bad_input_gets_a_sentence(
    client: Client, file: str, tmp_path: Path, endpoint: str, sent: str | None, arguments: tuple, sentence: str
) -> None:
    first = None if sent is None else handle_file(file) if sent == PHOTO else a_file(tmp_path, sent)
    with pytest.raises(AppError) as caught:
        client.predict(first, *arguments, api_name=endpoint)
    assert str(caught.value).startswith(sentence)
    assert "nowhere" not in str(caught.value)


@pytest.mark.parametrize("arguments", [("built-in", "nowhere"), ("built-in", 64, "nowhere"), ("built-in", {"a": 1})])
def test_what_is_no_number_is_refused_and_not_repeated(client: Client, file: str, arguments: tuple) -> None:
    with pytest.raises(AppError) as caught:
        client.predict(handle_file(file), *arguments, api_name="/encode")
    assert "nowhere" not in str(caught.value)


@pytest.mark.parametrize(
    ("edits", "sentence"),
    [
        ('{"sigma": NaN}', "sigma must lie within"),
        ('{"channels": [{"offset": -Infinity}]}', "offset must lie within"),
        ('{"noise_seed": Infinity}', "The seed must"),
        ('{"bits": NaN}', "bits must be 0, 8 or 4."),
    ],
)
def test_numbers_that_json_does_not_know_get_a_sentence(
    demo: gr.Blocks, tmp_path: Path, edits: str, sentence: str
) -> None:
    latents = upload(demo, a_file(tmp_path, LATENTS))
    answer = call(demo, "decode", f'[{json.dumps(latents)}, "built-in", {edits}]')
    assert "event: error" in answer
    assert sentence in answer


def test_a_file_of_the_servers_own_is_not_opened(demo: gr.Blocks, file: str) -> None:
    for path in (file, "/etc/hostname", str(Path(photo_tab.__file__))):
        sent = {"path": path, "meta": {"_type": "gradio.FileData"}}
        answer = call(demo, "encode", f'[{json.dumps(sent)}, "built-in", 64, null]')
        assert "event: error" in answer
        assert "latents" not in answer


def upload(demo: gr.Blocks, sent: object) -> dict:
    assert isinstance(sent, dict)
    with Path(sent["path"]).open("rb") as opened:
        paths = httpx.post(f"{demo.local_url}gradio_api/upload", files={"files": opened}, timeout=30).json()
    return {"path": paths[0], "meta": {"_type": "gradio.FileData"}}


def call(demo: gr.Blocks, endpoint: str, data: str) -> str:
    """The events that a call with this JSON ends in."""
    url = f"{demo.local_url}gradio_api/call/{endpoint}"
    headers = {"Content-Type": "application/json"}
    event = httpx.post(url, content=f'{{"data": {data}}}', headers=headers, timeout=30).json()["event_id"]
    return httpx.get(f"{url}/{event}", timeout=30).text


def test_what_was_sent_and_answered_lies_in_gradios_folder_and_goes_with_time(
    demo: gr.Blocks, file: str, temporary: Path
) -> None:
    sent = upload(demo, handle_file(file))
    answer = call(demo, "encode", f'[{json.dumps(sent)}, "built-in", 64, null]')
    latents = Path(json.loads(answer.split("data: ", 1)[1].strip())[0]["path"])
    for path in (latents, Path(sent["path"])):
        assert path.is_file()
        assert path.is_relative_to(temporary)
    delete_files_created_by_app(demo, age=0)
    assert not latents.exists()
    assert not Path(sent["path"]).exists()


def test_a_visits_folder_goes_when_the_visit_is_forgotten(temporary: Path, demo: gr.Blocks) -> None:
    folder = photo_files.new_folder()
    assert folder.parent == temporary
    older = []
    for _ in range(3):
        older.append(photo_files.next_folder(folder))
        for made in folder.iterdir():
            os.utime(made, (0, 0))  # as when they follow one another faster than the file system tells apart
    assert [kept.is_dir() for kept in older] == [False, True, True]
    visits = [block for block in demo.blocks.values() if getattr(block, "delete_callback", None) is photo_tab.forget]
    assert len(visits) == 1
    photo_tab.forget(photo_tab.Visit(None, "key", folder, folder / "photo.png"))  # type: ignore[arg-type]
    assert not folder.exists()
    assert photo_files.next_folder(folder).is_dir()  # another server cleaned up in the meantime
    photo_tab.forget(None)


def test_folders_that_an_earlier_run_left_are_removed_and_others_stay(temporary: Path) -> None:
    left = photo_files.new_folder()
    inside = photo_files.next_folder(left)
    other = temporary / "other"
    other.mkdir()
    young = photo_files.new_folder()
    long_ago = time.time() - photo_files.KEPT_SECONDS - photo_files.GRACE_SECONDS - 60
    os.utime(left, (long_ago, long_ago))
    photo_files.remove_left_overs()
    assert left.is_dir()  # what lies in it is young
    for folder in (inside, left):
        os.utime(folder, (long_ago, long_ago))
    photo_files.remove_left_overs()
    assert not left.exists()
    assert young.is_dir()
    assert other.is_dir()
