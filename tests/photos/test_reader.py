"""Image files read in a process of their own: the same photos, and an end to what would take for ever."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from serving import wait_for

from explorer.photos import image as photo
from explorer.photos import line as photo_line
from explorer.photos import reader as photo_reader
from explorer.photos.image import BROKEN, NO_IMAGE
from explorer.photos.line import LEFT, GivenUp, PhotoLine
from explorer.photos.reader import PhotoReader
from explorer.sentences import as_data, said_by

FIFO = hasattr(os, "mkfifo")


@pytest.fixture
def reader() -> Iterator[PhotoReader]:
    reader = PhotoReader()
    yield reader
    reader.close()


@pytest.fixture
def endless(tmp_path: Path) -> Path:
    """A file whose reading never ends."""
    if not FIFO:
        pytest.skip("This system has no named pipes.")
    os.mkfifo(tmp_path / "endless.jpg")
    return tmp_path / "endless.jpg"


@pytest.fixture
def small(tmp_path: Path) -> Path:
    file = tmp_path / "small.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (48, 64, 3), np.uint8)).save(file)
    return file


def process_of(reader: PhotoReader) -> Any:
    assert reader._process is not None
    return reader._process


@pytest.mark.parametrize("longest", [None, 512, 32])
@pytest.mark.parametrize(("name", "mode"), [("a.png", "RGBA"), ("b.jpg", "L"), ("c.webp", "RGB"), ("d.gif", "P")])
def test_the_photo_and_its_notes_are_what_they_would_be_here(
    reader: PhotoReader, tmp_path: Path, name: str, mode: str, longest: int | None
) -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (600, 37, 3), np.uint8)
    Image.fromarray(pixels).convert(mode).save(tmp_path / name)
    here, notes = photo.read_photo(tmp_path / name, longest)
    there, told = reader.read(tmp_path / name, longest)
    assert (there.mode, there.size, told) == (here.mode, here.size, notes)
    assert [*map(as_data, told)] == [*map(as_data, notes)]
    np.testing.assert_array_equal(np.asarray(there), np.asarray(here))


@pytest.mark.parametrize(
    ("content", "sentence"), [(b"no image at all, but text", "it is text"), (b"\x89PNG\r\n\x1a\n" * 9, BROKEN)]
)
def test_sentences_about_files_come_through(reader: PhotoReader, tmp_path: Path, content: bytes, sentence: str) -> None:
    (tmp_path / "file").write_bytes(content)
    with pytest.raises(ValueError, match=sentence) as here:
        photo.read_photo(tmp_path / "file", 512)
    with pytest.raises(ValueError, match=sentence) as there:
        reader.read(tmp_path / "file", 512)
    assert as_data(said_by(there.value)) == as_data(said_by(here.value)) != str(here.value)
    with pytest.raises(ValueError, match=NO_IMAGE):
        reader.read(tmp_path / "nothing\nthere \udcff 照片", 512)


def test_one_process_reads_one_file_after_another(reader: PhotoReader, small: Path) -> None:
    reader.read(small, None)
    first = process_of(reader).pid
    (small.parent / "broken.png").write_bytes(small.read_bytes()[:60])
    with pytest.raises(ValueError, match=BROKEN):
        reader.read(small.parent / "broken.png", None)
    reader.read(small, None)
    assert process_of(reader).pid == first


def test_what_takes_too_long_is_given_up_and_the_next_photo_is_read(endless: Path, small: Path) -> None:
    reader = PhotoReader(seconds=0.5)
    with pytest.raises(ValueError, match="could not be read within"):
        reader.read(endless, 512)
    reader.seconds = 60
    assert reader.read(small, None)[0].size == (64, 48)
    reader.close()


def test_who_leaves_ends_the_reading_too(
    reader: PhotoReader, endless: Path, small: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(photo_line, "LEFT_SECONDS", 0.1)
    ears = threading.Event()
    ears.set()
    threading.Timer(0.3, ears.clear).start()
    line = PhotoLine()
    with pytest.raises(GivenUp, match=LEFT):
        line.run("leaving", "there", "photo", lambda: reader.read(endless, 512), ears.is_set)
    assert line.run("next", "elsewhere", "photo", lambda: reader.read(small, None)[0].size) == (64, 48)


def test_a_process_that_dies_over_a_file_costs_that_file_alone(reader: PhotoReader, endless: Path, small: Path) -> None:
    reader.start()
    first = process_of(reader)
    threading.Timer(0.3, first.kill).start()
    with pytest.raises(ValueError, match=BROKEN):
        reader.read(endless, 512)
    assert reader.read(small, None)[0].size == (64, 48)
    process_of(reader).kill()
    process_of(reader).wait()
    assert reader.read(small, None)[0].size == (64, 48)


def test_no_process_is_left_when_the_reader_closes(reader: PhotoReader, small: Path) -> None:
    reader.read(small, None)
    process = process_of(reader)
    reader.close()
    assert process.poll() is not None
    wait_for(lambda: process.stdin.closed and process.stdout.closed)


def test_a_process_whose_house_is_gone_ends_by_itself(reader: PhotoReader) -> None:
    reader.start()
    process = process_of(reader)
    process.stdin.close()
    wait_for(lambda: process.poll() is not None)
    assert process.returncode == 0


def test_no_room_for_a_process_is_a_sentence(small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError("Resource temporarily unavailable")

    monkeypatch.setattr(photo_reader.subprocess, "Popen", fail)
    with pytest.raises(ValueError, match=photo_reader.NO_ROOM):
        PhotoReader().read(small, None)


def test_the_process_loads_nothing_heavy() -> None:
    import subprocess
    import sys

    code = "import explorer.photos.child, sys; print(*{name.split('.')[0] for name in sys.modules})"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert {"torch", "gradio", "diffusers", "scipy", "skimage", "plotly", "fastapi"}.isdisjoint(loaded)


def test_reading_here_takes_as_long_as_there_is_work(reader: PhotoReader, small: Path) -> None:
    """Whoever waits is woken by the answer, not by the next look."""
    reader.read(small, None)
    start = time.monotonic()
    for _ in range(50):
        reader.read(small, None)
    assert time.monotonic() - start < 50 * photo_reader.PAUSE
