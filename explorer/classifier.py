"""A small classifier for each data set, which says what a decoded image looks like: `python -m explorer.classifier`."""

# No `from __future__ import annotations` here: the hub mixin reads the annotations as types.
import argparse
import shlex
import sys
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from huggingface_hub import PyTorchModelHubMixin
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from tqdm import tqdm

from explorer.datasets import SOURCES, DataSet, DataUnavailable, load
from explorer.evaluate import to_input
from explorer.latent_space import CHECKPOINTS

WEIGHTS = "model.safetensors"
BATCH = 128
TEST_BATCH = 1_000


class Classifier(nn.Module, PyTorchModelHubMixin, library_name="latent-space-explorer", license="mit"):
    """Two convolutions and two dense layers.

    data: a name of explorer.datasets.SOURCES. size: the side of its images; larger ones are cut to their middle.
    """

    def __init__(self, data: str, size: int, width: int = 16, classes: int = 10, **description: Any) -> None:
        super().__init__()
        self.data, self.size, self.classes, self.description = data, size, classes, description
        cells = -(-size // 4)
        self.layers = nn.Sequential(  # (B, 1, size, size)
            nn.Conv2d(1, width, 3, stride=2, padding=1),  # (B, width, size / 2, size / 2)
            nn.ReLU(),
            nn.Conv2d(width, 2 * width, 3, stride=2, padding=1),  # (B, 2 width, size / 4, size / 4)
            nn.ReLU(),
            nn.Flatten(),
            nn.Dropout(0.2),
            nn.Linear(2 * width * cells * cells, 64),
            nn.ReLU(),
            nn.Linear(64, classes),
        )

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
        save_file(
            {key: value.half().contiguous() for key, value in self.state_dict().items()}, save_directory / WEIGHTS
        )

    @classmethod
    def _from_pretrained(cls, *, model_id: str, **kwargs: Any) -> "Classifier":
        """Open a folder. Raises ValueError with a sentence that names the file."""
        hub = ("revision", "cache_dir", "force_download", "local_files_only", "token")
        file = Path(model_id) / WEIGHTS
        try:
            model = cls(**{key: value for key, value in kwargs.items() if key not in hub})
            model.load_state_dict({key: value.float() for key, value in load_file(file).items()})
        except (OSError, SafetensorError, RuntimeError, TypeError) as error:
            raise ValueError(f"{file} is missing, damaged or of another shape ({type(error).__name__}).") from None
        return model.eval()


def _batches(images: np.ndarray) -> list[np.ndarray]:
    return [images[start : start + TEST_BATCH] for start in range(0, len(images), TEST_BATCH)]


@lru_cache(maxsize=8)
def open_classifier(data: str) -> Classifier:
    """The shipped classifier of a data set, opened once. Raises ValueError when there is none."""
    folder = CHECKPOINTS / f"classifier-{data}"
    if not (folder / "config.json").is_file():
        raise ValueError(f"There is no classifier here for {data}; python -m explorer.classifier {data} makes one.")
    return Classifier.from_pretrained(str(folder))


def train(model: Classifier, data: DataSet, epochs: int, seed: int) -> None:
    """Cross-entropy, AdamW, a cosine schedule; images shift by up to a tenth, as decoded ones are not centred."""
    torch.manual_seed(seed)
    images, labels = to_input(data.images), torch.from_numpy(data.labels)
    optimiser = torch.optim.AdamW(model.parameters(), lr=2e-3, fused=True)
    steps = epochs * -(-len(images) // BATCH)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    model.train()
    with tqdm(total=steps, desc=f"classifier {model.data}") as bar:
        for _ in range(epochs):
            for chosen in torch.randperm(len(images)).split(BATCH):
                loss = F.cross_entropy(model(shift(images[chosen], model.size // 10)), labels[chosen])
                optimiser.zero_grad()
                loss.backward()
                optimiser.step()
                schedule.step()
                bar.update()
    model.eval()


def shift(images: Tensor, most: int) -> Tensor:
    """(B, 1, H, W) moved by the same random number of pixels, at most `most` each way; zeros come in."""
    across, down = torch.randint(-most, most + 1, (2,)).tolist()
    moved = F.pad(images, (most, most, most, most))
    return moved[:, :, most + down : most + down + images.shape[2], most + across : most + across + images.shape[3]]


def accuracy(model: Classifier, data: DataSet) -> float:
    predicted = model.probabilities((data.images / 255).astype(np.float32)).argmax(1)
    return float((predicted == data.labels).mean())


def main(argv: list[str] | None = None) -> int:
    arguments = sys.argv[1:] if argv is None else argv
    parser = argparse.ArgumentParser("python -m explorer.classifier", description="Train the classifier of a data set.")
    parser.add_argument("name", choices=SOURCES)
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--width", type=int, default=16)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--data", help="folder that holds MNIST/raw and FashionMNIST/raw")
    parser.add_argument("--out", type=Path, help="folder to write to; by default runs/classifier-NAME")
    options = parser.parse_args(arguments)
    if min(options.epochs, options.width) < 1 or not 0 <= options.seed < 2**63:
        parser.error("--epochs and --width must be at least 1, --seed at least 0")
    try:
        train_set, test_set = (load(options.name, split, options.data, download=True) for split in ("train", "test"))
    except DataUnavailable as error:
        print(error, file=sys.stderr)
        return 2
    torch.manual_seed(options.seed)
    torch.set_flush_denormal(True)
    size = train_set.images.shape[1]
    model = Classifier(options.name, size, options.width, len(train_set.class_names))
    train(model, train_set, options.epochs, options.seed)
    out = options.out or Path("runs") / f"classifier-{options.name}"
    model.save_pretrained(out)
    measured = accuracy(Classifier.from_pretrained(str(out)), test_set)
    command = shlex.join(["python", "-m", "explorer.classifier", *arguments])
    description = {"command": command, "epochs": options.epochs, "seed": options.seed, "accuracy": measured}
    config = {"data": options.name, "size": size, "width": options.width, "classes": len(train_set.class_names)}
    model.save_pretrained(out, config={**config, **description}, model_card_kwargs=description)
    print(f"{measured:.4f} of the test set are classified as labelled")
    return 0


if __name__ == "__main__":
    sys.exit(main())
