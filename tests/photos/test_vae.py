"""PhotoVAE: bit for bit what plain diffusers gives, at any size, and what is refused."""

import json
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from random_models import random_vae
from safetensors.torch import load_file, save_file
from skimage import data
from torch import Tensor
from torchvision.transforms import ToTensor

import explorer
from explorer.photos import vae as photo_vae
from explorer.photos.vae import PhotoVAE
from explorer.photos.weights import WEIGHTS

SCALE = 0.18215
SIZES = [(301, 203), (1, 1), (1, 500), (500, 1), (64, 48), (8, 8)]


@pytest.fixture(scope="module")
def photo() -> Image.Image:
    return Image.fromarray(data.astronaut()).resize((64, 48))


@pytest.fixture
def vae(small_vae: Path) -> PhotoVAE:
    return explorer.load_vae(small_vae, device="cpu")


@pytest.fixture
def tiny(small_tiny: Path) -> PhotoVAE:
    return explorer.load_vae(small_tiny, device="cpu")


Changed = Callable[..., Path]


@pytest.fixture
def changed(small_vae: Path, tmp_path: Path) -> Changed:
    """A function that copies the small model with other settings and its weights multiplied."""

    def change(weights: Callable[[str, Tensor], Tensor] = lambda _, tensor: tensor, **config: Any) -> Path:
        folder = tmp_path / "changed"
        shutil.copytree(small_vae, folder)
        known = json.loads((folder / "config.json").read_text())
        (folder / "config.json").write_text(json.dumps(known | config))
        tensors = load_file(folder / WEIGHTS)
        save_file({key: weights(key, tensor) for key, tensor in tensors.items()}, folder / WEIGHTS)
        return folder

    return change


# The tutorial's functions, with plain diffusers.


def encoded(vae: Any, image: Image.Image) -> Any:
    with torch.no_grad():
        return vae.encode(ToTensor()(image).unsqueeze(0) * 2 - 1).latent_dist


def decoded(vae: Any, latents: Tensor) -> list[Image.Image]:
    with torch.no_grad():
        image = vae.decode(latents / SCALE).sample
    image = (image / 2 + 0.5).clamp(0, 1).detach().cpu().permute(0, 2, 3, 1).numpy()
    return [Image.fromarray(each) for each in (image * 255).round().astype("uint8")]


@pytest.fixture(scope="module")
def full_size(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Stable Diffusion's autoencoder with random weights: 84 million parameters, 335 MB, for one test."""
    folder = tmp_path_factory.mktemp("full-size") / "vae"
    random_vae((128, 256, 512, 512), layers_per_block=2, sample_size=256).save_pretrained(folder)
    yield folder
    shutil.rmtree(folder)


def test_a_full_size_model_gives_the_bits_of_plain_diffusers(full_size: Path, photo: Image.Image) -> None:
    from diffusers import AutoencoderKL

    vae = explorer.load_vae(full_size, device="cpu", dtype=torch.float32)
    plain: Any = AutoencoderKL.from_pretrained(full_size).eval()
    posterior = encoded(plain, photo)

    latents = vae.pil_to_latent(photo)
    assert (latents.shape, latents.dtype) == ((1, 4, 6, 8), torch.float32)
    assert latents.std() > 0.01
    assert torch.equal(latents, SCALE * posterior.mode())

    sample = SCALE * posterior.sample(torch.Generator("cpu").manual_seed(5))
    assert torch.equal(vae.pil_to_latent(photo, sample=True, seed=5), sample)
    with torch.random.fork_rng():
        torch.manual_seed(6)
        unseeded = SCALE * posterior.sample()
        torch.manual_seed(6)
        assert torch.equal(vae.pil_to_latent(photo, sample=True), unseeded)

    mean, std = vae.posterior(photo)
    assert std is not None
    assert torch.equal(mean, latents)
    assert torch.equal(std, SCALE * posterior.std)

    both = torch.cat([latents, sample])
    pictures = vae.latents_to_pil(both)
    assert [np.asarray(picture).std() > 1 for picture in pictures] == [True, True]
    assert pictures == decoded(plain, both)


def test_a_small_model_gives_the_bits_of_plain_diffusers(vae: PhotoVAE, small_vae: Path, photo: Image.Image) -> None:
    from diffusers import AutoencoderKL

    plain: Any = AutoencoderKL.from_pretrained(small_vae).eval()
    latents = vae.pil_to_latent(photo)
    assert torch.equal(latents, SCALE * encoded(plain, photo).mode())
    assert vae.latents_to_pil(latents) == decoded(plain, latents)


def test_a_model_says_what_it_is(vae: PhotoVAE, tiny: PhotoVAE, small_vae: Path) -> None:
    assert (vae.name, vae.kind, vae.latent_channels, vae.step) == (str(small_vae), "AutoencoderKL", 4, 8)
    assert (vae.scaling_factor, vae.shift_factor, vae.notes) == (SCALE, 0.0, [])
    assert (vae.device, vae.dtype) == ("cpu", torch.float32)
    assert (tiny.kind, tiny.scaling_factor, tiny.step) == ("AutoencoderTiny", 1.0, 8)
    assert vae.parameters == sum(tensor.numel() for tensor in load_file(small_vae / WEIGHTS).values())


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("kind", ["vae", "tiny"])
def test_a_photo_of_any_size_comes_back_at_its_size(
    kind: str, size: tuple[int, int], request: pytest.FixtureRequest
) -> None:
    model: PhotoVAE = request.getfixturevalue(kind)
    pixels = np.random.default_rng(0).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    latents = model.pil_to_latent(Image.fromarray(pixels))
    assert latents.shape == (1, 4, -(-size[1] // 8), -(-size[0] // 8))
    (picture,) = model.latents_to_pil(latents, size)
    assert (picture.mode, picture.size) == ("RGB", size)
    (whole,) = model.latents_to_pil(latents)
    assert whole.size == (latents.shape[3] * 8, latents.shape[2] * 8)
    assert whole.crop((0, 0, *size)) == picture


def test_a_photo_is_grown_by_its_last_pixels(vae: PhotoVAE) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (13, 19, 3), dtype=np.uint8)
    grown = np.pad(pixels, ((0, 3), (0, 5), (0, 0)), mode="edge")
    assert torch.equal(vae.pil_to_latent(Image.fromarray(pixels)), vae.pil_to_latent(Image.fromarray(grown)))


@pytest.mark.parametrize("mode", ["L", "1", "P", "RGBA", "LA", "CMYK", "I;16", "F"])
def test_a_photo_of_any_mode_is_encoded(mode: str, vae: PhotoVAE) -> None:
    assert vae.pil_to_latent(Image.new(mode, (24, 16))).shape == (1, 4, 2, 3)


def test_the_same_seed_gives_the_same_sample(vae: PhotoVAE, photo: Image.Image) -> None:
    first, again, other = (vae.pil_to_latent(photo, sample=True, seed=seed) for seed in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert torch.equal(vae.pil_to_latent(photo, seed=1), vae.pil_to_latent(photo))


def test_a_sample_lies_about_the_mean_by_the_deviation(vae: PhotoVAE, photo: Image.Image) -> None:
    mean, std = vae.posterior(photo)
    assert std is not None
    away = torch.cat([(vae.pil_to_latent(photo, sample=True, seed=seed) - mean) / std for seed in range(40)])
    assert away.std().item() == pytest.approx(1, rel=0.05)
    assert away.mean().item() == pytest.approx(0, abs=0.05)


def test_an_autoencoder_without_a_posterior_gives_its_one_encoding(tiny: PhotoVAE, photo: Image.Image) -> None:
    latents = tiny.pil_to_latent(photo)
    assert torch.equal(tiny.pil_to_latent(photo, sample=True, seed=3), latents)
    mean, std = tiny.posterior(photo)
    assert torch.equal(mean, latents)
    assert std is None


def test_a_shift_is_applied_and_undone(vae: PhotoVAE, changed: Changed, photo: Image.Image) -> None:
    shifted = explorer.load_vae(changed(shift_factor=0.0609, scaling_factor=1.5), device="cpu")
    assert (shifted.shift_factor, shifted.scaling_factor) == (0.0609, 1.5)
    raw = vae.pil_to_latent(photo) / SCALE
    torch.testing.assert_close(shifted.pil_to_latent(photo), (raw - 0.0609) * 1.5)
    torch.testing.assert_close(shifted.posterior(photo)[0], (raw - 0.0609) * 1.5)
    pictures = vae.latents_to_pil(raw * SCALE) + shifted.latents_to_pil((raw - 0.0609) * 1.5)
    first, second = (np.asarray(picture, int) for picture in pictures)
    assert np.abs(first - second).max() <= 1


WRONG: dict[str, tuple[Any, str]] = {
    "no batch": (np.zeros((4, 2, 2)), r"shape \(B, 4, h, w\) for this model, not \(4, 2, 2\)"),
    "other channels": (np.zeros((1, 16, 2, 2)), r"shape \(B, 4, h, w\) for this model, not \(1, 16, 2, 2\)"),
    "channels last": (torch.zeros(1, 2, 2, 4), r"shape \(B, 4, h, w\)"),
    "none": (np.zeros((0, 4, 2, 2)), r"not \(0, 4, 2, 2\)"),
    "no cells": (np.zeros((1, 4, 0, 2)), r"not \(1, 4, 0, 2\)"),
    "a number": (3.0, r"not \(\)"),
    "NaN": (np.full((1, 4, 2, 2), np.nan), "must be finite"),
    "infinity": (torch.full((1, 4, 2, 2), -torch.inf), "must be finite"),
    "beyond float32": (np.full((1, 4, 2, 2), 1e300), "must be finite"),
    "huge": (np.full((1, 4, 2, 2), 1.1e4), r"must lie within ±1e\+04"),
    "words": (np.full((1, 4, 2, 2), "1.0"), "must be numbers"),
    "objects": (np.full((1, 4, 2, 2), 1.0, object), "must be numbers"),
    "dates": (np.zeros((1, 4, 2, 2), "M8[s]"), "must be numbers"),
    "complex": (np.zeros((1, 4, 2, 2), complex), "must be numbers"),
    "a complex tensor": (torch.zeros(1, 4, 2, 2, dtype=torch.complex64), "must be numbers"),
    "nothing": (None, "must be numbers"),
    "a word": ("latents", "must be numbers"),
    "a ragged list": ([[1.0], [1.0, 2.0]], "must be numbers"),
    "a whole number beyond all floats": ([10**400], "must be numbers"),
}


@pytest.mark.parametrize(("latents", "sentence"), WRONG.values(), ids=WRONG)
def test_wrong_latents_are_refused_with_a_sentence(latents: Any, sentence: str, vae: PhotoVAE) -> None:
    with pytest.raises(ValueError, match=f"^Latents must.*{sentence.removeprefix('must ')}"):
        vae.latents_to_pil(latents)


def test_latents_may_lie_in_memory_as_they_like(vae: PhotoVAE) -> None:
    latents = np.random.default_rng(0).normal(0, 1, (1, 4, 3, 5)).astype(np.float32)
    expected = vae.latents_to_pil(latents)
    frozen = latents.copy()
    frozen.setflags(write=False)
    others: list[Any] = [
        frozen,
        latents.astype(np.float64),
        latents.astype(">f4"),
        np.asfortranarray(latents),
        latents[:, :, ::-1].copy()[:, :, ::-1],
        latents.tolist(),
        torch.from_numpy(latents).requires_grad_(),
        torch.from_numpy(latents).double(),
    ]
    for other in others:
        assert vae.latents_to_pil(other) == expected


def test_many_latents_are_decoded_at_once(tiny: PhotoVAE) -> None:
    latents = np.random.default_rng(0).normal(0, 1, (3, 4, 2, 2)).astype(np.float32)
    alone = [tiny.latents_to_pil(each[None])[0] for each in latents]
    together = tiny.latents_to_pil(latents, (15, 9))
    assert [picture.size for picture in together] == [(15, 9)] * 3
    for one, other in zip(alone, together, strict=True):
        assert np.abs(np.asarray(one.crop((0, 0, 15, 9)), int) - np.asarray(other, int)).max() <= 1


def test_a_model_is_opened_once_and_shared(small_vae: Path, vae: PhotoVAE) -> None:
    assert explorer.load_vae(str(small_vae), device="cpu") is vae
    assert explorer.load_vae(small_vae, device="cpu", dtype=torch.float32) is vae


def test_a_model_is_opened_once_by_many_threads_too(changed: Changed) -> None:
    folder = changed()
    with ThreadPoolExecutor(8) as threads:
        models = set(threads.map(lambda _: explorer.load_vae(folder, device="cpu"), range(8)))
    assert len(models) == 1


@pytest.mark.parametrize("device", ["abacus", "cuda:77", "xpu"])
def test_a_device_that_is_not_there_is_refused_with_a_sentence(device: str, small_vae: Path) -> None:
    with pytest.raises(ValueError, match=f"There is no device {device} here"):
        explorer.load_vae(small_vae, device=device)


def test_the_built_in_model_is_the_folder_that_the_host_names(small_vae: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EXPLORER_PHOTO_VAE", str(small_vae))
    assert explorer.load_vae(device="cpu").name == "built-in"
    assert explorer.load_vae(device="cpu").kind == "AutoencoderKL"


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_is_near_and_its_latents_are_float32(
    dtype: torch.dtype, small_vae: Path, vae: PhotoVAE, photo: Image.Image
) -> None:
    half = explorer.load_vae(small_vae, device="cpu", dtype=dtype)
    latents = half.pil_to_latent(photo)
    assert (half.dtype, latents.dtype) == (dtype, torch.float32)
    torch.testing.assert_close(latents, vae.pil_to_latent(photo), atol=0.02, rtol=0.05)
    assert half.latents_to_pil(latents)[0].size == photo.size
    assert half.notes == []


@pytest.mark.parametrize("part", ["encoder", "decoder"])
def test_half_precision_that_overflows_goes_back_to_float32_and_says_so(
    part: str, changed: Changed, photo: Image.Image
) -> None:
    # The normalisation after it takes the factor out again, so that float32 gives sensible numbers.
    folder = changed(lambda key, tensor: tensor * 3e5 if key == f"{part}.conv_in.weight" else tensor)
    half = explorer.load_vae(folder, device="cpu", dtype=torch.float16)
    full = explorer.load_vae(folder, device="cpu", dtype=torch.float32)
    latents = half.pil_to_latent(photo)
    picture = half.latents_to_pil(latents)[0]
    assert half.dtype == torch.float32
    assert half.notes == ["Half precision overflowed in this model; it now runs in float32."]
    assert torch.isfinite(latents).all()
    assert picture.size == photo.size
    assert full.notes == []


def test_channels_last_gives_the_same_but_for_the_last_bits(small_vae: Path, vae: PhotoVAE, photo: Image.Image) -> None:
    other = explorer.load_vae(small_vae, device="cpu", channels_last=True)
    assert other is not vae
    latents = vae.pil_to_latent(photo)
    torch.testing.assert_close(other.pil_to_latent(photo), latents, atol=1e-4, rtol=1e-4)
    pair = [np.asarray(model.latents_to_pil(latents)[0], int) for model in (vae, other)]
    assert np.abs(pair[0] - pair[1]).max() <= 1


@pytest.fixture(params=["vae", "tiny"])
def tiled(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[PhotoVAE, Callable[[], list[int]]]]:
    """A model whose tiles have 128 pixels a side, and a function that tells the tiles decoded so far."""
    model: PhotoVAE = request.getfixturevalue(request.param)
    monkeypatch.setattr(photo_vae, "TILE", 200 * 200)
    monkeypatch.setattr(model.model, "tile_sample_min_size", 128)
    monkeypatch.setattr(model.model, "tile_latent_min_size", 16)
    tiles: list[int] = []
    hook = model.model.decoder.register_forward_pre_hook(lambda _, inputs: tiles.append(inputs[0].shape[-1]))
    yield model, lambda: tiles
    hook.remove()


@pytest.mark.parametrize("size", [(303, 250), (256, 256), (1401, 30)])
def test_a_large_photo_goes_through_in_tiles(
    size: tuple[int, int], tiled: tuple[PhotoVAE, Callable[[], list[int]]]
) -> None:
    model, tiles = tiled
    photo = Image.fromarray(data.astronaut()).resize(size)
    latents = model.pil_to_latent(photo)
    assert latents.shape == (1, 4, -(-size[1] // 8), -(-size[0] // 8))
    assert model.latents_to_pil(latents, size)[0].size == size
    assert len(tiles()) > 3
    assert max(tiles()) == 16
    assert model.model.use_tiling is False


def test_a_small_photo_does_not(tiled: tuple[PhotoVAE, Callable[[], list[int]]]) -> None:
    model, tiles = tiled
    model.latents_to_pil(model.pil_to_latent(Image.new("RGB", (192, 192))))
    assert tiles() == [24]


def test_tiling_is_off_again_after_a_failure(
    tiled: tuple[PhotoVAE, Callable[[], list[int]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    model, _ = tiled
    during: list[bool] = []

    def fail(*_: Any) -> None:
        during.append(model.model.use_tiling)
        raise MemoryError

    with monkeypatch.context() as broken:
        broken.setattr(model.model.decoder, "forward", fail)
        with pytest.raises(MemoryError):
            model.latents_to_pil(np.zeros((1, 4, 30, 40), np.float32))
    assert during == [True]
    assert model.model.use_tiling is False


def test_a_large_photo_goes_whole_through_a_model_for_which_diffusers_has_no_tiles(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from diffusers import AutoencoderTiny

    blocks: dict[str, Any] = {"num_encoder_blocks": (1,) * 4, "num_decoder_blocks": (1,) * 4}
    blocks |= {"encoder_block_out_channels": (8,) * 4, "decoder_block_out_channels": (8,) * 4}
    AutoencoderTiny(latent_channels=16, **blocks).save_pretrained(tmp_path)
    monkeypatch.setattr(photo_vae, "TILE", 200 * 200)
    vae = explorer.load_vae(tmp_path, device="cpu")
    latents = vae.pil_to_latent(Image.new("RGB", (303, 250)))
    assert latents.shape == (1, 16, 32, 38)
    assert vae.latents_to_pil(latents, (303, 250))[0].size == (303, 250)


def test_many_threads_at_once_get_what_each_would_get_alone(vae: PhotoVAE, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(photo_vae, "TILE", 100 * 100)
    monkeypatch.setattr(vae.model, "tile_sample_min_size", 64)
    monkeypatch.setattr(vae.model, "tile_latent_min_size", 8)
    random = np.random.default_rng(0)
    sizes = [(64, 48), (160, 130), (9, 7), (128, 104)] * 3
    photos = [Image.fromarray(random.integers(0, 256, (height, width, 3), dtype=np.uint8)) for width, height in sizes]

    def round_trip(photo: Image.Image) -> tuple[Tensor, Image.Image]:
        latents = vae.pil_to_latent(photo, sample=True, seed=photo.width)
        return latents, vae.latents_to_pil(latents, photo.size)[0]

    alone = [round_trip(photo) for photo in photos]
    with ThreadPoolExecutor(6) as threads:
        together = list(threads.map(round_trip, photos))
    for (latents, picture), (same_latents, same_picture) in zip(alone, together, strict=True):
        assert torch.equal(latents, same_latents)
        assert picture == same_picture
