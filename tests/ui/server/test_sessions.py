"""What is kept of visitors: of their sessions by Gradio, and of what API clients send under names of their own."""

from __future__ import annotations

import asyncio
import gc
import json
import socket
import uuid
from collections import Counter
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import gradio as gr
import httpx
import pytest
from serving import SOON, wait_for
from starlette.testclient import TestClient

from explorer.maps import latent_space
from explorer.ui import app
from explorer.ui.server.sessions import Sessions, Visits, forget_unread
from explorer.ui.server.settings import read_settings

MAP = next(iter(latent_space.available()))
ROW = 73  # numbers in each list of a body, as in nothing else here


@pytest.fixture
def forgotten() -> list[Any]:
    return []


@pytest.fixture
def blocks(forgotten: list[Any]) -> gr.Blocks:
    with gr.Blocks() as demo:
        gr.State(None, delete_callback=forgotten.append)
        gr.Textbox("shown")
    return demo


def visited(sessions: Sessions, name: str, blocks: gr.Blocks) -> None:
    """Somebody's call, in which a State was set."""
    state = next(key for key, block in blocks.blocks.items() if isinstance(block, gr.State))
    sessions[name][state] = name


def test_the_oldest_sessions_are_forgotten_with_what_belongs_to_them(blocks: gr.Blocks, forgotten: list[Any]) -> None:
    sessions = Sessions(Counter(), capacity=3)
    sessions.set_blocks(blocks)
    for name in "abcde":
        visited(sessions, name, blocks)
    assert list(sessions.session_data) == ["c", "d", "e"]
    assert forgotten == ["a", "b"]
    assert "c" in sessions
    assert "a" not in sessions


def test_sessions_with_an_open_page_stay_while_others_come(blocks: gr.Blocks, forgotten: list[Any]) -> None:
    pages = Counter({"a": 1, "b": 2})
    sessions = Sessions(pages, capacity=4)
    sessions.set_blocks(blocks)
    for name in ("a", "b", *map(str, range(50))):
        visited(sessions, name, blocks)
    assert {"a", "b", "48", "49"} == set(sessions.session_data)
    assert len(forgotten) == 48


def test_where_all_have_a_page_the_oldest_still_goes(blocks: gr.Blocks) -> None:
    sessions = Sessions(Counter("abcdef"), capacity=2)
    sessions.set_blocks(blocks)
    for name in "abcdef":
        visited(sessions, name, blocks)
    assert list(sessions.session_data) == ["e", "f"]


def test_a_session_keeps_its_state_but_not_what_was_sent(blocks: gr.Blocks) -> None:
    sessions = Sessions(Counter(), capacity=3)
    sessions.set_blocks(blocks)
    visited(sessions, "a", blocks)
    box = next(key for key, block in blocks.blocks.items() if isinstance(block, gr.Textbox))
    sessions["a"]._update_value_in_config(box, "x" * 1000)
    assert list(sessions["a"].components) == []
    assert list(sessions["a"].state_data.values()) == ["a"]


def test_it_is_known_which_pages_are_open_and_who_reads() -> None:
    pages, readers, seen = Counter[str](), Counter[str](), []

    async def inner(scope: Any, receive: Any, send: Any) -> None:  # noqa: ARG001
        seen.append((dict(pages), dict(readers)))
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    visitor = TestClient(Visits(inner, pages, readers))
    for path in ("heartbeat/abc", "queue/data?session_hash=def", "call/f/ghi", "call/v2/f/jkl", "queue/join"):
        visitor.get(f"/gradio_api/{path}")
    visitor.post("/gradio_api/call/f")
    assert seen == [({"abc": 1}, {}), ({}, {"def": 1}), ({}, {"ghi": 1}), ({}, {"jkl": 1}), ({}, {}), ({}, {})]
    assert (pages, readers) == (Counter(), Counter())


def test_answers_that_nobody_reads_are_dropped_and_others_are_not() -> None:
    running = SimpleNamespace(session_hash="runs")
    queue = SimpleNamespace(
        event_ids_to_events={"1": running},
        pending_messages_per_session=dict.fromkeys(["left", "runs", "read", "by event"], "answers"),
        pending_event_ids_session={"left": {"2"}, "runs": {"1"}, "read": set(), "by event": {"3"}, "done": set()},
    )

    async def rounds() -> None:
        task = asyncio.create_task(forget_unread(SimpleNamespace(_queue=queue), Counter(["read", "3"]), pause=0.01))
        await asyncio.sleep(0.5)
        task.cancel()

    asyncio.run(rounds())
    assert set(queue.pending_messages_per_session) == {"runs", "read", "by event"}
    assert set(queue.pending_event_ids_session) == {"runs", "read", "by event"}


@pytest.mark.parametrize("text", ["0", "-1", "many", "1.5", "²", "9" * 12])
def test_a_number_of_sessions_that_is_none_is_said_at_the_start(text: str) -> None:
    with pytest.raises(ValueError, match="EXPLORER_SESSIONS must be a whole number of at least 1"):
        read_settings({"EXPLORER_SESSIONS": text})


def test_settings_are_read_as_they_are_written() -> None:
    assert read_settings({}).sessions == 200
    given = read_settings({"EXPLORER_SESSIONS": " 7 ", "EXPLORER_BODY_MB": "", "EXPLORER_HOSTS": "a.example, b"})
    assert (given.sessions, given.body_mb, given.hosts) == (7, 2, ("a.example", "b"))


# --- the page as it is served ---------------------------------------------------------------------


@pytest.fixture(scope="module")
def served() -> Iterator[gr.Blocks]:
    with pytest.MonkeyPatch.context() as patch, socket.socket() as probe:
        patch.setenv("EXPLORER_SESSIONS", "5")
        patch.setattr(latent_space, "available", lambda: [MAP])
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        probe.close()
        demo = app.launch(prevent_thread_lock=True, server_port=port, quiet=True)
    yield demo
    demo.close(verbose=False)


def rows() -> int:
    gc.collect()
    return sum(type(found) is list and len(found) == ROW for found in gc.get_objects())


def test_nothing_is_kept_of_what_api_clients_send(served: gr.Blocks) -> None:
    """Whether they read their answers or not, whichever way they ask, and under as many names as they like."""
    encode = next(fn._id for fn in served.fns.values() if fn.api_name == "map_encode")
    data = [MAP, [[[0.5] * ROW] * 20]]
    before = rows()
    with httpx.Client(base_url=f"{served.local_url}gradio_api/", timeout=SOON) as client:
        for number in range(20):
            name = uuid.uuid4().hex
            if number % 2:
                body = {"data": data, "session_hash": name, "fn_index": encode}
                client.post("queue/join", json=body).raise_for_status()
                answer = f"queue/data?session_hash={name}"
            else:
                event = client.post("call/map_encode", json={"data": data, "session_hash": name}).json()["event_id"]
                answer = f"call/map_encode/{event}"
            if number % 4 < 2:
                assert "images must have the shape" in client.get(answer).text
        wait_for(lambda: not served._queue.event_ids_to_events)

        def forgotten() -> bool:
            """Gradio's loops and its threads hold on to the last call that they saw, whichever it was."""
            for _ in range(8):
                event = client.post("call/models", json={"data": []}).json()["event_id"]
                client.get(f"call/models/{event}")
            return rows() <= before + 40

        wait_for(forgotten)
    assert len(served.app.state_holder.session_data) <= 5


def test_a_body_that_is_too_large_never_reaches_gradio(served: gr.Blocks) -> None:
    content = json.dumps({"data": [MAP, [0.123456789] * 300_000]})
    answer = httpx.post(f"{served.local_url}gradio_api/call/map_encode", content=content, timeout=SOON)
    assert answer.status_code == 413
    assert answer.json()["error"].startswith("That is more than the 2 megabytes")
    config: dict[str, Any] = vars(served.server.config)
    assert (config["ws_max_size"], config["ws_per_message_deflate"]) == (8192, False)
