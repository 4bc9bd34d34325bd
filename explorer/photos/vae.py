"""PhotoVAE: diffusers' image autoencoders behind the two functions of the field, pil_to_latent and latents_to_pil."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import RLock
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from explorer.device import default_device
from explorer.hub import Progress
from explorer.kept import Kept
from explorer.photos.image import preprocess
from explorer.photos.line import check
from explorer.photos.models import BUILT_IN, loading_options, locate, open_model, weight_files
from explorer.photos.scaling import Scaling
from explorer.sentences import Sentence

if TYPE_CHECKING:
    from diffusers import AutoencoderKL, AutoencoderTiny

TILE = 1024 * 1024  # pixels: a larger photo goes through in overlapping tiles
LIMIT = 1e4  # a latent beyond it means nothing to any decoder


def load_vae(
    name: str | os.PathLike[str] = BUILT_IN,
    device: str | None = None,
    dtype: torch.dtype | None = None,
    channels_last: bool = False,
    progress: Progress | None = None,
    visitor: bool = False,
) -> PhotoVAE:
    """Open "built-in", a folder, or a Hub repository id that holds an AutoencoderKL or AutoencoderTiny.

    Each is opened once and shared, until its files are written again.
    dtype: by default float32 on the CPU, float16 on a GPU.
    channels_last: a third faster on the CPU; a float's last bits then differ from the plain diffusers call.
    progress: called with the fraction done and a line while a model is fetched from the Hub.
    visitor: whether a visitor of the page named it: the host's token is then kept back, and its private models are.
    Raises ValueError with a sentence: not found, no autoencoder, gated, only a pickle, the Hub out of reach,
    no such device.
    """
    device = str(device or default_device())
    dtype = dtype or (torch.float32 if device == "cpu" else torch.float16)
    folder = locate(str(name), progress, visitor)
    key = str(name), str(folder.resolve()), device, dtype, channels_last
    return _opened.get(key, weight_files(folder), lambda: _open(str(name), folder, device, dtype, channels_last))


_opened: Kept[PhotoVAE] = Kept(4)


def _open(name: str, folder: Path, device: str, dtype: torch.dtype, channels_last: bool) -> PhotoVAE:
    model, warnings = open_model(folder, dtype)
    try:
        model.requires_grad_(False).to(device)
    except (RuntimeError, AssertionError):
        raise ValueError(f"There is no device {device} here.") from None
    vae = PhotoVAE(model, name, channels_last)
    vae.warnings, vae.options = tuple(warnings), loading_options(name, folder)
    return vae


class PhotoVAE:
    """An image autoencoder with its scaling. Safe to share between threads.

    name: as it was asked for. kind: "AutoencoderKL" or "AutoencoderTiny". latent_channels: C. step: pixels of the photo
    to one latent on a side, 8 for Stable Diffusion's. scaling: how raw latents become those that leave, with about unit
    variance; scaling_factor and shift_factor are its parts. notes: what had to be done otherwise, a sentence each.
    warnings: what was odd about its files, likewise. options: what plain diffusers' from_pretrained needs to be told
    besides its name, such as {"subfolder": "vae"}.
    """

    def __init__(self, model: AutoencoderKL | AutoencoderTiny, name: str, channels_last: bool = False) -> None:
        config: Any = model.config
        self.model = model.eval()
        self.name = name
        self.kind = type(model).__name__
        self.latent_channels = int(config.latent_channels)
        self.scaling = Scaling.of(config)
        self.scaling_factor, self.shift_factor = self.scaling.factor, self.scaling.shift
        self.step = self._step(config)
        self.parameters = sum(weights.numel() for weights in model.parameters())
        self.layout = torch.channels_last if channels_last else torch.contiguous_format
        self.model.to(memory_format=self.layout)
        for layer in self.model.modules():  # so that a job can end within a tile too
            layer.register_forward_pre_hook(check)
        self.notes: list[str] = []
        self.warnings: tuple[str, ...] = ()
        self.options: dict[str, str] = {}
        self._lock = RLock()  # tiling is a switch on the model
        # diffusers' tiles of an AutoencoderTiny have four channels and an eighth of a side, whatever the model has.
        self._has_tiles = self.kind == "AutoencoderKL" or (self.latent_channels, self.step) == (4, 8)

    @property
    def device(self) -> str:
        return str(self.model.device)

    @property
    def dtype(self) -> torch.dtype:
        return self.model.dtype

    def pil_to_latent(self, image: Image.Image, sample: bool = False, seed: int | None = None) -> Tensor:
        """A PIL image of any mode and size -> (1, C, H/8, W/8) float32 on the model's device, scaled.

        H and W are the photo's sides, rounded up to multiples of 8 by repeating its last pixels.
        sample: a sample of the posterior instead of its mode; the same for the same seed. An AutoencoderTiny has no
        posterior, and gives its one encoding either way.
        """
        posterior = self._posterior(image)
        if isinstance(posterior, Tensor):
            raw = posterior
        elif sample:
            generator = None if seed is None else torch.Generator(self.device).manual_seed(seed)
            raw = posterior.sample(generator)
        else:
            raw = posterior.mode()
        return self.scaling.apply(raw.float())

    def posterior(self, image: Image.Image) -> tuple[Tensor, Tensor | None]:
        """A PIL image -> mean and standard deviation, (1, C, H/8, W/8) float32, scaled; no deviation without one."""
        posterior = self._posterior(image)
        if isinstance(posterior, Tensor):
            return self.scaling.apply(posterior.float()), None
        return self.scaling.apply(posterior.mean.float()), self.scaling.spread(posterior.std.float())

    def latents_to_pil(self, latents: Tensor | np.ndarray, size: tuple[int, int] | None = None) -> list[Image.Image]:
        """Scaled latents (B, C, h, w) -> B RGB images of 8w × 8h pixels; undoes pil_to_latent.

        size: (width, height) to cut each to, when sides were rounded up.
        Raises ValueError: another shape or number of channels, not numbers, not finite, beyond ±1e4.
        """
        raw = self.scaling.undo(self._check(latents))
        decoded = self._decode(raw).float()
        pixels = (decoded / 2 + 0.5).clamp(0, 1).cpu().permute(0, 2, 3, 1).numpy()
        images = [Image.fromarray(image) for image in (pixels * 255).round().astype(np.uint8)]
        return [image.crop((0, 0, *size)) for image in images] if size else images

    def _posterior(self, image: Image.Image) -> Any:
        """A diffusers DiagonalGaussianDistribution of raw latents, or a tensor of them where there is none."""
        # Divided, doubled and shifted in the tutorial's order: another order gives other last bits.
        pixels = torch.from_numpy(preprocess(image, self.step)).permute(2, 0, 1)[None].float().div(255) * 2 - 1

        def encode(batch: Tensor) -> Any:
            output = self.model.encode(batch)
            return output.latent_dist if hasattr(output, "latent_dist") else output.latents

        return self._run(encode, pixels, pixels.shape[2] * pixels.shape[3])

    def _decode(self, raw: Tensor) -> Tensor:
        area = raw.shape[2] * raw.shape[3] * self.step**2
        return self._run(lambda batch: self.model.decode(batch).sample, raw, area)

    @torch.no_grad()
    def _run(self, work: Callable[[Tensor], Any], batch: Tensor, pixels: int) -> Any:
        """One pass through the model; again in float32 where half precision overflows."""
        with self._lock, self._tiled(self._has_tiles and pixels > TILE):
            result = work(self._move(batch))
            if self.dtype != torch.float32 and not _is_finite(result):
                self.notes.append(
                    Sentence("told.photo.half", "Half precision overflowed in this model; it now runs in float32.")
                )
                self.model.float()
                result = work(self._move(batch))
            return result

    def _move(self, batch: Tensor) -> Tensor:
        return batch.to(self.device, self.dtype).to(memory_format=self.layout)

    @contextmanager
    def _tiled(self, wanted: bool) -> Iterator[None]:
        self.model.use_tiling = wanted
        try:
            yield
        finally:
            self.model.use_tiling = False

    def _check(self, latents: Tensor | np.ndarray) -> Tensor:
        """Latents as float32 on the CPU. Raises ValueError with a sentence."""
        try:
            if isinstance(latents, np.ndarray):  # a copy: from_numpy wants a writable one in the machine's own order
                latents = latents.astype(latents.dtype.newbyteorder("="), order="C")
            checked = torch.as_tensor(latents).detach()
            if checked.is_complex():
                raise TypeError
            checked = checked.to("cpu", torch.float32)
        except (TypeError, ValueError, RuntimeError, OverflowError):
            raise ValueError("Latents must be numbers.") from None
        wanted = f"(B, {self.latent_channels}, h, w)"
        if checked.ndim != 4 or checked.shape[1] != self.latent_channels or 0 in checked.shape:
            raise ValueError(
                Sentence(
                    "told.latents.shape",
                    "Latents must have the shape {wanted} for this model, not {found}.",
                    wanted=wanted,
                    found=tuple(checked.shape),
                )
            )
        if not torch.isfinite(checked).all():
            raise ValueError("Latents must be finite: they hold NaN or infinity.")
        if checked.abs().max() > LIMIT:
            raise ValueError(Sentence("told.latents.within", "Latents must lie within ±{most}.", most=f"{LIMIT:.0e}"))
        return checked

    def _step(self, config: Any) -> int:
        blocks = config.block_out_channels if self.kind == "AutoencoderKL" else config.encoder_block_out_channels
        return 2 ** (len(blocks) - 1)


def _is_finite(result: Any) -> bool:
    tensor = result if isinstance(result, Tensor) else result.parameters
    return bool(torch.isfinite(tensor).all())
