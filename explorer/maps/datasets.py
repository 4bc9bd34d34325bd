"""Digits, MNIST and Fashion-MNIST as arrays with class names."""

from __future__ import annotations

import gzip
import os
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

DATA_VARIABLE = "EXPLORER_DATA"
DIGITS_TRAIN = 1_297  # of 1,797; the last 500 come from other writers


@dataclass(frozen=True)
class Source:
    """Where a data set comes from and what its classes are called."""

    title: str
    folder: str
    class_names: tuple[str, ...]


_NUMERALS = tuple("0123456789")
SOURCES = {
    "digits": Source("scikit-learn's digits", "", _NUMERALS),
    "mnist": Source("MNIST", "MNIST", _NUMERALS),
    "fashion-mnist": Source(
        "Fashion-MNIST",
        "FashionMNIST",
        ("T-shirt", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"),
    ),
}


@dataclass(frozen=True)
class DataSet:
    """images: (N, H, W) uint8; labels: (N,) int64 into class_names."""

    images: np.ndarray
    labels: np.ndarray
    class_names: tuple[str, ...]


class DataUnavailable(RuntimeError):
    """The data set is neither on this machine nor to be fetched; the text says both ways out."""


def data_root(root: str | os.PathLike[str] | None = None) -> Path:
    """The folder that holds MNIST/raw and FashionMNIST/raw: `root`, else $EXPLORER_DATA, else ./data."""
    return Path(root or os.environ.get(DATA_VARIABLE) or "data")


def load(
    name: str, split: str = "test", root: str | os.PathLike[str] | None = None, size: int = 0, download: bool = False
) -> DataSet:
    """The "train" or "test" images of one data set, zero-padded to size × size when `size` is larger than they are.

    Raises ValueError for an unknown name or split, DataUnavailable when the files can't be had.
    """
    if name not in SOURCES:
        raise ValueError(f"There is no data set of that name; there are {', '.join(SOURCES)}.")
    if split not in ("train", "test"):
        raise ValueError("split must be train or test.")
    images, labels = _digits(split) if name == "digits" else _mnist_like(name, split, data_root(root), download)
    return DataSet(pad(images, size), labels, SOURCES[name].class_names)


def pad(images: np.ndarray, size: int) -> np.ndarray:
    """(N, H, W) -> (N, size, size) with the image in the middle; unchanged when it is large enough."""
    margin = max(size - images.shape[1], 0)
    before, after = margin // 2, margin - margin // 2
    return np.pad(images, ((0, 0), (before, after), (before, after)))


def _digits(split: str) -> tuple[np.ndarray, np.ndarray]:
    from sklearn.datasets import load_digits

    images, labels = load_digits(return_X_y=True)
    part = slice(None, DIGITS_TRAIN) if split == "train" else slice(DIGITS_TRAIN, None)
    pixels = np.round(images.reshape(-1, 8, 8) * (255 / 16)).astype(np.uint8)
    return pixels[part], labels.astype(np.int64)[part]


def _mnist_like(name: str, split: str, root: Path, download: bool) -> tuple[np.ndarray, np.ndarray]:
    prefix = "train" if split == "train" else "t10k"
    raw = root / SOURCES[name].folder / "raw"
    files = [raw / f"{prefix}-images-idx3-ubyte", raw / f"{prefix}-labels-idx1-ubyte"]
    if not all(map(_at_hand, files)):
        if not download:
            raise DataUnavailable(_ways_out(name, root))
        _download(name, root)
    images, labels = map(read_idx, files)
    if images.ndim != 3 or labels.shape != images.shape[:1]:
        raise DataUnavailable(f"The files in {raw} do not belong together; delete the folder and fetch them again.")
    return images, labels.astype(np.int64)


def _at_hand(file: Path) -> bool:
    return file.exists() or file.with_name(file.name + ".gz").exists()


def _download(name: str, root: Path) -> None:
    from torchvision import datasets

    fetch: Callable[..., object] = datasets.MNIST if name == "mnist" else datasets.FashionMNIST
    try:
        fetch(root, download=True)
    except (RuntimeError, OSError) as error:
        raise DataUnavailable(_ways_out(name, root)) from error


def _ways_out(name: str, root: Path) -> str:
    source = SOURCES[name]
    return (
        f"{source.title} is not in {root} and could not be fetched. Either connect to the network, "
        f"or put its four files into FOLDER/{source.folder}/raw and pass --data FOLDER or set {DATA_VARIABLE}=FOLDER."
    )


def read_idx(file: Path) -> np.ndarray:
    """An IDX file of unsigned bytes, plain or gzipped (format: http://yann.lecun.com/exdb/mnist/).

    Read here rather than through torchvision, which must unpack beside the file and so fails in a read-only folder.
    """
    plain = file.exists()
    file = file if plain else file.with_name(file.name + ".gz")
    try:
        content = file.read_bytes() if plain else gzip.decompress(file.read_bytes())
        dimensions = content[3]
        shape = np.frombuffer(content, ">i4", dimensions, offset=4)
        return np.frombuffer(content, np.uint8, offset=4 + 4 * dimensions).reshape(shape)
    except (OSError, EOFError, IndexError, ValueError, zlib.error) as error:
        raise DataUnavailable(f"{file} is damaged; delete it and fetch it again.") from error
