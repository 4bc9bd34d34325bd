"""The thread that decodes: places wait, and those that wait at the same moment are decoded in one batch."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from typing import NamedTuple

import numpy as np
import torch

from explorer.live.places import Place
from explorer.live.spaces import Resolved, Spaces
from explorer.sentences import Sentence

MAX_BATCH = 64
MAX_PENDING = 1024


class Frame(NamedTuple):
    """One decoded picture: height * width grey bytes, and the milliseconds its batch took."""

    pixels: bytes
    width: int
    height: int
    decode_ms: float


class Busy(RuntimeError):
    """More places wait than can be decoded soon."""


class Waiting(NamedTuple):
    """A place that waits to be decoded."""

    place: Resolved
    future: asyncio.Future[Frame]
    loop: asyncio.AbstractEventLoop


class DecodeWorker:
    """One thread that decodes whatever waits, in batches."""

    def __init__(self, spaces: Spaces) -> None:
        self.spaces = spaces
        self._waiting: deque[Waiting] = deque()
        self._wake = threading.Condition()
        self._stopped = False
        self._thread = threading.Thread(target=self._run, name="decode-worker", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        with self._wake:
            self._stopped = True
            self._wake.notify()
        self._thread.join(timeout=10)

    async def decode(self, place: Place) -> Frame:
        """The frame of one place; others' go on while its map or plane is opened.

        Raises UnknownModel, ValueError as Spaces.resolve does, Busy.
        """
        resolved = self.spaces.resolve_at_once(place)
        if resolved is None:
            resolved = await asyncio.to_thread(self.spaces.resolve, place)
        loop = asyncio.get_running_loop()
        waiting = Waiting(resolved, loop.create_future(), loop)
        with self._wake:
            if len(self._waiting) >= MAX_PENDING:
                raise Busy(Sentence("told.busy.decoder", "The decoder is busy; try again in a moment."))
            self._waiting.append(waiting)
            self._wake.notify()
        return await waiting.future

    def _run(self) -> None:
        # These networks are too small to share: a second thread triples the time of one decode, since it mostly waits.
        torch.set_num_threads(1)
        for name in self.spaces.names:  # ready before the first visitor moves
            with suppress(Exception):  # a map that fails must not end the thread: whoever asks for it is told
                _decode([self.spaces.resolve(Place(name, 0.0, 0.0))])
        while not self._stopped:
            self._answer_next()

    def _answer_next(self) -> None:  # a method, or the loop's locals would keep the last batch's spaces
        with self._wake:
            self._wake.wait_for(lambda: self._waiting or self._stopped)
            if self._stopped:
                return
            batch = [self._waiting.popleft() for _ in range(min(len(self._waiting), MAX_BATCH))]
        of_space: dict[int, list[Waiting]] = {}
        for waiting in batch:
            of_space.setdefault(id(waiting.place.space), []).append(waiting)
        for of_one in of_space.values():
            _answer(of_one)


def _answer(places: list[Waiting]) -> None:
    """Decode places of one space, and tell each its frame or what went wrong."""
    try:
        results: Sequence[Frame | Exception] = _decode([waiting.place for waiting in places])
    except Exception as error:  # must not end the thread, nor reach those whose places are no part of it
        if len(places) > 1:
            for waiting in places:
                _answer([waiting])
            return
        results = [error]
    for loop in dict.fromkeys(waiting.loop for waiting in places):
        mine = [(waiting, result) for waiting, result in zip(places, results, strict=True) if waiting.loop is loop]
        try:
            loop.call_soon_threadsafe(_deliver, mine)
        except RuntimeError:  # the loop closed while its visitors left: nobody waits any more
            continue


def _decode(places: list[Resolved]) -> list[Frame]:
    """The frames of places of one space."""
    space = places[0].space
    begin = time.perf_counter()
    images = to_bytes(space.decode(np.stack([place.latent for place in places])))
    height, width = space.image_shape
    milliseconds = 1000 * (time.perf_counter() - begin)
    return [Frame(image.tobytes(), width, height, milliseconds) for image in images]


def _deliver(results: list[tuple[Waiting, Frame | Exception]]) -> None:
    for waiting, result in results:
        if waiting.future.done():  # its visitor left
            continue
        if isinstance(result, Exception):
            waiting.future.set_exception(result)
        else:
            waiting.future.set_result(result)


def to_bytes(images: np.ndarray) -> np.ndarray:
    """Images in [0, 1] -> uint8, rounded to nearest; the one place where decoded pixels become bytes."""
    return np.rint(images * 255).astype(np.uint8)
