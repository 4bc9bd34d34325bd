"""Whether a drag goes on while others ask for much: `python benchmarks/siege.py` prints a table, a row an attack.

A victim drags over the WebSocket at 60 Hz beside attackers on loopback, for a few seconds each; a bystander asks what
to think of a latent all the while. They come from addresses of their own in 127.0.0.0/8, so that what the server grants
an address is seen; --one-address makes them all neighbours behind one. It asks only a server that it starts itself.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import subprocess
import sys
import time
import zlib
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import httpx
from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from live import ROOT, memory, start_server, table

MODEL = "mnist-vae-20d"
DIMENSIONS, POINTS, SIDE = 20, 10_000, 28
EXPLORER = "/gradio_api/explorer"
PATIENCE = 90.0  # seconds after which an answer is given up
CALM = 0.3  # seconds within which a server answers that is done with the last attack


class Siege:
    """One attack while it lasts: where the server is, when it ends, and what was answered."""

    def __init__(self, port: int, seconds: float, address: str) -> None:
        self.port, self.address = port, address
        self.end = time.perf_counter() + seconds
        self.random = random.Random()  # noqa: S311 - only that planes are new
        self.answers: Counter[str] = Counter()
        self.client = visitor(port, address)

    @property
    def on(self) -> bool:
        return time.perf_counter() < self.end

    async def ask(self, method: str, path: str, **content: Any) -> bytes:
        """The answer as it is sent, not unpacked."""
        async with self.client.stream(method, path, **content) as answer:
            packed = b"".join([part async for part in answer.aiter_raw()])
        self.answers[str(answer.status_code)] += 1
        if answer.status_code == 503:
            await asyncio.sleep(0.01)
        return packed

    async def again(self, times: int, step: Callable[[], Awaitable[Any]]) -> None:
        """So many attackers, each of whom takes the step again until the end."""

        async def go() -> None:
            while self.on:
                try:
                    await step()
                except (httpx.HTTPError, WebSocketException, OSError) as error:  # noqa: PERF203
                    self.answers[type(error).__name__] += 1

        await asyncio.gather(*(go() for _ in range(times)))

    def new_plane(self) -> str:
        return "-".join(f"p{point}" for point in self.random.sample(range(POINTS), 3))

    async def call(self, endpoint: str, content: bytes) -> None:
        """As gradio_client does, through the queue."""
        json_ = {"Content-Type": "application/json"}
        event = json.loads(await self.ask("POST", f"/gradio_api/call/{endpoint}", content=content, headers=json_))
        if "event_id" in event:
            await self.ask("GET", f"/gradio_api/call/{endpoint}/{event['event_id']}")

    async def shout(self, *messages: str | bytes, **options: Any) -> None:
        """Send over a WebSocket, and leave when the server says so, or a moment later."""
        url = f"ws://127.0.0.1:{self.port}{EXPLORER}/ws"
        async with connect(url, local_addr=(self.address, 0), **options) as socket:
            for message in messages:
                await socket.send(message)
            with suppress(TimeoutError):
                await asyncio.wait_for(socket.recv(), 1)


def visitor(port: int, address: str) -> httpx.AsyncClient:
    transport = httpx.AsyncHTTPTransport(local_address=address, limits=httpx.Limits(max_connections=128))
    headers = {"Accept-Encoding": "gzip"}
    return httpx.AsyncClient(
        transport=transport, base_url=f"http://127.0.0.1:{port}", timeout=PATIENCE, headers=headers
    )


# --- the attacks: whoever has another adds a function and its line in ATTACKS ---------------------


async def nothing(siege: Siege) -> None:
    await asyncio.sleep(siege.end - time.perf_counter())


async def figures(siege: Siege) -> None:
    def one() -> Awaitable[bytes]:
        return siege.ask("GET", f"{EXPLORER}/figure", params={"model": MODEL, "plane": siege.new_plane()})

    await siege.again(40, one)


async def pages(siege: Siege) -> None:
    await siege.again(8, lambda: siege.ask("GET", "/"))


async def configs(siege: Siege) -> None:
    await siege.again(8, lambda: siege.ask("GET", "/config"))


async def new_pages(siege: Siege) -> None:
    """As if each came to another name of this site."""

    def one() -> Awaitable[bytes]:
        return siege.ask("GET", "/", headers={"Host": f"{siege.random.random():.9f}.example"})

    await siege.again(8, one)


async def large_questions(siege: Siege) -> None:
    content = json.dumps({"model": MODEL, "z": [0.123456] * 95_000})
    await siege.again(4, lambda: siege.ask("POST", f"{EXPLORER}/tool/about", content=content))


async def encodings(siege: Siege) -> None:
    images = [[[round(siege.random.random(), 3) for _ in range(SIDE)] for _ in range(SIDE)] for _ in range(256)]
    content = json.dumps({"data": [MODEL, images]}).encode()
    await siege.again(2, lambda: siege.call("map_encode", content))


async def neighbours(siege: Siege) -> None:
    latents = [[siege.random.gauss(0, 1) for _ in range(DIMENSIONS)] for _ in range(2_000)]
    content = json.dumps({"data": [MODEL, latents, 50]}).encode()
    await siege.again(2, lambda: siege.call("neighbours", content))


async def lattices(siege: Siege) -> None:
    asked = {"model": MODEL, "x0": -3, "x1": 3, "y0": -3, "y1": 3, "n": 64}
    await siege.again(70, lambda: siege.ask("POST", f"{EXPLORER}/tool/lattice", json=asked))


async def bad_places(siege: Siege) -> None:
    place = json.dumps({"id": 1, "model": MODEL, "x": 1e6, "y": 1e6, "plane": "p1-p2-p3"})
    await siege.again(4, lambda: siege.shout(place))


async def first_places(siege: Siege) -> None:
    """Places in planes that nobody has asked for."""

    async def one() -> None:
        place = {"id": 1, "model": MODEL, "x": 0, "y": 0}
        await siege.shout(*(json.dumps({**place, "plane": siege.new_plane()}) for _ in range(20)))

    await siege.again(4, one)


async def message_bombs(siege: Siege) -> None:
    """15 MB of blanks, which travel as 15 kB."""
    bomb = " " * 15_000_000
    assert len(zlib.compress(bomb.encode())) < 20_000
    await siege.again(4, lambda: siege.shout(bomb, compression="deflate"))


class Attack(NamedTuple):
    name: str
    run: Callable[[Siege], Coroutine[Any, Any, None]]


ATTACKS = (
    Attack("nothing", nothing),
    Attack("40 × `figure` of new planes", figures),
    Attack("8 × `/`", pages),
    Attack("8 × `/config`", configs),
    Attack("8 × `/` under new names", new_pages),
    Attack("4 × 1 MB to `tool/about`", large_questions),
    Attack("`map_encode` of 256 images", encodings),
    Attack("`neighbours` of 2,000 latents", neighbours),
    Attack("70 lattices of 64×64", lattices),
    Attack("bad places by 4", bad_places),
    Attack("places in new planes by 4", first_places),
    Attack("message bombs by 4", message_bombs),
)


# --- who suffers ----------------------------------------------------------------------------------


async def drag(port: int, seconds: float) -> asyncio.subprocess.Process:
    """The victim: a process of its own, as in benchmarks/live.py."""
    script = ROOT / "benchmarks" / "live_clients.py"
    url = f"ws://127.0.0.1:{port}{EXPLORER}/ws"
    options = {"url": url, "model": MODEL, "seconds": seconds, "reach": 2}
    arguments = [f"--{key}={value}" for key, value in options.items()]
    return await asyncio.create_subprocess_exec(sys.executable, script, *arguments, stdout=subprocess.PIPE)


async def ask_about(client: httpx.AsyncClient) -> tuple[float, int]:
    """-> seconds until there is an answer, and how often it was refused before."""
    asked = {"model": MODEL, "z": [random.gauss(0, 1) for _ in range(DIMENSIONS)]}
    begin, refused = time.perf_counter(), 0
    while (await client.post(f"{EXPLORER}/tool/about", json=asked)).status_code == 503:
        refused += 1
        await asyncio.sleep(0.1)
    return time.perf_counter() - begin, refused


async def stand_by(port: int, siege: Siege, address: str) -> tuple[float, int]:
    """The bystander. -> the longest wait in seconds, and how many questions were refused."""
    waits = []
    async with visitor(port, address) as client:
        while siege.on:
            waits.append(await ask_about(client))
            await asyncio.sleep(0.2)
    return max(wait for wait, _ in waits), sum(refused for _, refused in waits)


async def until_calm(port: int) -> None:
    async with visitor(port, "127.0.0.1") as client:
        while (await ask_about(client))[0] > CALM:
            await asyncio.sleep(0.1)


async def suffer(server: subprocess.Popen[bytes], port: int, attack: Attack, options: argparse.Namespace) -> list[str]:
    attackers, bystander = ("127.0.0.1",) * 2 if options.one_address else ("127.0.0.2", "127.0.0.3")
    await until_calm(port)
    before = memory(server)
    victim = await drag(port, options.seconds)
    await asyncio.sleep(0.5)  # its Python starts
    siege = Siege(port, options.seconds, attackers)
    try:
        standing_by = asyncio.create_task(stand_by(port, siege, bystander))
        attacking = asyncio.create_task(attack.run(siege))
        said, _ = await victim.communicate()
        longest, refused = await standing_by
        attacking.cancel()  # what waits longer than its attack
        with suppress(asyncio.CancelledError):
            await attacking
    finally:
        await siege.client.aclose()
    seen = json.loads(said)
    return [
        attack.name,
        f"{seen['slowest_user']:.0f}",
        f"{seen['worst_gap_ms']:.0f}",
        f"{longest:.2f} s" + (f", {refused} refused" if refused else ""),
        f"{before} → {memory(server)}",
        ", ".join(f"{count} × {status}" for status, count in siege.answers.most_common()) or "–",
    ]


async def suffer_all(server: subprocess.Popen[bytes], port: int, options: argparse.Namespace) -> list[list[str]]:
    chosen = [attack for attack in ATTACKS if options.only in attack.name]
    rows = []
    for attack in chosen:
        rows.append(await suffer(server, port, attack, options))
        print(*rows[-1], sep=" | ", file=sys.stderr, flush=True)
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=5.0, help="of each attack")
    parser.add_argument("--only", default="", help="attacks whose name contains this")
    parser.add_argument("--one-address", action="store_true", help="all from 127.0.0.1")
    options = parser.parse_args()
    server, port, _ = start_server()
    try:
        rows = asyncio.run(suffer_all(server, port, options))
    finally:
        server.terminate()
        server.wait()
    headers = ["attack", "victim's Hz", "worst gap (ms)", "bystander's longest wait", "memory", "attackers' answers"]
    table(f"Sieges of {options.seconds:.0f} s", headers, rows)


if __name__ == "__main__":
    main()
