"""How fast a place becomes a picture: `python benchmarks/live.py` prints the tables that the README quotes.

Start-up, page weight, a drag with real pointer events in headless Chromium (here and with 40 ms of network), WebSocket
visitors, and whether the picture shows the last of many places. Take the figures on an idle machine.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from statistics import median

import numpy as np
import torch
from playwright.async_api import async_playwright

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from live_page import EVERYTHING, MOVES, NEIGHBOURS, NOTHING, drag, open_page, shows_the_last, start_browser
from slow_network import slow_network

import explorer

ROOT = Path(__file__).resolve().parent.parent
NETWORK_MS = 20  # each way


def table(title: str, headers: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    lines = [headers, ["---"] * len(headers), *rows]
    print(f"\n**{title}**\n", *(f"| {' | '.join(line)} |" for line in lines), sep="\n", flush=True)


# --- the server ---------------------------------------------------------------------------------


def start_server() -> tuple[subprocess.Popen[bytes], int, float]:
    """`python app.py` on a free port. -> process, port, seconds until healthz answered."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {**os.environ, "GRADIO_SERVER_PORT": str(port), "GRADIO_ANALYTICS_ENABLED": "False"}
    begin = time.perf_counter()
    server = subprocess.Popen([sys.executable, "app.py"], cwd=ROOT, env=environment, stdout=subprocess.DEVNULL)
    while not is_healthy(port):
        if server.poll() is not None:
            raise SystemExit("app.py ended before it served.")
        time.sleep(0.05)
    return server, port, time.perf_counter() - begin


def is_healthy(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/gradio_api/explorer/healthz", timeout=5):
            return True
    except OSError:
        return False


def memory(server: subprocess.Popen[bytes]) -> str:
    try:
        status = Path(f"/proc/{server.pid}/status").read_text(encoding="ascii")
    except OSError:
        return "–"  # no /proc on this system
    kilobytes = next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS"))
    return f"{int(kilobytes) / 1024:.0f} MB"


async def browse(
    server: subprocess.Popen[bytes], port: int, healthy: float, space: explorer.LatentSpace, seconds: float
) -> None:
    async with async_playwright() as playwright:
        browser = await start_browser(playwright.chromium)
        page, tools, usable, sizes = await open_page(browser, port, space.name)
        table(
            "Start",
            [
                "start to healthz",
                "page to interactive",
                "page",
                "of it plotly.js",
                "of it the points",
                "server's memory",
            ],
            [
                [
                    f"{healthy:.1f} s",
                    f"{usable:.1f} s",
                    *(f"{size / 1e6:.2f} MB" for size in (sum(sizes.values()), sizes.get("plotly-gl2d.min.js", 0))),
                    f"{sizes.get('figure', 0) / 1e3:.0f} kB",
                    memory(server),
                ]
            ],
        )
        switched = (NOTHING, NEIGHBOURS, EVERYTHING)
        rows = [await drag(page, tools, "this machine", what, seconds) for what in switched]
        last = await shows_the_last(page, tools, space)
        with slow_network(port, NETWORK_MS / 1000) as slow_port:
            await page.context.close()
            page, tools, *_ = await open_page(browser, slow_port, space.name)
            network = f"+{2 * NETWORK_MS} ms"
            rows += [await drag(page, tools, network, what, seconds) for what in (NOTHING, EVERYTHING)]
            await page.context.close()
        headers = [
            "network",
            "switched on",
            "painted p50 (ms)",
            "p95 (ms)",
            "frames per second",
            "pointer events per second",
        ]
        table(f"A drag of {seconds:.0f} s", headers, rows)
        table("Latest wins", ["rapid moves", "the picture shows the last place"], [[f"{MOVES:,}", last]])
        await browser.close()


# --- many visitors ------------------------------------------------------------------------------


def bare_forward(space: explorer.LatentSpace) -> float:
    """Median milliseconds of the decoder network alone, batch 1."""
    z = torch.tensor(space.latents[:1], device=space.device)
    times = []
    with torch.inference_mode():
        for _ in range(300):
            begin = time.perf_counter()
            space.model.decode(z)
            if space.device.startswith("cuda"):
                torch.cuda.synchronize()
            times.append(1000 * (time.perf_counter() - begin))
    return median(times[50:])


def visitors(port: int, space: explorer.LatentSpace, users: int, seconds: float) -> dict[str, float]:
    script = ROOT / "benchmarks" / "live_clients.py"
    reach = float(np.abs(space.plane).max(0).min()) / 2
    url = f"ws://127.0.0.1:{port}/gradio_api/explorer/ws"
    options = {"url": url, "model": space.name, "users": users, "seconds": seconds, "reach": reach}
    arguments = [f"--{key}={value}" for key, value in options.items()]
    done = subprocess.run([sys.executable, script, *arguments], check=True, capture_output=True)
    result: dict[str, float] = json.loads(done.stdout)
    return result


def main() -> None:
    names = explorer.available()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default=names[0], choices=names)
    parser.add_argument("--seconds", type=float, default=5.0, help="of each drag and each row of visitors")
    parser.add_argument("--skip-browser", action="store_true")
    options = parser.parse_args()
    space = explorer.load(options.model)
    print(f"{space.name}, {os.cpu_count()} CPU cores, {torch.get_num_threads()} threads, {space.device}")
    server, port, healthy = start_server()
    try:
        if not options.skip_browser:
            asyncio.run(browse(server, port, healthy, space, options.seconds))
        forward = bare_forward(space)
        rows = []
        for users in (1, 8, 32):
            seen = visitors(port, space, users, options.seconds)
            rates = [f"{seen[key]:.0f}" for key in ("decodes_per_second", "mean_user", "slowest_user")]
            rows.append(
                [str(users), *rates, *(f"{seen[key]:.2f}" for key in ("besides_ms", "decode_ms")), f"{forward:.2f}"]
            )
    finally:
        server.terminate()
        server.wait()
    headers = ["users at 60 Hz", "decodes per second", "per user", "slowest user"]
    headers += ["server besides decoding (ms)", "decoding, its batch (ms)", "bare forward, batch 1 (ms)"]
    table("WebSocket visitors", headers, rows)


if __name__ == "__main__":
    main()
