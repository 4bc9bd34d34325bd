"""What is opened once stays open for as long as its files are the same."""

import gc
import os
import shutil
import weakref
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest

from explorer.kept import Kept, remembered


class Thing:
    def __init__(self, content: bytes) -> None:
        self.content = content


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "weights"
    file.write_bytes(b"one")
    return file


def opened(kept: Kept[Thing], file: Path, key: Any = "key") -> Thing:
    return kept.get(key, [file], lambda: Thing(file.read_bytes()))


def test_it_is_opened_once(file: Path) -> None:
    kept: Kept[Thing] = Kept(2)
    assert opened(kept, file) is opened(kept, file)


def rewrite(file: Path) -> None:
    file.write_bytes(b"another")  # of another length: within some milliseconds a file may keep its date


def replace(file: Path) -> None:
    other = file.with_name("other")
    other.write_bytes(b"two")
    other.replace(file)


def replace_with_the_same_date(file: Path) -> None:
    other = file.with_name("other")
    other.write_bytes(b"two")
    shutil.copystat(file, other)
    other.replace(file)


def rewrite_and_set_back_the_date(file: Path) -> None:
    before = file.stat()
    file.write_bytes(b"another")
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))


@pytest.mark.parametrize("change", [rewrite, replace, replace_with_the_same_date, rewrite_and_set_back_the_date])
def test_it_is_opened_again_when_its_file_is_another(change: Any, file: Path) -> None:
    kept: Kept[Thing] = Kept(2)
    first = opened(kept, file)
    change(file)
    second = opened(kept, file)
    assert first.content == b"one"
    assert second.content == file.read_bytes() != b"one"
    assert opened(kept, file) is second


def test_a_file_that_comes_or_goes_is_another(file: Path) -> None:
    kept: Kept[Thing] = Kept(2)
    more = file.with_name("more")
    first = kept.get("key", [file, more], lambda: Thing(b""))
    more.write_bytes(b"")
    second = kept.get("key", [file, more], lambda: Thing(b""))
    more.unlink()
    third = kept.get("key", [file, more], lambda: Thing(b""))
    assert len({id(thing) for thing in (first, second, third)}) == 3


def test_the_one_that_was_not_asked_for_longest_goes_first(file: Path) -> None:
    kept: Kept[Thing] = Kept(2)
    first, second = opened(kept, file, 1), opened(kept, file, 2)
    assert opened(kept, file, 1) is first
    opened(kept, file, 3)
    assert opened(kept, file, 1) is first
    assert opened(kept, file, 2) is not second


def test_what_cannot_be_opened_is_tried_again(file: Path) -> None:
    kept: Kept[Thing] = Kept(2)

    def fail() -> Thing:
        raise ValueError("Damaged.")

    for _ in range(2):
        with pytest.raises(ValueError, match="Damaged"):
            kept.get("key", [file], fail)
    assert opened(kept, file).content == b"one"


def test_two_threads_open_the_same_thing_once(file: Path) -> None:
    kept: Kept[Thing] = Kept(2)
    together = Barrier(4)

    def ask(_: int) -> Thing:
        together.wait()
        return opened(kept, file)

    with ThreadPoolExecutor(4) as threads:
        assert len({id(thing) for thing in threads.map(ask, range(4))}) == 1


def test_an_answer_is_remembered_while_its_arguments_live() -> None:
    asked: list[bytes] = []

    @remembered(8)
    def about(one: Thing, other: Thing, count: int) -> str:
        asked.append(one.content)
        return f"{one.content!r} {other.content!r} {count}"

    things = [Thing(b"a"), Thing(b"b")]
    first = about(*things, 3)
    assert about(*things, 3) is first
    assert about(*things, 4) != first
    assert len(asked) == 2
    alive = weakref.ref(things[1])
    del things[1]
    gc.collect()
    assert alive() is None
    assert about(things[0], Thing(b"b"), 3) == first
    assert len(asked) == 3


def test_what_is_remembered_of_a_freed_argument_goes_with_it() -> None:
    @remembered(8)
    def of(one: Thing) -> Thing:
        return Thing(one.content)

    thing = Thing(b"a")
    answer = weakref.ref(of(thing))
    assert answer() is not None
    del thing
    gc.collect()
    assert answer() is None


def test_what_is_known_is_told_without_asking() -> None:
    asked: list[Thing] = []

    @remembered(8)
    def of(one: Thing, count: int = 2) -> Thing:
        asked.append(one)
        return Thing(one.content * count)

    thing = Thing(b"a")
    assert of.known(thing) is None
    answer = of(thing)
    assert of.known(thing) is of.known(thing, 2) is of.known(one=thing, count=2) is of(thing, count=2) is answer
    assert of.known(thing, 3) is None
    assert len(asked) == 1


def test_what_is_open_is_told_without_opening_it(file: Path) -> None:
    kept: Kept[Thing] = Kept(2)
    assert kept.known("key") is None
    thing = opened(kept, file)
    rewrite(file)
    assert kept.known("key") is thing
    assert kept.known("another") is None


def test_the_oldest_answer_goes_first() -> None:
    things = [Thing(b"a"), Thing(b"b"), Thing(b"c")]

    @remembered(2)
    def of(one: Thing) -> Thing:
        return Thing(one.content)

    first, second = of(things[0]), of(things[1])
    assert of(things[0]) is first
    of(things[2])
    assert of(things[0]) is first
    assert of(things[1]) is not second
