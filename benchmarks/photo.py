"""How fast and how near the photo models are, and what PhotoVAE costs beside the plain diffusers calls.

    python benchmarks/photo.py [--models built-in FOLDER_OR_ID ...] [--sides 256 512 1024] [--photos FOLDER]

Each line is measured in a process of its own, alternating between the plain call and ours; figures are medians.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import explorer
from explorer.photos.image import preprocess
from explorer.photos.metrics import compare
from explorer.photos.models import BUILT_IN, KNOWN, is_cached

ROUNDS = 7
SPEED = ["model", "side", "encode", "ours", "channels last", "decode", "ours", "channels last", "overhead", "peak"]
NEARNESS = ["model", "parameters", "PSNR", "SSIM", "mean abs. error"]


def table(headers: list[str], rows: list[list[str]]) -> str:
    lines = [headers, ["---"] * len(headers), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def timed(calls: dict[str, Callable[[], Any]], rounds: int) -> dict[str, list[float]]:
    """Milliseconds of each call in each round, in turns; one round to warm up."""
    spent: dict[str, list[float]] = {name: [] for name in calls}
    for turn in range(rounds + 1):
        for name, call in calls.items():
            start = time.perf_counter()
            call()
            if turn:
                spent[name].append((time.perf_counter() - start) * 1e3)
    return spent


def measure(model: str, side: int, rounds: int) -> dict[str, Any]:
    """One model at one size, in this process."""
    random = np.random.default_rng(0)
    image = Image.fromarray(random.integers(0, 256, (side // 8, side // 8, 3), np.uint8)).resize((side, side))
    plain, fast = explorer.load_vae(model), explorer.load_vae(model, channels_last=True)
    latents = plain.pil_to_latent(image)
    pixels = torch.from_numpy(preprocess(image)).permute(2, 0, 1)[None].float().div(255) * 2 - 1
    pixels, raw = (tensor.to(plain.device, plain.dtype) for tensor in (pixels, latents / plain.scaling_factor))

    def encode() -> Any:
        with torch.no_grad():
            output = plain.model.encode(pixels)
            return (output.latent_dist.mode() if hasattr(output, "latent_dist") else output.latents).cpu()

    def decode() -> Any:
        with torch.no_grad():
            return plain.model.decode(raw).sample.cpu()

    calls: dict[str, Callable[[], Any]] = {
        "encode": encode,
        "our encode": lambda: plain.pil_to_latent(image),
        "fast encode": lambda: fast.pil_to_latent(image),
        "decode": decode,
        "our decode": lambda: plain.latents_to_pil(latents),
        "fast decode": lambda: fast.latents_to_pil(latents),
    }
    spent = timed(calls, rounds)
    both = [
        (ours_in + ours_out) / (bare_in + bare_out)
        for ours_in, ours_out, bare_in, bare_out in zip(
            spent["our encode"], spent["our decode"], spent["encode"], spent["decode"], strict=True
        )
    ]
    medians = {name: statistics.median(values) for name, values in spent.items()}
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {**medians, "overhead": statistics.median(both), "peak": peak}


def nearness(model: str, folder: Path) -> list[str]:
    """Means over the photos of a folder, at full size."""
    vae = explorer.load_vae(model, channels_last=True)
    found = []
    for file in sorted(folder.glob("*.png")) + sorted(folder.glob("*.jpg")):
        with Image.open(file) as opened:
            photo = opened.convert("RGB")
        decoded = vae.latents_to_pil(vae.pil_to_latent(photo), photo.size)[0]
        found.append(compare(np.asarray(photo), np.asarray(decoded)))
    psnr, mae = (statistics.mean(getattr(measures, name) for measures in found) for name in ("psnr", "mae"))
    ssim = statistics.mean(measures.ssim or 0 for measures in found)
    return [model, f"{vae.parameters:,}", f"{psnr:.2f} dB", f"{ssim:.3f}", f"{mae:.4f}"]


def speed(model: str, side: int, rounds: int) -> list[str]:
    command = [sys.executable, __file__, "--one", json.dumps([model, side, rounds])]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found = json.loads(done.stdout.splitlines()[-1])
    names = ("encode", "our encode", "fast encode", "decode", "our decode", "fast decode")
    times = [f"{found[name]:.0f} ms" for name in names]
    return [model, str(side), *times, f"{100 * (found['overhead'] - 1):+.1f} %", f"{found['peak']:.0f} MB"]


def main() -> None:
    at_hand = [BUILT_IN, *(known.id for known in KNOWN[1:] if is_cached(known.id))]
    parser = argparse.ArgumentParser("python benchmarks/photo.py")
    parser.add_argument("--models", nargs="+", default=at_hand, help="built-in, folders or Hub ids")
    parser.add_argument("--sides", nargs="+", type=int, default=[256, 512, 1024])
    parser.add_argument("--photos", type=Path, help="a folder of photos to measure the reconstructions of")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--one", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(json.dumps(measure(*json.loads(options.one))))
        return
    print(f"{torch.get_num_threads()} threads, device {explorer.load_vae(options.models[0]).device}\n")
    print(table(SPEED, []))
    for model in options.models:
        for side in options.sides:
            print(f"| {' | '.join(speed(model, side, options.rounds))} |", flush=True)
    if options.photos:
        print(f"\n{table(NEARNESS, [nearness(model, options.photos) for model in options.models])}")


if __name__ == "__main__":
    main()
