"""The line in which nobody is passed over."""

from __future__ import annotations

import pytest

from explorer.addresses import Visitor
from explorer.live.fair_line import FairLine

HERE, THERE = "192.0.2.1", "198.51.100.7"


def taken(line: FairLine[str], seconds: float = 1.0) -> list[str]:
    """All that waits, in the order of its turns, each of which costs so much."""
    order = []
    while line:
        turn = line.take()
        order.append(turn.item)
        line.charge(turn, seconds)
    return order


def test_one_visitors_items_keep_their_order() -> None:
    line: FairLine[str] = FairLine()
    for item in "abc":
        line.put(item, Visitor("one", HERE))
    assert taken(line) == ["a", "b", "c"]


def test_addresses_take_turns_whoever_came_first_with_however_many() -> None:
    line: FairLine[str] = FairLine()
    for number in range(5):
        line.put(f"a{number}", Visitor(f"made up {number}", HERE))
    line.put("b0", Visitor("page", THERE))
    line.put("b1", Visitor("page", THERE))
    assert taken(line) == ["a0", "b0", "a1", "b1", "a2", "a3", "a4"]


def test_visitors_behind_one_address_take_turns_too() -> None:
    line: FairLine[str] = FairLine()
    for item in ("a0", "a1", "a2"):
        line.put(item, Visitor("a", HERE))
    line.put("b0", Visitor("b", HERE))
    assert taken(line) == ["a0", "b0", "a1", "a2"]


def test_whose_items_cost_more_gets_fewer_turns() -> None:
    line: FairLine[str] = FairLine()
    for number in range(3):
        line.put("dear", Visitor("a", HERE))
        line.put(f"cheap{number}", Visitor("b", THERE))
    order = []
    while line:
        turn = line.take()
        order.append(turn.item)
        line.charge(turn, 10.0 if turn.item == "dear" else 1.0)
    assert order == ["dear", "cheap0", "cheap1", "cheap2", "dear", "dear"]


def test_who_comes_late_gains_nothing_by_having_waited_for_nothing() -> None:
    line: FairLine[str] = FairLine()
    for number in range(4):
        line.put(f"a{number}", Visitor("a", HERE))
    for _ in range(2):
        line.charge(line.take(), 5.0)
    for number in range(3):
        line.put(f"b{number}", Visitor("b", THERE))
    assert taken(line, 5.0)[:4] == ["b0", "a2", "b1", "a3"]


def test_who_wants_nothing_any_more_is_forgotten() -> None:
    line: FairLine[str] = FairLine()
    for number in range(100):
        line.put("item", Visitor(f"page {number}", f"address {number}"))
        line.charge(line.take(), 1.0)
    assert not line
    assert (line.weight, len(line._addresses), len(line._weights)) == (0, 0, 0)


def test_the_greediest_address_gives_way_to_a_newcomer_and_to_nobody_else() -> None:
    line: FairLine[str] = FairLine()
    for number in range(3):
        line.put(f"a{number}", Visitor("a", HERE))
    line.put("heavy", Visitor("b", THERE), weight=2)
    assert line.drop_from_greediest("203.0.113.1") == "a2"
    assert line.drop_from_greediest(HERE) is None
    assert line.drop_from_greediest(THERE) is None
    assert (line.weight_of(HERE), line.weight_of(THERE), line.weight) == (2, 2, 4)


def test_nothing_can_be_taken_where_nothing_waits() -> None:
    with pytest.raises(ValueError, match="empty"):
        FairLine[str]().take()
    assert FairLine[str]().drop_from_greediest(HERE) is None
