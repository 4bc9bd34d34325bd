"""The test images themselves, where the data set is at hand or can be fetched."""

from __future__ import annotations

import sys
import threading
import time

import numpy as np

from explorer.maps.datasets import SOURCES, DataUnavailable, load
from explorer.sentences import Sentence

RETRY_SECONDS = 600


class Originals:
    """Test images by data set, shared by all visitors; a missing set is fetched once, in the background."""

    def __init__(self) -> None:
        self._images: dict[tuple[str, int], np.ndarray] = {}
        self._failed: dict[str, float] = {}
        self._fetching: set[str] = set()
        self._lock = threading.Lock()

    def get(self, data: str, size: int, point: int) -> tuple[np.ndarray | None, str]:
        """The original (H, W) uint8 of a test point and an empty line, or None and a line that says why not."""
        if (data, size) not in self._images:
            try:
                self._images[data, size] = load(data, "test", size=size).images
            except DataUnavailable:
                return None, self._fetch(data)
        images = self._images[data, size]
        return (
            (images[point], "")
            if point < len(images)
            else (None, Sentence("told.original.fewer", "The data set has fewer images than the map."))
        )

    def _fetch(self, data: str) -> str:
        title = SOURCES[data].title
        fetching = Sentence(
            "told.original.fetching", "{title} is being fetched; click again for the original.", title=title
        )
        with self._lock:
            if data in self._fetching:
                return fetching
            if time.monotonic() - self._failed.get(data, -RETRY_SECONDS) < RETRY_SECONDS:
                return Sentence(
                    "told.original.failed",
                    "No original: {title} is not on this machine and could not be fetched.",
                    title=title,
                )
            self._fetching.add(data)
        threading.Thread(target=self._download, args=(data,), daemon=True).start()
        return fetching

    def _download(self, data: str) -> None:
        self._failed[data] = time.monotonic()  # until it is at hand, when nobody asks for this any more
        try:
            load(data, "test", download=True)
        except DataUnavailable as error:
            print(error, file=sys.stderr)
        finally:
            self._fetching.discard(data)
