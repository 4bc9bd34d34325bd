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

from explorer.arrays import LIMIT, as_array
from explorer.device import default_device
from explorer.maps import space as latent_space
from explorer.maps.space import LatentSpace

MAX_BATCH = 64
MAX_PENDING = 1024
MAX_SEEN = 256
MAX_DIMENSIONS = 1024
OWN = "own-"  # the names of visitors' models begin with it
GONE = "That model is no longer here: newer ones took its place. Train or open it again."


@dataclass(frozen=True)
class Place:
    """Where to decode: a point of a map, moved within its plane from one test point (or from their mean).

    plane: another plane than the map's own, as LatentSpace.in_plane takes it. z: the latent itself, (D,) floats, which
    then stands for all the rest.
    """

    model: str
    x: float
    y: float
    point: int | None = None
    plane: str | None = None
    z: tuple[float, ...] | None = None


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
    if (z := values.get("z")) is not None:
        if not isinstance(z, list) or len(z) > MAX_DIMENSIONS:
            raise ValueError("z must be a list of as many numbers as the map has latent dimensions.")
        return Place(model, 0.0, 0.0, z=tuple(_coordinate(value, "each number of z") for value in z))
    plane = values.get("plane")
    if plane is not None and not isinstance(plane, str):
        raise ValueError("plane must be the name of a plane, or left out.")
    return Place(model, _coordinate(values.get("x"), "x"), _coordinate(values.get("y"), "y"), point, plane)


def _coordinate(value: Any, name: str) -> float:
    if type(value) not in (int, float):
        raise ValueError(f"{name} must be a number.")
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number) or abs(number) > LIMIT:
        raise ValueError(f"{name} must be finite and within ±{LIMIT:.0e}.")
    return number


class Job(NamedTuple):
    """A latent (D,) of a map that waits to be decoded."""

    model: str
    latent: np.ndarray
    future: asyncio.Future[Frame]
    loop: asyncio.AbstractEventLoop


class DecodeWorker:
    """One thread that owns the models and decodes whatever waits, in batches."""

    def __init__(self, names: Sequence[str] | None = None, device: str | None = None) -> None:
        self.names = list(names if names is not None else latent_space.available())
        self.device = device or default_device()
        self._spaces: dict[str, LatentSpace] = {}
        self._own: dict[str, LatentSpace] = {}  # visitors' models, which are listed nowhere
        self._seen: set[tuple[str, str | None]] = set()  # models and planes that have been opened
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

    def add(self, name: str, space: LatentSpace) -> None:
        """A visitor's model, for whoever knows its name, until it is removed."""
        self._own[name] = space

    def remove(self, name: str) -> None:
        self._own.pop(name, None)

    def space(self, name: str, plane: str | None = None) -> LatentSpace:
        """The named map, opened at its first use, in one of its planes. Raises UnknownModel with the names there are,
        ValueError: no such plane."""
        space = self._named(name)
        if plane is not None and not isinstance(plane, str):
            raise ValueError("plane must be the name of a plane, or left out.")
        return space if plane is None else space.in_plane(plane)

    def check(self, name: str) -> None:
        """Raises UnknownModel as `space` does, and opens nothing."""
        if isinstance(name, str) and name.startswith(OWN):
            if name not in self._own:
                raise UnknownModel(GONE)
        elif name not in self.names:
            raise UnknownModel(f"There is no map of that name; there are {', '.join(self.names)}.")

    def _named(self, name: str) -> LatentSpace:
        self.check(name)
        if name.startswith(OWN):
            if (space := self._own.get(name)) is not None:
                return space
            raise UnknownModel(GONE)  # since it was checked
        if name not in self._spaces:
            self._spaces[name] = latent_space.load(name, self.device)
        return self._spaces[name]

    def resolve(self, place: Place) -> np.ndarray:
        """The latent (D,) float32 that lies at a place.

        Raises UnknownModel, or ValueError: no such point or plane, or a latent beyond ±1e6, as where axes that are
        far from orthogonal to the coordinates add up.
        """
        space = self.space(place.model, place.plane)
        if place.z is not None:
            if len(place.z) != space.latent_dim:
                raise ValueError(f"z must have {space.latent_dim} numbers.")
            latent = np.array(place.z, np.float32)
        else:
            if place.point is not None and place.point >= len(space.latents):
                raise ValueError(f"point must be smaller than {len(space.latents)}.")
            anchor = space.origin if place.point is None else space.latents[place.point]
            (latent,) = space.from_plane([(place.x, place.y)], anchor)
        return as_array(latent, "The place", ("D",))

    async def decode(self, place: Place) -> Frame:
        """The frame of one place. Raises UnknownModel, ValueError as `resolve` does, Busy."""
        latent = self.resolve(place)
        loop = asyncio.get_running_loop()
        job = Job(place.model, latent, loop.create_future(), loop)
        with self._wake:
            if len(self._jobs) >= MAX_PENDING:
                raise Busy("The decoder is busy; try again in a moment.")
            self._jobs.append(job)
            self._wake.notify()
        return await job.future

    async def open(self, place: Place) -> None:
        """Open a place's map and plane, if they may not be yet, while others' go on. Raises as `resolve` does."""
        seen = place.model, place.plane
        if seen in self._seen:
            return
        await asyncio.to_thread(self.resolve, place)
        if len(self._seen) >= MAX_SEEN:
            self._seen.clear()
        self._seen.add(seen)

    def _run(self) -> None:
        # These networks are too small to share: a second thread triples the time of one decode, since it mostly waits.
        torch.set_num_threads(1)
        for name in self.names:  # ready before the first visitor moves
            with suppress(Exception):  # a map that fails must not end the thread: whoever asks for it is told
                self._decode(name, self.resolve(Place(name, 0.0, 0.0))[None])
        while True:
            with self._wake:
                self._wake.wait_for(lambda: self._jobs or self._stopped)
                if self._stopped:
                    return
                jobs = [self._jobs.popleft() for _ in range(min(len(self._jobs), MAX_BATCH))]
            for name in dict.fromkeys(job.model for job in jobs):
                self._answer(name, [job for job in jobs if job.model == name])

    def _answer(self, name: str, jobs: list[Job]) -> None:
        try:
            results: Sequence[Frame | Exception] = self._decode(name, np.stack([job.latent for job in jobs]))
        except Exception as error:  # must not end the thread, nor reach those whose places are no part of it
            if len(jobs) > 1:
                for job in jobs:
                    self._answer(name, [job])
                return
            results = [error]
        for loop in dict.fromkeys(job.loop for job in jobs):
            mine = [(job, result) for job, result in zip(jobs, results, strict=True) if job.loop is loop]
            try:
                loop.call_soon_threadsafe(_deliver, mine)
            except RuntimeError:  # the loop closed while its visitors left: nobody waits any more
                continue

    def _decode(self, name: str, latents: np.ndarray) -> list[Frame]:
        """Latents (B, D) of one map -> their frames."""
        space = self.space(name)
        begin = time.perf_counter()
        images = to_bytes(space.decode(latents))
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
