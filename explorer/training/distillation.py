"""The built-in photo model's training: its plan, its data, and one step of it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from PIL import Image, ImageOps
from torch import Tensor
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

if TYPE_CHECKING:
    from diffusers import AutoencoderKL, AutoencoderTiny

HELD_OUT = 16
SUFFIXES = (".jpg", ".jpeg", ".png", ".webp")
LONG_ENOUGH = 512  # a larger photo is reduced to this short side: a crop of a huge one shows nothing but sky


@dataclass(frozen=True)
class Distillation:
    """All that decides the weights, besides the photos and the teacher."""

    steps: int = 7_500
    batch_size: int = 4
    crop: int = 128
    lr: float = 5e-4
    warmup: int = 200
    seed: int = 0
    channels: tuple[int, ...] = (16, 48, 96, 144)
    latent_weight: float = 0.6  # of the latent match at the end; a third of it at the start
    kl_weight: float = 1e-5
    ema: float = 0.999
    scaling_factor: float = 0.18215  # Stable Diffusion 1.x: unit variance, measured over its first batch


@dataclass
class Run:
    """One training under way. `average` holds the exponential moving average that is shipped."""

    plan: Distillation
    student: AutoencoderKL
    average: AveragedModel
    teacher: AutoencoderTiny
    optimiser: torch.optim.Optimizer
    photos: list[Path]
    held_out: Tensor  # (HELD_OUT, 3, H, W) in [-1, 1]
    device: torch.device
    out: Path
    step: int = 0  # whole steps done


def student(plan: Distillation) -> AutoencoderKL:
    """The untrained network; its first latents already have the scale of Stable Diffusion's."""
    from diffusers import AutoencoderKL

    model = AutoencoderKL(
        down_block_types=("DownEncoderBlock2D",) * len(plan.channels),
        up_block_types=("UpDecoderBlock2D",) * len(plan.channels),
        block_out_channels=plan.channels,
        layers_per_block=1,
        norm_num_groups=8,
        latent_channels=4,
        mid_block_add_attention=False,  # its cost would grow with the square of the photo's area
        scaling_factor=plan.scaling_factor,
        sample_size=512,  # the side of a tile when a large photo is encoded in tiles
    )
    with torch.no_grad():
        model.quant_conv.weight[:4] /= plan.scaling_factor
        model.quant_conv.bias[4:] -= 6.0
        model.post_quant_conv.weight *= plan.scaling_factor
    return model


def photos_of(folder: Path) -> list[Path]:
    """Photos below `folder`, in an order that does not depend on the file system."""
    return sorted(file for file in folder.rglob("*") if file.suffix.lower() in SUFFIXES)


def find_photos(folder: Path) -> list[Path]:
    """All photos below `folder`, shuffled by a fixed seed, so that what is held out is not all of one source."""
    photos = photos_of(folder)
    if len(photos) <= HELD_OUT:
        raise ValueError(f"{folder} holds {len(photos)} photos; more than {HELD_OUT} are needed.")
    return [photos[index] for index in np.random.default_rng(0).permutation(len(photos))]


def read_crop(file: Path, size: int, random: np.random.Generator | None) -> Tensor:
    """One square crop, mirrored half of the time; the middle one without `random`. -> (3, size, size) in [-1, 1]"""
    with Image.open(file) as opened:
        photo = ImageOps.exif_transpose(opened).convert("RGB")
    short = min(photo.size)
    scale = size / short if short < size else min(LONG_ENOUGH / short, 1.0)
    if scale != 1:
        photo = photo.resize([max(round(side * scale), size) for side in photo.size], Image.Resampling.LANCZOS)
    room = [side - size for side in photo.size]
    left, top = (room[0] // 2, room[1] // 2) if random is None else (int(random.integers(r + 1)) for r in room)
    pixels = np.asarray(photo.crop((left, top, left + size, top + size)))
    if random is not None and random.random() < 0.5:
        pixels = pixels[:, ::-1]
    return torch.from_numpy(pixels.copy()).permute(2, 0, 1).float() / 127.5 - 1


def start(plan: Distillation, photos: Path, teacher: str, out: Path, device: str) -> Run:
    """Everything that one training needs, seeded."""
    from diffusers import AutoencoderTiny

    torch.set_flush_denormal(True)
    torch.manual_seed(plan.seed)
    files = find_photos(photos)
    model = student(plan).to(device, memory_format=torch.channels_last)
    opened = AutoencoderTiny.from_pretrained(teacher, use_safetensors=True, torch_dtype=torch.float32)
    opened = opened.eval().requires_grad_(False).to(device, memory_format=torch.channels_last)
    average = AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(plan.ema))
    optimiser = torch.optim.AdamW(model.parameters(), lr=plan.lr, betas=(0.9, 0.99), weight_decay=1e-4, fused=True)
    held_out = torch.stack([read_crop(file, 192, None) for file in files[:HELD_OUT]]).to(device)
    return Run(plan, model, average, opened, optimiser, files[HELD_OUT:], held_out, torch.device(device), out)


def batch(run: Run) -> Tensor:
    """The crops of the current step; they depend on the seed and the step alone, so a resumed run repeats them."""
    random = np.random.default_rng([run.plan.seed, run.step])
    chosen = random.integers(len(run.photos), size=run.plan.batch_size)
    crops = torch.stack([read_crop(run.photos[index], run.plan.crop, random) for index in chosen])
    return crops.to(run.device, memory_format=torch.channels_last)


def root_mean_square(difference: Tensor) -> Tensor:
    """(B, ...) -> mean over B of each one's RMS: nearer to PSNR, a logarithm per photo, than the mean square is."""
    return (difference.square().flatten(1).mean(1) + 1e-8).sqrt().mean()


def losses(run: Run, images: Tensor, noise: torch.Generator) -> dict[str, Tensor]:
    """(B, 3, H, W) in [-1, 1] -> reconstruction, latent match and KL of one batch.

    Half of the batch is decoded from the student's own latents, half from the teacher's, so that the decoder learns
    both; the encoder is drawn to the teacher's latents throughout.
    """
    factor, student = run.plan.scaling_factor, run.student
    with torch.no_grad():
        target = run.teacher.encode(images).latents * run.teacher.config.scaling_factor
    posterior = student.encode(images).latent_dist
    own = posterior.mean + posterior.std * torch.randn(target.shape, generator=noise, device=images.device)
    mine = (torch.arange(len(images), device=images.device) % 2 == 0).view(-1, 1, 1, 1)
    decoded = student.decode(torch.where(mine, own, target / factor)).sample
    return {
        "reconstruction": root_mean_square(decoded - images),
        "latents": root_mean_square(posterior.mean * factor - target),
        "kl": posterior.kl().mean() / target[0].numel(),
    }


def set_learning_rate(run: Run) -> float:
    """Linear warm-up, then a cosine to a hundredth. -> progress in [0, 1]"""
    progress = run.step / run.plan.steps
    cosine = 0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * progress))
    for group in run.optimiser.param_groups:
        group["lr"] = run.plan.lr * cosine * min(1.0, (run.step + 1) / run.plan.warmup)
    return progress


def train_step(run: Run) -> dict[str, Tensor]:
    """One update of the student and of its moving average. -> the three losses"""
    progress = set_learning_rate(run)
    seed = np.random.SeedSequence([run.plan.seed, run.step, 1]).generate_state(1)[0]
    noise = torch.Generator(run.device).manual_seed(int(seed))
    parts = losses(run, batch(run), noise)
    latent_weight = run.plan.latent_weight * (1 + 2 * progress) / 3
    loss = parts["reconstruction"] + latent_weight * parts["latents"] + run.plan.kl_weight * parts["kl"]
    run.optimiser.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_norm_(run.student.parameters(), 1.0)
    run.optimiser.step()
    run.average.update_parameters(run.student)
    run.step += 1
    return {key: value.detach() for key, value in parts.items()}
