"""WebSocket visitors who ask at 60 Hz with at most six requests in flight; prints what they saw as JSON.

A process of its own, started by benchmarks/live.py, so that it shares neither interpreter nor event loop with it.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import math
import struct
import time
from itertools import pairwise
from statistics import median

from websockets.asyncio.client import ClientConnection, connect

HEADER = struct.Struct("<IHHff")
RATE = 60  # requests a second
IN_FLIGHT = 6


class Visitor:
    """One visitor's pace and what came back."""

    def __init__(self, number: int, options: argparse.Namespace) -> None:
        self.number, self.options = number, options
        self.sent = self.answered = 0  # ids; an answer also stands for every older request
        self.decode_ms: list[float] = []
        self.server_ms: list[float] = []
        self.times: list[float] = []  # when it began, when each answer came, when it ended

    def message(self) -> str:
        angle = self.sent / 60 + self.number
        x, y = self.options.reach * math.cos(angle), self.options.reach * math.sin(1.3 * angle)
        return json.dumps({"id": self.sent, "model": self.options.model, "x": x, "y": y, "point": self.options.point})

    async def send(self, socket: ClientConnection, end: float) -> None:
        due = time.perf_counter() + (self.number % 7) / 7 / RATE  # not all in the same instant
        while due < end:
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            if self.sent - self.answered < IN_FLIGHT:
                self.sent += 1
                await socket.send(self.message())
            due = max(due + 1 / RATE, time.perf_counter())

    async def receive(self, socket: ClientConnection) -> None:
        async for data in socket:
            assert isinstance(data, bytes)
            number, _, _, decode_ms, server_ms = HEADER.unpack_from(data)
            self.answered = number
            self.times.append(time.perf_counter())
            self.decode_ms.append(decode_ms)
            self.server_ms.append(server_ms - decode_ms)

    async def visit(self) -> None:
        async with connect(self.options.url) as socket:
            self.times.append(time.perf_counter())
            receiving = asyncio.ensure_future(self.receive(socket))
            await self.send(socket, time.perf_counter() + self.options.seconds)
            receiving.cancel()
            self.times.append(time.perf_counter())


async def measure(options: argparse.Namespace) -> dict[str, float]:
    visitors = [Visitor(number, options) for number in range(options.users)]
    await asyncio.gather(*(visitor.visit() for visitor in visitors))
    rates = [len(visitor.decode_ms) / options.seconds for visitor in visitors]
    return {
        "decodes_per_second": sum(rates),
        "mean_user": sum(rates) / len(rates),
        "slowest_user": min(rates),
        "worst_gap_ms": 1000 * max(after - before for visitor in visitors for before, after in pairwise(visitor.times)),
        "decode_ms": median(value for visitor in visitors for value in visitor.decode_ms),
        "besides_ms": median(value for visitor in visitors for value in visitor.server_ms),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument("--point", type=int, default=0)
    parser.add_argument("--reach", type=float, default=2.0, help="how far from (0, 0) the places go")
    parser.add_argument("--users", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=5.0)
    print(json.dumps(asyncio.run(measure(parser.parse_args()))))


if __name__ == "__main__":
    main()
