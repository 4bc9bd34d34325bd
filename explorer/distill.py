"""Teach a small AutoencoderKL to speak another autoencoder's latents: `python -m explorer.distill`."""

from __future__ import annotations

import argparse
import math
import shlex
import sys
from dataclasses import asdict
from pathlib import Path

import torch
from tqdm import tqdm

from explorer.training.distill_files import draw_reconstructions, read_resume, write_checkpoint, write_resume
from explorer.training.distillation import Distillation, Run, start, train_step
from explorer.training.exit_codes import DIVERGED, INTERRUPTED, REFUSED, Diverged


def fit(run: Run, save_every: int) -> None:
    """Train to the last step; state and a picture are kept every `save_every` steps, --resume goes on from there."""
    bar = tqdm(initial=run.step, total=run.plan.steps, desc="distill", mininterval=5)
    recent: dict[str, float] = {}
    while run.step < run.plan.steps:
        for key, value in train_step(run).items():
            recent[key] = recent.get(key, value.item()) * 0.99 + value.item() * 0.01
        if not all(map(math.isfinite, recent.values())):
            raise Diverged("The loss is no longer finite; try a smaller --lr.")
        bar.update()
        bar.set_postfix({key: f"{value:.4f}" for key, value in recent.items()}, refresh=False)
        if run.step % save_every == 0 or run.step == run.plan.steps:
            write_resume(run.out, run.student, run.average, run.optimiser, run.step, asdict(run.plan))
            psnr = draw_reconstructions(run.average.module, run.teacher, run.held_out, run.out, run.step)
            bar.write(f"step {run.step}, held-out photos: " + ", ".join(f"{k} {v:.2f} dB" for k, v in psnr.items()))
    bar.close()


def parse(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m explorer.distill", description="Make the built-in photo model.")
    parser.add_argument("--photos", type=Path, required=True, help="folder of photos to train on")
    parser.add_argument("--teacher", required=True, help="AutoencoderTiny folder or Hub id whose latents are learned")
    parser.add_argument("--measure", type=Path, help="folder of photos that only measure, such as Kodak's")
    parser.add_argument("--out", type=Path, default=Path("runs/photo-vae"))
    plan = Distillation()
    for name in ("steps", "batch_size", "crop", "lr", "seed", "latent_weight"):
        default = getattr(plan, name)
        parser.add_argument(f"--{name.replace('_', '-')}", type=type(default), default=default)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu", choices=("cpu", "cuda"))
    parser.add_argument("--save-every", type=int, default=500)
    parser.add_argument("--resume", action="store_true", help="go on from the state in --out")
    options = parser.parse_args(argv)
    for name in ("steps", "batch_size", "lr", "save_every"):
        if not getattr(options, name) > 0:
            parser.error(f"--{name.replace('_', '-')} must be larger than 0")
    if options.crop < 8 or options.crop % 8:
        parser.error("--crop must be a multiple of 8")
    return options


def main(argv: list[str] | None = None) -> int:
    arguments = sys.argv[1:] if argv is None else argv
    options = parse(arguments)
    chosen = {key: getattr(options, key) for key in ("steps", "batch_size", "crop", "lr", "seed", "latent_weight")}
    try:
        run = start(Distillation(**chosen), options.photos, options.teacher, options.out, options.device)
        if options.resume:
            run.step = read_resume(run.out, run.student, run.average, run.optimiser, asdict(run.plan))
        run.out.mkdir(parents=True, exist_ok=True)
        fit(run, options.save_every)
    except (ValueError, OSError) as error:
        print(error, file=sys.stderr)
        return DIVERGED if isinstance(error, Diverged) else REFUSED
    except KeyboardInterrupt:
        print("\nInterrupted; --resume goes on from the last state that was kept.", file=sys.stderr)
        return INTERRUPTED
    command = shlex.join(["python", "-m", "explorer.distill", *(a for a in arguments if a != "--resume")])
    write_checkpoint(run, command, options.measure)
    return 0


if __name__ == "__main__":
    sys.exit(main())
