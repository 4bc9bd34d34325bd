"""Trainings that visitors start: each a process of its own, two at a time; the others wait in line."""

from __future__ import annotations

import itertools
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from explorer.addresses import address_of, share
from explorer.sentences import Sentence, said_by
from explorer.training import exit_codes
from explorer.visitors.left_overs import remove_left_overs
from explorer.visitors.train_options import RECIPE, Options, training_command
from explorer.visitors.train_progress import Progress, ProgressReader

ROOT = Path(__file__).resolve().parents[2]
PREFIX = "explorer-training-"
RUNNING = 2  # at once
WAITING = 20
OF_ONE = 3 / 8  # of a place in line, for each visitor that an address may stand for
SECONDS = 180  # for one training, from its process's start
UNWATCHED_SECONDS = 30  # after which its visitor is taken to have left
PAUSE = 0.2  # between two looks at what runs
CANCELLED = Sentence("told.train.cancelled", "Cancelled; nothing is kept.")
REPLACED = Sentence("told.train.replaced", "Another training took its place.")
LEFT = Sentence("told.train.left", "Its visitor left.")
CLOSED = Sentence("told.train.closed", "The server is shutting down.")
FULL_HERE = Sentence(
    "told.train.full-here", "Too many trainings from your address wait in line already; try again in a minute."
)
FULL = Sentence("told.train.full", "{count} trainings wait in line already; try again in a minute.", count=WAITING)
TOO_LONG = Sentence(
    "told.train.long",
    "It was stopped after {seconds} seconds; choose fewer epochs or a smaller width.",
    seconds=SECONDS,
)
DIVERGED = Sentence("told.train.diverged", "The loss grew beyond all bounds; try a smaller beta or width.")
BROKEN = Sentence("told.train.broken", "The training ended unexpectedly; try it again.")


@dataclass(eq=False)
class Training:
    """One training from its place in line to its end. state: "waiting", "running", "done", "failed" or "ended"."""

    number: int
    visitor: str
    options: Options
    state: str = "waiting"
    sentence: str = ""  # why it ended
    model: str = ""  # the name under which its result is kept
    place: int = 0  # in line, from 1
    progress: Progress | None = None
    seconds: float = 0.0
    process: subprocess.Popen[bytes] | None = None
    folder: Path | None = None
    begun: float = 0.0
    reader: ProgressReader | None = None
    looked: float = field(default_factory=time.monotonic)

    @property
    def address(self) -> str:
        return address_of(self.visitor)

    @property
    def over(self) -> bool:
        return self.state in ("done", "failed", "ended")


class Trainings:
    """All trainings of this process. Safe to share between threads; one thread of its own watches while any runs.

    keep: takes a finished checkpoint's folder out of its place -> the name under which it is kept from then on, or
    raises ValueError with a sentence.
    """

    def __init__(
        self, keep: Callable[[str, Path], str], command: Callable[[Options], list[str]] = training_command
    ) -> None:
        self._keep, self._command = keep, command
        self._line: deque[Training] = deque()
        self._running: list[Training] = []
        self._numbers = itertools.count(1)
        self._changed = threading.Condition()
        self._watcher: threading.Thread | None = None

    def start(self, visitor: str, options: Options) -> Training:
        """A visitor's training; it takes the place of their earlier one. Raises ValueError: the line is full."""
        with self._changed:
            others = [training for training in self._line if training.visitor != visitor]
            if len(others) >= WAITING:
                raise ValueError(FULL)
            if sum(training.address == address_of(visitor) for training in others) >= share(WAITING, OF_ONE):
                raise ValueError(FULL_HERE)
            self._end_all(visitor, REPLACED)
            training = Training(next(self._numbers), visitor, options)
            self._line.append(training)
            self._advance()
            if self._watcher is None:
                self._watcher = threading.Thread(target=self._watch, name="trainings", daemon=True)
                self._watcher.start()
            return training

    def keep_alive(self, training: Training) -> Training:
        """The training itself. Who waits for it must call this now and then: what nobody waits for is ended."""
        training.looked = time.monotonic()
        return training

    def cancel(self, visitor: str, sentence: str = CANCELLED) -> bool:
        """-> whether there was one to end. Its process and its files are gone when this returns."""
        with self._changed:
            found = self._end_all(visitor, sentence)
            self._changed.notify()
            return found

    def cancel_one(self, training: Training, sentence: str) -> None:
        with self._changed:
            if not training.over:
                self._end(training, "ended", sentence)
                self._changed.notify()

    def remove_left_overs(self) -> None:
        """Remove the folders of trainings whose server did not live to remove them."""
        remove_left_overs(PREFIX)

    def close(self) -> None:
        with self._changed:
            for training in [*self._line, *self._running]:
                self._end(training, "ended", CLOSED)
            self._changed.notify()
            watcher = self._watcher
        if watcher is not None:
            watcher.join(timeout=10)

    def _watch(self) -> None:
        import torch

        torch.set_num_threads(1)  # what it reads is too small to share
        while True:
            for training in list(self._running):
                reader = training.reader
                if reader is not None:
                    training.progress = reader.read() or training.progress
            with self._changed:
                for training in [*self._running, *self._line]:
                    self._check(training)
                self._advance()
                if not self._running and not self._line:
                    self._watcher = None
                    return
                self._changed.wait(PAUSE)

    def _check(self, training: Training) -> None:
        """End what is finished, broken, too slow, or left alone."""
        now = time.monotonic()
        if now - training.looked > UNWATCHED_SECONDS:
            return self._end(training, "ended", LEFT)
        if training.process is None:
            return None
        training.seconds = now - training.begun
        code = training.process.poll()
        if code is None:
            return self._end(training, "failed", TOO_LONG) if training.seconds > SECONDS else None
        if code:
            return self._end(training, "failed", self._why(training, code))
        return self._finish(training)

    def _finish(self, training: Training) -> None:
        assert training.folder is not None  # noqa: S101 - it ran
        if training.reader is not None:
            training.progress = training.reader.read() or training.progress
        try:
            training.model = self._keep(training.visitor, result_of(training.folder))
        except ValueError as error:
            return self._end(training, "failed", said_by(error))
        except OSError:
            return self._end(training, "failed", BROKEN)
        return self._end(training, "done", "")

    def _why(self, training: Training, code: int) -> str:
        """A sentence for a failed process's exit code; what it has printed stays here, since that names folders."""
        assert training.folder is not None  # noqa: S101 - it ran
        said = (training.folder / "log").read_text("utf-8", "replace")[-2_000:]
        print(f"A training failed: {said}", file=sys.stderr)
        return DIVERGED if code == exit_codes.DIVERGED else BROKEN

    def _advance(self) -> None:
        """Start who is next in line, and tell the others their places."""
        while self._line and len(self._running) < RUNNING:
            self._take_turns()
            training = self._line.popleft()
            try:
                self._launch(training)
            except OSError as error:
                print(f"A training could not be started: {error}", file=sys.stderr)
                self._end(training, "failed", BROKEN)
        self._take_turns()
        for place, training in enumerate(self._line, start=1):
            training.place = place

    def _take_turns(self) -> None:
        """Put the line in order: first come, first served, but addresses by turns."""
        before = Counter(training.address for training in self._running)
        turns = {}
        for training in sorted(self._line, key=lambda training: training.number):
            turns[training.number] = before[training.address]
            before[training.address] += 1
        self._line = deque(sorted(self._line, key=lambda training: (turns[training.number], training.number)))

    def _launch(self, training: Training) -> None:
        training.folder = Path(tempfile.mkdtemp(prefix=PREFIX))
        threads = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
        quiet = {"TQDM_DISABLE": "1", "CUDA_VISIBLE_DEVICES": "", "PYTHONPATH": str(ROOT)}
        with (training.folder / "log").open("wb") as log:
            training.process = subprocess.Popen(  # noqa: S603 - its arguments are numbers within bounds
                self._command(training.options),
                cwd=training.folder,
                env={**os.environ, **threads, **quiet},
                stdin=subprocess.PIPE,  # which tells it when this process is gone
                stdout=log,
                stderr=log,
            )
        training.reader = ProgressReader(
            result_of(training.folder), training.options.latent_dim, training.options.width
        )
        training.begun = time.monotonic()
        training.state, training.place = "running", 0
        self._running.append(training)

    def _end_all(self, visitor: str, sentence: str) -> bool:
        mine = [training for training in [*self._line, *self._running] if training.visitor == visitor]
        for training in mine:
            self._end(training, "ended", sentence)
        return bool(mine)

    def _end(self, training: Training, state: str, sentence: str) -> None:
        """The one way out: the process is killed, its folder removed, its place free."""
        if training in self._line:
            self._line.remove(training)
        if training in self._running:
            self._running.remove(training)
        if training.process is not None:
            training.process.kill()
            training.process.wait()
            if training.process.stdin is not None:
                training.process.stdin.close()
        if training.folder is not None:
            shutil.rmtree(training.folder, ignore_errors=True)
        training.process = training.reader = None
        training.state, training.sentence, training.place = state, sentence, 0


def result_of(folder: Path) -> Path:
    """Where explorer.train writes when it runs in `folder`."""
    return folder / "runs" / RECIPE.name
