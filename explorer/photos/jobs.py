"""What the photo tab asks of the models, in PIL images, NumPy arrays and opaque handles."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from PIL import Image

from explorer.hub import Progress
from explorer.photos.exchange import Party, convert
from explorer.photos.files import LatentFile
from explorer.photos.gpu import on_gpu
from explorer.photos.line import aside, check
from explorer.photos.metrics import Measures, compare
from explorer.photos.models import BUILT_IN, for_visitors, is_at_hand, locate
from explorer.photos.scaling import Scaling
from explorer.photos.vae import load_vae
from explorer.photos.views import LinearPreview, fit_preview
from explorer.sentences import Sentence, said_by


@dataclass(frozen=True)
class Encoding:
    """A photo encoded by one model: what belongs to a visitor.

    model: the id it was asked for by. options: what plain diffusers needs to be told besides that. scaling: of its
    latents. photo: RGB, None when the latents came from a file. size: (width, height).
    mean: (C, h, w) float32, scaled. std: the same of the posterior's deviation, None where there is no posterior.
    reconstruction: of the unedited latents. preview: a linear fit of mean to the photo's colours.
    measures: of the reconstruction against the photo. notes: a sentence each.
    """

    model: str
    kind: str
    options: Mapping[str, str]
    scaling: Scaling
    step: int
    device: str
    dtype: str
    size: tuple[int, int]
    photo: Image.Image | None
    mean: np.ndarray
    std: np.ndarray | None
    reconstruction: Image.Image
    preview: LinearPreview
    measures: Measures | None
    encode_ms: float
    decode_ms: float
    notes: tuple[str, ...] = field(default_factory=tuple)

    @property
    def scaling_factor(self) -> float:
        return self.scaling.factor

    @property
    def base(self) -> Image.Image:
        """What a decoded picture is held against: the photo, or without one the first reconstruction."""
        return self.photo or self.reconstruction


@dataclass(frozen=True)
class Decoding:
    """Latents decoded: image RGB of the encoding's size."""

    image: Image.Image
    ms: float
    notes: tuple[str, ...] = field(default_factory=tuple)


def encode(model: str, photo: Image.Image, notes: tuple[str, ...] = (), progress: Progress | None = None) -> Encoding:
    """An RGB photo through a model and back. Raises ValueError with a sentence when the model can't be opened."""
    _fetch(model, progress)
    load_vae(model, channels_last=True, visitor=True)
    encoding, note = _encode(model, photo)
    return replace(encoding, notes=(*notes, *encoding.notes, *([note] if note else [])))


def _fetch(model: str, progress: Progress | None) -> None:
    """Beside the line, and before a GPU is lent: neither should wait for a download. Raises as `load_vae` does."""
    if is_at_hand(model, visitor=True):
        return
    with aside() as check_here:

        def tell(part: float, text: str) -> None:
            check_here()
            if progress is not None:
                progress(part, text)

        locate(model, tell, visitor=True)


def encode_or_built_in(
    model: str, photo: Image.Image, notes: tuple[str, ...] = (), progress: Progress | None = None
) -> Encoding:
    """`encode` for a visitor: where the chosen model can't be had, the built-in one takes over and a note says so."""
    try:
        return encode(for_visitors(model), photo, notes, progress)
    except ValueError as error:
        if model == BUILT_IN:
            raise
        return encode(
            BUILT_IN,
            photo,
            (*notes, Sentence("told.photo.built-in", "{why} The built-in model is shown instead.", why=said_by(error))),
        )


def decode(encoding: Encoding, latents: np.ndarray) -> Decoding:
    """Latents (C, h, w) float32 of the encoding's model -> an image of its size."""
    decoding, note = _decode(encoding.model, latents, encoding.size)
    return replace(decoding, notes=(*decoding.notes, note)) if note else decoding


def open_latents(model: str, file: LatentFile, progress: Progress | None = None) -> Encoding:
    """Latents from a file, decoded by a model; those of another one are converted where that can be.

    Raises ValueError when they have another number of channels.
    """
    _fetch(model, progress)
    vae = load_vae(model, channels_last=True, visitor=True)
    height, width = file.latents.shape[1:]
    size = whole = width * vae.step, height * vae.step
    if file.size and all(0 <= full - side < vae.step for full, side in zip(whole, file.size, strict=True)):
        size = file.size  # and not that of another model, of another step
    maker, taker = Party(file.model, file.scaling), Party(model, vae.scaling if vae.kind == "AutoencoderKL" else None)
    latents, told = convert(file.latents, maker, taker)
    decoding, note = _decode(model, latents, size)
    pixels = np.asarray(decoding.image)
    return Encoding(
        **_about(model, vae),
        size=size,
        photo=None,
        mean=latents,
        std=None,
        reconstruction=decoding.image,
        preview=fit_preview(latents, pixels, vae.step),
        measures=None,
        encode_ms=0.0,
        decode_ms=decoding.ms,
        notes=(*file.notes, *told, *vae.warnings, *decoding.notes, *([note] if note else [])),
    )


@on_gpu
def _encode(model: str, photo: Image.Image, device: str | None = None) -> Encoding:
    vae = load_vae(model, device=device, channels_last=True, visitor=True)
    known = len(vae.notes)
    start = time.perf_counter()
    mean, std = vae.posterior(photo)
    latents = mean.cpu().numpy()[0]  # waits for the GPU
    between = time.perf_counter()
    reconstruction = vae.latents_to_pil(mean, photo.size)[0]
    end = time.perf_counter()
    check()
    preview = fit_preview(latents, np.asarray(photo), vae.step)
    check()
    return Encoding(
        **_about(model, vae),
        size=photo.size,
        photo=photo,
        mean=latents,
        std=None if std is None else std.cpu().numpy()[0],
        reconstruction=reconstruction,
        preview=preview,
        measures=compare(np.asarray(photo), np.asarray(reconstruction)),
        encode_ms=(between - start) * 1e3,
        decode_ms=(end - between) * 1e3,
        notes=(*vae.warnings, *vae.notes[known:]),
    )


@on_gpu
def _decode(model: str, latents: np.ndarray, size: tuple[int, int], device: str | None = None) -> Decoding:
    vae = load_vae(model, device=device, channels_last=True, visitor=True)
    known = len(vae.notes)
    start = time.perf_counter()
    image = vae.latents_to_pil(latents[None], size)[0]
    return Decoding(image, (time.perf_counter() - start) * 1e3, tuple(vae.notes[known:]))


def _about(model: str, vae: Any) -> dict[str, Any]:
    return {
        "model": model,
        "kind": vae.kind,
        "options": vae.options,
        "scaling": vae.scaling,
        "step": vae.step,
        "device": vae.device,
        "dtype": str(vae.dtype).removeprefix("torch."),
    }


def influence(encoding: Encoding, latents: np.ndarray, row: int, column: int) -> tuple[np.ndarray, float]:
    """Where a latent cell reaches: (H, W) float32 in [0, 1], how much each pixel changes when the cell's numbers become
    the mean of all cells; and the milliseconds of the two decodings."""
    changed = latents.copy()
    changed[:, row, column] = latents.mean((1, 2))
    before, after = decode(encoding, latents), decode(encoding, changed)
    difference = np.abs(np.asarray(before.image, np.float32) - np.asarray(after.image, np.float32)).mean(2) / 255
    return difference, before.ms + after.ms
