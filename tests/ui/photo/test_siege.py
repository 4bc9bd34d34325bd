"""The photo line through the page as `python app.py` serves it: what somebody does to it, and the next one's photo."""

from __future__ import annotations

import io
import json
import socket
import tempfile
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Any

import gradio as gr
import httpx
import numpy as np
import pytest
from PIL import Image
from serving import wait_for

from explorer.photos import jobs as photo_jobs
from explorer.photos.line import LEFT, MANY, WAITING, PhotoLine
from explorer.ui import app, services
from explorer.ui.photo.turns import PhotoTurns

PATIENCE = 60


@pytest.fixture(scope="module")
def turns() -> PhotoTurns:
    return PhotoTurns()


@pytest.fixture(scope="module")
def site(turns: PhotoTurns, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(services, "PhotoTurns", lambda: turns)
        patch.setenv("GRADIO_TEMP_DIR", str(tmp_path_factory.mktemp("gradio")))
        patch.setattr(tempfile, "tempdir", str(tmp_path_factory.mktemp("elsewhere")))
        demo = app.launch(prevent_thread_lock=True, server_port=port, quiet=True)
        with httpx.Client(base_url=f"{demo.local_url}gradio_api", timeout=PATIENCE) as client:
            yield client
        demo.close(verbose=False)


@pytest.fixture(autouse=True)
def _empty_afterwards(turns: PhotoTurns) -> Iterator[None]:
    yield
    for job in list(turns.line._jobs):
        job.sentence = LEFT
    wait_for(lambda: not turns.line._jobs)


@pytest.fixture(scope="module")
def small(site: httpx.Client) -> str:
    return upload(site, jpeg(64))


@pytest.fixture(scope="module")
def large(site: httpx.Client) -> str:
    """Of which every tile takes a while."""
    return upload(site, jpeg(3000))


def jpeg(side: int, **options: Any) -> bytes:
    coarse = np.random.default_rng(0).integers(0, 256, (8, 8, 3), np.uint8)
    packed = io.BytesIO()
    Image.fromarray(coarse).resize((side, side)).save(packed, "JPEG", **options)
    return packed.getvalue()


def upload(site: httpx.Client, content: bytes) -> str:
    return site.post("/upload", files={"files": ("photo.jpg", content)}).json()[0]


def join(site: httpx.Client, path: str, side: int = 64, **more: Any) -> str:
    """Ask for a photo's latents, and do not listen. -> the event's id"""
    sent = {"path": path, "meta": {"_type": "gradio.FileData"}}
    joined = site.post("/call/encode", json={"data": [sent, "built-in", side, None], **more})
    assert joined.status_code == 200, joined.text
    return joined.json()["event_id"]


def listening(site: httpx.Client, event: str) -> AbstractContextManager[httpx.Response]:
    return site.stream("GET", f"/call/encode/{event}")


def ask(site: httpx.Client, path: str, side: int = 64, **more: Any) -> str:
    with listening(site, join(site, path, side, **more)) as answer:
        return answer.read().decode()


def change_of_side(site: httpx.Client) -> int:
    """The page's event when another size is chosen."""
    config = httpx.get(str(site.base_url).replace("gradio_api/", "config")).json()
    ids = {part["props"].get("elem_id"): part["id"] for part in config["components"]}
    return next(event["id"] for event in config["dependencies"] if [ids["photo-side"], "change"] in event["targets"])


def runs(line: PhotoLine) -> bool:
    return any(job.state == "running" for job in line._jobs)


def test_forty_jobs_that_nobody_listens_to_hold_up_no_photo(
    site: httpx.Client, turns: PhotoTurns, small: str, large: str
) -> None:
    for _ in range(40):
        join(site, large, 0)
    assert "event: complete" in ask(site, small)
    assert not runs(turns.line)
    wait_for(lambda: not turns.line._jobs)


def test_jobs_of_one_address_that_listens_leave_places_for_others(
    site: httpx.Client, turns: PhotoTurns, small: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Here all come from one address: what is more than its share is refused at once."""
    gate = threading.Event()
    monkeypatch.setattr(photo_jobs, "encode", lambda *_: gate.wait(PATIENCE))
    with httpx.Client(base_url=site.base_url, timeout=PATIENCE) as other:
        streams = [listening(other, join(site, small)) for _ in range(turns.line.per_address)]
        for stream in streams:
            stream.__enter__()
        wait_for(lambda: sum(job.is_heard() for job in list(turns.line._jobs)) == turns.line.per_address)
        assert MANY in ask(site, small)
        assert len(turns.line._jobs) == turns.line.per_address < WAITING
        for stream in streams:
            stream.__exit__(None, None, None)
        wait_for(lambda: not any(job.is_heard() for job in turns.line._jobs))
        gate.set()


def test_a_job_whose_visitor_leaves_ends_while_it_runs_and_the_next_photo_follows(
    site: httpx.Client, turns: PhotoTurns, small: str, large: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = threading.Event()
    compare = photo_jobs.compare
    monkeypatch.setattr(photo_jobs, "compare", lambda *pictures: done.set() or compare(*pictures))
    with listening(site, join(site, large, 0)):
        wait_for(lambda: runs(turns.line))
    wait_for(lambda: not turns.line._jobs)
    assert not done.is_set()
    assert "event: complete" in ask(site, small)
    assert done.is_set()


def test_who_leaves_while_waiting_loses_the_place(
    site: httpx.Client, turns: PhotoTurns, small: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate, encoded = threading.Event(), photo_jobs.encode
    monkeypatch.setattr(photo_jobs, "encode", lambda *asked: gate.wait(PATIENCE) and encoded(*asked))
    with httpx.Client(base_url=site.base_url, timeout=PATIENCE) as other, listening(other, join(site, small)) as first:
        wait_for(lambda: runs(turns.line))
        with listening(site, join(site, small)):
            wait_for(lambda: len([job for job in turns.line._jobs if job.is_heard()]) == 2)
        wait_for(lambda: len(turns.line._jobs) == 1)
        gate.set()
        assert "event: complete" in first.read().decode()


def test_a_photo_that_takes_too_long_is_stopped_with_a_sentence(
    site: httpx.Client, turns: PhotoTurns, small: str, large: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turns.line, "seconds", 0.6)
    assert "This was stopped after 1 seconds; choose a smaller size." in ask(site, large, 0)
    monkeypatch.setattr(turns.line, "seconds", PATIENCE)
    assert "event: complete" in ask(site, small)


def test_a_jpeg_of_many_scans_is_refused_with_a_sentence(site: httpx.Client, small: str) -> None:
    whole = jpeg(32, progressive=True)
    scan = whole[whole.rindex(b"\xff\xda") : -2]
    answer = ask(site, upload(site, whole[:-2] + 800 * scan + b"\xff\xd9"))
    assert "The JPEG has more than 100 scans; save it again as a plain one." in answer
    assert "event: complete" in ask(site, small)


def test_a_client_that_names_its_session_is_heard_by_its_event(site: httpx.Client, small: str) -> None:
    assert "event: complete" in ask(site, small, session_hash="a-session-of-mine")


def test_who_waits_on_the_page_sees_how_many_come_before(
    site: httpx.Client, turns: PhotoTurns, small: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate, encoded = threading.Event(), photo_jobs.encode
    monkeypatch.setattr(photo_jobs, "encode", lambda *asked: gate.wait(PATIENCE) and encoded(*asked))
    with httpx.Client(base_url=site.base_url, timeout=PATIENCE) as other, listening(other, join(site, small)):
        wait_for(lambda: runs(turns.line))
        session = {"session_hash": "another-page", "fn_index": change_of_side(site)}
        sent = {"path": small, "meta": {"_type": "gradio.FileData"}}
        site.post("/queue/join", json={"data": [sent, "built-in", 512, None], **session})
        with site.stream("GET", "/queue/data", params=session) as stream:
            lines = stream.iter_lines()
            assert any("1 before you in line" in line for line in lines)
            gate.set()
            assert any('"process_completed"' in line for line in lines)


def test_a_quick_answer_does_not_reach_the_page_before_a_slow_one_that_was_asked_for_earlier(
    site: httpx.Client, turns: PhotoTurns, small: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, slow = gr.ImageSlider.postprocess, threading.Event()

    def postprocess(self: gr.ImageSlider, value: Any) -> Any:
        if not slow.is_set():
            slow.set()
            wait_for(lambda: runs(turns.line))  # the later one has its turn
            threading.Event().wait(0.5)
        return made(self, value)

    monkeypatch.setattr(gr.ImageSlider, "postprocess", postprocess)
    sent = {"path": small, "meta": {"_type": "gradio.FileData"}}
    session = {"session_hash": "one-page", "fn_index": change_of_side(site)}
    asked = []
    for side in (512, 768):
        joined = site.post("/queue/join", json={"data": [sent, "built-in", side, None], **session})
        asked.append(joined.json()["event_id"])
        if not slow.is_set():
            stream = site.stream("GET", "/queue/data", params=session)
            lines = stream.__enter__().iter_lines()
            assert slow.wait(PATIENCE)
    messages = [json.loads(line.removeprefix("data: ")) for line in lines if line.startswith("data: ")]
    stream.__exit__(None, None, None)
    answered = [message for message in messages if message["msg"] == "process_completed"]
    assert [message["event_id"] for message in answered] == asked
    assert all(message["success"] for message in answered)


def test_what_would_skip_the_queue_is_refused(site: httpx.Client, small: str) -> None:
    sent = {"path": small, "meta": {"_type": "gradio.FileData"}}
    for route in ("/run/encode", "/api/encode"):
        assert site.post(route, json={"data": [sent, "built-in", 64, None]}).status_code == 404


def test_a_fetch_from_the_hub_holds_up_no_photo(
    site: httpx.Client, small: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetching, fetched = threading.Event(), threading.Event()

    def locate(*_: object, **__: object) -> None:
        fetching.set()
        assert fetched.wait(PATIENCE)
        raise ValueError("There is no public model of that id on the Hub.")

    monkeypatch.setattr(photo_jobs, "locate", locate)
    sent = {"path": small, "meta": {"_type": "gradio.FileData"}}
    joined = site.post("/call/encode", json={"data": [sent, "somebody/something", 64, None]}).json()
    with httpx.Client(base_url=site.base_url, timeout=PATIENCE) as other, listening(other, joined["event_id"]) as first:
        assert fetching.wait(PATIENCE)
        assert "event: complete" in ask(site, small)
        fetched.set()
        assert "no public model" in first.read().decode()
