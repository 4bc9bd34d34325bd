"""The photo line: jobs that run a photo model, one at a time, each for somebody who still listens."""

from __future__ import annotations

import itertools
import os
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TypeVar

from explorer import settings
from explorer.addresses import counted
from explorer.sentences import Sentence, said_by

Result = TypeVar("Result")

WAITING = 48
PER_ADDRESS = 32  # of those; a school class may share one address. EXPLORER_PHOTO_JOBS says another number
PER_VISITOR = 3  # of different kinds
SECONDS = 60  # for one job, while it has its turn. EXPLORER_PHOTO_SECONDS says another number
UNHEARD_SECONDS = 5.0  # for a visitor to begin to listen, on however slow a network
LEFT_SECONDS = 2.0  # without a listener, after which its visitor is taken to have left
FETCHING = 2  # models at once
PAUSE = 0.25  # between two looks at whether who waits still listens
LOOK = 0.02  # the same of a job that runs, which may ask at every layer
REMEMBERED = 1024  # addresses, and visitors
LEFT = Sentence("told.photo.left", "Nobody was listening any more, so this was stopped; try it again.")
REPLACED = Sentence("told.photo.replaced", "You have asked for something newer since; ask for this again.")
FULL = Sentence("told.photo.full", "Too many photos wait in line already; try again in a minute.")
MANY = Sentence("told.photo.many", "Too many photos from your network wait in line already; try again in a minute.")
CLOSED = Sentence("told.train.closed", "The server is shutting down.")


class Stopped(Exception):
    """Raised within a job that is to end; its text is the sentence for who asked. No ValueError, so that what handles
    those lets it pass."""


class GivenUp(ValueError):
    """What `PhotoLine.run` raises in the place of Stopped, or when the line is full."""


class Replaced(GivenUp):
    """The same visitor has asked for something newer of the same kind."""


@dataclass(eq=False)
class Job:
    """One visitor's job from its place in line to its end.

    kind: a newer one of the same visitor and kind takes its place while it waits. listens: whether its visitor does.
    state: "waiting", "running", "aside" or "over". sentence: why it was ended from outside.
    """

    number: int
    visitor: str
    address: str
    kind: str
    listens: Callable[[], bool]
    seconds: float
    state: str = "waiting"
    sentence: str = ""
    heard: float | None = None  # when its visitor was last known to listen, on the clock of `entered`
    entered: float = field(default_factory=time.monotonic)
    begun: float = 0.0
    spent: float = 0.0  # in turns before this one
    looked: float = 0.0
    process: int = field(default_factory=os.getpid)

    def is_heard(self) -> bool:
        if self.listens():
            self.heard = time.monotonic()
            return True
        return False

    def check(self) -> None:
        """Raises Stopped once it is to end; asked often, it looks now and then."""
        now = time.monotonic()
        if now - self.looked < LOOK and not self.sentence:
            return
        self.looked = now
        if self.sentence:
            raise Stopped(self.sentence)
        if self.state == "running" and now - self.begun + self.spent > self.seconds:
            raise Stopped(too_long(self.seconds))
        if not self.is_heard() and now > self._patience():
            raise Stopped(LEFT)

    def _patience(self) -> float:
        return self.entered + UNHEARD_SECONDS if self.heard is None else self.heard + LEFT_SECONDS


_current: ContextVar[tuple[PhotoLine, Job] | None] = ContextVar("photo_job", default=None)


def check(*_: object) -> None:
    """Between two steps of a job: raises Stopped once it is to end. Outside of a line it does nothing, nor in the
    process to which a lent GPU has taken the job."""
    current = _current.get()
    if current is not None and current[1].process == os.getpid():
        current[1].check()


@contextmanager
def aside() -> Iterator[Callable[[], None]]:
    """Within a job: what waits for the network goes on beside the line, and its time is not counted. Gives a `check`
    that works in every thread."""
    current = _current.get()
    if current is None:
        yield lambda: None
        return
    line, job = current
    with line.stepped_out(job):
        yield job.check


class PhotoLine:
    """Who waits for the photo models of this process. Safe to share between threads.

    A turn goes to a job whose visitor listens, or has listened to an earlier one to its end; among those to the address
    whose last turn is longest ago, then to the job that came first.
    """

    def __init__(self, per_address: int | None = None, seconds: float | None = None) -> None:
        self.per_address = per_address or settings.whole("EXPLORER_PHOTO_JOBS", PER_ADDRESS, most=WAITING - 1)
        self.seconds = seconds or settings.whole("EXPLORER_PHOTO_SECONDS", SECONDS, most=3600)
        self._jobs: list[Job] = []
        self._turn: Job | None = None
        self._numbers = itertools.count(1)
        self._served: OrderedDict[str, int] = OrderedDict()  # address -> the turn it had last, counted
        self._known: OrderedDict[str, None] = OrderedDict()  # visitors who have listened to a job to its end
        self._changed = threading.Condition()
        self._fetches = threading.Semaphore(FETCHING)
        self._closed = False

    def run(
        self,
        visitor: str,
        address: str,
        kind: str,
        work: Callable[[], Result],
        listens: Callable[[], bool] = lambda: True,
        tell: Callable[[int], None] | None = None,
    ) -> Result:
        """What `work` gives, once it was this job's turn; it runs in the thread that called.

        tell: called with how many come before, whenever that changes.
        Raises GivenUp with a sentence: too many wait, nobody listens any more, it took too long, the server stops;
        Replaced: a newer job of this visitor and kind took its place.
        """
        if _current.get() is not None:  # a job's own part
            return work()
        job = self._enter(visitor, counted(address), kind, listens)
        token = _current.set((self, job))
        try:
            self._wait(job, tell)
            return work()
        except Stopped as stopped:
            job.sentence = said_by(stopped)
            raise (Replaced if job.sentence == REPLACED else GivenUp)(job.sentence) from None
        finally:
            _current.reset(token)
            self._leave(job)

    def wake(self) -> None:
        """Somebody has begun to listen: a free turn may be theirs."""
        with self._changed:
            self._advance()

    def close(self) -> None:
        with self._changed:
            self._closed = True
            for job in self._jobs:
                job.sentence = CLOSED
            self._changed.notify_all()

    @contextmanager
    def stepped_out(self, job: Job) -> Iterator[None]:
        """The turn goes to the next one; it comes back, before who came later, when this ends."""
        with self._changed:
            for other in self._jobs:
                if other.visitor == job.visitor and other.state == "aside":
                    other.sentence = REPLACED
            job.spent += time.monotonic() - job.begun
            job.state = "aside"
            self._pass_on(job)
        try:
            while not self._fetches.acquire(timeout=PAUSE):
                job.check()
            try:
                yield
            finally:
                self._fetches.release()
        except Stopped:
            raise
        except Exception:
            self._come_back(job)
            raise
        self._come_back(job)

    def _come_back(self, job: Job) -> None:
        with self._changed:
            job.state = "waiting"
        self._wait(job)

    def _enter(self, visitor: str, address: str, kind: str, listens: Callable[[], bool]) -> Job:
        with self._changed:
            if self._closed:
                raise GivenUp(CLOSED)
            self._replace(visitor, kind)
            near = [job for job in self._jobs if job.address == address]
            if len(near) >= self.per_address:
                self._make_room(near, MANY)
            if len(self._jobs) > WAITING:
                self._make_room(self._jobs, FULL)
            job = Job(next(self._numbers), visitor, address, kind, listens, self.seconds)
            self._jobs.append(job)
            self._advance()
            return job

    def _replace(self, visitor: str, kind: str) -> None:
        mine = [job for job in self._jobs if job.visitor == visitor and job.state == "waiting"]
        others = [job for job in mine if job.kind != kind]
        for job in [job for job in mine if job.kind == kind] + others[: 1 - PER_VISITOR]:
            self._end(job, REPLACED)

    def _make_room(self, among: list[Job], sentence: str) -> None:
        """A job that nobody has listened to gives way. Raises GivenUp where all have a listener."""
        unheard = [job for job in among if job.state == "waiting" and not job.is_heard() and job.heard is None]
        if not unheard:
            raise GivenUp(sentence)
        self._end(unheard[0], LEFT)

    def _end(self, job: Job, sentence: str) -> None:
        """Free a job's place. Its own thread finds out at its next `check`."""
        job.sentence, job.state = sentence, "over"
        self._jobs.remove(job)
        self._changed.notify_all()

    def _wait(self, job: Job, tell: Callable[[int], None] | None = None) -> None:
        told = 0
        while True:
            with self._changed:
                self._advance()
                if job.state == "waiting" and not job.sentence:
                    self._changed.wait(PAUSE)
                running, before = job.state == "running", self._before(job)
            job.check()
            if running:
                return
            if tell is not None and before != told:
                tell(before)
                told = before

    def _before(self, job: Job) -> int:
        return sum(self._rank(other) < self._rank(job) for other in self._jobs if other.state != "aside")

    def _rank(self, job: Job) -> tuple[bool, bool, int, int]:
        return job is not self._turn, not self._may_run(job), self._served.get(job.address, 0), job.number

    def _may_run(self, job: Job) -> bool:
        return job.is_heard() or job.visitor in self._known

    def _advance(self) -> None:
        """The free turn goes to the first in line."""
        line = [] if self._turn else [job for job in self._jobs if job.state == "waiting" and self._may_run(job)]
        if line:
            job = self._turn = min(line, key=self._rank)
            job.state, job.begun = "running", time.monotonic()
            _remember(self._served, job.address, next(self._numbers))
            self._changed.notify_all()

    def _pass_on(self, job: Job) -> None:
        if self._turn is job:
            self._turn = None
            self._advance()

    def _leave(self, job: Job) -> None:
        with self._changed:
            job.state = "over"
            if job in self._jobs:
                self._jobs.remove(job)
            if job.sentence == LEFT:
                self._known.pop(job.visitor, None)
            elif job.is_heard():
                _remember(self._known, job.visitor, None)
            self._pass_on(job)
            self._changed.notify_all()


def _remember(among: OrderedDict[str, Result], name: str, value: Result) -> None:
    among[name] = value
    among.move_to_end(name)
    if len(among) > REMEMBERED:
        among.popitem(last=False)


def too_long(seconds: float) -> str:
    return Sentence(
        "told.photo.long", "This was stopped after {seconds} seconds; choose a smaller size.", seconds=f"{seconds:.0f}"
    )
