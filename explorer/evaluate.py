"""The measures of a checkpoint: `python -m explorer.evaluate NAME`."""

from __future__ import annotations

import argparse
import sys
import time
from statistics import median

import numpy as np
import torch
from torch import Tensor

from explorer.maps.autoencoder import Autoencoder, reparameterise, to_input
from explorer.maps.datasets import DataSet, DataUnavailable, load
from explorer.maps.latent_space import load as load_space
from explorer.maps.losses import bernoulli_cross_entropy, kl_divergence, reconstruction_loss

NEIGHBOURS = 10
BATCH = 500


@torch.no_grad()
def encode_all(model: Autoencoder, images: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
    """(N, H, W) uint8 -> mean (N, D) and, for a VAE, log-variance (N, D); float32."""
    device = next(model.parameters()).device
    parts = [model.posterior(to_input(images[i : i + BATCH], device)) for i in range(0, len(images), BATCH)]
    means = torch.cat([mean for mean, _ in parts]).cpu().numpy()
    logvars = [logvar for _, logvar in parts if logvar is not None]
    return means, torch.cat(logvars).cpu().numpy() if logvars else None


@torch.no_grad()
def reconstruction_measures(model: Autoencoder, data: DataSet, seed: int = 0) -> dict[str, float]:
    """BCE and MSE at the mean, and for a VAE the ELBO with one posterior sample for each image (nats)."""
    model.eval()
    device = next(model.parameters()).device
    noise = torch.Generator(device).manual_seed(seed)
    sums: dict[str, float] = {}

    def add(name: str, values: Tensor) -> None:
        sums[name] = sums.get(name, 0.0) + values.double().sum().item()

    for start in range(0, len(data.images), BATCH):
        images = to_input(data.images[start : start + BATCH], device)
        mean, logvar = model.posterior(images)
        decoded = model.decode(mean)
        add("bce_per_image", bernoulli_cross_entropy(decoded, images))
        add("mse_per_image", (decoded - images).square().flatten(1).sum(1))
        if logvar is not None:
            sampled = model.decoder(reparameterise(mean, logvar, noise))
            add("sampled_bce_per_image", reconstruction_loss(model, sampled, images, "bce"))
            add("kl", kl_divergence(mean, logvar))
    measures = {name: total / len(data.images) for name, total in sums.items()}
    pixels = data.images[0].size
    measures["bce_per_pixel"] = measures["bce_per_image"] / pixels
    measures["mse_per_pixel"] = measures["mse_per_image"] / pixels
    if "kl" in measures:
        measures["elbo"] = -measures["sampled_bce_per_image"] - measures["kl"]
    return measures


def neighbour_accuracy(latents: np.ndarray, labels: np.ndarray) -> float:
    """Share of points whose class the 10 nearest others in latent space vote for (5-fold cross-validation)."""
    from sklearn.model_selection import cross_val_score
    from sklearn.neighbors import KNeighborsClassifier

    return float(cross_val_score(KNeighborsClassifier(NEIGHBOURS), latents, labels, cv=5).mean())


@torch.no_grad()
def decode_milliseconds(model: Autoencoder, batch: int, repeats: int = 30) -> float:
    """Median time of one decode of `batch` latents, the copy to the CPU included."""
    device = next(model.parameters()).device
    latents = torch.randn(batch, model.architecture.latent_dim, device=device)
    times = []
    for _ in range(repeats + 3):
        begin = time.perf_counter()
        model.decode(latents).cpu()
        times.append(time.perf_counter() - begin)
    return 1000 * median(times[3:])


def measure(model: Autoencoder, data: DataSet, latents: np.ndarray) -> dict[str, float]:
    """All measures that do not depend on the machine's speed, rounded to six digits."""
    measures = reconstruction_measures(model, data)
    measures["knn_accuracy"] = neighbour_accuracy(latents, data.labels)
    measures["parameters"] = sum(p.numel() for p in model.parameters())
    return {name: round(value, 6) for name, value in sorted(measures.items())}


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser("python -m explorer.evaluate", description="Print the measures of a checkpoint.")
    parser.add_argument("name", help="a shipped model, or the folder of a checkpoint")
    parser.add_argument("--data", help="folder that holds MNIST/raw and FashionMNIST/raw")
    parser.add_argument("--device", help="cpu, cuda, …; by default the GPU where there is one")
    options = parser.parse_args(argv)
    try:
        space = load_space(options.name, device=options.device)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    try:
        data = load(space.config["data"], "test", options.data, space.image_shape[0])
        measures = measure(space.model, data, space.latents)
    except (KeyError, ValueError):
        print(f"{options.name} does not say which data set it was trained on.", file=sys.stderr)
        return 2
    except DataUnavailable as error:
        print(f"{error}\nThese are the measures taken when it was trained.", file=sys.stderr)
        measures = space.config.get("measures", {})
    for name, value in measures.items():
        print(f"{name:<24}{value:>16,.6g}" if name != "parameters" else f"{name:<24}{int(value):>16,}")
    for batch in (1, 64, 1024):
        print(f"{f'decode_ms_batch_{batch}':<24}{decode_milliseconds(space.model, batch):>16.3f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
