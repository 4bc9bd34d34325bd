"""The classifiers: a small network for each data set, which says what a decoded image looks like."""

# No `from __future__ import annotations` here: the hub mixin reads the annotations as types.
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from huggingface_hub import PyTorchModelHubMixin
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from explorer.checkpoints import CHECKPOINTS, CONFIG, WEIGHTS, save_weights
from explorer.kept import Kept
from explorer.sentences import Sentence

BATCH = 1_000
CARD = """---
{{ card_data }}
---
# {{ "classifier-" ~ data if data else "A classifier" }}

Says what an image of a map looks like: three small convolutions, trained on images that are turned, scaled, moved and
blurred a little, as decoded ones are.

A map asks it with `space.classify(images)`. Made by `{{ command | default("explorer.classifier") }}`.
Data: {{ data | default("unknown") }}.

- accuracy on the test set: {{ accuracy | default("not measured") }}
"""


class Classifier(
    nn.Module, PyTorchModelHubMixin, library_name="latent-space-explorer", license="mit", model_card_template=CARD
):
    """Three convolutions, halved twice in between, and a dense layer.

    data: a name of explorer.maps.datasets.SOURCES. size: the side of its images; larger ones are cut to their middle.
    """

    def __init__(self, data: str, size: int, width: int = 16, classes: int = 10, **description: Any) -> None:
        super().__init__()
        self.data, self.size, self.width, self.classes, self.description = data, size, width, classes, description
        c, cells = width, size // 4
        self.layers = nn.Sequential(  # (B, 1, size, size)
            *(nn.Conv2d(1, c, 3, padding=1, bias=False), nn.BatchNorm2d(c), nn.ReLU()),
            nn.MaxPool2d(2),  # (B, width, size / 2, size / 2)
            *(nn.Conv2d(c, 2 * c, 3, padding=1, bias=False), nn.BatchNorm2d(2 * c), nn.ReLU()),
            nn.MaxPool2d(2),  # (B, 2 width, size / 4, size / 4)
            *(nn.Conv2d(2 * c, 4 * c, 3, padding=1, bias=False), nn.BatchNorm2d(4 * c), nn.ReLU()),
            nn.Flatten(),
            nn.Dropout(0.2),
            nn.Linear(4 * c * cells * cells, classes),
        )

    @property
    def built_from(self) -> dict[str, Any]:
        return {"data": self.data, "size": self.size, "width": self.width, "classes": self.classes}

    def forward(self, images: Tensor) -> Tensor:
        """(B, 1, H, W) in [0, 1], H and W at least `size` -> logits (B, classes)"""
        top, left = ((side - self.size) // 2 for side in images.shape[2:])
        return self.layers(images[:, :, top : top + self.size, left : left + self.size])

    @torch.inference_mode()
    def probabilities(self, images: np.ndarray) -> np.ndarray:
        """(B, H, W) float32 in [0, 1] -> (B, classes) float32, each row summing to 1"""
        parts = [self(torch.tensor(batch)[:, None]).softmax(1) for batch in _batches(images)]
        return torch.cat(parts).numpy() if parts else np.zeros((0, self.classes), np.float32)

    def _save_pretrained(self, save_directory: Path) -> None:
        save_weights(self.state_dict(), save_directory)

    @classmethod
    def _from_pretrained(cls, *, model_id: str, **kwargs: Any) -> "Classifier":
        """Open a folder. Raises ValueError with a sentence that names the file."""
        hub = ("revision", "cache_dir", "force_download", "local_files_only", "token")
        file = Path(model_id) / WEIGHTS
        try:
            model = cls(**{key: value for key, value in kwargs.items() if key not in hub})
            model.load_state_dict(load_file(file))
        except (OSError, SafetensorError, RuntimeError, TypeError) as error:
            raise ValueError(f"{file} is missing, damaged or of another shape ({type(error).__name__}).") from None
        return model.eval()


def _batches(images: np.ndarray) -> list[np.ndarray]:
    return [images[start : start + BATCH] for start in range(0, len(images), BATCH)]


def open_classifier(data: str) -> Classifier:
    """The shipped classifier of a data set, opened once while its files stay as they are.

    Raises ValueError when there is none.
    """
    folder = CHECKPOINTS / f"classifier-{data}"
    if not (folder / CONFIG).is_file():
        raise ValueError(
            Sentence(
                "told.map.no-classifier",
                "There is no classifier here for {data}; python -m explorer.classifier {data} makes one.",
                data=data,
            )
        )
    files = [folder / CONFIG, folder / WEIGHTS]
    return _opened.get(str(folder), files, partial(Classifier.from_pretrained, str(folder)))


_opened: Kept[Classifier] = Kept(8)
