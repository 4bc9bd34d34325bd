"""Images per second of our training loop beside the classic one, on the same network: `python benchmarks/train.py`.

The classic loop is the tutorials': a torchvision data set with ToTensor, a DataLoader, plain Adam, loss.item() at each
step. The two run in turns, so that whatever else the machine does disturbs both.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import torch
import torch.nn.functional as F
from torch.utils.data import DataLoader, Subset
from torchvision import datasets as vision
from torchvision import transforms

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from explorer import train
from explorer.maps.autoencoder import Autoencoder
from explorer.maps.datasets import SOURCES, DataUnavailable, data_root
from explorer.maps.recipes import RECIPES, Recipe

NAMES = ("mnist-vae-20d", "fashion-ae-2d")
STEPS = 25  # of each slice
SLICES = 5  # of each loop, at least


def ours(recipe: Recipe, data: Path, out: Path) -> Callable[[], object]:
    """A function that trains one slice with explorer.train."""
    run = train.start(recipe, out, str(data), "cpu")
    run.train = run.train[: STEPS * recipe.batch_size]

    def one_slice() -> object:
        torch.set_flush_denormal(True)  # as train.start does; the classic loop has to do without
        return train.train_epoch(run, run.model, set())

    return one_slice


def classic(recipe: Recipe, data: Path, unpacked: Path) -> Callable[[], object]:
    """A function that trains one slice as the tutorials do."""
    folder = SOURCES[recipe.data].folder
    shutil.copytree(data / folder, unpacked / folder)
    margin = (recipe.architecture.image_shape[0] - 28) // 2
    look = transforms.Compose([transforms.Pad(margin), transforms.ToTensor()])
    images = getattr(vision, folder)(unpacked, transform=look, download=True)  # finds its files there and unpacks them
    loader = DataLoader(
        Subset(images, range(STEPS * recipe.batch_size)), batch_size=recipe.batch_size, shuffle=True, num_workers=0
    )
    model = Autoencoder(recipe.architecture)
    optimiser = torch.optim.Adam(model.parameters(), lr=recipe.lr)
    return lambda: classic_epoch(model, loader, optimiser)


def classic_epoch(model: Autoencoder, loader: DataLoader, optimiser: torch.optim.Optimizer) -> float:
    torch.set_flush_denormal(False)
    total = 0.0
    for images, _labels in loader:
        mean, logvar = model.posterior(images)
        if logvar is None:
            loss = F.binary_cross_entropy(model.decode(mean), images)
        else:
            latents = mean + torch.exp(0.5 * logvar) * torch.randn_like(mean)
            kl = -0.5 * torch.sum(1 + logvar - mean.pow(2) - logvar.exp())
            loss = F.binary_cross_entropy(model.decode(latents), images, reduction="sum") + kl
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        total += loss.item()
    return total


def in_turns(loops: list[Callable[[], object]], seconds: float) -> list[list[float]]:
    """Time slices of the loops in turns until the slowest has had its seconds. -> seconds of each slice, by loop"""
    times: list[list[float]] = [[] for _ in loops]
    for loop in loops:
        loop()  # to warm up
    while max(map(sum, times)) < seconds or len(times[0]) < SLICES:
        for loop, taken in zip(loops, times, strict=True):
            begin = time.perf_counter()
            loop()
            taken.append(time.perf_counter() - begin)
    return times


def compare(recipe: Recipe, data: Path, seconds: float) -> str:
    """One row of the table."""
    with tempfile.TemporaryDirectory() as folder:
        loops = [ours(recipe, data, Path(folder)), classic(recipe, data, Path(folder))]
        times = in_turns(loops, seconds)
    images = STEPS * recipe.batch_size
    rates = [images / median(taken) for taken in times]
    ratio = median(theirs / mine for mine, theirs in zip(*times, strict=True))
    return f"{recipe.name:<16}{rates[0]:>12,.0f}{rates[1]:>12,.0f}{ratio:>8.2f}{len(times[0]):>8}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--data", help="folder that holds MNIST/raw and FashionMNIST/raw")
    parser.add_argument("--seconds", type=float, default=10, help="for each model's slower loop, at least")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    print(f"images/s, {options.threads} threads, PyTorch {torch.__version__}; ratio: median over pairs of slices")
    print(f"{'':<16}{'ours':>12}{'classic':>12}{'ratio':>8}{'slices':>8}")
    try:
        for name in NAMES:
            print(compare(RECIPES[name], data_root(options.data), options.seconds), flush=True)
    except DataUnavailable as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
