"""One frozen dataclass for each shipped model: data, architecture, loss, optimiser."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from explorer.maps.autoencoder import Architecture


@dataclass(frozen=True)
class Recipe:
    """How one model is trained.

    loss: "bce" or "mse"; its mean over pixels for a plain autoencoder, its sum over pixels plus beta * KL for a VAE.
    latent_penalty: times the squared length of the latents, on top of a plain autoencoder's loss: nothing else keeps a
        long-trained map from drifting apart.
    schedule: "cosine" falls from lr to 0 over the whole run, "constant" is the tutorials' way.
    classic: what `--classic` puts back where the shipped model differs from the tutorial's.
    """

    name: str
    title: str
    teaches: str
    data: str
    architecture: Architecture
    loss: str
    optimiser: str
    lr: float
    batch_size: int
    epochs: int
    beta: float = 1.0
    weight_decay: float = 0.0
    latent_penalty: float = 0.0
    schedule: str = "cosine"
    seed: int = 0
    classic: Mapping[str, Any] = field(default_factory=dict)

    def with_options(self, options: Mapping[str, Any]) -> Recipe:
        """The recipe with some fields of its own or of its architecture replaced."""
        shape = {k: v for k, v in options.items() if k in Architecture.__dataclass_fields__}
        own = {k: v for k, v in options.items() if k not in shape}
        return replace(self, architecture=replace(self.architecture, **shape), **own)

    def as_classic(self) -> Recipe:
        return self.with_options(self.classic)


# The tutorial's network: 128-256-512-1024 and 1024-512-256-1.
BATCH_NORM_CLASSIC = {"network": "conv-bn", "width": 128, "bottleneck": 0, "lr": 1e-3, "schedule": "constant"}

RECIPES = {
    recipe.name: recipe
    for recipe in (
        Recipe(
            name="fashion-ae-2d",
            title="Fashion-MNIST, autoencoder, 2-D",
            teaches="A plain autoencoder squeezes clothes into two numbers: look for its gaps and uneven regions.",
            data="fashion-mnist",
            architecture=Architecture("conv", (32, 32), latent_dim=2, width=32, bottleneck=256),
            loss="bce",
            optimiser="adam",
            lr=2e-3,
            batch_size=128,
            epochs=16,
            latent_penalty=3e-5,
            classic={
                "bottleneck": 0,
                "latent_penalty": 0.0,
                "lr": 1e-3,
                "batch_size": 64,
                "epochs": 5,
                "schedule": "constant",
            },
        ),
        Recipe(
            name="fashion-vae-2d",
            title="Fashion-MNIST, VAE, 2-D",
            teaches="The same network made variational: the KL term pulls the classes together and closes the gaps.",
            data="fashion-mnist",
            architecture=Architecture("conv", (32, 32), latent_dim=2, width=32, bottleneck=256, variational=True),
            loss="bce",
            optimiser="adam",
            lr=1e-3,
            batch_size=128,
            epochs=15,
            classic={"bottleneck": 0, "batch_size": 64, "epochs": 5, "schedule": "constant"},
        ),
        Recipe(
            name="mnist-vae-20d",
            title="MNIST, VAE, 20-D",
            teaches="The dense 784-400-20 network of the VAE paper: twenty dimensions, seen through their PCA plane.",
            data="mnist",
            architecture=Architecture("dense", (28, 28), latent_dim=20, width=400, variational=True),
            loss="bce",
            optimiser="adam",
            lr=1e-3,
            batch_size=128,
            epochs=100,
            classic={"epochs": 15, "schedule": "constant"},
        ),
        Recipe(
            name="mnist-ae-16d",
            title="MNIST, autoencoder, 16-D",
            teaches="Sixteen dimensions and batch norm: sharp reconstructions, but most of the space between is empty.",
            data="mnist",
            architecture=Architecture("conv-bn-up", (28, 28), latent_dim=16, width=32, bottleneck=512),
            loss="mse",
            optimiser="adamw",
            lr=2e-3,
            batch_size=128,
            epochs=22,
            weight_decay=1e-2,
            classic={**BATCH_NORM_CLASSIC, "sigmoid": False},
        ),
        Recipe(
            name="mnist-ae-2d",
            title="MNIST, autoencoder, 2-D",
            teaches="The same network with two dimensions: what is lost when ten digits must share a plane.",
            data="mnist",
            architecture=Architecture("conv-bn-up", (28, 28), latent_dim=2, width=32, bottleneck=512),
            loss="mse",
            optimiser="adamw",
            lr=2e-3,
            batch_size=128,
            epochs=22,
            weight_decay=1e-2,
            classic=BATCH_NORM_CLASSIC,
        ),
        Recipe(
            name="digits-vae-2d",
            title="Digits 8×8, VAE, 2-D",
            teaches="A VAE small enough to train in seconds, on the 8×8 digits that come with scikit-learn.",
            data="digits",
            architecture=Architecture("dense", (8, 8), latent_dim=2, width=256, variational=True),
            loss="bce",
            optimiser="adam",
            lr=2e-3,
            batch_size=64,
            epochs=200,
        ),
    )
}
