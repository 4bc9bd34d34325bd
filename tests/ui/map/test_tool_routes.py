"""How the page asks about a map: POST tool/NAME, beside the frames of the same server."""

from __future__ import annotations

import asyncio
import base64
import gc
import gzip
import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from weakref import ref

import brotli
import httpx
import numpy as np
import pytest
from fastapi import Request
from fastapi.testclient import TestClient
from serving import SOON, wait_for

from explorer.live import routes as live
from explorer.live import tool_thread
from explorer.live.same_site import FOREIGN
from explorer.live.spaces import Spaces
from explorer.live.tool_thread import ToolThread
from explorer.live.worker import Busy, DecodeWorker, to_bytes
from explorer.maps.latent_space import LatentSpace
from explorer.maps.recorded import formation
from explorer.sentences import from_data
from explorer.ui.map import component, tool_routes
from explorer.ui.map.component import figure, packed_figure
from explorer.ui.map.originals import Originals
from explorer.ui.map.tools import LARGE, MapTools

MARKED = "<b>do not repeat me</b>"
ANCHORS = [[0.0] * 5, [1.0] * 5, [0.5] * 5]
DRAWING = np.pad(np.full((20, 6), 255, np.uint8), ((10, 10), (17, 17)))
ARGUMENTS: dict[str, dict[str, Any]] = {
    "lattice": {"x0": -1.0, "x1": 1.0, "y0": -2.0, "y1": 2.0, "n": 4, "rows": 3, "plane": "z1-z3"},
    "trust_map": {"x0": -1, "x1": 1, "y0": -2, "y1": 2, "n": 4, "kind": "drift", "anchor": [0.5] * 5},
    "walk": {"anchors": ANCHORS, "steps": 3, "plane": "p1-p2-p3"},
    "samples": {"n": 3, "how": "density", "seed": 5},
    "about": {"z": [0.25] * 5, "k": 3},
    "own": {"width": 40, "height": 40, "pixels": base64.b64encode(DRAWING.tobytes()).decode()},
    "select": {"points": [3, 1, 2]},
    "walk_file": {"anchors": ANCHORS, "steps": 3, "kind": "gif"},
    "selection_file": {"points": [3, 1, 2], "kind": "csv"},
}


class Slow(MapTools):
    """The tools, of which "select" takes until a test opens its gate."""

    def __init__(self, spaces: Spaces) -> None:
        super().__init__(spaces, Originals())
        self.begun, self.gate = threading.Event(), threading.Event()
        self.gate.set()
        self.error: Exception | None = None

    def select(self, model: str, points: list) -> dict:
        self.begun.set()
        assert self.gate.wait(SOON)
        if self.error is not None:
            raise self.error
        return super().select(model, points)


@pytest.fixture(scope="module")
def worker(digits_checkpoint: Path, digits_checkpoint_5d: Path) -> Iterator[DecodeWorker]:
    worker = DecodeWorker(Spaces([str(digits_checkpoint), str(digits_checkpoint_5d)], device="cpu"))
    worker.start()
    yield worker
    worker.stop()


@pytest.fixture
def tools(worker: DecodeWorker) -> Iterator[Slow]:
    tools = Slow(worker.spaces)
    yield tools
    tools.gate.set()


@pytest.fixture
def thread() -> Iterator[ToolThread]:
    thread = ToolThread()
    yield thread
    thread.stop()


@pytest.fixture
def client(worker: DecodeWorker, tools: Slow, thread: ToolThread) -> Iterator[TestClient]:
    """A visitor of a site that serves frames and tools in one event loop, as the page's does."""
    api = live.routes(worker)
    tool_routes.add_routes(api, tools, thread)
    component.add_routes(api, worker.spaces, thread)
    with TestClient(api, raise_server_exceptions=False) as client:
        yield client


@pytest.fixture
def model(worker: DecodeWorker) -> str:
    """The map of five dimensions."""
    return worker.spaces.names[1]


def refused(response: httpx.Response, status: int) -> str:
    """The sentence of a refusal."""
    assert response.status_code == status
    answer = response.json()
    assert set(answer) - {"told"} == {"error"}
    assert from_data(answer.get("told", answer["error"])) == answer["error"]
    assert answer["error"][0].isupper() or answer["error"].split()[1] == "must"
    assert answer["error"].endswith(".")
    assert MARKED not in answer["error"]
    return answer["error"]


def send(client: TestClient, name: str, content: Any) -> httpx.Response:
    return client.post(f"/tool/{name}", content=content)


def test_what_the_page_asks_is_all_asked_here() -> None:
    assert set(ARGUMENTS) == {*tool_routes.NAMES} - {"beside", "tsne", "formation"}  # asked in tests of their own


@pytest.mark.parametrize("name", ARGUMENTS)
def test_an_answer_is_what_the_tool_says(client: TestClient, tools: Slow, model: str, name: str) -> None:
    response = client.post(f"/tool/{name}", json={"model": model, **ARGUMENTS[name]})
    assert (response.status_code, response.headers["content-type"]) == (200, "application/json")
    assert response.headers["cache-control"] == "no-store"
    assert response.json() == getattr(tools, name)(model, **ARGUMENTS[name])


@pytest.mark.parametrize(("encoding", "unpack"), [("gzip", gzip.decompress), ("br", brotli.decompress)])
def test_an_answer_is_packed(
    client: TestClient, tools: Slow, model: str, encoding: str, unpack: Callable[[bytes], bytes]
) -> None:
    question = {"model": model, **ARGUMENTS["lattice"]}
    with client.stream("POST", "/tool/lattice", json=question, headers={"Accept-Encoding": encoding}) as response:
        packed = b"".join(response.iter_raw())
    assert response.headers["content-encoding"] == encoding
    assert int(response.headers["content-length"]) == len(packed)
    assert json.loads(unpack(packed)) == tools.lattice(**question)


def test_a_figure_comes_packed_as_a_map_or_its_plane_is_drawn(client: TestClient, worker: DecodeWorker) -> None:
    model = worker.spaces.names[1]
    for plane in (None, "z1-z3", "z1-z3"):
        asked = {"model": model} if plane is None else {"model": model, "plane": plane}
        drawn = figure(worker.spaces.open(model, plane)).to_json()
        assert client.get("/figure", params=asked).json() == json.loads(drawn)
    refused(client.get("/figure", params={"model": model, "plane": MARKED}), 422)
    refused(client.get("/figure", params={"model": MARKED}), 404)


def test_a_removed_model_leaves_nothing_of_all_that_was_asked_about_it(
    client: TestClient, worker: DecodeWorker, digits_checkpoint_5d: Path
) -> None:
    spaces, model, plane = worker.spaces, "own-a", "z1-z3"
    spaces.add(model, LatentSpace.open(str(digits_checkpoint_5d), "cpu"))
    figures, whole = len(packed_figure), worker.spaces.names[1]
    for name, arguments in ARGUMENTS.items():
        assert client.post(f"/tool/{name}", json={"model": model, **arguments}).status_code == 200
    for asked in ({"model": model, "other": whole}, {"model": whole, "other": model}):
        assert client.post("/tool/beside", json=asked).status_code == 200
    assert client.post("/tool/formation", json={"model": model, "plane": plane}).status_code == 200
    for asked in ({"model": model}, {"model": model, "plane": plane}):
        assert client.get("/figure", params=asked).status_code == 200
        assert client.get("/frame", params={**asked, "x": 0, "y": 0}).status_code == 200
    assert len(packed_figure) == figures + 2
    held = [ref(spaces.open(model)), ref(spaces.open(model, plane)), ref(formation(spaces.open(model)))]
    spaces.remove(model)
    refused(client.get("/figure", params={"model": model}), 404)

    def freed() -> bool:
        gc.collect()
        return all(reference() is None for reference in held)

    wait_for(freed)  # the threads may not have left their last question yet
    assert len(packed_figure) == figures


@pytest.mark.parametrize("accepted", ["identity", "gzip;q=0", "br;q=0, *;q=0"])
def test_an_answer_is_plain_for_whom_wants_it_so(client: TestClient, tools: Slow, model: str, accepted: str) -> None:
    question = {"model": model, **ARGUMENTS["lattice"]}
    with client.stream("POST", "/tool/lattice", json=question, headers={"Accept-Encoding": accepted}) as response:
        plain = b"".join(response.iter_raw())
    assert "content-encoding" not in response.headers
    assert json.loads(plain) == tools.lattice(**question)


def test_what_is_left_out_is_as_the_tool_has_it(client: TestClient, tools: Slow, model: str) -> None:
    assert client.post("/tool/samples", json={"model": model}).json() == tools.samples(model)


def test_a_question_may_come_in_parts_and_as_any_content(client: TestClient, tools: Slow, model: str) -> None:
    text = json.dumps({"model": model, "points": [1, 2]}).encode()
    response = client.post("/tool/select", content=iter([text[:5], text[5:20], text[20:]]))
    assert response.json() == tools.select(model, [1, 2])


@pytest.mark.parametrize(
    "name", ["nothing", MARKED.replace("/", ""), "interpolate", "_space", "__init__", "spaces", "originals", "Lattice"]
)
def test_an_unknown_tool_is_not_found(client: TestClient, name: str) -> None:
    sentence = refused(client.post(f"/tool/{name}", json={}), 404)
    assert sentence == f"There is no such tool; there are {', '.join(tool_routes.NAMES)}."


def test_a_tool_is_asked_with_post(client: TestClient) -> None:
    assert client.get("/tool/lattice").status_code == 405


@pytest.mark.parametrize("model", [MARKED, "", "../digits", "\ud800", None, 3, ["a"], {"a": 1}])
def test_an_unknown_map_is_not_found(client: TestClient, model: Any) -> None:
    content = json.dumps({"model": model, **ARGUMENTS["lattice"]})
    assert refused(send(client, "lattice", content), 404).startswith("There is no map of that name")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        MARKED.encode(),
        b"\xff\xfe\xff",
        b'{"model": "\xff"}',
        b"\x00" * 100,
        b"[" * 100_000,
        b'{"a":' * 10_000,
        b'{"model": ' + b"9" * 5_000 + b"}",
        b"{'model': 1}",
    ],
    ids=lambda content: repr(content)[:24],
)
def test_what_is_no_json_is_refused(client: TestClient, content: bytes) -> None:
    assert refused(send(client, "lattice", content), 422) == "Send JSON."


@pytest.mark.parametrize("content", ["[]", "null", "true", "3", "NaN", json.dumps(MARKED), '["model"]'])
def test_json_that_is_no_object_is_refused(client: TestClient, content: str) -> None:
    assert refused(send(client, "lattice", content), 422) == "Send a JSON object."


@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"model": "digits"},
        {"model": "digits", "points": [1], MARKED: 1},
        {"model": "digits", "points": [1], "self": 1},
        {"model": "digits", "points": [1], "": 1},
        {"model": "digits", "points": [1], "plane": None},
        {"Model": "digits", "points": [1]},
    ],
    ids=lambda changed: ",".join(changed)[:40],
)
def test_missing_and_surplus_arguments_are_refused_with_the_names_there_are(
    client: TestClient, changed: dict[str, Any]
) -> None:
    assert refused(client.post("/tool/select", json=changed), 422) == "It takes model, points."


def test_a_question_that_is_too_large_is_refused(client: TestClient, model: str) -> None:
    content = json.dumps({"model": model, "points": [1], "more": "x" * LARGE})
    assert refused(send(client, "select", content), 422) == "A question has at most 1,000,000 characters."
    parts = iter([b"[", *[b"0," * 100_000] * 20])
    assert refused(send(client, "select", parts), 422) == "A question has at most 1,000,000 characters."
    assert client.post("/tool/select", json={"model": model, "points": [1]}).status_code == 200


def test_a_question_may_be_as_large_as_is_said(client: TestClient, model: str) -> None:
    content = json.dumps({"model": model, "points": [1]})
    padded = content + " " * (LARGE - len(content))
    assert send(client, "select", padded).status_code == 200
    assert refused(send(client, "select", padded + " "), 422) == "A question has at most 1,000,000 characters."


@pytest.mark.parametrize(
    ("name", "changed", "sentence"),
    [
        ("lattice", '"x0": NaN', "bounds must be finite: it holds NaN or infinity."),
        ("lattice", '"y1": -Infinity', "bounds must be finite: it holds NaN or infinity."),
        ("lattice", '"x1": 1e999', "bounds must be finite: it holds NaN or infinity."),
        ("lattice", '"n": NaN', "n must be a whole number from 1 to 64."),
        ("lattice", '"anchor": [0, 0, 0, 0, NaN]', "anchor must be finite: it holds NaN or infinity."),
        ("trust_map", '"rows": Infinity', "n must be a whole number from 1 to 64."),
        ("trust_map", '"kind": NaN', "kind must be one of density, drift, prior, classes."),
        (
            "walk",
            '"anchors": [[0, 0, 0, 0, 0], [0, 0, 0, 0, NaN]]',
            "anchors must be finite: it holds NaN or infinity.",
        ),
        ("walk", '"steps": NaN', "steps must be a whole number from 1 to 2,000."),
        ("samples", '"seed": NaN', "The seed must be a whole number."),
        ("samples", '"n": Infinity', "n must be a whole number from 1 to 10,000."),
        ("about", '"z": [NaN, 0, 0, 0, 0]', "z must be finite: it holds NaN or infinity."),
        ("about", '"k": NaN', "k must be a whole number from 1 to 24."),
        ("own", '"width": NaN', "A picture is width, height"),
        ("select", '"points": [NaN]', "Each point must be a whole number from 0 to 499."),
        ("walk_file", '"speed": NaN', "kind must be gif or npz, and speed"),
        ("selection_file", '"kind": NaN', "kind must be csv or npz."),
        ("selection_file", '"plane": NaN', "plane must be the name of a plane, or left out."),
    ],
)
def test_numbers_that_json_does_not_know_get_a_sentence(
    client: TestClient, model: str, name: str, changed: str, sentence: str
) -> None:
    key = json.loads(f"{{{changed}}}").popitem()[0]
    sensible = {"model": model, **ARGUMENTS[name]}
    sensible.pop(key, None)
    content = f"{json.dumps(sensible)[:-1]}, {changed}}}"
    assert refused(send(client, name, content), 422).startswith(sentence)


def test_a_senseless_question_gets_its_sentence(client: TestClient, model: str) -> None:
    response = client.post("/tool/select", json={"model": model, "points": []})
    assert refused(response, 422) == "Nothing is selected: draw around some points."
    response = client.post("/tool/lattice", json={"model": model, **ARGUMENTS["lattice"], "plane": MARKED})
    assert refused(response, 422).startswith("A plane is named")
    assert response.headers["content-type"] == "application/json"


@pytest.mark.parametrize("origin", ["https://elsewhere.example", "null", "http://127.0.0.1:1", "http://[", "nonsense"])
def test_another_sites_page_is_not_answered(client: TestClient, tools: Slow, model: str, origin: str) -> None:
    question = {"model": model, "points": [1]}
    response = client.post("/tool/select", json=question, headers={"Origin": origin})
    assert refused(response, 403) == FOREIGN
    assert not tools.begun.is_set()


def test_this_sites_own_page_is_answered(client: TestClient, model: str) -> None:
    question = {"model": model, "points": [1]}
    assert client.post("/tool/select", json=question, headers={"Origin": "http://testserver"}).status_code == 200
    behind = {"Origin": "https://maps.example", "X-Forwarded-Host": "maps.example"}
    assert client.post("/tool/select", json=question, headers=behind).status_code == 200


def test_too_many_questions_are_told_to_come_back(
    client: TestClient, model: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    question = {"model": model, "points": [1]}
    monkeypatch.setattr(tool_thread, "MAX_WAITING", 0)
    sentence = refused(client.post("/tool/select", json=question), 503)
    assert sentence == "Too many questions wait for an answer; try again in a moment."
    monkeypatch.undo()
    assert client.post("/tool/select", json=question).status_code == 200


def test_a_tool_that_fails_tells_nobody_why_and_goes_on(client: TestClient, tools: Slow, model: str) -> None:
    question = {"model": model, "points": [1]}
    tools.error = KeyError(MARKED)
    response = client.post("/tool/select", json=question)
    assert response.status_code == 500
    assert MARKED not in response.text
    tools.error = None
    assert client.post("/tool/select", json=question).status_code == 200


def test_a_slow_tool_does_not_hold_up_frames(client: TestClient, tools: Slow, worker: DecodeWorker, model: str) -> None:
    tools.gate.clear()
    space = worker.spaces.open(model)
    with ThreadPoolExecutor(1) as elsewhere:
        slow = elsewhere.submit(client.post, "/tool/select", json={"model": model, "points": [1]})
        assert tools.begun.wait(SOON)
        for point in range(5):
            z = space.latents[point]
            frame = client.get("/frame", params={"model": model, "z": ",".join(map(str, z.tolist()))})
            assert frame.content == to_bytes(space.decode([z])).tobytes()
        with client.websocket_connect("/ws") as visitor:
            visitor.send_text(json.dumps({"id": 1, "model": model, "x": 0, "y": 0}))
            assert len(visitor.receive_bytes()) == live.HEADER.size + 64
        assert client.get("/healthz").status_code == 200
        assert not slow.done()
        tools.gate.set()
        assert slow.result(SOON).status_code == 200


def test_questions_that_wait_are_answered_in_their_turn_and_one_too_many_is_refused(
    client: TestClient, tools: Slow, thread: ToolThread, model: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tool_thread, "MAX_WAITING", 3)
    tools.gate.clear()
    with ThreadPoolExecutor(3) as elsewhere:
        slow = [elsewhere.submit(client.post, "/tool/select", json={"model": model, "points": [i]}) for i in range(3)]
        wait_for(lambda: thread._waiting == 3)
        refused(client.post("/tool/samples", json={"model": model}), 503)
        tools.gate.set()
        answers = [one.result(SOON).json() for one in slow]
    assert answers == [tools.select(model, [point]) for point in range(3)]
    wait_for(lambda: thread._waiting == 0)
    assert client.post("/tool/samples", json={"model": model}).status_code == 200


def test_a_question_after_the_end_is_refused(client: TestClient, thread: ToolThread, model: str) -> None:
    thread.stop()
    assert refused(client.post("/tool/samples", json={"model": model}), 503) == "The server is about to stop."


HERE, THERE = ("192.0.2.1", 5000), ("198.51.100.7", 5000)


def test_questions_of_one_address_do_not_hold_up_another(
    client: TestClient, tools: Slow, thread: ToolThread, model: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Six wait from one address, under names that it made up; the question of another is answered among the first."""
    order: list[Any] = []
    samples = tools.samples
    monkeypatch.setattr(tools, "samples", lambda model, seed: (order.append(seed), samples(model, seed=seed))[1])
    here, there = (TestClient(client.app, client=address) for address in (HERE, THERE))

    def ask(visitor: TestClient, seed: int) -> httpx.Response:
        headers = {tool_routes.PAGE: f"made up {seed}"}
        return visitor.post("/tool/samples", json={"model": model, "seed": seed}, headers=headers)

    tools.gate.clear()
    with ThreadPoolExecutor(9) as elsewhere:
        held = elsewhere.submit(client.post, "/tool/select", json={"model": model, "points": [1]})
        assert tools.begun.wait(SOON)
        asked = [elsewhere.submit(ask, here, seed) for seed in range(6)]
        wait_for(lambda: thread._waiting == 7)
        asked.append(elsewhere.submit(ask, there, 99))
        wait_for(lambda: thread._waiting == 8)
        tools.gate.set()
        assert {one.result(SOON).status_code for one in [held, *asked]} == {200}
    assert order.index(99) <= 1


def test_a_question_whose_visitor_left_is_not_answered(tools: Slow, thread: ToolThread) -> None:
    async def left() -> dict[str, str]:
        return {"type": "http.disconnect"}

    asked: list[int] = []
    tools.gate.clear()
    held = thread.submit(lambda: tools.gate.wait(SOON))
    waiting = thread.submit(lambda: asked.append(1))
    with pytest.raises(Busy):
        asyncio.run(live.while_there(Request({"type": "http"}, left), waiting))
    assert waiting.cancelled()
    tools.gate.set()
    assert held.result(SOON)
    assert thread.submit(lambda: asked).result(SOON) == []


def test_an_address_that_asks_for_too_much_is_refused_and_no_other(
    client: TestClient, tools: Slow, thread: ToolThread, model: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EXPLORER_PER_ADDRESS", "1")
    here, there = (TestClient(client.app, client=address) for address in (HERE, THERE))
    tools.gate.clear()
    with ThreadPoolExecutor(9) as elsewhere:
        asked = [elsewhere.submit(client.post, "/tool/select", json={"model": model, "points": [1]})]
        assert tools.begun.wait(SOON)
        question = {"model": model, "points": [2]}
        asked += [elsewhere.submit(here.post, "/tool/select", json=question) for _ in range(tool_thread.OF_ONE)]
        wait_for(lambda: thread._waiting == 1 + tool_thread.OF_ONE)
        assert refused(here.post("/tool/select", json=question), 503).startswith("Too many questions")
        asked.append(elsewhere.submit(there.post, "/tool/select", json=question))
        wait_for(lambda: thread._waiting == 2 + tool_thread.OF_ONE)
        tools.gate.set()
        assert {one.result(SOON).status_code for one in asked} == {200}
