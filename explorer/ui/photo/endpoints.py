"""What gradio_client can call of the photo tab: encode, decode, compare, channels.

They hang on components that the page does not show, since files need components.
"""

from __future__ import annotations

from typing import Any

import gradio as gr
from PIL import Image

from explorer.photos import jobs as photo_jobs
from explorer.photos.files import load, save
from explorer.photos.image import LARGEST
from explorer.photos.jobs import Encoding
from explorer.photos.models import BUILT_IN, for_visitors
from explorer.photos.reader import read_photo
from explorer.photos.views import channel_pictures
from explorer.ui.client_errors import with_sentences
from explorer.ui.photo.compare import run_models
from explorer.ui.photo.files import new_folder
from explorer.ui.photo.turns import EVENT, PhotoTurns
from explorer.ui.photo.view import parse_edits


def build(turns: PhotoTurns) -> None:
    """Name the endpoints inside the surrounding gr.Blocks."""
    unseen: dict[str, Any] = {"visible": False}  # each, or the page would fetch the code that shows it
    with gr.Column(visible=False):
        photo = gr.File(label="photo", **unseen)
        latents = gr.File(label="latents", **unseen)
        model = gr.Textbox(BUILT_IN, label="model", **unseen)
        models = gr.JSON([BUILT_IN], label="models", **unseen)
        side = gr.Number(512, label="longest_side", precision=0, **unseen)
        seed = gr.Number(None, label="seed", precision=0, **unseen)
        shared = gr.Checkbox(True, label="shared_scale", **unseen)
        edits = gr.JSON({}, label="edits", **unseen)
        file, info = gr.File(label="file", **unseen), gr.JSON(label="info", **unseen)
        image = gr.Image(label="image", format="png", **unseen)
        pictures = gr.Gallery(label="pictures", format="png", **unseen)
    for function, inputs, outputs in (
        (encode, [photo, model, side, seed], [file, info]),
        (decode, [latents, model, edits], [image, info]),
        (compare, [photo, models, side], info),
        (channels, [photo, model, side, shared], [pictures, info]),
    ):
        gr.Button(visible=False).click(
            with_sentences(turns.taken(function)), inputs, outputs, api_name=function.__name__, **EVENT
        )


def encode(photo: str, model: str = BUILT_IN, longest_side: int = 512, seed: int | None = None) -> tuple[str, dict]:
    """A photo -> its scaled latents (1, C, H/8, W/8) float32 as a .safetensors file, and what is known of them.

    longest_side: a larger photo is reduced to it; 0 keeps its size, up to 4096. seed: a sample of the posterior, whose
    mode is taken without one.
    """
    encoding = encoded(photo, model, longest_side)
    latents = parse_edits({"sample": seed}, len(encoding.mean)).apply(encoding.mean, encoding.std)
    folder = new_folder()
    file = folder / "latents.safetensors"
    save(file, latents, encoding.model, encoding.scaling, encoding.size)
    return str(file), about(encoding)


def decode(latents: str, model: str = BUILT_IN, edits: dict | None = None) -> tuple[Image.Image, dict]:
    """A .safetensors or .npy file of scaled latents (1, C, h, w) -> the decoded image, and what is known of it.

    edits: {"channels": [{"gain", "offset", "on"}, ...], "sigma", "noise_seed", "bits"}; what is missing stays.
    """
    if not latents:
        raise ValueError("Send a .safetensors or .npy file with latents.")
    opened = photo_jobs.open_latents(for_visitors(model), load(latents))
    wanted = parse_edits(edits or {}, len(opened.mean))
    if wanted == parse_edits({}, len(opened.mean)):
        return opened.reconstruction, about(opened)
    return photo_jobs.decode(opened, wanted.apply(opened.mean, None)).image, about(opened)


def compare(photo: str, models: list | None = None, longest_side: int = 512) -> dict:
    """A photo through several models -> measures by model id; {"error": sentence} for one that can't be had."""
    names = [BUILT_IN] if models is None else models
    if not isinstance(names, list) or not names or not all(isinstance(name, str) for name in names):
        raise ValueError("models must be a list of built-in, Hub ids or folders.")
    done, failed = run_models(opened_photo(photo, longest_side), names)
    told = {name: {"error": failed.get(name, "Too many models at once.")} for name in names}
    return told | {name: about(encoding) for name, encoding in done.items()}


def channels(
    photo: str, model: str = BUILT_IN, longest_side: int = 512, shared_scale: bool = True
) -> tuple[list[tuple[Any, str]], dict]:
    """A photo -> a picture of each latent channel on a colour scale with zero in its middle, and their statistics."""
    encoding = encoded(photo, model, longest_side)
    pictures = channel_pictures(encoding.mean, shared=shared_scale)
    named = [(picture.pixels, f"channel {index + 1}") for index, picture in enumerate(pictures)]
    return named, {"channels": [picture.statistics() for picture in pictures], **about(encoding)}


def opened_photo(photo: str | None, longest_side: int) -> Image.Image:
    if not photo:
        raise ValueError("Send a photo.")
    side = 512 if longest_side is None else int(longest_side)
    if not 0 <= side <= LARGEST:
        raise ValueError(f"longest_side must lie between 0 and {LARGEST}; 0 keeps the photo's size.")
    return read_photo(photo, side or LARGEST)[0]


def encoded(photo: str | None, model: str, longest_side: int) -> Encoding:
    return photo_jobs.encode(for_visitors(str(model)), opened_photo(photo, longest_side))


def about(encoding: Encoding) -> dict[str, Any]:
    """What a client is told of an encoding; sizes in pixels, PSNR in dB, times in milliseconds."""
    measures = encoding.measures
    known = {} if measures is None else {"psnr": measures.psnr, "ssim": measures.ssim, "mae": measures.mae}
    return {
        "model": encoding.model,
        "kind": encoding.kind,
        "scaling_factor": encoding.scaling_factor,
        "width": encoding.size[0],
        "height": encoding.size[1],
        "shape": [1, *encoding.mean.shape],
        "device": encoding.device,
        "dtype": encoding.dtype,
        "encode_ms": round(encoding.encode_ms, 1),
        "decode_ms": round(encoding.decode_ms, 1),
        **{key: None if value is None else min(round(value, 4), 999.0) for key, value in known.items()},
    }
