"""The one thread that answers questions about maps, so that nobody's frames wait for somebody's heat map."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import Any, NamedTuple, TypeVar

import torch

from explorer.addresses import Visitor, address_of, share
from explorer.live.fair_line import FairLine
from explorer.live.worker import Busy
from explorer.sentences import Sentence

Answer = TypeVar("Answer")
MAX_WAITING = 256
OF_ONE = 4  # for each visitor that an address may stand for
HEAVY = 50_000  # bytes of a question that count as one more
NICE = 5  # more than the other threads
NOBODY = Visitor("")
FULL = Sentence("told.busy.questions", "Too many questions wait for an answer; try again in a moment.")


class Asked(NamedTuple):
    question: Callable[[], Any]
    future: Future


class ToolThread:
    """Answers one question after the other, in turn by visitor, giving way to the decode worker; starts with the first
    question."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="tools", initializer=_give_way)
        self._line: FairLine[Asked] = FairLine()
        self._waiting = 0
        self._lock = threading.Lock()

    def submit(self, question: Callable[[], Answer], visitor: str = NOBODY, size: int = 0) -> Future[Answer]:
        """The answer to come. size: bytes that the question holds. Raises Busy when too many wait, and after the end.

        Of an address, only its share may wait; and if too many wait in all, those of the address with the most leave.
        """
        asked, weight = Asked(question, Future()), 1 + size // HEAVY
        with self._lock:
            left, fits = self._make_room(visitor, weight)
            if fits:
                self._line.put(asked, visitor, weight)
                self._waiting += 1
        for other in left:
            other.future.set_exception(Busy(FULL))
        if not fits:
            raise Busy(FULL)
        asked.future.add_done_callback(self._done)
        try:
            self._pool.submit(self._answer)
        except RuntimeError:
            asked.future.cancel()
            raise Busy(Sentence("told.busy.stopping", "The server is about to stop.")) from None
        return asked.future

    def stop(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)
        waiting = []
        with self._lock:
            while self._line:
                waiting.append(self._line.take().item)
        for asked in waiting:
            asked.future.cancel()

    def _make_room(self, visitor: str, weight: int) -> tuple[list[Asked], bool]:
        """-> those that must leave, and whether there is room then."""
        address = address_of(visitor)
        left: list[Asked] = []
        if address and self._line.weight_of(address) + weight > share(MAX_WAITING, OF_ONE):
            return [], False
        while self._waiting - len(left) >= MAX_WAITING or self._line.weight + weight > MAX_WAITING:
            greedy = self._line.drop_from_greediest(address)
            if greedy is None:
                return left, False
            left.append(greedy)
        return left, True

    def _answer(self) -> None:
        with self._lock:
            if not self._line:  # it was taken back
                return
            turn = self._line.take()
        asked, begin = turn.item, time.perf_counter()
        if not asked.future.set_running_or_notify_cancel():
            return
        try:
            answer = asked.question()
        except BaseException as error:  # even an exit is for who asked
            asked.future.set_exception(error)
        else:
            asked.future.set_result(answer)
        finally:
            with self._lock:
                self._line.charge(turn, time.perf_counter() - begin)

    def _done(self, _future: Future) -> None:
        with self._lock:
            self._waiting -= 1


def _give_way() -> None:
    torch.set_num_threads(1)
    if sys.platform == "linux":  # elsewhere it would be the priority of the whole process
        with suppress(OSError):  # some sandboxes forbid it; the thread then shares evenly
            os.setpriority(os.PRIO_PROCESS, 0, os.getpriority(os.PRIO_PROCESS, 0) + NICE)  # 0: this thread
