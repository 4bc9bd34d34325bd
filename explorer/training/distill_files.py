"""What a distillation leaves on disk: the state it resumes from, pictures as it goes, the checkpoint and its card."""

from __future__ import annotations

import copy
import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn
from torchvision.utils import save_image

from explorer.training.distillation import Run, photos_of
from explorer.training.resume import part, read_state, restore_optimiser, write_state

if TYPE_CHECKING:
    from diffusers import AutoencoderKL, AutoencoderTiny

ABOUT = "distillation.json"
FREE = ("steps", "latent_weight")  # what may change when a training goes on: how far, and how strict at the end


def write_resume(
    folder: Path,
    student: nn.Module,
    average: nn.Module,
    optimiser: torch.optim.Optimizer,
    step: int,
    plan: dict[str, Any],
) -> None:
    """Weights, their average and the optimiser."""
    parts = {"student": student.state_dict(), "average": average.state_dict()}
    write_state(folder, parts, optimiser, {"step": step}, {"plan": plan})


def read_resume(
    folder: Path, student: nn.Module, average: nn.Module, optimiser: torch.optim.Optimizer, plan: dict[str, Any]
) -> int:
    """Undo write_resume. -> whole steps done. Raises ValueError when there is nothing to resume from."""
    tensors, metadata = read_state(folder, {"plan": plan}, FREE)
    student.load_state_dict(part(tensors, "student"))
    average.load_state_dict(part(tensors, "average"))
    restore_optimiser(optimiser, tensors)
    return int(metadata["step"])


def decodings(student: AutoencoderKL, teacher: AutoencoderTiny, images: Tensor) -> dict[str, Tensor]:
    """(B, 3, H, W) in [-1, 1] -> the same by who encoded and who decoded; sides are multiples of 8."""
    factor, unit = student.config["scaling_factor"], teacher.config["scaling_factor"]
    own = student.encode(images).latent_dist.mode() * factor
    theirs = teacher.encode(images).latents * unit
    return {
        "itself": student.decode(own / factor).sample,
        "teacher decodes its latents": teacher.decode(own / unit).sample,
        "it decodes the teacher's": student.decode(theirs / factor).sample,
        "teacher with itself": teacher.decode(theirs / unit).sample,
    }


def psnr(images: Tensor, decoded: Tensor) -> float:
    """Mean over (B, 3, H, W) in [-1, 1] of each one's 10 log10(1 / MSE) on values in [0, 1], in dB."""
    error = ((decoded.clamp(-1, 1) - images) / 2).square().flatten(1).mean(1)
    return float((-10 * error.log10()).mean())


@torch.no_grad()
def draw_reconstructions(
    student: AutoencoderKL, teacher: AutoencoderTiny, images: Tensor, folder: Path, step: int
) -> dict[str, float]:
    """Originals, own reconstructions, and what each decodes of the other's, in rows. -> PSNR in dB of each kind"""
    decoded = decodings(student, teacher, images)
    (folder / "pictures").mkdir(parents=True, exist_ok=True)
    rows = [images, *decoded.values()]
    pixels = torch.cat([row[:8] for row in rows]).clamp(-1, 1) / 2 + 0.5
    save_image(pixels, folder / "pictures" / f"reconst-{step}.jpg", nrow=8)
    return {name: psnr(images, pixels) for name, pixels in decoded.items()}


def write_checkpoint(run: Run, command: str, measuring: Path | None) -> None:
    """The moving average as a diffusers folder in half precision, what it measures from those files, and its card."""
    from diffusers import AutoencoderKL

    average = cast("AutoencoderKL", run.average.module)
    copy.deepcopy(average).half().to(memory_format=torch.contiguous_format).save_pretrained(run.out)
    shipped = AutoencoderKL.from_pretrained(run.out, torch_dtype=torch.float32).eval().to(run.device)
    about: dict[str, Any] = {
        "command": command,
        "steps": run.step,
        "plan": asdict(run.plan),
        "photos": len(run.photos),
        "parameters": sum(weights.numel() for weights in shipped.parameters()),
    }
    if measuring is not None:
        by_photo = {file.stem: measure(shipped, run.teacher, file, run.device) for file in photos_of(measuring)}
        kinds = next(iter(by_photo.values()))
        about["psnr"] = {kind: round(float(np.mean([found[kind] for found in by_photo.values()])), 2) for kind in kinds}
        about["psnr_by_photo"] = by_photo
    (run.out / ABOUT).write_text(json.dumps(about, indent=2) + "\n", encoding="utf-8")
    (run.out / "README.md").write_text(card(about), encoding="utf-8")


@torch.no_grad()
def measure(student: AutoencoderKL, teacher: AutoencoderTiny, file: Path, device: Any = "cpu") -> dict[str, float]:
    """PSNR in dB of a whole photo, cut to sides that are multiples of 8, by who encodes and who decodes."""
    with Image.open(file) as opened:
        photo = opened.convert("RGB")
    pixels = np.asarray(photo.crop((0, 0, photo.width // 8 * 8, photo.height // 8 * 8)))
    image = torch.from_numpy(pixels.copy()).permute(2, 0, 1)[None].float().to(device) / 127.5 - 1
    return {name: round(psnr(image, decoded), 3) for name, decoded in decodings(student, teacher, image).items()}


def card(about: dict[str, Any]) -> str:
    """The model card, with the table that the README quotes."""
    rows = "".join(f"| {name} | {value:.2f} dB |\n" for name, value in about.get("psnr", {}).items())
    measured = (
        f"""
| mean PSNR on {len(about["psnr_by_photo"])} Kodak photos, whole, none of them trained on | |
| --- | --- |
{rows}"""
        if rows
        else ""
    )
    plan = about["plan"]
    return f"""---
license: mit
library_name: diffusers
---

# photo-vae

A small image autoencoder that speaks Stable Diffusion 1.x's latents: four channels at an eighth of each side, scaled by
{plan["scaling_factor"]}. {about["parameters"]:,} parameters, half precision. Its latents can be decoded by Stable
Diffusion's decoders, and it decodes theirs.

```python
from diffusers import AutoencoderKL

vae = AutoencoderKL.from_pretrained("checkpoints/photo-vae")
```
{measured}
**Teacher**: TAESD (madebyollin/taesd, MIT), whose latents its encoder was taught to give and whose latents its decoder
was taught to read. **Data**: random crops of {about["photos"]:,} photos (ImageNet samples and BSDS500, for research
use), none of which is part of this repository. **Training**: {about["steps"]:,} steps of {plan["batch_size"]} crops of
{plan["crop"]} × {plan["crop"]} pixels; root mean square of reconstruction and latent match, a small KL, AdamW, an
exponential moving average. **Licence**: MIT.

```sh
{about["command"]}
```
"""
