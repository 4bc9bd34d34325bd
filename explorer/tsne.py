"""A t-SNE of a map's encoded test set, computed by its training, or by `python -m explorer.tsne NAME`.

It sometimes parts classes that a plane shows on top of each other. It has no inverse: nothing can be decoded from it.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

from explorer.checkpoints import TSNE
from explorer.maps.latent_space import load

PERPLEXITY = 30  # as in van der Maaten and Hinton (2008)


def embed(latents: np.ndarray, seed: int = 0) -> np.ndarray:
    """Latents (N, D) -> (N, 2) float32, the same for the same seed on the same machine; N at least 3."""
    from sklearn import manifold
    from threadpoolctl import threadpool_limits

    perplexity = min(PERPLEXITY, (len(latents) - 1) / 3)
    # A plane of little extent to begin with, as scikit-learn's own default wants it too, but also for D == 2.
    start = 1e-4 * (latents - latents.mean(0))[:, :2] / max(float(latents[:, 0].std()), 1e-12)
    if latents.shape[1] == 1:
        start = np.column_stack([start, np.zeros(len(start))])
    estimator = manifold.TSNE(2, perplexity=perplexity, init=start.astype(np.float32), random_state=seed)
    with threadpool_limits(1):  # its threads wait for each other: beside any other work one is several times as fast
        return estimator.fit_transform(latents)


def save(folder: Path, latents: np.ndarray, seed: int = 0) -> None:
    """Write tsne.safetensors beside the encoded points."""
    save_file({"tsne": np.ascontiguousarray(embed(latents, seed), np.float16)}, folder / TSNE)


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser("python -m explorer.tsne", description="Compute the t-SNE of a checkpoint anew.")
    parser.add_argument("name", help="a shipped map, or a checkpoint's folder")
    name = parser.parse_args(argv).name
    try:
        space = load(name)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    save(space.folder, space.latents, int(space.config.get("seed", 0)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
