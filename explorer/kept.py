"""What is opened from files once, and shared for as long as those files stay as they are."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable
from pathlib import Path
from threading import Lock
from typing import Generic, TypeVar

Opened = TypeVar("Opened")
Identity = tuple[tuple[int, ...], ...]


class Kept(Generic[Opened]):
    """The `most` newest of them. Safe to use from several threads: none opens what another one is opening."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._opened: OrderedDict[Hashable, tuple[Identity, Opened]] = OrderedDict()
        self._lock = Lock()

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
