"""The server as a process that is told to end, by all ways in which hosts do that."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from serving import SOON, wait_for
from websockets.sync.client import connect

ROOT = Path(__file__).resolve().parents[3]
SERVE = """
import sys
from explorer.maps import latent_space
from explorer.visitors.models import OwnModels
from explorer.ui import app
from explorer.ui.server.ending import leave

shipped = next(iter(latent_space.available()))
latent_space.available = lambda: [shipped]
made = OwnModels.__init__

def make(own, worker):
    made(own, worker)
    (own._folder() / "model").write_bytes(b"of a visitor")

OwnModels.__init__ = make
EXTRA
app.launch(quiet=True)
print("left", flush=True)
leave()
"""
EARLY = "import os, signal; OwnModels.remove_left_overs = lambda _: os.kill(os.getpid(), signal.SIGTERM)"
BUSY = "import threading, time; threading.Thread(target=time.sleep, args=(600,)).start()"


@pytest.fixture
def start(tmp_path: Path) -> Callable[[str], tuple[subprocess.Popen[bytes], str]]:
    """A function that starts the server, with more code before, and tells its address."""

    def started(extra: str = "") -> tuple[subprocess.Popen[bytes], str]:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        told = {"TMPDIR": str(tmp_path), "GRADIO_SERVER_PORT": str(port), "GRADIO_ANALYTICS_ENABLED": "False"}
        environment = {name: value for name, value in os.environ.items() if name != "GRADIO_TEMP_DIR"} | told
        command = [sys.executable, "-c", SERVE.replace("EXTRA", extra)]
        with (tmp_path / "log").open("wb") as log:
            process = subprocess.Popen(
                command,
                cwd=ROOT,
                env=environment,
                stdout=log,
                stderr=log,
                preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # which a shell's & ignores
            )
        return process, f"127.0.0.1:{port}"

    return started


def is_up(host: str) -> bool:
    try:
        return httpx.get(f"http://{host}/gradio_api/explorer/healthz", timeout=SOON).is_success
    except httpx.TransportError:
        return False


def assert_clean(folder: Path, process: subprocess.Popen[bytes]) -> None:
    log = (folder / "log").read_text()
    assert process.wait(SOON) == 0, log
    assert "left" in log
    assert [name for name in os.listdir(folder) if name.startswith("explorer-")] == []  # noqa: PTH208 - names
    assert "Traceback" not in log


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such signals")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_server_that_is_told_to_end_leaves_nothing_though_visitors_hold_on(
    start: Callable[..., tuple[subprocess.Popen[bytes], str]], tmp_path: Path, number: int
) -> None:
    process, host = start(BUSY if number == signal.SIGTERM else "")
    try:
        wait_for(lambda: is_up(host))
        time.sleep(1)  # until Gradio has started its queue too
        with (
            connect(f"ws://{host}/gradio_api/explorer/ws"),
            socket.create_connection(host.split(":")) as silent,  # type: ignore[arg-type]
            httpx.stream("GET", f"http://{host}/gradio_api/heartbeat/abc", timeout=SOON) as heartbeat,
        ):
            silent.sendall(b"GET / HTTP/1.1\r\n")
            next(heartbeat.iter_bytes())
            httpx.post(f"http://{host}/gradio_api/upload", files={"files": b"x" * 1000}, timeout=SOON)
            began = time.monotonic()
            process.send_signal(number)
            process.send_signal(number) if number == signal.SIGTERM else None
            process.wait(SOON)
        assert time.monotonic() - began < 9  # docker kills after ten seconds
        assert_clean(tmp_path, process)
    finally:
        process.kill()
        process.wait()


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such signals")
def test_a_server_that_is_told_to_end_while_it_starts_leaves_nothing_either(
    start: Callable[..., tuple[subprocess.Popen[bytes], str]], tmp_path: Path
) -> None:
    process, _ = start(EARLY)
    watch = threading.Timer(3 * SOON, process.kill)
    watch.start()
    process.wait()
    watch.cancel()
    assert_clean(tmp_path, process)
