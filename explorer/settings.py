"""What a host can set: environment variables whose names begin with EXPLORER_, each read where it is needed.

given: the environment, unless another is named. Raises ValueError with a sentence that names the variable.
"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping

MOST = 10**9 - 1


def whole(name: str, default: int, least: int = 1, most: int = MOST, given: Mapping[str, str] | None = None) -> int:
    text = _text(name, given)
    if not text:
        return default
    if not (text.isascii() and text.isdigit() and len(text) < 10 and least <= int(text) <= most):
        bounds = f"of at least {least}" if most == MOST else f"from {least} to {most}"
        raise ValueError(f"{name} must be a whole number {bounds}.")
    return int(text)


def gigabytes(name: str, default: float, given: Mapping[str, str] | None = None) -> float:
    """-> bytes"""
    try:
        number = float(_text(name, given) or default)
    except ValueError:
        number = math.nan
    if not number >= 0:
        raise ValueError(f"{name} must be a number of gigabytes.")
    return number * 1e9


def entries(text: str) -> list[str]:
    """Those with commas or spaces between them."""
    return text.replace(",", " ").split()


def names(name: str, given: Mapping[str, str] | None = None) -> tuple[str, ...]:
    """Hosts, or sites."""
    found = tuple(entries(_text(name, given)))
    for entry in found:
        if not entry.isascii() or any(letter in entry for letter in ';"\\<>'):
            raise ValueError(f"{name} must name hosts with commas or spaces between them.")
    return found


def _text(name: str, given: Mapping[str, str] | None) -> str:
    return (os.environ if given is None else given).get(name, "").strip()
