"""The one thread that answers questions about maps, so that nobody's frames wait for somebody's heat map."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import TypeVar

import torch

from explorer.decode_worker import Busy

Answer = TypeVar("Answer")
MAX_WAITING = 64
NICE = 5  # more than the other threads


class ToolThread:
    """Answers one question after the other, giving way to the decode worker; starts with the first question."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="tools", initializer=_give_way)
        self._waiting = 0
        self._lock = threading.Lock()

    def submit(self, question: Callable[[], Answer]) -> Future[Answer]:
        """The answer to come. Raises Busy when too many wait, and after the end."""
        with self._lock:
            if self._waiting >= MAX_WAITING:
                raise Busy("Too many questions wait for an answer; try again in a moment.")
            self._waiting += 1
        try:
            future = self._pool.submit(question)
        except RuntimeError:
            self._done()
            raise Busy("The server is about to stop.") from None
        future.add_done_callback(self._done)
        return future

    def stop(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _done(self, _future: Future | None = None) -> None:
        with self._lock:
            self._waiting -= 1


def _give_way() -> None:
    torch.set_num_threads(1)
    if sys.platform == "linux":  # elsewhere it would be the priority of the whole process
        with suppress(OSError):  # some sandboxes forbid it; the thread then shares evenly
            os.setpriority(os.PRIO_PROCESS, 0, os.getpriority(os.PRIO_PROCESS, 0) + NICE)  # 0: this thread
