"""The files that a visitor takes home, read again by whatever reads such files."""

from __future__ import annotations

import csv
import io

import numpy as np
import pytest
from PIL import Image

from explorer.maps import files as map_files

RANDOM = np.random.default_rng(0)


def opened(images: np.ndarray, milliseconds: int = 80) -> Image.Image:
    return Image.open(io.BytesIO(map_files.gif(images, milliseconds)))


def shown(animation: Image.Image) -> list[tuple[np.ndarray, int]]:
    """Each frame's greys (H, W) and how many milliseconds it stays."""
    frames = []
    for number in range(getattr(animation, "n_frames", 1)):
        animation.seek(number)
        frames.append((np.asarray(animation.convert("L")), int(animation.info["duration"])))
    return frames


def noise(count: int, height: int, width: int) -> np.ndarray:
    return RANDOM.integers(0, 256, (count, height, width), dtype=np.uint8)


def blobs(count: int, side: int) -> np.ndarray:
    """Smooth greys that move a little from each picture to the next, as on a walk."""
    y, x = np.mgrid[:side, :side] / side
    waves = [np.sin(5 * x + number / 3) * np.cos(4 * y - number / 5) for number in range(count)]
    return np.rint(127.5 + 127.5 * np.stack(waves)).astype(np.uint8)


@pytest.mark.parametrize("images", [noise(7, 28, 28), blobs(25, 28), noise(3, 8, 8)], ids=["noise", "walk", "small"])
def test_a_gif_shows_every_picture_enlarged_without_smoothing(images: np.ndarray) -> None:
    frames = shown(opened(images))
    assert len(frames) == len(images)
    scale = 224 // images.shape[1]
    for image, (frame, _) in zip(images, frames, strict=True):
        expected = image.repeat(scale, 0).repeat(scale, 1).astype(int)
        assert np.abs(frame - expected).max() <= 1


def test_a_gif_is_an_animation_that_starts_over_for_ever() -> None:
    animation = opened(noise(3, 8, 8))
    assert (animation.format, animation.info["loop"], animation.size) == ("GIF", 0, (224, 224))


@pytest.mark.parametrize(
    ("shape", "size"), [((28, 28), (224, 224)), ((8, 12), (216, 144)), ((300, 200), (200, 300)), ((1, 1), (224, 224))]
)
def test_a_gif_is_about_as_large_as_a_picture_on_the_page(shape: tuple[int, int], size: tuple[int, int]) -> None:
    assert opened(noise(2, *shape)).size == size


@pytest.mark.parametrize(
    ("milliseconds", "expected"), [(80, 80), (20, 20), (1, 20), (84, 80), (86, 90), (500, 500), (2_000, 2_000)]
)
def test_each_picture_stays_as_long_as_was_asked_in_hundredths_of_a_second(milliseconds: int, expected: int) -> None:
    assert {stays for _, stays in shown(opened(noise(4, 8, 8), milliseconds))} == {expected}


def test_pictures_that_follow_an_equal_one_still_take_their_time() -> None:
    images = noise(3, 8, 8)[[0, 0, 1, 2, 2]]
    frames = shown(opened(images, 100))
    assert sum(stays for _, stays in frames) == 500
    np.testing.assert_array_equal(frames[0][0][::28, ::28], images[0])
    np.testing.assert_array_equal(frames[-1][0][::28, ::28], images[4])


def test_a_gif_of_one_picture_shows_it() -> None:
    images = noise(1, 8, 8)
    ((frame, _),) = shown(opened(images))
    np.testing.assert_array_equal(frame[::28, ::28], images[0])


def test_black_and_white_stay_black_and_white() -> None:
    images = np.zeros((3, 8, 8), np.uint8)
    images[1], images[2, :4] = 255, 255
    frames = [frame[::28, ::28] for frame, _ in shown(opened(images))]
    np.testing.assert_array_equal(frames, images)


def test_arrays_come_back_from_a_file_without_pickles() -> None:
    arrays = {
        "latents": RANDOM.standard_normal((4, 5)).astype(np.float32),
        "labels": np.arange(4),
        "class_names": np.array(["T-shirt, top", "Bag", "ﬁve"]),
        "empty": np.zeros((0, 2), np.float32),
    }
    with np.load(io.BytesIO(map_files.npz(**arrays)), allow_pickle=False) as found:
        assert set(found) == set(arrays)
        for name, array in arrays.items():
            assert found[name].dtype == array.dtype
            np.testing.assert_array_equal(found[name], array)


def parsed(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode("utf-8"), newline="")))


def test_a_table_is_read_back_as_it_was_written() -> None:
    plane, latents = RANDOM.standard_normal((3, 2)), 1e3 * RANDOM.standard_normal((3, 4))
    content = map_files.table(
        np.array([7, 0, 123]), ["Bag", "0", "9"], plane.astype(np.float32), latents.astype(np.float32)
    )
    head, *rows = parsed(content)
    assert head == ["index", "label", "x", "y", "z0", "z1", "z2", "z3"]
    assert [row[:2] for row in rows] == [["7", "Bag"], ["0", "0"], ["123", "9"]]
    numbers = np.array([row[2:] for row in rows]).astype(float)
    np.testing.assert_allclose(numbers, np.concatenate([plane, latents], 1), rtol=1e-5)


@pytest.mark.parametrize("name", ["T-shirt, top", 'the "sneaker"', "two\nlines", "naïve ✓", "", " bag ", "a;b\tc"])
def test_any_class_name_stays_in_its_cell(name: str) -> None:
    plane, latents = np.zeros((2, 2), np.float32), np.ones((2, 3), np.float32)
    rows = parsed(map_files.table(np.array([1, 2]), [name, "other"], plane, latents))
    assert [row[1] for row in rows] == ["label", name, "other"]
    assert {len(row) for row in rows} == {7}


def test_a_table_of_no_points_is_its_header() -> None:
    nothing = map_files.table(np.zeros(0, int), [], np.zeros((0, 2)), np.zeros((0, 2)))
    assert parsed(nothing) == [["index", "label", "x", "y", "z0", "z1"]]


def test_a_table_keeps_tiny_and_huge_numbers() -> None:
    latents = np.array([[1e-12, -1e6, 0.0]], np.float32)
    _, row = parsed(map_files.table(np.array([0]), ["a"], np.zeros((1, 2), np.float32), latents))
    np.testing.assert_allclose([float(cell) for cell in row[4:]], latents[0], rtol=1e-5)
