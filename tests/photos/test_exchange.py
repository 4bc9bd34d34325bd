"""Latents of one model that another one decodes: converted where both share a latent space, and told of."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import explorer
from explorer.photos.exchange import Party, convert
from explorer.photos.files import load, save
from explorer.photos.jobs import open_latents
from explorer.photos.scaling import Scaling

RAW = np.random.default_rng(0).normal(0, 5, (4, 6, 8)).astype(np.float32)
SD, XL = Scaling(0.18215), Scaling(0.13025)
PLAYGROUND = Scaling(0.5, mean=(-1.6, 1.9, -1.4, 2.5), std=(8.5, 5.9, 6.5, 5.2))


def exchanged(maker: Party, taker: Party, latents: np.ndarray) -> tuple[np.ndarray, str]:
    converted, told = convert(latents, maker, taker)
    assert converted.dtype == np.float32
    assert len(told) < 2
    return converted, "".join(told)


@pytest.mark.parametrize(
    ("maker", "taker"),
    [
        (Party("stabilityai/sd-vae-ft-mse", Scaling()), Party("built-in", SD)),
        (Party("stabilityai/sd-vae-ft-mse", Scaling(0.5)), Party("madebyollin/taesd", None)),
        (Party("madebyollin/sdxl-vae-fp16-fix", PLAYGROUND), Party("stabilityai/sdxl-vae", XL)),
        (Party("stabilityai/sdxl-vae", XL), Party("madebyollin/sdxl-vae-fp16-fix", PLAYGROUND)),
    ],
)
def test_models_that_share_a_latent_space_get_each_others_latents_at_their_own_scale(
    maker: Party, taker: Party
) -> None:
    assert maker.scaling
    converted, told = exchanged(maker, taker, maker.scaling.apply(RAW))
    target = taker.scaling or SD
    np.testing.assert_allclose(converted, target.apply(RAW), rtol=1e-5, atol=1e-5)
    assert told == f"These latents were made by {maker.model}, whose latent space {taker.model} shares."


def test_a_tiny_models_latents_are_those_of_the_pipeline() -> None:
    latents = SD.apply(RAW)
    for maker, taker in (
        (Party("madebyollin/taesd", Scaling()), Party("built-in", SD)),
        (Party("built-in", SD), Party("madebyollin/taesd", None)),
    ):
        converted, told = exchanged(maker, taker, latents)
        np.testing.assert_allclose(converted, latents, rtol=1e-5)
        assert "shares" in told


def test_where_the_spaces_differ_both_names_are_said_and_nothing_is_converted() -> None:
    latents = XL.apply(RAW)
    converted, told = exchanged(Party("madebyollin/taesdxl", Scaling()), Party("built-in", SD), latents)
    assert converted is latents
    assert told == (
        "These latents were made by madebyollin/taesdxl, whose latent space is not that of built-in: "
        "this is not the picture they stand for."
    )


def test_where_nothing_is_known_the_factors_are_gone_by_and_both_names_are_said() -> None:
    converted, told = exchanged(Party("somebody/vae", PLAYGROUND), Party("a/folder", XL), PLAYGROUND.apply(RAW))
    np.testing.assert_allclose(converted, XL.apply(RAW), rtol=1e-5, atol=1e-5)
    assert told == (
        "These latents were made by somebody/vae: the picture that a/folder makes of them is right only where both "
        "share a latent space."
    )


def test_a_factor_of_one_means_raw_latents_or_those_of_a_tiny_model() -> None:
    maker = Party("somebody/model", Scaling())
    np.testing.assert_allclose(exchanged(maker, Party("built-in", SD), RAW)[0], SD.apply(RAW), rtol=1e-6)
    tiny = SD.apply(RAW)
    assert exchanged(maker, Party("built-in", SD), tiny)[0] is tiny


def test_a_file_that_names_no_model_is_converted_by_what_it_says_of_its_scale() -> None:
    latents = SD.apply(RAW)
    assert exchanged(Party("", None), Party("built-in", SD), latents) == (latents, "")
    assert exchanged(Party("", SD), Party("built-in", SD), latents) == (latents, "")
    converted, told = exchanged(Party("", SD), Party("stabilityai/sdxl-vae", XL), latents)
    np.testing.assert_allclose(converted, XL.apply(RAW), rtol=1e-5, atol=1e-5)
    assert told == "The file's latents are scaled otherwise than stabilityai/sdxl-vae's: they were converted."


def test_raw_latents_in_a_file_that_says_nothing_are_told_of() -> None:
    converted, told = exchanged(Party("", None), Party("built-in", SD), RAW)
    assert converted is RAW
    assert told.startswith("These latents are far larger than a pipeline's")


def test_latents_of_other_channels_than_their_scaling_are_left_as_they_are() -> None:
    latents = np.ones((16, 2, 2), np.float32)
    assert exchanged(Party("", PLAYGROUND), Party("a/b", SD), latents)[0] is latents


@pytest.mark.parametrize("factor", [0.18215, 1.0, 0.05])
def test_a_file_of_the_same_space_gives_the_same_picture_at_any_factor(factor: float, tmp_path: Path) -> None:
    vae = explorer.load_vae(device="cpu")
    photo = Image.effect_mandelbrot((128, 96), (-2, -1.2, 0.8, 1.2), 60).convert("RGB")
    latents = vae.pil_to_latent(photo).numpy()[0]
    save(tmp_path / "l.safetensors", latents / 0.18215 * factor, "stabilityai/sd-vae-ft-mse", factor, photo.size)
    opened = open_latents("built-in", load(tmp_path / "l.safetensors"))
    expected = vae.latents_to_pil(latents[None], photo.size)[0]
    assert np.abs(np.asarray(opened.reconstruction).astype(int) - np.asarray(expected)).mean() < 0.5
    assert opened.notes == (
        "These latents were made by stabilityai/sd-vae-ft-mse, whose latent space built-in shares.",
    )
