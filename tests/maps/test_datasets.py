"""Digits, MNIST and Fashion-MNIST as arrays, and what happens when they can't be had."""

import gzip
import struct
from collections.abc import Callable
from pathlib import Path
from urllib.error import URLError

import numpy as np
import pytest
import torchvision

from explorer.maps import datasets
from explorer.maps.datasets import DataUnavailable

IMAGES = np.random.default_rng(0).integers(0, 256, (20, 28, 28), np.uint8)
LABELS = np.arange(20, dtype=np.uint8) % 10


def idx(array: np.ndarray) -> bytes:
    return bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}i", *array.shape) + array.tobytes()


def write(root: Path, zipped: bool) -> Path:
    """A tiny MNIST as torchvision lays it out; the test split only. -> its folder"""
    raw = root / "MNIST" / "raw"
    raw.mkdir(parents=True)
    for name, array in (("t10k-images-idx3-ubyte", IMAGES), ("t10k-labels-idx1-ubyte", LABELS)):
        if zipped:
            (raw / f"{name}.gz").write_bytes(gzip.compress(idx(array)))
        else:
            (raw / name).write_bytes(idx(array))
    return raw


@pytest.mark.parametrize(("split", "count"), [("train", 1_297), ("test", 500)])
def test_digits_need_no_files(split: str, count: int, tmp_path: Path) -> None:
    data = datasets.load("digits", split, tmp_path / "nowhere")
    assert (data.images.shape, data.images.dtype) == ((count, 8, 8), np.uint8)
    assert (data.labels.shape, data.labels.dtype) == ((count,), np.int64)
    assert (data.images.min(), data.images.max()) == (0, 255)
    assert data.class_names == tuple("0123456789")


def test_padding_puts_the_image_in_the_middle() -> None:
    padded = datasets.pad(IMAGES, 32)
    assert padded.shape == (20, 32, 32)
    np.testing.assert_array_equal(padded[:, 2:30, 2:30], IMAGES)
    assert padded.sum() == IMAGES.sum()


@pytest.mark.parametrize("size", [0, 28])
def test_images_that_are_large_enough_are_not_padded(size: int) -> None:
    np.testing.assert_array_equal(datasets.pad(IMAGES, size), IMAGES)


@pytest.mark.parametrize("zipped", [True, False], ids=["gz", "plain"])
def test_files_are_read_gzipped_or_plain_and_nothing_is_written_beside_them(zipped: bool, tmp_path: Path) -> None:
    raw = write(tmp_path, zipped)
    before = {file.name: file.stat().st_mtime_ns for file in raw.iterdir()}
    data = datasets.load("mnist", "test", tmp_path, download=True)
    np.testing.assert_array_equal(data.images, IMAGES)
    np.testing.assert_array_equal(data.labels, LABELS)
    assert {file.name: file.stat().st_mtime_ns for file in raw.iterdir()} == before


def test_the_folder_can_come_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, zipped=True)
    monkeypatch.setenv("EXPLORER_DATA", str(tmp_path))
    assert len(datasets.load("mnist").images) == len(IMAGES)


DAMAGE: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda _: b"",
    "cut": lambda content: content[: len(content) // 2],
    "not gzip": lambda content: b"<html>" + content,
    "bad block": lambda content: content[:10] + b"\xff" * 40 + content[50:],
    "bad checksum": lambda content: content[:-8] + b"\0" * 8,
    "empty inside": lambda _: gzip.compress(b""),
    "cut inside": lambda content: gzip.compress(gzip.decompress(content)[:1000]),
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_file_is_named(damage: Callable[[bytes], bytes], tmp_path: Path) -> None:
    file = write(tmp_path, zipped=True) / "t10k-images-idx3-ubyte.gz"
    file.write_bytes(damage(file.read_bytes()))
    with pytest.raises(DataUnavailable, match=rf"{file} is damaged"):
        datasets.load("mnist", "test", tmp_path)


def test_images_and_labels_of_different_numbers_are_refused(tmp_path: Path) -> None:
    raw = write(tmp_path, zipped=False)
    (raw / "t10k-labels-idx1-ubyte").write_bytes(idx(LABELS[:-1]))
    with pytest.raises(DataUnavailable, match=f"{raw} do not belong together"):
        datasets.load("mnist", "test", tmp_path)


@pytest.mark.parametrize("name", ["mnist", "fashion-mnist"])
def test_without_data_and_network_both_ways_out_are_named(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unplugged(*_args: object, **_kwargs: object) -> None:
        raise URLError("the network is unreachable")

    monkeypatch.setattr(torchvision.datasets.mnist, "download_and_extract_archive", unplugged)
    with pytest.raises(DataUnavailable, match=rf"{tmp_path}.*--data FOLDER.*EXPLORER_DATA=FOLDER"):
        datasets.load(name, "train", tmp_path, download=True)


def test_nothing_is_fetched_unless_asked(tmp_path: Path) -> None:
    with pytest.raises(DataUnavailable, match="--data"):
        datasets.load("mnist", "test", tmp_path / "nowhere")
    assert not (tmp_path / "nowhere").exists()


def test_an_unknown_name_is_refused_with_the_names_there_are() -> None:
    with pytest.raises(ValueError, match="digits, mnist, fashion-mnist"):
        datasets.load("cifar")


def test_an_unknown_split_is_refused() -> None:
    with pytest.raises(ValueError, match="train or test"):
        datasets.load("digits", "validation")


@pytest.mark.parametrize("name", ["mnist", "fashion-mnist"])
@pytest.mark.parametrize(("split", "count"), [("train", 60_000), ("test", 10_000)])
def test_the_whole_data_set_has_its_known_size(name: str, split: str, count: int) -> None:
    try:
        data = datasets.load(name, split, size=32)
    except DataUnavailable:
        pytest.skip(f"{name} is not on this machine: set EXPLORER_DATA to the folder that holds it")
    assert data.images.shape == (count, 32, 32)
    assert np.bincount(data.labels).shape == (10,)
    assert len(data.class_names) == 10
