"""The live routes on a real server with real clients; and the originals that the page shows beside a reconstruction."""

import itertools
import json
import logging
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from serving import SOON, Site, WatchedWorker, answer, ask, wait_for
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection

from explorer import __version__
from explorer.live import routes as live
from explorer.live import worker as decode_worker
from explorer.live.worker import to_bytes
from explorer.maps.datasets import DataSet, DataUnavailable
from explorer.ui.map import originals
from explorer.ui.map.originals import Originals

MARKED = "<b>do not repeat me</b>"


@pytest.fixture(scope="module")
def served(digits_checkpoint: Path, digits_checkpoint_5d: Path) -> Iterator[Site]:
    worker = WatchedWorker(str(digits_checkpoint), str(digits_checkpoint_5d))
    site = Site(worker)
    worker.wait_until_warm()
    yield site
    site.close()


@pytest.fixture
def site(served: Site) -> Iterator[Site]:
    """The one server of this file, without visitors and with nothing counted."""
    yield served
    served.worker.forget()
    served.wait_until_empty()
    served.worker.forget()


@pytest.fixture
def visit(site: Site) -> Iterator[Callable[..., ClientConnection]]:
    """A function that opens one more visitor's connection; all are closed in the end."""
    with ExitStack() as visitors:
        yield lambda **options: visitors.enter_context(site.visit(**options))


def get(
    site: Site, route: str, headers: dict[str, str] | None = None, **query: Any
) -> tuple[int, httpx.Headers, bytes]:
    response = httpx.get(site.url(route), params=query, headers=headers, timeout=SOON)
    return response.status_code, response.headers, response.content


def expected(site: Site, x: float, y: float) -> bytes:
    return to_bytes(site.worker.space(site.worker.names[0]).space.decode([[x, y]])).tobytes()


# --- frames over HTTP ---------------------------------------------------------------------------


def test_a_frame_over_http_is_the_decoded_image_byte_for_byte(site: Site) -> None:
    status, headers, body = get(site, "frame", model=site.worker.names[0], x=0.25, y=-1.5)
    assert (status, headers["X-Frame-Shape"], headers["Content-Type"]) == (200, "8x8", "application/octet-stream")
    assert body == expected(site, 0.25, -1.5)


def test_a_frame_through_a_point_at_its_own_place_is_its_own_reconstruction(site: Site) -> None:
    model = site.worker.names[1]
    space = site.worker.space(model).space
    x, y = space.plane[7].tolist()
    _, _, body = get(site, "frame", model=model, x=x, y=y, point=7)
    assert body == to_bytes(space.decode(space.latents[7:8])).tobytes()


@pytest.mark.parametrize("map_", [0, 1], ids=["flat", "deep"])
def test_a_frame_of_a_latent_over_http_is_its_image_byte_for_byte(site: Site, map_: int) -> None:
    model = site.worker.names[map_]
    space = site.worker.space(model).space
    for z in space.latents[:5]:
        status, headers, body = get(site, "frame", model=model, z=",".join(map(str, z.tolist())))
        assert (status, headers["X-Frame-Shape"], headers["Cache-Control"]) == (200, "8x8", "no-store")
        assert body == to_bytes(space.decode([z])).tobytes()


def test_a_frame_over_http_may_lie_in_another_plane(site: Site) -> None:
    model = site.worker.names[1]
    space = site.worker.space(model).space
    for plane in ("z1-z3", "p4-p9-p200"):
        shown = space.in_plane(plane)
        _, _, body = get(site, "frame", model=model, x=0.5, y=-0.25, plane=plane)
        assert body == to_bytes(space.decode(shown.from_plane([[0.5, -0.25]]))).tobytes()
        x, y = shown.plane[7].tolist()
        _, _, body = get(site, "frame", model=model, x=x, y=y, point=7, plane=plane)
        assert body == to_bytes(space.decode(space.latents[7:8])).tobytes()


def test_a_frame_is_never_cached(site: Site) -> None:
    assert get(site, "frame", model=site.worker.names[0], x=0, y=0)[1]["Cache-Control"] == "no-store"


def test_healthz_tells_version_device_and_models(site: Site) -> None:
    status, _, body = get(site, "healthz")
    names = site.worker.names
    models = {"available": names, "loaded": names}
    assert (status, json.loads(body)) == (
        200,
        {"status": "ok", "version": __version__, "device": "cpu", "models": models},
    )


@pytest.mark.parametrize(
    "query",
    [
        {"y": 0},
        {"x": 0},
        {"x": MARKED, "y": 0},
        {"x": "abc", "y": 0},
        {"x": "", "y": 0},
        {"x": "nan", "y": 0},
        {"x": "inf", "y": 0},
        {"x": 0, "y": "-inf"},
        {"x": "1e9", "y": 0},
        {"x": 0, "y": "1e999"},
        {"x": 0, "y": 0, "point": MARKED},
        {"x": 0, "y": 0, "point": "1.5"},
        {"x": 0, "y": 0, "point": -1},
        {"x": 0, "y": 0, "point": 500},
        {"x": 0, "y": 0, "point": "9" * 5000},
        {"z": ""},
        {"z": MARKED},
        {"z": "0"},
        {"z": "0,0,0"},
        {"z": "0,0,"},
        {"z": "0;0"},
        {"z": "[0,0]"},
        {"z": "0,nan"},
        {"z": "0,-inf"},
        {"z": "0,1e9"},
        {"z": "0,1e999"},
        {"z": "0,abc"},
        {"z": "0," * 5000 + "0"},
        {"z": MARKED, "x": 0, "y": 0},
        {"x": 0, "y": 0, "plane": ""},
        {"x": 0, "y": 0, "plane": MARKED},
        {"x": 0, "y": 0, "plane": "z0-z1"},
        {"x": 0, "y": 0, "plane": "p1-p2-p3"},
        {"plane": "z0-z1"},
    ],
    ids=lambda query: "&".join(f"{key}={str(value)[:9]}" for key, value in query.items()),
)
def test_a_bad_place_over_http_is_answered_with_a_sentence(site: Site, query: dict[str, Any]) -> None:
    status, _, body = get(site, "frame", model=site.worker.names[0], **query)
    assert status == 422
    assert_sentence(json.loads(body)["error"])


def test_a_request_without_a_model_is_answered_with_a_sentence(site: Site) -> None:
    status, _, body = get(site, "frame", x=0, y=0)
    assert (status, json.loads(body)) == (422, {"error": "model must be the name of a map."})


@pytest.mark.parametrize(
    "query",
    [
        {"plane": "abc"},
        {"plane": "z0-z5"},
        {"plane": "z1-z1"},
        {"plane": "p0-p1-p500"},
        {"plane": "p1-p1-p2"},
        {"plane": f"z0-z1{MARKED}"},
        {"plane": "z" * 5000},
        {"plane": "z0-z1\x00"},
        {"plane": "z1-z3", "point": 500},
        {"plane": "z1-z3", "x": "nan"},
        {"z": "0,0"},
        {"z": "0,0,0,0,nan"},
    ],
    ids=lambda query: "&".join(f"{key}={str(value)[:9]}" for key, value in query.items()),
)
def test_a_bad_plane_over_http_is_answered_with_a_sentence(site: Site, query: dict[str, Any]) -> None:
    status, _, body = get(site, "frame", model=site.worker.names[1], **{"x": 0, "y": 0, **query})
    assert status == 422
    assert_sentence(json.loads(body)["error"])


@pytest.mark.parametrize("model", [MARKED, "", "../digits", "x" * 5000, "\x00"])
def test_an_unknown_model_over_http_is_not_found(site: Site, model: str) -> None:
    status, _, body = get(site, "frame", model=model, x=0, y=0)
    assert status == 404
    assert_sentence(json.loads(body)["error"])


def assert_sentence(text: str) -> None:
    """One sentence for a person, in which nothing of what was sent stands."""
    assert text[0].isalpha()
    assert text.endswith(".")
    assert MARKED not in text
    assert "abc" not in text


@pytest.mark.parametrize("origin", ["https://elsewhere.example", "null", "http://127.0.0.1:1", "http://[", "nonsense"])
def test_another_sites_page_gets_no_frame(site: Site, origin: str) -> None:
    status, _, body = get(site, "frame", {"Origin": origin}, model=site.worker.names[0], x=0, y=0)
    assert status == 403
    assert "example" not in json.loads(body)["error"]


def test_this_sites_own_page_gets_a_frame(site: Site) -> None:
    assert get(site, "frame", {"Origin": f"http://{site.host}"}, model=site.worker.names[0], x=0, y=0)[0] == 200


def test_a_page_behind_a_proxy_gets_a_frame(site: Site) -> None:
    headers = {"Origin": "https://maps.example", "X-Forwarded-Host": "maps.example"}
    assert get(site, "frame", headers, model=site.worker.names[0], x=0, y=0)[0] == 200


def test_a_busy_decoder_answers_503_over_http(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decode_worker, "MAX_PENDING", 0)
    status, _, body = get(site, "frame", model=site.worker.names[0], x=0, y=0)
    assert (status, json.loads(body)["error"]) == (503, "The decoder is busy; try again in a moment.")


def test_a_failed_batch_is_answered_over_http(site: Site) -> None:
    model = site.worker.names[0]
    site.worker.space(model).error = RuntimeError(MARKED)
    status, _, body = get(site, "frame", model=model, x=0, y=0)
    assert status == 500
    assert MARKED.encode() not in body
    assert get(site, "frame", model=model, x=0, y=0)[0] == 200


# --- frames over a WebSocket --------------------------------------------------------------------


def test_an_answer_carries_id_size_timings_and_the_same_pixels_as_http(site: Site, visit: Callable[..., Any]) -> None:
    model = site.worker.names[0]
    visitor = visit()
    ask(visitor, 2**32 - 1, model, 0.5, 0.75)
    data = visitor.recv(timeout=SOON)
    number, width, height, decode_ms, server_ms = live.HEADER.unpack_from(data)
    assert (number, width, height) == (2**32 - 1, 8, 8)
    assert 0 < decode_ms <= server_ms
    assert data[live.HEADER.size :] == get(site, "frame", model=model, x=0.5, y=0.75)[2]


def test_a_place_over_the_socket_may_name_a_point(site: Site, visit: Callable[..., Any]) -> None:
    model = site.worker.names[1]
    visitor = visit()
    ask(visitor, 1, model, 0.5, 0.75, point=4)
    assert answer(visitor)[1] == get(site, "frame", model=model, x=0.5, y=0.75, point=4)[2]


@pytest.mark.parametrize("map_", [0, 1], ids=["flat", "deep"])
def test_a_message_may_hold_the_latent_itself(site: Site, visit: Callable[..., Any], map_: int) -> None:
    model = site.worker.names[map_]
    space = site.worker.space(model).space
    visitor = visit()
    for number, z in enumerate(space.latents[:5]):
        visitor.send(json.dumps({"id": number, "model": model, "z": z.tolist()}))
        assert answer(visitor) == (number, to_bytes(space.decode([z])).tobytes())


def test_a_place_over_the_socket_may_lie_in_another_plane(site: Site, visit: Callable[..., Any]) -> None:
    model = site.worker.names[1]
    visitor = visit()
    for number, plane in enumerate(("z1-z3", "p4-p9-p200", None)):
        ask(visitor, number, model, 0.5, 0.75, point=4, plane=plane)
        query = {} if plane is None else {"plane": plane}
        assert answer(visitor) == (number, get(site, "frame", model=model, x=0.5, y=0.75, point=4, **query)[2])


def test_visitors_in_several_planes_share_one_batch(site: Site, visit: Callable[..., Any]) -> None:
    model = site.worker.names[1]
    watched = site.worker.space(model)
    asked: list[dict[str, Any]] = [
        {"plane": "z1-z3", "point": 4},
        {"plane": "p4-p9-p200"},
        {"z": watched.latents[9].tolist()},
        {"point": 8},
    ]
    first, *others = [visit() for _ in range(5)]
    watched.hold()
    ask(first, 0, model)
    assert watched.entered.wait(SOON)
    for number, (visitor, more) in enumerate(zip(others, asked, strict=True)):
        ask(visitor, number, model, 0.25, -0.5, **more)
    wait_for(lambda: len(site.worker._waiting) == len(others))
    watched.gate.set()
    frames = [answer(visitor) for visitor in others]
    assert watched.batches == [1, 4]
    space = watched.space
    expected = [
        space.in_plane("z1-z3").from_plane([[0.25, -0.5]], space.latents[4])[0],
        space.in_plane("p4-p9-p200").from_plane([[0.25, -0.5]])[0],
        space.latents[9],
        space.from_plane([[0.25, -0.5]], space.latents[8])[0],
    ]
    np.testing.assert_array_equal(watched.places[1:], expected)
    assert [pixels for _, pixels in frames] == [image.tobytes() for image in to_bytes(space.decode(expected))]


def test_after_a_burst_the_last_answer_is_for_the_last_place(site: Site, visit: Callable[..., Any]) -> None:
    visitor = visit()
    for number in range(1, 1001):
        ask(visitor, number, site.worker.names[0], number / 500, -number / 500)
    answers = [answer(visitor)]
    while answers[-1][0] != 1000:
        answers.append(answer(visitor))
    ids = [number for number, _ in answers]
    assert ids == sorted(set(ids))
    assert answers[-1][1] == expected(site, 2.0, -2.0)


def test_places_that_a_newer_one_replaces_are_not_decoded(site: Site, visit: Callable[..., Any]) -> None:
    model = site.worker.names[0]
    watched = site.worker.space(model)
    visitor = visit()
    watched.hold()
    ask(visitor, 1, model)
    assert watched.entered.wait(SOON)
    for number in range(2, 1001):
        ask(visitor, number, model)
    visitor.ping().wait(SOON)  # its pong comes after all of them were read
    watched.gate.set()
    assert [answer(visitor)[0] for _ in range(2)] == [1, 1000]
    assert watched.batches == [1, 1]


def test_two_visitors_get_their_own_frames(site: Site, visit: Callable[..., Any]) -> None:
    model = site.worker.names[0]
    one, other = visit(), visit()
    for number in range(20):
        ask(one, number, model, number / 10, 0.0)
        ask(other, 100 + number, model, 0.0, number / 10)
        assert answer(one) == (number, expected(site, number / 10, 0.0))
        assert answer(other) == (100 + number, expected(site, 0.0, number / 10))


def test_visitors_who_wait_together_share_one_batch(site: Site, visit: Callable[..., Any]) -> None:
    model = site.worker.names[0]
    watched = site.worker.space(model)
    first, *others = [visit() for _ in range(5)]
    watched.hold()
    ask(first, 0, model)
    assert watched.entered.wait(SOON)
    for number, visitor in enumerate(others):
        ask(visitor, number, model, number / 4, 0.0)
    wait_for(lambda: len(site.worker._waiting) == len(others))
    watched.gate.set()
    frames = [answer(visitor) for visitor in others]
    assert watched.batches == [1, 4]
    assert frames == [(number, expected(site, number / 4, 0.0)) for number in range(4)]


BAD_MESSAGES = {
    "text that is no JSON": (MARKED, 1007),
    "an empty text": ("", 1007),
    "bytes": (b"\x00\x01", 1003),
    "more than 1024 characters": (json.dumps({"id": 1, "model": "x" * 1024, "x": 0, "y": 0}), 1009),
    "brackets within brackets": ("[" * 1024, 1007),
    "objects within objects": ('{"id":' * 170, 1007),
    "an array": ("[1, 2, 3]", 1008),
    "a string": (json.dumps(MARKED), 1008),
    "null": ("null", 1008),
    "no id": ({"id": None}, 1008),
    "an id that is true": ({"id": True}, 1008),
    "an id that is text": ({"id": "1"}, 1008),
    "a negative id": ({"id": -1}, 1008),
    "an id of 33 bits": ({"id": 2**32}, 1008),
    "an id with a fraction": ({"id": 1.5}, 1008),
    "no x": ({"x": None}, 1008),
    "x that is text": ({"x": MARKED}, 1008),
    "x that is true": ({"x": True}, 1008),
    "x that is a list": ({"x": [0]}, 1008),
    "x that is huge": ({"x": 1e9}, 1008),
    "x that is a whole number beyond all floats": ({"x": 10**400}, 1008),
    "x that is NaN": ({"x": float("nan")}, 1008),
    "y that is infinite": ({"y": float("-inf")}, 1008),
    "a model that is a list": ({"model": ["a"]}, 1008),
    "an unknown model": ({"model": MARKED}, 1008),
    "a model that is half a character": ({"model": "\ud800"}, 1008),
    "a point that is text": ({"point": MARKED}, 1008),
    "a point that is true": ({"point": True}, 1008),
    "a negative point": ({"point": -1}, 1008),
    "a point out of range": ({"point": 500}, 1008),
    "a point beyond all floats": ({"point": 10**400}, 1008),
    "a latent that is text": ({"z": MARKED}, 1008),
    "a latent that is a number": ({"z": 3}, 1008),
    "a latent that is an object": ({"z": {"0": 1}}, 1008),
    "a latent without numbers": ({"z": []}, 1008),
    "a latent with too few numbers": ({"z": [0]}, 1008),
    "a latent with too many numbers": ({"z": [0] * 200}, 1008),
    "a latent with text in it": ({"z": [0, MARKED]}, 1008),
    "a latent with true in it": ({"z": [0, True]}, 1008),
    "a latent with nothing in it": ({"z": [0, None]}, 1008),
    "a latent with a list in it": ({"z": [0, [0]]}, 1008),
    "a latent with NaN in it": ({"z": [0, float("nan")]}, 1008),
    "an infinite latent": ({"z": [0, float("inf")]}, 1008),
    "a huge latent": ({"z": [0, 1e9]}, 1008),
    "a latent beyond all floats": ({"z": [0, 10**400]}, 1008),
    "a latent that does not fit into a message": ({"z": [0.125] * 1024}, 1009),
    "an unknown plane": ({"plane": MARKED}, 1008),
    "an empty plane": ({"plane": ""}, 1008),
    "a plane that is a list": ({"plane": ["z0-z1"]}, 1008),
    "a plane that is a number": ({"plane": 1}, 1008),
    "a plane that is half a character": ({"plane": "\ud800"}, 1008),
    "a plane of a map that has only one": ({"plane": "z0-z1"}, 1008),
    "a plane through three points of such a map": ({"plane": "p0-p1-p2"}, 1008),
}


@pytest.mark.parametrize(("sent", "code"), BAD_MESSAGES.values(), ids=BAD_MESSAGES.keys())
def test_a_bad_message_closes_its_own_connection_with_a_sentence(
    site: Site, visit: Callable[..., Any], sent: Any, code: int
) -> None:
    model = site.worker.names[0]
    bystander, offender = visit(), visit()
    if isinstance(sent, dict):
        sent = json.dumps({"id": 1, "model": model, "x": 0, "y": 0, **sent})
    offender.send(sent)
    with pytest.raises(ConnectionClosed) as caught:
        offender.recv(timeout=SOON)
    assert caught.value.rcvd is not None
    assert caught.value.rcvd.code == code
    assert_sentence(caught.value.rcvd.reason)
    ask(bystander, 5, model, 0.1, 0.2)
    assert answer(bystander) == (5, expected(site, 0.1, 0.2))


@pytest.mark.parametrize("plane", ["z0-z5", "z1-z1", "p0-p1-p500", "p1-p1-p2", f"z0-z1{MARKED}", "z" * 900, "z0-z1\0"])
def test_a_bad_plane_closes_the_connection_with_a_sentence(site: Site, visit: Callable[..., Any], plane: str) -> None:
    visitor = visit()
    ask(visitor, 1, site.worker.names[1], plane=plane)
    with pytest.raises(ConnectionClosed) as caught:
        visitor.recv(timeout=SOON)
    assert caught.value.rcvd is not None
    assert caught.value.rcvd.code == 1008
    assert_sentence(caught.value.rcvd.reason)


def test_an_unknown_field_is_ignored(site: Site, visit: Callable[..., Any]) -> None:
    visitor = visit()
    ask(visitor, 1, site.worker.names[0], colour="red")
    assert answer(visitor)[0] == 1


@pytest.mark.parametrize("origin", ["https://elsewhere.example", "null", "http://["])
def test_another_sites_page_gets_no_socket(site: Site, origin: str) -> None:
    with pytest.raises(InvalidStatus) as caught, site.visit(origin=origin):
        pass
    assert caught.value.response.status_code == 403
    assert_sentence(json.loads(caught.value.response.body)["error"])


def test_this_sites_own_page_gets_a_socket(site: Site, visit: Callable[..., Any]) -> None:
    visitor = visit(origin=f"http://{site.host}")
    ask(visitor, 1, site.worker.names[0])
    assert answer(visitor)[0] == 1


def test_one_visitor_too_many_is_told_so(
    site: Site, visit: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "MAX_CONNECTIONS", 2)
    visit(), visit()
    with pytest.raises(InvalidStatus) as caught, site.visit():
        pass
    assert caught.value.response.status_code == 429
    assert_sentence(json.loads(caught.value.response.body)["error"])


def test_one_address_cannot_take_all_the_room(
    site: Site, visit: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EXPLORER_PER_ADDRESS", "1")
    elsewhere = {"source_address": ("127.0.0.2", 0)}
    mine = [visit() for _ in range(live.OF_ONE)]
    with pytest.raises(InvalidStatus) as caught, site.visit():
        pass
    assert caught.value.response.status_code == 429
    theirs = visit(sock=socket.create_connection(site.socket.getsockname(), **elsewhere))
    ask(theirs, 1, site.worker.names[0])
    assert answer(theirs)[0] == 1
    mine[0].close()
    assert has_room(site)


def test_a_visitor_who_leaves_makes_room(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "MAX_CONNECTIONS", 1)
    with site.visit():
        pass
    assert has_room(site)


def test_a_visitor_who_breaks_off_makes_room(
    site: Site, visit: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "MAX_CONNECTIONS", 1)
    visit().socket.shutdown(socket.SHUT_RDWR)
    assert has_room(site)


def test_a_visitor_who_is_refused_makes_room(
    site: Site, visit: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "MAX_CONNECTIONS", 1)
    visit().send("nonsense")
    assert has_room(site)


def has_room(site: Site) -> bool:
    """Whether somebody can come in sooner or later: the server may notice a moment later that a place is free."""

    def comes_in() -> bool:
        try:
            with site.visit():
                return True
        except InvalidStatus:
            return False

    wait_for(comes_in)
    return True


def test_a_busy_decoder_closes_the_socket_with_1013(
    site: Site, visit: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    visitor = visit()
    monkeypatch.setattr(decode_worker, "MAX_PENDING", 0)
    ask(visitor, 1, site.worker.names[0])
    with pytest.raises(ConnectionClosed) as caught:
        visitor.recv(timeout=SOON)
    assert caught.value.rcvd is not None
    assert (caught.value.rcvd.code, caught.value.rcvd.reason) == (1013, "The decoder is busy; try again in a moment.")


def test_a_failed_batch_ends_the_connections_that_wait_for_it_and_no_other(
    site: Site, visit: Callable[..., Any]
) -> None:
    model = site.worker.names[0]
    bystander, unlucky = visit(), visit()
    site.worker.space(model).error = RuntimeError("out of memory")
    ask(unlucky, 1, model)
    with pytest.raises(ConnectionClosed):
        unlucky.recv(timeout=SOON)
    ask(bystander, 2, model)
    assert answer(bystander)[0] == 2


def test_a_visitor_who_sends_nonsense_and_leaves_at_once_is_no_error(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR):
        for sent in ("nonsense", json.dumps({"id": 1, "model": "unknown", "x": 0, "y": 0})) * 20:
            with site.visit(close_timeout=0) as visitor:
                visitor.send(sent)
        site.wait_until_empty()
    assert [record for record in caplog.records if record.name == "uvicorn.error"] == []


def flood(site: Site, model: str, stop: threading.Event) -> None:
    """Ask without end and never read, with buffers so small that unread answers soon fill them."""
    narrow = socket.socket()
    narrow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    narrow.connect(("127.0.0.1", site.socket.getsockname()[1]))
    with site.visit(sock=narrow, compression=None, max_queue=1, close_timeout=0) as visitor:
        for number in itertools.count():
            if stop.wait(0.0005):  # a breath, for the one interpreter that all of this shares
                return
            ask(visitor, number, model)


def test_a_visitor_who_floods_and_never_reads_does_not_keep_others_from_their_frames(
    digits_checkpoint: Path, digits_checkpoint_5d: Path
) -> None:
    flat, deep = str(digits_checkpoint), str(digits_checkpoint_5d)
    worker, stop = WatchedWorker(flat, deep), threading.Event()
    site = Site(worker, send_buffer=4096)
    worker.wait_until_warm()
    flooding = threading.Thread(target=flood, args=(site, deep, stop), daemon=True)
    flooding.start()
    flooded, waiting = worker.space(deep).batches, []
    with site.visit() as reader:
        number = quiet = before = 0
        while quiet < 50:  # frames in a row between which nothing was decoded for the flood: its buffers are full
            ask(reader, number, flat)
            assert answer(reader)[0] == number
            waiting.append(len(worker._waiting))
            quiet = quiet + 1 if len(flooded) == before > 0 else 0
            number, before = number + 1, len(flooded)
    stop.set()
    flooding.join(SOON)
    site.close()
    assert max(waiting) <= 1


def test_a_server_that_stops_leaves_no_visitor_waiting(digits_checkpoint: Path) -> None:
    worker = WatchedWorker(str(digits_checkpoint))
    site = Site(worker)
    worker.wait_until_warm()
    watched = worker.space(str(digits_checkpoint))
    with site.visit() as visitor:
        watched.hold()
        ask(visitor, 1, str(digits_checkpoint))
        assert watched.entered.wait(SOON)
        site.server.should_exit = True
        with pytest.raises(ConnectionClosed):
            visitor.recv(timeout=SOON)
    worker.forget()
    site.close()


# --- originals ----------------------------------------------------------------------------------


def test_originals_of_the_digits_are_always_there(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("EXPLORER_DATA", str(tmp_path))
    image, note = Originals().get("digits", 8, 0)
    assert image is not None
    assert (image.shape, image.dtype, note) == ((8, 8), np.uint8, "")


def test_an_original_has_the_size_of_the_maps_images() -> None:
    image, _ = Originals().get("digits", 12, 0)
    assert image is not None
    assert image.shape == (12, 12)
    assert not image[:2].any()


def test_a_point_beyond_the_data_set_has_no_original() -> None:
    assert Originals().get("digits", 8, 500) == (None, "The data set has fewer images than the map.")


class Downloads:
    """A stand-in for the data sets' loader: nothing is at hand until a download is let through."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.count = 0
        self.there = False
        self.succeeds = True
        self.gate = threading.Event()
        self.done = threading.Event()
        monkeypatch.setattr(originals, "load", self.load)

    def load(self, _name: str, _split: str, size: int = 28, download: bool = False) -> DataSet:
        if download:
            self.count += 1
            assert self.gate.wait(SOON)
            self.there = self.succeeds
            self.done.set()
        if not self.there:
            raise DataUnavailable("It is not here.")
        return DataSet(np.full((1, size, size), 7, np.uint8), np.zeros(1, np.int64), ("0",))


def test_a_missing_data_set_is_fetched_once_in_the_background(monkeypatch: pytest.MonkeyPatch) -> None:
    downloads, shared = Downloads(monkeypatch), Originals()
    answers = [shared.get("mnist", 28, 0) for _ in range(5)]
    downloads.gate.set()
    assert set(answers) == {(None, "MNIST is being fetched; click again for the original.")}
    assert downloads.done.wait(SOON)
    assert downloads.count == 1


def test_a_fetched_data_set_is_shown_at_the_next_click(monkeypatch: pytest.MonkeyPatch) -> None:
    downloads, shared = Downloads(monkeypatch), Originals()
    downloads.gate.set()
    shared.get("mnist", 28, 0)
    assert downloads.done.wait(SOON)
    image, note = shared.get("mnist", 28, 0)
    assert image is not None
    assert (int(image[0, 0]), note) == (7, "")


def test_a_failed_download_says_so_and_is_not_tried_again_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    downloads, shared = Downloads(monkeypatch), Originals()
    downloads.succeeds = False
    downloads.gate.set()
    shared.get("fashion-mnist", 28, 0)
    sentence = "No original: Fashion-MNIST is not on this machine and could not be fetched."
    wait_for(lambda: shared.get("fashion-mnist", 28, 0) == (None, sentence))
    assert shared.get("fashion-mnist", 28, 0) == (None, sentence)
    assert downloads.count == 1


def test_a_failed_download_is_tried_again_later(monkeypatch: pytest.MonkeyPatch) -> None:
    downloads, shared = Downloads(monkeypatch), Originals()
    downloads.succeeds = False
    downloads.gate.set()
    shared.get("mnist", 28, 0)
    wait_for(lambda: shared.get("mnist", 28, 0)[1].startswith("No original"))
    monkeypatch.setattr(originals, "RETRY_SECONDS", 0)
    downloads.succeeds = True
    shared.get("mnist", 28, 0)
    wait_for(lambda: shared.get("mnist", 28, 0)[1] == "")
    assert downloads.count == 2


def test_a_download_of_one_data_set_does_not_hold_up_another(monkeypatch: pytest.MonkeyPatch) -> None:
    downloads, shared = Downloads(monkeypatch), Originals()
    shared.get("mnist", 28, 0)
    assert shared.get("fashion-mnist", 28, 0)[1].startswith("Fashion-MNIST is being fetched")
    downloads.gate.set()
    wait_for(lambda: downloads.count == 2)
