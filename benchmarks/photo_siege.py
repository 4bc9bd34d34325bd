"""How long the next visitor's small photo waits while somebody keeps the photo line busy. Only this machine is asked.

    python benchmarks/photo_siege.py [never-listening scans left-behind edits]

Each siege has a server of its own. What is printed are seconds from the next visitor's question to the answer.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import re
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import numpy as np
from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
PATIENCE = 400  # seconds after which a siege is given up
NEVER_LISTENING = 40
SCANS = 800


@contextmanager
def served() -> Iterator[httpx.Client]:
    """The page in a process of its own, and a client of its API."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    quiet = {"GRADIO_SERVER_PORT": str(port), "GRADIO_ANALYTICS_ENABLED": "False", "HF_HUB_OFFLINE": "1"}
    process = subprocess.Popen([sys.executable, "app.py"], cwd=ROOT, env={**os.environ, **quiet})
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}/gradio_api", timeout=PATIENCE) as client:
            wait_until_there(client)
            yield client
    finally:
        process.kill()
        process.wait()


def wait_until_there(client: httpx.Client) -> None:
    until = time.monotonic() + 120
    while time.monotonic() < until:
        with suppress(httpx.TransportError):
            if client.get("/info").status_code == 200:
                ask(client, upload(client, picture(64)))  # the model is opened by the first photo
                return
        time.sleep(0.2)
    raise SystemExit("The page did not open.")


def picture(side: int) -> bytes:
    coarse = np.random.default_rng(0).integers(0, 256, (max(side // 16, 2), max(side // 16, 2), 3), np.uint8)
    packed = io.BytesIO()
    Image.fromarray(coarse).resize((side, side)).save(packed, "JPEG")
    return packed.getvalue()


def many_scans(count: int, side: int = 7000) -> bytes:
    """A progressive JPEG whose last scan is there again and again."""
    packed = io.BytesIO()
    Image.new("RGB", (side, side), "teal").save(packed, "JPEG", progressive=True)
    whole = packed.getvalue()
    start = [found.start() for found in re.finditer(b"\xff\xc4", whole) if found.start() < whole.rfind(b"\xff\xda")][-1]
    return whole[:start] + whole[start:-2] * count + b"\xff\xd9"


def upload(client: httpx.Client, photo: bytes) -> str:
    return client.post("/upload", files={"files": ("photo.jpg", photo, "image/jpeg")}).json()[0]


def join(client: httpx.Client, path: str, side: int = 512) -> httpx.Response:
    """Ask for the latents of a photo; nobody listens to the answer yet."""
    file = {"path": path, "meta": {"_type": "gradio.FileData"}}
    return client.post("/call/encode", json={"data": [file, "built-in", side, None]})


def ask(client: httpx.Client, path: str, side: int = 512) -> str:
    """The answer to one photo: the event's name and its data."""
    joined = join(client, path, side)
    if joined.status_code != 200:
        return f"{joined.status_code} {joined.text}"
    told = client.get(f"/call/encode/{joined.json()['event_id']}").text
    return told[told.rfind("event:") :].strip()[:300]


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    start = time.perf_counter()
    result = work()
    return time.perf_counter() - start, result


def never_listening(client: httpx.Client) -> None:
    """Jobs of sessions that never listen."""
    small, large = upload(client, picture(64)), upload(client, picture(1024))
    for _ in range(NEVER_LISTENING):
        join(client, large, 1024)
    report(client, f"{NEVER_LISTENING} jobs that nobody listens to", small)


def scans(client: httpx.Client) -> None:
    """A small file that takes long to read."""
    small, slow = upload(client, picture(64)), upload(client, many_scans(SCANS))
    print(f"  the file has {len(many_scans(SCANS)) / 1e6:.2f} MB")
    with client.stream("GET", f"/call/encode/{join(client, slow, 64).json()['event_id']}"):
        time.sleep(0.5)
        report(client, f"a JPEG with {SCANS} scans", small)


def left_behind(client: httpx.Client) -> None:
    """A large photo whose visitor leaves when it has begun."""
    small, large = upload(client, picture(64)), upload(client, picture(8000))
    with client.stream("GET", f"/call/encode/{join(client, large, 0).json()['event_id']}"):
        time.sleep(3)
    report(client, "8000 × 8000 pixels left behind after 3 s", small)


def edits(client: httpx.Client) -> None:
    """No siege: how long one visitor's photo of 256 pixels takes, again and again."""
    photo = upload(client, picture(256))
    spent = [timed(lambda: ask(client, photo, 256))[0] for _ in range(40)][5:]
    print(f"  alone, 256 pixels: median {1e3 * statistics.median(spent):.0f} ms, most {1e3 * max(spent):.0f} ms")


def report(client: httpx.Client, siege: str, small: str) -> None:
    seconds, answer = timed(lambda: ask(client, small, 64))
    kind = "answered" if answer.startswith("event: complete") else json.dumps(answer)
    print(f"  {siege}: the next photo of 64 pixels waits {seconds:.1f} s, {kind}", flush=True)


SIEGES = {"never-listening": never_listening, "scans": scans, "left-behind": left_behind, "edits": edits}


def main() -> None:
    parser = argparse.ArgumentParser("python benchmarks/photo_siege.py")
    parser.add_argument("sieges", nargs="*", choices=[[], *SIEGES], help="all of them without any")
    for name in parser.parse_args().sieges or SIEGES:
        print(name)
        with served() as client:
            SIEGES[name](client)


if __name__ == "__main__":
    main()
