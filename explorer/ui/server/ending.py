"""How the server ends: whatever tells it to, as Ctrl+C does."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

# What kill, docker stop and systemd send; what a terminal sends that is closed; what Windows sends.
SIGNALS = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP", "SIGBREAK") if hasattr(signal, name)]


@contextmanager
def signals_interrupt() -> Iterator[None]:
    """Within it each of SIGNALS raises KeyboardInterrupt, once: another must not end what cleans up after the first.
    One that was ignored stays so, as nohup wants it."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in SIGNALS}
    heard = [number for number, handler in before.items() if handler == signal.SIG_DFL]

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        for number in heard:
            signal.signal(number, signal.SIG_IGN)
        raise KeyboardInterrupt

    for number in heard:
        signal.signal(number, interrupt)
    try:
        yield
    finally:
        for number in heard:
            signal.signal(number, before[number])


def leave() -> NoReturn:
    """End the process at once. Python would wait for threads that still work, maybe minutes for a download, and would
    abort where one of them is deep in PyTorch."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)
