"""What a visitor may choose of a training, within bounds, and the command that it becomes."""

from __future__ import annotations

import shutil
import sys
from dataclasses import dataclass

from explorer.maps.recipes import RECIPES
from explorer.sentences import Sentence

RECIPE = RECIPES["digits-vae-2d"]
BOUNDS: dict[str, tuple[float, float]] = {
    "latent_dim": (2, 16),
    "beta": (0, 10),
    "width": (16, 512),
    "epochs": (1, 200),
}


@dataclass(frozen=True)
class Options:
    """What a visitor chooses. Raises ValueError with a sentence when it is out of bounds."""

    latent_dim: int = RECIPE.architecture.latent_dim
    beta: float = RECIPE.beta
    width: int = RECIPE.architecture.width
    epochs: int = RECIPE.epochs

    def __post_init__(self) -> None:
        for name, (low, high) in BOUNDS.items():
            value, whole = getattr(self, name), name != "beta"
            number = isinstance(value, int | float) and not isinstance(value, bool)
            if not number or not low <= value <= high or (whole and value != int(value)):
                kind = "whole number" if whole else "number"
                raise ValueError(
                    Sentence(
                        "told.train.bounds",
                        "{name} must be a {kind} from {low} to {high}.",
                        name=name.replace("_dim", " size").capitalize(),
                        kind=kind,
                        low=low,
                        high=high,
                    )
                )
            object.__setattr__(self, name, int(value) if whole else float(value))

    def arguments(self) -> list[str]:
        return [f"--{name.replace('_', '-')}={getattr(self, name):g}" for name in BOUNDS]


def training_command(options: Options) -> list[str]:
    """Without --out, since a checkpoint tells the command that made it: it writes below the working directory."""
    gentle = ["nice", "-n", "10"] if shutil.which("nice") else []  # frames come first
    return [
        *gentle,
        sys.executable,
        "-m",
        "explorer.visitors.train_child",
        RECIPE.name,
        "--device=cpu",
        "--no-tsne",
        *options.arguments(),
    ]
