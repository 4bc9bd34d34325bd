"""What is made once and kept: for as long as the files it came from stay as they are, or as what it tells of lives."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable
from functools import wraps
from pathlib import Path
from threading import Lock, RLock
from typing import Any, Generic, TypeVar, cast
from weakref import ref

Opened = TypeVar("Opened")
Function = TypeVar("Function", bound=Callable[..., Any])
Identity = tuple[tuple[int, ...], ...]


class Kept(Generic[Opened]):
    """The `most` newest of them. Safe to use from several threads: none opens what another one is opening."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._opened: OrderedDict[Hashable, tuple[Identity, Opened]] = OrderedDict()
        self._lock = Lock()

    def known(self, key: Hashable) -> Opened | None:
        """What is open under this key, whatever has become of its files; waits for nobody who is opening another."""
        _, opened = self._opened.get(key, (None, None))
        return opened

    def get(self, key: Hashable, files: Iterable[Path], open_: Callable[[], Opened]) -> Opened:
        """What `open_` gave for this key, which is asked again once one of the files is another.

        What it raises is raised, and nothing is kept.
        """
        with self._lock:
            now = tuple(identity(file) for file in files)
            before, opened = self._opened.get(key, (None, None))
            if before != now or opened is None:
                self._opened.pop(key, None)  # or the old one would stay in memory beside the new one
                opened = open_()
                self._opened[key] = now, opened
            self._opened.move_to_end(key)
            while len(self._opened) > self._most:
                self._opened.popitem(last=False)
            return opened


def identity(file: Path) -> tuple[int, ...]:
    """What changes when a file is written again: size, times and inode, or nothing where there is no such file.

    The inode and the time of its last change of any kind tell files apart that were unpacked with the same date.
    """
    try:
        about = file.stat()
    except OSError:
        return ()
    return about.st_size, about.st_mtime_ns, about.st_ctime_ns, about.st_ino


def remembered(most: int) -> Callable[[Function], Function]:
    """As functools.lru_cache, of the `most` newest answers, but an argument is not kept alive by it: with the argument
    goes what was answered about it."""

    def decorate(function: Function) -> Function:
        answers: OrderedDict[tuple[Any, ...], Any] = OrderedDict()
        lock = RLock()  # an argument may be freed, and `forget` run, in the very thread that holds it

        def forget(_: ref[Any]) -> None:
            with lock:
                for key in [key for key in answers if any(isinstance(part, ref) and part() is None for part in key)]:
                    del answers[key]

        @wraps(function)
        def answer(*arguments: Any) -> Any:
            key = tuple(_weakly(argument, forget) for argument in arguments)
            with lock:
                if key in answers:
                    answers.move_to_end(key)
                    return answers[key]
            found = function(*arguments)
            with lock:
                answers[key] = found
                while len(answers) > most:
                    answers.popitem(last=False)
            return found

        return cast(Function, answer)

    return decorate


def _weakly(argument: Any, forget: Callable[[ref[Any]], None]) -> Any:
    try:
        return ref(argument, forget)
    except TypeError:  # a number or a word
        return argument
