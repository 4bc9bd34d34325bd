"""A line in which nobody is passed over: whoever has had the least comes next, first of addresses, then within one."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from explorer.addresses import address_of

Item = TypeVar("Item")


@dataclass
class Share(Generic[Item]):
    """What one visitor, or one address with all its visitors, has had while they waited (in seconds)."""

    had: float
    items: deque[tuple[Item, int]] = field(default_factory=deque)
    visitors: dict[str, Share[Item]] = field(default_factory=dict)
    least: float = 0.0  # what the last one served had had by then; a newcomer begins with as much


@dataclass(frozen=True)
class Turn(Generic[Item]):
    item: Item
    address: str
    visitor: str


class FairLine(Generic[Item]):
    """Items by visitor, each with a weight; who wants nothing any more is forgotten."""

    def __init__(self) -> None:
        self._addresses: dict[str, Share[Item]] = {}
        self._weights: Counter[str] = Counter()
        self._least = 0.0

    def __bool__(self) -> bool:
        return bool(self._addresses)

    @property
    def weight(self) -> int:
        return self._weights.total()

    def weight_of(self, address: str) -> int:
        return self._weights[address]

    def put(self, item: Item, visitor: str, weight: int = 1) -> None:
        name = address_of(visitor)
        address = self._addresses.setdefault(name, Share(self._least))
        address.visitors.setdefault(visitor, Share(address.least)).items.append((item, weight))
        self._weights[name] += weight

    def take(self) -> Turn[Item]:
        """The item whose turn it is. Raises ValueError: nothing waits."""
        name = min(self._addresses, key=lambda name: self._addresses[name].had)
        address = self._addresses[name]
        visitor = min(address.visitors, key=lambda visitor: address.visitors[visitor].had)
        self._least, address.least = address.had, address.visitors[visitor].had
        item, weight = address.visitors[visitor].items.popleft()
        self._leave(name, visitor, weight)
        return Turn(item, name, visitor)

    def charge(self, turn: Turn[Item], seconds: float) -> None:
        """What a taken item has cost those who still wait for others."""
        if (address := self._addresses.get(turn.address)) is not None:
            address.had += seconds
            if (share := address.visitors.get(turn.visitor)) is not None:
                share.had += seconds

    def drop_from_greediest(self, newcomer: str) -> Item | None:
        """Take back the last item of the address that waits for the most; None if that is the newcomer's own."""
        name, most = max(self._weights.items(), key=lambda weighed: weighed[1], default=("", 0))
        if most <= self._weights[newcomer]:
            return None
        visitors = self._addresses[name].visitors
        visitor = max(visitors, key=lambda visitor: len(visitors[visitor].items))
        item, weight = visitors[visitor].items.pop()
        self._leave(name, visitor, weight)
        return item

    def _leave(self, name: str, visitor: str, weight: int) -> None:
        self._weights[name] -= weight
        visitors = self._addresses[name].visitors
        if not visitors[visitor].items:
            del visitors[visitor]
        if not visitors:
            del self._addresses[name], self._weights[name]
