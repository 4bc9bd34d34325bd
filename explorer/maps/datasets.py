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


Arrays = tuple[np.ndarray, np.ndarray]  # images (N, H, W) uint8, labels (N,) int64


@dataclass(frozen=True)
class Source:
    """Where a data set comes from, and what is in it.

    side: of its images, in pixels. read: takes this, "train" or "test", `data_root` and whether the data set may be
    fetched; raises DataUnavailable. folder: below `data_root`, where its files lie; torchvision's name of it as well.
    """

    title: str
    class_names: tuple[str, ...]
    side: int
    read: Callable[[Source, str, Path, bool], Arrays]
    folder: str = ""


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
    source = SOURCES[name]
    images, labels = source.read(source, split, data_root(root), download)
    return DataSet(pad(images, size), labels, source.class_names)


def pad(images: np.ndarray, size: int) -> np.ndarray:
    """(N, H, W) -> (N, size, size) with the image in the middle; unchanged when it is large enough."""
    margin = max(size - images.shape[1], 0)
    before, after = margin // 2, margin - margin // 2
    return np.pad(images, ((0, 0), (before, after), (before, after)))


def _digits(_source: Source, split: str, _root: Path, _download: bool) -> Arrays:
    from sklearn.datasets import load_digits

    images, labels = load_digits(return_X_y=True)
    part = slice(None, DIGITS_TRAIN) if split == "train" else slice(DIGITS_TRAIN, None)
    pixels = np.round(images.reshape(-1, 8, 8) * (255 / 16)).astype(np.uint8)
    return pixels[part], labels.astype(np.int64)[part]


def _mnist_like(source: Source, split: str, root: Path, download: bool) -> Arrays:
    prefix = "train" if split == "train" else "t10k"
    raw = root / source.folder / "raw"
    files = [raw / f"{prefix}-images-idx3-ubyte", raw / f"{prefix}-labels-idx1-ubyte"]
    if not all(map(_at_hand, files)):
        if not download:
            raise DataUnavailable(_ways_out(source, root))
        _download(source, root)
    images, labels = map(read_idx, files)
    if images.ndim != 3 or labels.shape != images.shape[:1]:
        raise DataUnavailable(f"The files in {raw} do not belong together; delete the folder and fetch them again.")
    return images, labels.astype(np.int64)


def _at_hand(file: Path) -> bool:
    return file.exists() or file.with_name(file.name + ".gz").exists()


def _download(source: Source, root: Path) -> None:
    from torchvision import datasets

    try:
        getattr(datasets, source.folder)(root, download=True)
    except (RuntimeError, OSError) as error:
        raise DataUnavailable(_ways_out(source, root)) from error


def _ways_out(source: Source, root: Path) -> str:
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


NUMERALS = tuple("0123456789")
CLOTHES = ("T-shirt", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot")
SOURCES = {
    "digits": Source("scikit-learn's digits", NUMERALS, 8, _digits),
    "mnist": Source("MNIST", NUMERALS, 28, _mnist_like, "MNIST"),
    "fashion-mnist": Source("Fashion-MNIST", CLOTHES, 28, _mnist_like, "FashionMNIST"),
}
