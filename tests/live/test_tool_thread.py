"""The thread that answers questions one after the other."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import CancelledError, Future

import pytest
from serving import SOON

from explorer.addresses import Visitor
from explorer.live import tool_thread
from explorer.live.tool_thread import ToolThread
from explorer.live.worker import Busy


@pytest.fixture
def thread() -> Iterator[ToolThread]:
    thread = ToolThread()
    yield thread
    thread.stop()


class Held:
    """A question that is answered when a test says so."""

    def __init__(self, thread: ToolThread) -> None:
        self.begun, self.gate = threading.Event(), threading.Event()
        self.answer: Future[str] = thread.submit(self)
        assert self.begun.wait(SOON)

    def __call__(self) -> str:
        self.begun.set()
        assert self.gate.wait(SOON)
        return "held"

    def release(self) -> str:
        self.gate.set()
        return self.answer.result(SOON)


def fail() -> None:
    raise KeyError("nothing here")


def test_a_question_gets_its_answer(thread: ToolThread) -> None:
    assert thread.submit(lambda: 6 * 7).result(SOON) == 42


def test_questions_are_answered_one_after_the_other_in_one_thread_in_their_order(thread: ToolThread) -> None:
    order: list[int] = []
    threads: set[str] = set()
    running = threading.Lock()

    def question(number: int) -> int:
        assert running.acquire(blocking=False)
        order.append(number)
        threads.add(threading.current_thread().name)
        running.release()
        return number

    held = Held(thread)
    answers = [thread.submit(lambda n=number: question(n)) for number in range(20)]  # type: ignore[misc]
    assert order == []
    held.release()
    assert [answer.result(SOON) for answer in answers] == order == list(range(20))
    assert threads == {"tools_0"}


def test_its_thread_starts_with_the_first_question() -> None:
    before = set(threading.enumerate())
    thread = ToolThread()
    assert set(threading.enumerate()) <= before
    thread.submit(lambda: None).result(SOON)
    assert {new.name for new in set(threading.enumerate()) - before} == {"tools_0"}
    thread.stop()


def test_questions_from_many_threads_are_all_answered(thread: ToolThread) -> None:
    found: list[int] = []

    def ask(number: int) -> None:
        found.append(thread.submit(lambda: number).result(SOON))

    asking = [threading.Thread(target=ask, args=(number,)) for number in range(20)]
    for one in asking:
        one.start()
    for one in asking:
        one.join(SOON)
    assert sorted(found) == list(range(20))


def test_more_questions_than_may_wait_are_refused_with_a_sentence(thread: ToolThread) -> None:
    held = Held(thread)
    waiting = [thread.submit(lambda: "next") for _ in range(tool_thread.MAX_WAITING - 1)]
    for _ in range(3):
        with pytest.raises(Busy, match=r"^Too many questions wait for an answer; try again in a moment\.$"):
            thread.submit(lambda: "too many")
    held.release()
    assert {answer.result(SOON) for answer in waiting} == {"next"}


def test_an_answer_makes_room_for_another_question(thread: ToolThread, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tool_thread, "MAX_WAITING", 1)
    for _ in range(5):
        held = Held(thread)
        with pytest.raises(Busy):
            thread.submit(lambda: None)
        held.release()
        settle(thread)


def test_an_error_makes_room_for_another_question(thread: ToolThread, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tool_thread, "MAX_WAITING", 1)
    for _ in range(3):
        with pytest.raises(KeyError):
            thread.submit(fail).result(SOON)
        settle(thread)
    assert thread.submit(lambda: 1).result(SOON) == 1


def test_a_question_that_is_taken_back_makes_room_for_another(
    thread: ToolThread, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tool_thread, "MAX_WAITING", 2)
    held = Held(thread)
    asked: list[int] = []
    taken_back = thread.submit(lambda: asked.append(1))
    assert taken_back.cancel()
    other = thread.submit(lambda: asked.append(2))
    held.release()
    other.result(SOON)
    assert asked == [2]


def test_an_error_reaches_who_asked_and_does_not_end_the_thread(thread: ToolThread) -> None:
    held = Held(thread)
    before, wrong, after = thread.submit(lambda: 1), thread.submit(fail), thread.submit(lambda: 2)
    held.release()
    with pytest.raises(KeyError, match="nothing here"):
        wrong.result(SOON)
    assert (before.result(SOON), after.result(SOON)) == (1, 2)


def test_even_an_exit_reaches_who_asked_and_does_not_end_the_thread(thread: ToolThread) -> None:
    def leave() -> None:
        raise SystemExit(3)

    with pytest.raises(SystemExit):
        thread.submit(leave).result(SOON)
    assert thread.submit(lambda: 1).result(SOON) == 1


def test_stopping_takes_back_what_waits_and_ends_the_thread_after_the_running_question() -> None:
    thread = ToolThread()
    held = Held(thread)
    (worker,) = thread._pool._threads
    waiting = thread.submit(lambda: "never")
    thread.stop()
    with pytest.raises(CancelledError):
        waiting.result(SOON)
    assert held.release() == "held"
    worker.join(SOON)
    assert not worker.is_alive()


def test_stopping_does_not_wait_for_the_running_question() -> None:
    thread = ToolThread()
    held = Held(thread)
    thread.stop()
    assert not held.answer.done()
    held.release()


def test_stopping_what_was_never_asked_or_twice_is_no_error() -> None:
    thread = ToolThread()
    thread.stop()
    thread.stop()


def test_after_the_end_a_question_is_refused_with_a_sentence(thread: ToolThread) -> None:
    thread.submit(lambda: None).result(SOON)
    thread.stop()
    with pytest.raises(Busy, match=r"^The server is about to stop\.$"):
        thread.submit(lambda: None)


@pytest.mark.skipif(sys.platform != "linux", reason="Elsewhere priorities are those of whole processes.")
def test_it_gives_way_to_the_other_threads(thread: ToolThread) -> None:
    own = os.getpriority(os.PRIO_PROCESS, 0)
    assert thread.submit(lambda: os.getpriority(os.PRIO_PROCESS, 0)).result(SOON) == min(own + tool_thread.NICE, 19)
    assert os.getpriority(os.PRIO_PROCESS, 0) == own


def settle(thread: ToolThread) -> None:
    """Return when the last answer's room is free again; the asker may be told a moment earlier."""
    thread._pool.submit(lambda: None).result(SOON)


HERE, THERE = (Visitor("page", address) for address in ("192.0.2.1", "198.51.100.7"))


def test_when_all_room_is_taken_the_greediest_address_gives_way(
    thread: ToolThread, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tool_thread, "MAX_WAITING", 4)
    held = Held(thread)
    greedy = [thread.submit(lambda n=number: n, HERE) for number in range(3)]  # type: ignore[misc]
    modest = thread.submit(lambda: "modest", THERE)
    with pytest.raises(Busy, match=r"^Too many questions wait"):
        greedy[2].result(SOON)
    with pytest.raises(Busy, match=r"^Too many questions wait"):
        thread.submit(lambda: None, HERE)
    held.release()
    assert [answer.result(SOON) for answer in (*greedy[:2], modest)] == [0, 1, "modest"]
    settle(thread)
    assert thread._waiting == 0


def test_large_questions_count_for_several(thread: ToolThread) -> None:
    held = Held(thread)
    room = tool_thread.share(tool_thread.MAX_WAITING, tool_thread.OF_ONE)
    thread.submit(lambda: None, HERE, size=(room - 1) * tool_thread.HEAVY)
    with pytest.raises(Busy):
        thread.submit(lambda: None, HERE)
    thread.submit(lambda: None, THERE)
    held.release()
