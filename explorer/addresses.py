"""Visitors by where they come from, and what one address may take of a whole."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from functools import lru_cache
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Any

from explorer.settings import whole

PER_ADDRESS = 40  # a classroom
IPV6_NETWORK = 64  # bits that one customer's addresses have in common
LONGEST = 64  # characters of an address

log = logging.getLogger(__name__)


class Visitor(str):
    """The name of a visitor's session or page, which their client has chosen, and the address they come from."""

    address: str

    def __new__(cls, name: str, address: str = "") -> Visitor:
        visitor = super().__new__(cls, name[:LONGEST])
        visitor.address = address
        return visitor


def address_of(visitor: str) -> str:
    """A visitor whose address is not known counts as the only one there."""
    return visitor.address if isinstance(visitor, Visitor) else visitor


def per_address() -> int:
    """How many visitors one address may stand for, from EXPLORER_PER_ADDRESS."""
    try:
        return whole("EXPLORER_PER_ADDRESS", PER_ADDRESS)
    except ValueError as error:  # asked with every request, it refuses nobody
        log.warning("%s %d is taken.", error, PER_ADDRESS)
        return PER_ADDRESS


def share(total: int, each: float) -> int:
    """What an address may take of a total, if each of its visitors may take so much."""
    return max(1, min(total, int(each * per_address())))


def client_of(scope: Mapping[str, Any]) -> str:
    """The address that an ASGI scope says a request comes from, as limits count it: of IPv6, a customer's network."""
    client = scope.get("client")
    return counted(client[0]) if client else ""


@lru_cache(maxsize=4096)
def counted(host: str) -> str:
    try:
        address = ip_address(host)
    except ValueError:
        return host[:LONGEST]
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is None:
            return str(ip_network((address, IPV6_NETWORK), strict=False))
        address = address.ipv4_mapped
    return str(address)
