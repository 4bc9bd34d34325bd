"""The photo line without a page: turns, places, who gives way, and when a job ends before it is done."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from serving import SOON, wait_for

from explorer.photos import jobs as photo_jobs
from explorer.photos import line as photo_line
from explorer.photos import models as photo_models
from explorer.photos.line import CLOSED, FULL, LEFT, MANY, REPLACED, WAITING, GivenUp, PhotoLine, Replaced, Stopped
from explorer.photos.vae import PhotoVAE


class Visitor:
    """One job of somebody's, in a thread of its own; it runs until its gate opens, and checks all the time."""

    def __init__(self, line: PhotoLine, name: str, address: str = "", kind: str = "photo", **options: Any) -> None:
        self.gate, self.begun, self.answer = threading.Event(), threading.Event(), Future[str]()
        self.ears, deaf = options.pop("ears", threading.Event()), options.pop("deaf", False)
        if not deaf:
            self.ears.set()
        self.options = {"listens": lambda: self.ears.is_set(), **options}
        self.work: Callable[[], None] = self.until_the_gate_opens
        self.line, self.who = line, (name, address or name, kind)
        self.thread = threading.Thread(target=self.ask, daemon=True)

    def ask(self) -> None:
        try:
            self.answer.set_result(self.line.run(*self.who, self.job, **self.options))
        except BaseException as error:
            self.answer.set_exception(error)

    def job(self) -> str:
        self.begun.set()
        self.work()
        return self.who[0]

    def until_the_gate_opens(self) -> None:
        while not self.gate.wait(0.01):
            photo_line.check()

    def enter(self) -> Visitor:
        self.thread.start()
        wait_for(lambda: self.answer.done() or self.begun.is_set() or self.is_in_line())
        return self

    def is_in_line(self) -> bool:
        return any(job.listens is self.options["listens"] for job in list(self.line._jobs))

    def error(self) -> BaseException:
        error = self.answer.exception(SOON)
        assert error is not None
        return error

    def told(self) -> str:
        return str(self.error())


@pytest.fixture
def line() -> PhotoLine:
    return PhotoLine(per_address=4)


quick = pytest.mark.usefixtures("quick")


@pytest.fixture(name="quick")
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody is waited for as long as on the page."""
    monkeypatch.setattr(photo_line, "UNHEARD_SECONDS", 0.3)
    monkeypatch.setattr(photo_line, "LEFT_SECONDS", 0.1)
    monkeypatch.setattr(photo_line, "PAUSE", 0.02)


def busy(line: PhotoLine, name: str = "first") -> Visitor:
    first = Visitor(line, name, f"{name}'s address").enter()
    assert first.begun.wait(SOON)
    return first


def test_jobs_run_one_at_a_time_and_in_turn(line: PhotoLine) -> None:
    first = busy(line)
    others = [Visitor(line, str(number)).enter() for number in range(3)]
    assert not any(other.begun.is_set() for other in others)
    for current, following in zip([first, *others], [*others, None], strict=True):
        current.gate.set()
        assert current.answer.result(SOON) == current.who[0]
        if following:
            assert following.begun.wait(SOON)
            assert sum(other.begun.is_set() and not other.answer.done() for other in others) == 1


def test_what_a_job_raises_reaches_who_asked_and_the_next_one_has_its_turn(line: PhotoLine) -> None:
    def fail() -> None:
        raise KeyError("no model")

    with pytest.raises(KeyError, match="no model"):
        line.run("somebody", "there", "photo", fail)
    assert line.run("somebody", "there", "photo", lambda: line.run("somebody", "there", "part", lambda: 6 * 7)) == 42


@quick
def test_a_job_that_nobody_listens_to_never_begins_and_ends_soon(line: PhotoLine) -> None:
    silent = Visitor(line, "silent", deaf=True).enter()
    assert silent.told() == LEFT
    assert not silent.begun.is_set()
    assert line._jobs == []


def test_forty_jobs_of_visitors_who_never_listen_hold_up_nobody(line: PhotoLine) -> None:
    """With the patience of the page: the next one's turn comes while all of them are still waited for."""
    silent = [Visitor(line, f"silent {number}", f"address {number}", deaf=True).enter() for number in range(40)]
    assert line.run("next", "elsewhere", "photo", lambda: len(line._jobs)) == 41
    assert not any(visitor.begun.is_set() for visitor in silent)
    line.close()
    assert {visitor.told() for visitor in silent} == {CLOSED}


def test_a_job_begins_when_its_visitor_begins_to_listen(line: PhotoLine) -> None:
    slow = Visitor(line, "slow network", deaf=True).enter()
    slow.ears.set()
    line.wake()
    assert slow.begun.wait(SOON)
    slow.gate.set()
    assert slow.answer.result(SOON) == "slow network"


@quick
def test_who_has_listened_before_is_not_waited_for_and_once_only(line: PhotoLine) -> None:
    line.run("page", "there", "photo", lambda: None)
    trusted = Visitor(line, "page", deaf=True).enter()
    assert trusted.begun.wait(SOON)
    assert trusted.told() == LEFT
    again = Visitor(line, "page", deaf=True).enter()
    assert again.told() == LEFT
    assert not again.begun.is_set()


@quick
def test_a_job_whose_visitor_leaves_ends_while_it_runs(line: PhotoLine) -> None:
    leaving = busy(line, "leaving")
    leaving.ears.clear()
    assert leaving.told() == LEFT
    assert line.run("next", "elsewhere", "photo", lambda: "its turn") == "its turn"


@quick
def test_a_job_whose_visitor_leaves_ends_while_it_waits(line: PhotoLine) -> None:
    first = busy(line)
    waiting = Visitor(line, "waiting").enter()
    waiting.ears.clear()
    assert waiting.told() == LEFT
    assert not waiting.begun.is_set()
    first.gate.set()


def test_a_stream_that_closes_and_opens_again_ends_no_job(line: PhotoLine) -> None:
    visitor = busy(line)
    visitor.ears.clear()
    time.sleep(0.1)
    visitor.ears.set()
    visitor.gate.set()
    assert visitor.answer.result(SOON) == "first"


def test_a_newer_job_of_a_visitor_takes_the_place_of_the_waiting_one_of_its_kind(line: PhotoLine) -> None:
    first = busy(line)
    ears = threading.Event()
    edits = [Visitor(line, "page", kind="edit", ears=ears).enter() for _ in range(3)]
    other = Visitor(line, "page", kind="compare", ears=ears).enter()
    for older in edits[:2]:
        assert isinstance(older.error(), Replaced)
        assert older.told() == REPLACED
    first.gate.set()
    for newest in (edits[2], other):
        newest.gate.set()
        assert newest.answer.result(SOON) == "page"


def test_a_running_job_is_not_replaced(line: PhotoLine) -> None:
    first = busy(line, "page")
    second = Visitor(line, "page", "first's address").enter()
    first.gate.set()
    assert first.answer.result(SOON) == "page"
    second.gate.set()
    assert second.answer.result(SOON) == "page"


def test_a_visitor_has_few_jobs_in_line_of_whatever_kinds(line: PhotoLine) -> None:
    first = busy(line)
    jobs = [Visitor(line, "page", kind=f"kind {number}").enter() for number in range(5)]
    assert [job.told() for job in jobs[:2]] == [REPLACED] * 2
    assert [job.answer.done() for job in jobs[2:]] == [False] * 3
    first.gate.set()


def test_one_address_has_a_few_places_and_others_still_find_theirs(line: PhotoLine) -> None:
    first = busy(line)
    crowd = [Visitor(line, f"crowd {number}", "one address").enter() for number in range(line.per_address)]
    with pytest.raises(GivenUp, match=MANY):
        line.run("one more", "one address", "photo", lambda: None)
    other = Visitor(line, "other").enter()
    first.gate.set()
    for visitor in (*crowd, other):
        visitor.gate.set()
    assert other.answer.result(SOON) == "other"
    assert [visitor.answer.result(SOON) for visitor in crowd] == [visitor.who[0] for visitor in crowd]


def test_addresses_take_turns(line: PhotoLine) -> None:
    order: list[str] = []
    first = busy(line)
    crowd = [Visitor(line, f"crowd {number}", "one address") for number in range(3)]
    alone = Visitor(line, "alone", "another address")
    for visitor in (*crowd, alone):
        visitor.work = lambda visitor=visitor: order.append(visitor.who[0])  # type: ignore[misc]
        visitor.enter()
    first.gate.set()
    for visitor in (*crowd, alone):
        visitor.answer.result(SOON)
    assert order == ["crowd 0", "alone", "crowd 1", "crowd 2"]


def test_a_school_class_behind_one_address_fits_and_one_address_never_fills_the_line() -> None:
    assert 30 <= PhotoLine().per_address < WAITING


def test_a_full_line_says_so_and_whom_nobody_listens_to_gives_way(line: PhotoLine) -> None:
    first = busy(line)
    silent = Visitor(line, "silent", deaf=True).enter()
    crowd = [Visitor(line, f"crowd {number}").enter() for number in range(WAITING - 1)]
    last = Visitor(line, "last").enter()
    assert silent.told() == LEFT
    with pytest.raises(GivenUp, match=FULL):
        line.run("one more", "elsewhere", "photo", lambda: None)
    first.gate.set()
    for visitor in (*crowd, last):
        visitor.gate.set()
    assert {visitor.answer.result(SOON) for visitor in (*crowd, last)} == {v.who[0] for v in (*crowd, last)}


def test_a_job_has_a_time_limit_while_it_runs_and_none_while_it_waits() -> None:
    line = PhotoLine(seconds=0.5)
    first = Visitor(line, "first").enter()
    second = Visitor(line, "second").enter()
    second.work = lambda: None
    assert first.told() == "This was stopped after 0 seconds; choose a smaller size."
    assert second.answer.result(SOON) == "second"


def test_what_waits_for_the_network_lets_others_by_and_is_not_timed() -> None:
    line = PhotoLine(seconds=0.5)
    fetched = threading.Event()

    def fetch() -> None:
        with photo_line.aside():
            assert fetched.wait(SOON)

    visitor = Visitor(line, "fetches")
    visitor.work = fetch
    visitor.enter()
    for number in range(3):
        assert line.run(f"other {number}", "elsewhere", "photo", lambda: "by") == "by"
    time.sleep(0.6)
    fetched.set()
    assert visitor.answer.result(SOON) == "fetches"


@quick
def test_who_leaves_while_a_model_is_fetched_ends_the_fetch_and_what_follows(line: PhotoLine) -> None:
    reached: list[str] = []

    def fetch() -> None:
        with photo_line.aside() as check:
            try:
                while True:
                    check()
                    time.sleep(0.01)
            except Stopped:
                raise ValueError("The model could not be fetched.") from None  # as some library may turn it
        reached.append("what follows")

    visitor = Visitor(line, "fetches")
    visitor.work = fetch
    visitor.enter()
    assert visitor.begun.wait(SOON)
    visitor.ears.clear()
    assert visitor.told() == LEFT
    assert reached == []


def test_who_waits_is_told_how_many_come_before(line: PhotoLine) -> None:
    first = busy(line)
    second = Visitor(line, "second").enter()
    told: list[int] = []
    third = Visitor(line, "third", tell=told.append).enter()
    wait_for(lambda: told)
    first.gate.set()
    wait_for(lambda: told[-1] == 1)
    second.gate.set()
    third.gate.set()
    assert third.answer.result(SOON) == "third"
    assert told == [2, 1]


def test_when_the_server_stops_all_jobs_end(line: PhotoLine) -> None:
    first = busy(line)
    second = Visitor(line, "second").enter()
    line.close()
    assert (first.told(), second.told()) == (CLOSED, CLOSED)
    with pytest.raises(GivenUp, match=CLOSED):
        line.run("third", "elsewhere", "photo", lambda: None)


def test_a_process_to_which_a_lent_gpu_takes_a_job_checks_nothing(
    line: PhotoLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def work() -> None:
        line._jobs[0].sentence = LEFT
        monkeypatch.setattr(os, "getpid", lambda: -1)
        photo_line.check()
        line._jobs[0].sentence = ""

    line.run("visitor", "there", "photo", work)


def test_outside_of_a_line_nothing_is_checked() -> None:
    photo_line.check()
    with photo_line.aside() as check:
        check()


@pytest.mark.parametrize("text", ["0", "-1", "48", "many", "1.5", "²"])
def test_a_setting_that_is_no_number_within_bounds_is_refused(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EXPLORER_PHOTO_JOBS", text)
    with pytest.raises(ValueError, match="EXPLORER_PHOTO_JOBS must be a whole number from 1 to 47"):
        PhotoLine()


def test_a_host_sets_the_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EXPLORER_PHOTO_JOBS", "2")
    monkeypatch.setenv("EXPLORER_PHOTO_SECONDS", "600")
    line = PhotoLine()
    assert (line.per_address, line.seconds) == (2, 600)


@pytest.mark.parametrize("name", ["small_vae", "small_tiny"])
def test_a_model_stops_between_its_layers_and_tiles_and_works_as_before_afterwards(
    name: str, request: pytest.FixtureRequest, line: PhotoLine
) -> None:
    vae: PhotoVAE = photo_jobs.load_vae(str(request.getfixturevalue(name)))
    photo = Image.fromarray(np.random.default_rng(0).integers(0, 256, (1088, 1088, 3), np.uint8))
    small = photo.crop((0, 0, 64, 64))
    before = vae.pil_to_latent(small)
    passed = 0

    def count(*_: object) -> None:
        nonlocal passed
        passed += 1
        if passed == 2:  # the second tile
            line._jobs[0].sentence = LEFT

    hook = vae.model.encoder.register_forward_pre_hook(count)
    with pytest.raises(GivenUp, match=LEFT):
        line.run("leaving", "there", "photo", lambda: vae.pil_to_latent(photo))
    hook.remove()
    assert passed == 2
    assert vae.model.use_tiling is False
    assert torch.equal(vae.pil_to_latent(small), before)


def test_a_model_that_is_at_hand_needs_no_fetch(small_vae: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(photo_models, "cached_folder", lambda _id, _hub: None)
    known = [photo_models.BUILT_IN, str(small_vae), "no id at all"]
    assert all(photo_models.is_at_hand(name, visitor=True) for name in known)
    assert not photo_models.is_at_hand("somebody/something", visitor=True)


def test_a_stopped_job_is_not_tried_again_with_the_built_in_model(
    line: PhotoLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def stop(model: str, *_: object) -> None:
        asked.append(model)
        raise Stopped(LEFT)

    monkeypatch.setattr(photo_jobs, "encode", stop)
    with pytest.raises(GivenUp, match=LEFT):
        line.run("leaving", "there", "photo", lambda: photo_jobs.encode_or_built_in("a/b", Image.new("RGB", (8, 8))))
    assert asked == ["a/b"]
