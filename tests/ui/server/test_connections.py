"""What a visitor's connection may send and how long it may wait, against a real server by bytes written here."""

from __future__ import annotations

import base64
import gc
import json
import os
import socket
import struct
import time
import zlib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
import uvicorn
from fastapi import FastAPI, WebSocket
from serving import SOON, Site, WatchedWorker, answer, ask
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from explorer.live import routes as live
from explorer.ui.server import connections
from explorer.ui.server.connections import Guarded

TEXT, BYTES, PING, CLOSE, CONTINUED = 1, 2, 9, 8, 0
LAST, PACKED = 0x80, 0x40
HEAD = b"GET /gradio_api/explorer/healthz HTTP/1.1\r\nHost: here\r\n"


@pytest.fixture(scope="module")
def site(digits_checkpoint: Path) -> Iterator[Site]:
    worker = WatchedWorker(str(digits_checkpoint))
    site = Site(worker)
    worker.wait_until_warm()
    yield site
    site.close()


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "HANDSHAKE_SECONDS", 0.3)


def connected(site: Site) -> socket.socket:
    return socket.create_connection(site.socket.getsockname(), timeout=SOON)


def upgraded(site: Site, extensions: str = "") -> tuple[socket.socket, bytes]:
    """A connection after its handshake, and what the server said to it."""
    visitor = connected(site)
    key = base64.b64encode(os.urandom(16)).decode()
    lines = [
        f"GET {live.PATH}/ws HTTP/1.1",
        "Host: here",
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        f"Sec-WebSocket-Key: {key}",
        *([f"Sec-WebSocket-Extensions: {extensions}"] if extensions else []),
    ]
    visitor.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
    reply = visitor.recv(4096)
    assert reply.startswith(b"HTTP/1.1 101")
    return visitor, reply


def frame(kind: int, payload: bytes, size: int | None = None) -> bytes:
    """A client's frame; size: what its head says, where that is not true."""
    length = len(payload) if size is None else size
    if length < 126:
        head = bytes([kind, 0x80 | length])
    else:
        short = length < 65536
        head = bytes([kind, 0x80 | (126 if short else 127)]) + struct.pack("!H" if short else "!Q", length)
    return head + bytes(4) + payload  # the mask is zero


def rest(visitor: socket.socket) -> bytes:
    """All that comes until the server closes the connection."""
    found = bytearray()
    try:
        while part := visitor.recv(65536):
            found += part
    except ConnectionResetError:
        pass
    visitor.close()
    return bytes(found)


def cut_off(visitor: socket.socket, part: bytes, times: int, pause: float = 0.0) -> bool:
    """Whether the server ends a connection before all of that is sent over it."""
    with visitor:
        try:
            for _ in range(times):
                visitor.sendall(part)
                time.sleep(pause)
        except (ConnectionResetError, BrokenPipeError):
            return True
    return False


def closing_code(visitor: socket.socket) -> int:
    found = visitor.recv(4)
    assert found[0] == LAST | CLOSE
    with suppress(OSError):  # the server has hung up already, unless it waits for this
        visitor.sendall(frame(LAST | CLOSE, found[2:4]))
    rest(visitor)
    return struct.unpack("!H", found[2:4])[0]


def assert_served(site: Site) -> None:
    with site.visit() as bystander:
        ask(bystander, 7, site.worker.names[0])
        assert answer(bystander)[0] == 7


def test_no_message_may_be_packed(site: Site) -> None:
    visitor, reply = upgraded(site, "permessage-deflate; client_max_window_bits=12; server_max_window_bits=12")
    assert b"extensions" not in reply.lower()
    packer = zlib.compressobj(9, zlib.DEFLATED, -12)
    bomb = (packer.compress(b"x" * 4_000_000) + packer.flush(zlib.Z_SYNC_FLUSH))[:-4]
    visitor.sendall(frame(LAST | PACKED | TEXT, bomb) * 10)
    assert closing_code(visitor) == 1002


@pytest.mark.parametrize("kind", [TEXT, BYTES])
@pytest.mark.parametrize("size", [connections.MAX_MESSAGE_BYTES + 1, 16_000_000, 2**62])
def test_a_long_message_ends_when_its_size_is_told_and_before_it_is_sent(site: Site, kind: int, size: int) -> None:
    visitor, _ = upgraded(site)
    visitor.sendall(frame(LAST | kind, b"", size))
    assert closing_code(visitor) == 1009
    assert_served(site)


def test_a_long_message_in_fragments_ends_at_the_one_that_is_too_much(site: Site) -> None:
    visitor, _ = upgraded(site)
    part = b"x" * 1000
    visitor.sendall(frame(TEXT, part) + frame(CONTINUED, part) * 8)
    assert closing_code(visitor) == 1009


def test_a_message_in_some_fragments_is_answered(site: Site) -> None:
    visitor, _ = upgraded(site)
    message = json.dumps({"id": 3, "model": site.worker.names[0], "x": 0, "y": 0}).encode()
    parts = [message[index : index + 10] for index in range(0, len(message), 10)]
    kinds = [TEXT, *[CONTINUED] * (len(parts) - 2), LAST | CONTINUED]
    for kind, part in zip(kinds, parts, strict=True):
        visitor.sendall(frame(kind, part))
    found = visitor.recv(4096)
    assert found[0] == LAST | BYTES
    visitor.close()


def test_a_message_of_empty_fragments_without_end_is_cut_off(site: Site) -> None:
    visitor, _ = upgraded(site)
    visitor.sendall(frame(TEXT, b"") + frame(CONTINUED, b"") * 2 * connections.MAX_FRAGMENTS)
    assert rest(visitor) == b""
    assert_served(site)


def test_thousands_of_pings_are_answered_to_whom_reads_the_answers(site: Site) -> None:
    visitor, _ = upgraded(site)
    for _ in range(50):
        visitor.sendall(frame(LAST | PING, b"x" * 100) * 100)
        wanted = 100 * 102
        while wanted:
            wanted -= len(visitor.recv(wanted))
    visitor.close()
    assert_served(site)


def test_a_visitor_who_pings_and_never_reads_is_cut_off(site: Site) -> None:
    visitor, _ = upgraded(site)
    many = frame(LAST | PING, b"x" * 125) * 500
    assert cut_off(visitor, many, 1000)  # 65 MB, of which the buffers of both ends take some
    assert_served(site)


def test_nothing_of_what_was_refused_is_kept_until_somebody_collects_it(site: Site) -> None:
    """Without the collector: an exception kept with its traceback is a cycle that holds the message."""
    gc.collect()
    gc.disable()
    try:
        for sent in ("nonsense", json.dumps({"id": 1, "model": "unknown", "x": 0, "y": 0}), "[" * 1024):
            visitor, _ = upgraded(site)
            visitor.sendall(frame(LAST | TEXT, sent.encode()))
            assert closing_code(visitor) in (1007, 1008)
        site.wait_until_empty()
        assert [found for found in gc.get_objects() if type(found) is live.Refused] == []
    finally:
        gc.enable()


# --- connections that ask nothing -----------------------------------------------------------------


@pytest.mark.usefixtures("hurried")
@pytest.mark.parametrize(
    "sent", [b"", b"G", HEAD, HEAD + b"X: " + b"x" * 1000], ids=["nothing", "a letter", "half", "more"]
)
def test_a_connection_without_a_whole_request_is_closed(site: Site, sent: bytes) -> None:
    visitor = connected(site)
    visitor.sendall(sent)
    assert rest(visitor) == b""


@pytest.mark.usefixtures("hurried")
def test_a_connection_that_trickles_is_closed_as_well(site: Site) -> None:
    visitor = connected(site)
    assert cut_off(visitor, b"G", 100 * SOON, pause=0.01)


@pytest.mark.usefixtures("hurried")
def test_half_a_second_request_is_not_waited_for_either(site: Site) -> None:
    visitor = connected(site)
    visitor.sendall(HEAD + b"\r\n")
    first = visitor.recv(4096)
    assert first.startswith(b"HTTP/1.1 200")
    visitor.sendall(HEAD)
    assert b"HTTP/1.1" not in rest(visitor)


@pytest.mark.usefixtures("hurried")
def test_who_has_asked_may_wait_for_longer_than_that(site: Site) -> None:
    """For an answer that takes its time, and over a socket."""
    watched = site.worker.space(site.worker.names[0])
    asking, open_socket = connected(site), upgraded(site)[0]
    watched.hold()
    name = site.worker.names[0]
    asking.sendall(f"GET {live.PATH}/frame?model={name}&x=0&y=0 HTTP/1.1\r\nHost: here\r\n\r\n".encode())
    assert watched.entered.wait(SOON)
    time.sleep(3 * connections.HANDSHAKE_SECONDS)
    site.worker.forget()
    assert asking.recv(4096).startswith(b"HTTP/1.1 200")
    open_socket.sendall(frame(LAST | PING, b"still here"))
    assert b"still here" in open_socket.recv(4096)
    asking.close()
    open_socket.close()


# --- a server that another starts -----------------------------------------------------------------


def test_a_server_is_guarded_at_the_first_request_and_no_socket_opened_before() -> None:
    known: list[uvicorn.Config] = []

    app = FastAPI()

    @app.websocket("/")
    async def ws(socket: WebSocket) -> None:
        await socket.accept()

    config = uvicorn.Config(app)
    visitor = TestClient(Guarded(app, lambda: known[0] if known else None))
    with pytest.raises(WebSocketDisconnect), visitor.websocket_connect("/"):
        pass
    assert visitor.get("/").status_code == 404
    known.append(config)
    with pytest.raises(WebSocketDisconnect), visitor.websocket_connect("/"):
        pass
    assert (config.ws_max_size, config.ws_per_message_deflate) == (connections.MAX_MESSAGE_BYTES, False)
    with visitor.websocket_connect("/"):
        pass
