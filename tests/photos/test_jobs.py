"""What the photo tab asks of the models."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from skimage import data

import explorer
from explorer.photos import jobs as photo_jobs
from explorer.photos import vae as photo_vae
from explorer.photos.files import LatentFile
from explorer.photos.jobs import Encoding, decode, encode, encode_or_built_in, influence, open_latents
from explorer.photos.metrics import compare
from explorer.photos.models import BUILT_IN


@pytest.fixture(autouse=True)
def _on_the_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(photo_vae, "default_device", lambda: "cpu")


@pytest.fixture(scope="module")
def photo() -> Image.Image:
    return Image.fromarray(data.astronaut()).resize((93, 61))


@pytest.fixture
def encoding(small_vae: Path, photo: Image.Image) -> Encoding:
    return encode(str(small_vae), photo)


@pytest.fixture
def built_in(small_vae: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EXPLORER_PHOTO_VAE", str(small_vae))


def test_a_photo_is_encoded_decoded_and_measured(encoding: Encoding, small_vae: Path, photo: Image.Image) -> None:
    vae = explorer.load_vae(small_vae, device="cpu", channels_last=True)
    mean, std = vae.posterior(photo)
    assert std is not None
    np.testing.assert_array_equal(encoding.mean, mean[0].numpy())
    assert encoding.std is not None
    np.testing.assert_array_equal(encoding.std, std[0].numpy())
    assert encoding.reconstruction == vae.latents_to_pil(mean, photo.size)[0]
    assert encoding.measures == compare(np.asarray(photo), np.asarray(encoding.reconstruction))
    assert (encoding.photo, encoding.base) == (photo, photo)
    assert encoding.notes == ()
    assert encoding.encode_ms > 0
    assert encoding.decode_ms > 0


def test_an_encoding_says_what_made_it(encoding: Encoding, small_vae: Path) -> None:
    assert (encoding.model, encoding.kind, encoding.device, encoding.dtype) == (
        str(small_vae),
        "AutoencoderKL",
        "cpu",
        "float32",
    )
    assert (encoding.scaling_factor, encoding.step, encoding.size) == (0.18215, 8, (93, 61))
    assert (encoding.mean.shape, encoding.mean.dtype) == ((4, 8, 12), np.float32)
    assert encoding.preview.picture(encoding.mean).shape == (8, 12, 3)


def test_unedited_latents_decode_to_the_reconstruction(encoding: Encoding) -> None:
    decoding = decode(encoding, encoding.mean)
    assert decoding.image == encoding.reconstruction
    assert decoding.image.size == encoding.size
    assert decoding.notes == ()
    assert decoding.ms > 0


def test_edited_latents_decode_to_another_picture(encoding: Encoding) -> None:
    assert decode(encoding, -encoding.mean).image != encoding.reconstruction


def test_wrong_latents_are_refused_with_a_sentence(encoding: Encoding) -> None:
    with pytest.raises(ValueError, match="must be finite"):
        decode(encoding, np.full_like(encoding.mean, np.nan))


def test_a_model_without_a_posterior_has_no_deviation(small_tiny: Path, photo: Image.Image) -> None:
    encoding = encode(str(small_tiny), photo, notes=("It was reduced.",))
    assert (encoding.kind, encoding.std, encoding.notes) == ("AutoencoderTiny", None, ("It was reduced.",))


@pytest.mark.usefixtures("built_in")
def test_the_built_in_model_is_asked_for_by_its_name(encoding: Encoding, photo: Image.Image) -> None:
    found = encode(BUILT_IN, photo)
    assert found.model == BUILT_IN
    np.testing.assert_array_equal(found.mean, encoding.mean)
    assert decode(found, found.mean).image == encoding.reconstruction


@pytest.mark.parametrize("size", [(1, 1), (1, 300), (7, 9)])
def test_the_smallest_photos_are_encoded(size: tuple[int, int], small_vae: Path) -> None:
    encoding = encode(str(small_vae), Image.new("RGB", size, "teal"))
    assert encoding.reconstruction.size == size
    assert encoding.measures is not None
    assert np.isfinite(encoding.measures.psnr)


@pytest.mark.usefixtures("built_in")
def test_where_a_model_cannot_be_had_the_built_in_one_is_shown_and_a_note_says_so(
    small_vae: Path, photo: Image.Image
) -> None:
    encoding = encode_or_built_in(str(small_vae), photo, ("It was reduced.",))  # outside the working directory
    assert encoding.model == BUILT_IN
    first, second = encoding.notes
    assert first == "It was reduced."
    assert second.startswith("That is neither a Hub id")
    assert second.endswith("The built-in model is shown instead.")
    assert str(small_vae) not in second


@pytest.mark.usefixtures("built_in")
def test_a_model_that_the_host_names_is_shown(
    small_tiny: Path, photo: Image.Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EXPLORER_MODELS", str(small_tiny.parent))
    encoding = encode_or_built_in(str(small_tiny), photo)
    assert (encoding.model, encoding.notes) == (str(small_tiny), ())


def test_without_even_the_built_in_model_there_is_a_sentence(
    tmp_path: Path, photo: Image.Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EXPLORER_PHOTO_VAE", str(tmp_path))
    for model in (BUILT_IN, "no such model"):
        with pytest.raises(ValueError, match="That is no image autoencoder"):
            encode_or_built_in(model, photo)


def test_what_a_model_had_to_do_otherwise_is_told_once(
    small_vae: Path, photo: Image.Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    vae = explorer.load_vae(small_vae, device="cpu", channels_last=True)
    monkeypatch.setattr(vae, "notes", ["of an earlier photo"])
    posterior = vae.posterior

    def noting(image: Image.Image) -> object:
        if len(vae.notes) == 1:
            vae.notes.append("It overflowed.")
        return posterior(image)

    monkeypatch.setattr(vae, "posterior", noting)
    assert encode(str(small_vae), photo, ("first",)).notes == ("first", "It overflowed.")
    assert encode(str(small_vae), photo).notes == ()


def test_latents_from_a_file_take_the_photos_place(encoding: Encoding, small_vae: Path) -> None:
    opened = open_latents(str(small_vae), LatentFile(encoding.mean, encoding.size, "whatever"))
    assert opened.reconstruction == encoding.reconstruction
    assert (opened.photo, opened.std, opened.measures) == (None, None, None)
    assert opened.base == opened.reconstruction
    assert (opened.size, opened.model) == ((93, 61), str(small_vae))
    assert decode(opened, opened.mean).image == encoding.reconstruction


def test_latents_that_do_not_say_a_size_are_shown_whole(encoding: Encoding, small_vae: Path) -> None:
    opened = open_latents(str(small_vae), LatentFile(encoding.mean))
    assert opened.size == opened.reconstruction.size == (96, 64)
    assert opened.reconstruction.crop((0, 0, 93, 61)) == encoding.reconstruction


def test_latents_of_another_number_of_channels_are_refused_with_a_sentence(small_vae: Path) -> None:
    with pytest.raises(ValueError, match=r"shape \(B, 4, h, w\) for this model, not \(1, 16, 2, 2\)"):
        open_latents(str(small_vae), LatentFile(np.zeros((16, 2, 2), np.float32)))


def test_a_size_of_another_models_photo_is_not_believed(tmp_path: Path) -> None:
    from diffusers import AutoencoderTiny

    AutoencoderTiny(
        encoder_block_out_channels=(8,) * 3,
        decoder_block_out_channels=(8,) * 3,
        num_encoder_blocks=(1,) * 3,
        num_decoder_blocks=(1,) * 3,
    ).save_pretrained(tmp_path)  # 4 × 4 pixels to a latent
    latents = np.zeros((4, 5, 7), np.float32)
    for size, expected in (((53, 39), (28, 20)), ((26, 18), (26, 18)), (None, (28, 20))):
        opened = open_latents(str(tmp_path), LatentFile(latents, size))
        assert opened.size == opened.reconstruction.size == expected


def test_a_latent_reaches_its_own_pixels_most_and_far_ones_not_at_all(small_tiny: Path) -> None:
    encoding = encode(str(small_tiny), Image.fromarray(data.astronaut()).resize((120, 96)))
    latents = encoding.mean.copy()
    latents[:, 6, 4] += np.array([3, -3, 3, -3])
    change, ms = influence(encoding, latents, 6, 4)
    assert (change.shape, change.dtype) == ((96, 120), np.float32)
    assert 0 < change.max() <= 1
    cells = change.reshape(12, 8, 15, 8).mean((1, 3))
    near = cells[5:8, 3:6]
    assert cells.max() == near.max()
    assert near.mean() > 4 * cells.mean()
    assert (cells[:, 12:] == 0).all()
    assert ms > 0


def test_a_latent_that_is_the_mean_already_changes_nothing(encoding: Encoding) -> None:
    before = encoding.mean.copy()
    change, _ = influence(encoding, np.full_like(encoding.mean, 0.5), 2, 3)
    assert change.shape == (61, 93)
    assert (change == 0).all()
    influence(encoding, encoding.mean, 0, 0)
    np.testing.assert_array_equal(encoding.mean, before)


def test_a_spent_gpu_is_told_of(encoding: Encoding, photo: Image.Image, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("_encode", "_decode"):
        job = getattr(photo_jobs, name)
        monkeypatch.setattr(photo_jobs, name, lambda *sent, job=job: (job(*sent)[0], "It ran on the CPU."))
    assert encode(encoding.model, photo, ("first",)).notes == ("first", "It ran on the CPU.")
    assert decode(encoding, encoding.mean).notes == ("It ran on the CPU.",)
    assert open_latents(encoding.model, LatentFile(encoding.mean)).notes == ("It ran on the CPU.",)
