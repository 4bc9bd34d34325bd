"""The thread that owns the models: places wait, and those that wait at the same moment are decoded in one batch."""

from __future__ import annotations

import asyncio
import math
import threading
import time
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch

from explorer import latent_space
from explorer.arrays import LIMIT
from explorer.latent_space import LatentSpace

MAX_BATCH = 64
MAX_PENDING = 1024


@dataclass(frozen=True)
class Place:
    """Where to decode: a point of a map, moved within its plane from one test point (or from their mean)."""

    model: str
    x: float
    y: float
    point: int | None = None


class Frame(NamedTuple):
    """One decoded picture: height * width grey bytes, and the milliseconds its batch took."""

    pixels: bytes
    width: int
    height: int
    decode_ms: float


class UnknownModel(ValueError):
    """No map has that name."""


class Busy(RuntimeError):
    """More places wait than can be decoded soon."""


def parse_place(values: Mapping[str, Any]) -> Place:
    """The place that a visitor asks for. Raises ValueError with a sentence; it never repeats what was sent."""
    model, point = values.get("model"), values.get("point")
    if not isinstance(model, str):
        raise ValueError("model must be the name of a map.")
    if point is not None and (type(point) is not int or point < 0):
        raise ValueError("point must be the index of a test point, or left out.")
    return Place(model, _coordinate(values, "x"), _coordinate(values, "y"), point)


def _coordinate(values: Mapping[str, Any], name: str) -> float:
    value = values.get(name)
    if type(value) not in (int, float):
        raise ValueError(f"{name} must be a number.")
    try:
        number = float(value)  # type: ignore[arg-type]
    except OverflowError:
        number = math.inf
    if not math.isfinite(number) or abs(number) > LIMIT:
        raise ValueError(f"{name} must be finite and within ±{LIMIT:.0e}.")
    return number


class Job(NamedTuple):
    place: Place
    future: asyncio.Future[Frame]
    loop: asyncio.AbstractEventLoop


class DecodeWorker:
    """One thread that owns the models and decodes whatever waits, in batches."""

    def __init__(self, names: Sequence[str] | None = None, device: str | None = None) -> None:
        self.names = list(names if names is not None else latent_space.available())
        self.device = device or latent_space.default_device()
        self._spaces: dict[str, LatentSpace] = {}
        self._jobs: deque[Job] = deque()
        self._wake = threading.Condition()
        self._stopped = False
        self._thread = threading.Thread(target=self._run, name="decode-worker", daemon=True)

    @property
    def loaded(self) -> list[str]:
        return list(self._spaces)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        with self._wake:
            self._stopped = True
            self._wake.notify()
        self._thread.join(timeout=10)

    def space(self, name: str) -> LatentSpace:
        """The named map, opened at its first use. Raises UnknownModel with the names there are."""
        if name not in self.names:
            raise UnknownModel(f"There is no map of that name; there are {', '.join(self.names)}.")
        if name not in self._spaces:
            self._spaces[name] = latent_space.load(name, self.device)
        return self._spaces[name]

    def resolve(self, place: Place) -> tuple[LatentSpace, tuple[float, float], np.ndarray]:
        """A place's map, coordinates and anchor (D,). Raises UnknownModel, or ValueError: no such point."""
        space = self.space(place.model)
        if place.point is not None and place.point >= len(space.latents):
            raise ValueError(f"point must be smaller than {len(space.latents)}.")
        anchor = space.origin if place.point is None else space.latents[place.point]
        return space, (place.x, place.y), anchor

    async def decode(self, place: Place) -> Frame:
        """The frame of one place. Raises UnknownModel, ValueError (no such point), Busy."""
        self.resolve(place)
        loop = asyncio.get_running_loop()
        job = Job(place, loop.create_future(), loop)
        with self._wake:
            if len(self._jobs) >= MAX_PENDING:
                raise Busy("The decoder is busy; try again in a moment.")
            self._jobs.append(job)
            self._wake.notify()
        return await job.future

    def _run(self) -> None:
        # These networks are too small to share: a second thread triples the time of one decode, since it mostly waits.
        torch.set_num_threads(1)
        for name in self.names:  # ready before the first visitor moves
            with suppress(Exception):  # a map that fails must not end the thread: whoever asks for it is told
                self._decode(name, [Place(name, 0.0, 0.0)])
        while True:
            with self._wake:
                self._wake.wait_for(lambda: self._jobs or self._stopped)
                if self._stopped:
                    return
                jobs = [self._jobs.popleft() for _ in range(min(len(self._jobs), MAX_BATCH))]
            for name in dict.fromkeys(job.place.model for job in jobs):
                self._answer(name, [job for job in jobs if job.place.model == name])

    def _answer(self, name: str, jobs: list[Job]) -> None:
        try:
            results: Sequence[Frame | Exception] = self._decode(name, [job.place for job in jobs])
        except Exception as error:  # one bad batch must not end the thread: its visitors get the error instead
            results = [error] * len(jobs)
        for loop in dict.fromkeys(job.loop for job in jobs):
            mine = [(job, result) for job, result in zip(jobs, results, strict=True) if job.loop is loop]
            try:
                loop.call_soon_threadsafe(_deliver, mine)
            except RuntimeError:  # the loop closed while its visitors left: nobody waits any more
                continue

    def _decode(self, name: str, places: list[Place]) -> list[Frame]:
        space = self.space(name)
        begin = time.perf_counter()
        _, points, anchors = zip(*map(self.resolve, places), strict=True)
        images = to_bytes(space.decode(space.from_plane(points, np.stack(anchors))))
        height, width = space.image_shape
        milliseconds = 1000 * (time.perf_counter() - begin)
        return [Frame(image.tobytes(), width, height, milliseconds) for image in images]


def _deliver(results: list[tuple[Job, Frame | Exception]]) -> None:
    for job, result in results:
        if job.future.done():  # its visitor left
            continue
        if isinstance(result, Exception):
            job.future.set_exception(result)
        else:
            job.future.set_result(result)


def to_bytes(images: np.ndarray) -> np.ndarray:
    """Images in [0, 1] -> uint8, rounded to nearest; the one place where decoded pixels become bytes."""
    return np.rint(images * 255).astype(np.uint8)
