"""Train the classifier of a data set: `python -m explorer.classifier NAME`."""

from __future__ import annotations

import argparse
import shlex
import sys
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor
from tqdm import tqdm

from explorer.checkpoints import as_written, write_checkpoint
from explorer.maps.autoencoder import to_input
from explorer.maps.classifier import Classifier
from explorer.maps.datasets import DataSet, DataUnavailable, load

BATCH = 128


@dataclass(frozen=True)
class Training:
    """How the classifier of one data set is trained.

    width: channels of the first convolution. shift: whole pixels. turn: radians. grow: part of the size. blur: standard
    deviation in pixels. Each of these four is drawn anew for every image, up to so much.
    """

    width: int
    epochs: int
    shift: int
    turn: float
    grow: float
    blur: float
    lr: float = 4e-3
    seed: int = 0


@dataclass(frozen=True, kw_only=True)
class Description(Training):
    """What config.json says of a classifier beside its shape. accuracy: on the test set, of the weights as written."""

    command: str
    accuracy: float


TRAININGS = {
    "digits": Training(width=24, epochs=60, shift=0, turn=0.15, grow=0.1, blur=0.7),
    "mnist": Training(width=16, epochs=6, shift=1, turn=0.15, grow=0.1, blur=2.0),
    "fashion-mnist": Training(width=16, epochs=12, shift=1, turn=0.0, grow=0.0, blur=3.0),
}


def train(model: Classifier, data: DataSet, training: Training) -> None:
    """Cross-entropy, AdamW, a cosine schedule; the images vary as decoded ones do."""
    torch.manual_seed(training.seed)
    images, labels = to_input(data.images), torch.from_numpy(data.labels)
    optimiser = torch.optim.AdamW(model.parameters(), lr=training.lr, fused=True)
    steps = training.epochs * -(-len(images) // BATCH)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    model.train()
    with tqdm(total=steps, desc=f"classifier {model.data}") as bar:
        for _ in range(training.epochs):
            for chosen in torch.randperm(len(images)).split(BATCH):
                loss = F.cross_entropy(model(varied(images[chosen], training)), labels[chosen])
                optimiser.zero_grad()
                loss.backward()
                optimiser.step()
                schedule.step()
                bar.update()
    model.eval()


def varied(images: Tensor, training: Training) -> Tensor:
    """(B, 1, H, W) shifted, turned and scaled, the first half of them blurred as well."""
    moved = shifted(images, training.shift)
    if training.turn or training.grow:  # resampling costs sharpness even where nothing is to be turned
        moved = turned(moved, training.turn, training.grow)
    soft, sharp = moved.tensor_split(2)
    return torch.cat([blurred(soft, training.blur), sharp])


def shifted(images: Tensor, most: int) -> Tensor:
    """(B, 1, H, W), each moved by at most `most` whole pixels each way; zeros come in."""
    count, _, height, width = images.shape
    padded = F.pad(images, (most, most, most, most))[:, 0]
    down, across = torch.randint(2 * most + 1, (2, count, 1))
    rows, columns = torch.arange(height) + down, torch.arange(width) + across  # (B, H) and (B, W)
    return padded[torch.arange(count)[:, None, None], rows[:, :, None], columns[:, None, :]][:, None]


def turned(images: Tensor, turn: float, grow: float) -> Tensor:
    """(B, 1, H, W), each turned by up to `turn` radians and scaled by up to 1 ± `grow`; zeros come in."""
    angle, scale = (torch.rand(2, len(images)) * 2 - 1) * torch.tensor([[turn], [grow]])
    cos, sin, zero = (1 + scale) * angle.cos(), (1 + scale) * angle.sin(), torch.zeros(len(images))
    maps = torch.stack([torch.stack([cos, -sin, zero], 1), torch.stack([sin, cos, zero], 1)], 1)  # (B, 2, 3)
    grid = F.affine_grid(maps, list(images.shape), align_corners=False)
    return F.grid_sample(images, grid, align_corners=False)


def blurred(images: Tensor, most: float) -> Tensor:
    """(B, 1, H, W), each blurred by a Gaussian of its own, its standard deviation from 0 to `most` pixels."""
    reach = max(round(2 * most), 1)
    spread = torch.rand(len(images), 1) * most + 1e-3
    kernels = (-torch.arange(-reach, reach + 1).square() / (2 * spread**2)).softmax(1)  # (B, 2 reach + 1)
    across = images.transpose(0, 1)  # each image becomes a channel, for each has its own kernel
    for kernel, padding in ((kernels[:, None, None], (0, reach)), (kernels[:, None, :, None], (reach, 0))):
        across = F.conv2d(across, kernel, padding=padding, groups=len(images))
    return across.transpose(0, 1)


def accuracy(model: Classifier, data: DataSet) -> float:
    predicted = model.probabilities((data.images / 255).astype(np.float32)).argmax(1)
    return float((predicted == data.labels).mean())


def main(argv: list[str] | None = None) -> int:
    arguments = sys.argv[1:] if argv is None else argv
    parser = argparse.ArgumentParser("python -m explorer.classifier", description="Train the classifier of a data set.")
    parser.add_argument("name", choices=TRAININGS)
    for name in ("epochs", "width", "seed"):
        parser.add_argument(f"--{name}", type=int)
    parser.add_argument("--data", help="folder that holds MNIST/raw and FashionMNIST/raw")
    parser.add_argument("--out", type=Path, help="folder to write to; by default runs/classifier-NAME")
    options = parser.parse_args(arguments)
    changed = {key: value for key in ("epochs", "width", "seed") if (value := getattr(options, key)) is not None}
    training = replace(TRAININGS[options.name], **changed)
    if min(training.epochs, training.width) < 1 or not 0 <= training.seed < 2**63:
        parser.error("--epochs and --width must be at least 1, --seed at least 0")
    try:
        train_set, test_set = (load(options.name, split, options.data, download=True) for split in ("train", "test"))
    except DataUnavailable as error:
        print(error, file=sys.stderr)
        return 2
    torch.manual_seed(training.seed)
    torch.set_flush_denormal(True)
    shape = {"size": train_set.images.shape[1], "classes": len(train_set.class_names)}
    model = Classifier(options.name, width=training.width, **shape)
    train(model, train_set, training)
    shipped = as_written(model)
    command = shlex.join(["python", "-m", "explorer.classifier", *arguments])
    description = Description(**asdict(training), command=command, accuracy=accuracy(shipped, test_set))
    write_checkpoint(shipped, options.out or Path("runs") / f"classifier-{options.name}", description)
    print(f"{description.accuracy:.4f} of the test set are classified as labelled")
    return 0


if __name__ == "__main__":
    sys.exit(main())
