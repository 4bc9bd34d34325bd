"""A visitor's image file is read in a process of its own, which is given up when the file keeps it busy."""

from __future__ import annotations

import atexit
import json
import os
import subprocess
import sys
import threading
import time
from concurrent import futures
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, cast

from PIL import Image

from explorer.photos.formats.frame import MAX_PIXELS
from explorer.photos.image import BROKEN
from explorer.photos.line import check
from explorer.sentences import Sentence, from_data

ROOT = Path(__file__).resolve().parents[2]
SECONDS = 15
PAUSE = 0.1  # between two looks at whether the answer is still waited for
MAX_LINE = 65_536  # bytes
PIPE = 1 << 20  # bytes, where the system lets a pipe have so many: a whole small photo, and it need not wait
THREADS = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
SLOW = Sentence(
    "told.photo.slow",
    "The photo could not be read within {seconds} seconds; save it again as a plain JPEG or PNG.",
    seconds=SECONDS,
)
NO_ROOM = Sentence("told.photo.no-room", "The photo could not be read just now; try again in a minute.")


class PhotoReader:
    """One process for one file at a time, kept for the next one. Safe to share between threads."""

    def __init__(self, seconds: float = SECONDS) -> None:
        self.seconds = seconds
        self._process: subprocess.Popen[bytes] | None = None
        self._thread = futures.ThreadPoolExecutor(1, "photo-reader")  # since a pipe can't be waited for with a deadline
        self._lock = threading.Lock()

    def start(self) -> None:
        """Have the process ready before the first photo comes."""
        with self._lock:
            self._ready()

    def close(self) -> None:
        self._end()
        atexit.unregister(self.close)

    def read(self, source: str | os.PathLike[str], longest: int | None) -> tuple[Image.Image, tuple[str, ...]]:
        """`explorer.photos.image.read_photo` with a deadline.

        Raises ValueError with a sentence as that does, and for what takes too long; Stopped when the photo job that
        asks is to end."""
        with self._lock:
            process = self._ready()
            answer = self._thread.submit(_ask, process, os.fspath(source), longest)
            until = time.monotonic() + self.seconds
            try:
                while not answer.done():
                    futures.wait([answer], PAUSE)
                    check()
                    if time.monotonic() > until:
                        raise ValueError(SLOW)
                return answer.result()
            except (OSError, EOFError):
                self._end()
                raise ValueError(BROKEN) from None
            finally:
                if not answer.done():
                    self._end()
                    self._ready()  # it will be there when the next photo comes

    def _ready(self) -> subprocess.Popen[bytes]:
        if self._process is None or self._process.poll() is not None:
            self._end()
            atexit.register(self.close)
            paths = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
            try:
                self._process = subprocess.Popen(
                    [sys.executable, "-m", "explorer.photos.child"],
                    env={**os.environ, **THREADS, "PYTHONPATH": paths},
                    stdin=subprocess.PIPE,  # which tells it when this process is gone
                    stdout=subprocess.PIPE,
                    stderr=subprocess.DEVNULL,
                    pipesize=PIPE,
                )
            except OSError:
                raise ValueError(NO_ROOM) from None
        return self._process

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()
            try:
                self._thread.submit(_close, process)  # after what still reads has met the end
            except RuntimeError:  # at the end of Python no thread takes anything more
                _close(process)


def _close(process: subprocess.Popen[bytes]) -> None:
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with suppress(OSError):  # what was not sent any more
                pipe.close()


def _ask(process: subprocess.Popen[bytes], path: str, longest: int | None) -> tuple[Image.Image, tuple[str, ...]]:
    """Raises ValueError with the child's sentence, OSError or EOFError when it is gone."""
    asked, answers = cast(BinaryIO, process.stdin), cast(BinaryIO, process.stdout)
    asked.write(json.dumps({"path": path, "longest": longest}).encode() + b"\n")
    asked.flush()
    line = answers.readline(MAX_LINE)
    if not line.endswith(b"\n"):
        raise EOFError
    told = json.loads(line)
    if "error" in told:
        raise ValueError(from_data(told["error"]))
    width, height = told["width"], told["height"]
    if not 0 < width * height <= MAX_PIXELS:
        raise ValueError(BROKEN)
    pixels = answers.read(width * height * 3)
    if len(pixels) < width * height * 3:
        raise EOFError
    return Image.frombytes("RGB", (width, height), pixels), tuple(map(from_data, told["notes"]))


_reader = PhotoReader()
start, close, read_photo = _reader.start, _reader.close, _reader.read
