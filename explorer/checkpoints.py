"""Checkpoints: where the shipped ones lie, the files that one is made of, and how it is written."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from safetensors.torch import save_file
from torch import Tensor, nn

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

CHECKPOINTS = Path(__file__).resolve().parents[1] / "checkpoints"
CONFIG, CARD = "config.json", "README.md"
WEIGHTS = "model.safetensors"
LATENTS = "latents.safetensors"  # the encoded test set of a map
HISTORY = "history.safetensors"  # how it formed
TSNE = "tsne.safetensors"
Module = TypeVar("Module", bound=nn.Module)


@dataclass(frozen=True)
class Description:
    """What config.json says of a map beside its architecture: with that, all that is needed to make it again.

    data: a name of explorer.maps.datasets.SOURCES, class_names those of that. command: what makes it again. epochs: the
    whole ones that it was trained for. measures: as explorer.evaluate takes them, of the weights as they are written.
    The others are the recipe's.
    """

    name: str
    title: str
    teaches: str
    data: str
    class_names: list[str]
    command: str
    loss: str
    optimiser: str
    schedule: str
    lr: float
    beta: float
    batch_size: int
    seed: int
    epochs: int
    measures: dict[str, float]
    weight_decay: float = 0.0  # earlier versions did not write these two
    latent_penalty: float = 0.0


class Network(Protocol):
    """A network that can be written: with a model card, and with what it is built from, as config.json holds it."""

    @property
    def built_from(self) -> dict[str, Any]: ...

    def state_dict(self) -> Mapping[str, Tensor]: ...

    def generate_model_card(self, **values: Any) -> Any: ...


def write_checkpoint(model: Network, folder: Path, description: DataclassInstance) -> None:
    """Weights in half precision, config.json and the model card, in the place of those that the folder holds."""
    config = {**model.built_from, **asdict(description)}
    folder.mkdir(parents=True, exist_ok=True)
    save_weights(model.state_dict(), folder)
    (folder / CONFIG).write_text(json.dumps(config, sort_keys=True, indent=2), encoding="utf-8")
    model.generate_model_card(**config).save(folder / CARD)


def save_weights(weights: Mapping[str, Tensor], folder: Path) -> None:
    halves = {name: value.half() if value.is_floating_point() else value for name, value in weights.items()}
    save_file({name: value.cpu().contiguous() for name, value in halves.items()}, folder / WEIGHTS)


def as_written(model: Module) -> Module:
    """A copy on the CPU with the weights that `write_checkpoint` writes: what is measured of it is true of the file."""
    return copy.deepcopy(model).cpu().half().float().eval()
