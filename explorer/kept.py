"""Results that are kept: `Kept` until the files they came from are others, `Remembered` while their argument lives."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable
from functools import partial, update_wrapper
from inspect import signature
from pathlib import Path
from threading import Lock, RLock
from typing import Any, Generic, ParamSpec, TypeVar
from weakref import ref

Opened = TypeVar("Opened")
Answer = TypeVar("Answer")
Parameters = ParamSpec("Parameters")
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


class Remembered(Generic[Parameters, Answer]):
    """A function whose `most` newest answers are kept, as by functools.lru_cache, but no argument is kept alive: with
    it goes what was answered about it."""

    def __init__(self, function: Callable[Parameters, Answer], most: int) -> None:
        update_wrapper(self, function)
        self._function, self._most = function, most
        self._parameters = signature(function)
        self._answers: OrderedDict[tuple[Any, ...], Answer] = OrderedDict()
        self._lock = RLock()  # an argument may be freed, and `_forget` run, in the very thread that holds it

    def __call__(self, *arguments: Parameters.args, **named: Parameters.kwargs) -> Answer:
        answer = self.known(*arguments, **named)
        if answer is None:
            answer = self._function(*arguments, **named)
            with self._lock:
                self._answers[self._key(*arguments, **named)] = answer
                while len(self._answers) > self._most:
                    self._answers.popitem(last=False)
        return answer

    def __len__(self) -> int:
        return len(self._answers)

    def known(self, *arguments: Parameters.args, **named: Parameters.kwargs) -> Answer | None:
        """The answer, where it is kept; the function itself is not called."""
        key = self._key(*arguments, **named)
        with self._lock:
            if key in self._answers:
                self._answers.move_to_end(key)
            return self._answers.get(key)

    def _key(self, *arguments: Any, **named: Any) -> tuple[Any, ...]:
        bound = self._parameters.bind(*arguments, **named)
        bound.apply_defaults()
        return tuple(_weakly(argument, self._forget) for argument in bound.arguments.values())

    def _forget(self, _: ref[Any]) -> None:
        with self._lock:
            for key in [key for key in self._answers if any(isinstance(part, ref) and part() is None for part in key)]:
                del self._answers[key]


def remembered(most: int) -> Callable[[Callable[Parameters, Answer]], Remembered[Parameters, Answer]]:
    """Decorates a function, which never answers None, as Remembered."""
    return partial(Remembered, most=most)


def _weakly(argument: Any, forget: Callable[[ref[Any]], None]) -> Any:
    try:
        return ref(argument, forget)
    except TypeError:  # a number or a word
        return argument
