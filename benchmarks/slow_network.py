"""A TCP proxy on this machine that hands everything on a little later, as a network would."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager


async def _read(reader: asyncio.StreamReader, waiting: asyncio.Queue[tuple[float, bytes]], delay: float) -> None:
    data = b"?"
    while data:
        try:
            data = await reader.read(65536)
        except ConnectionError:
            data = b""
        waiting.put_nowait((asyncio.get_running_loop().time() + delay, data))


async def _write(writer: asyncio.StreamWriter, waiting: asyncio.Queue[tuple[float, bytes]]) -> None:
    while True:
        due, data = await waiting.get()
        await asyncio.sleep(due - asyncio.get_running_loop().time())
        if not data:
            return writer.close()
        writer.write(data)


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, delay: float) -> None:
    """Reading goes on while what was read waits, so that the delay costs time but no throughput."""
    waiting: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()
    await asyncio.gather(_read(reader, waiting, delay), _write(writer, waiting))


async def _serve(port: int, delay: float) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        onward_reader, onward_writer = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.gather(_copy(reader, onward_writer, delay), _copy(onward_reader, writer, delay))

    proxy = await asyncio.start_server(serve, "127.0.0.1", 0)
    print(proxy.sockets[0].getsockname()[1], flush=True)
    await proxy.serve_forever()


@contextmanager
def slow_network(port: int, delay: float) -> Iterator[int]:
    """A port of this machine that leads to `port`, `delay` seconds later in each direction.

    A process of its own: whoever measures is busy moving the pointer, which would add jitter that no network has.
    """
    command = [sys.executable, __file__, str(port), str(delay)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as proxy:
        assert proxy.stdout is not None
        yield int(proxy.stdout.readline())
        proxy.terminate()


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1]), float(sys.argv[2])))
