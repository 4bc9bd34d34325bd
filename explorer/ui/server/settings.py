"""What a host can set: environment variables whose names begin with EXPLORER_."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Settings:
    """sessions: visitors whose state is kept at once. body_mb: of a request that is no upload. free_mb: of disk that
    uploads leave free. frames: the sites that may show the page in a frame, as in frame-ancestors. hosts: the names
    under which the page may be asked for; none for any."""

    sessions: int = 200
    body_mb: int = 2
    free_mb: int = 200
    frames: tuple[str, ...] = ("*",)
    hosts: tuple[str, ...] = ()


def read_settings(environment: Mapping[str, str] | None = None) -> Settings:
    """Raises ValueError with a sentence that names the variable."""
    given = os.environ if environment is None else environment
    plain = Settings()
    return Settings(
        sessions=whole(given, "EXPLORER_SESSIONS", plain.sessions, least=1),
        body_mb=whole(given, "EXPLORER_BODY_MB", plain.body_mb, least=1),
        free_mb=whole(given, "EXPLORER_FREE_MB", plain.free_mb, least=0),
        frames=names(given, "EXPLORER_FRAMES") or plain.frames,
        hosts=names(given, "EXPLORER_HOSTS"),
    )


def whole(given: Mapping[str, str], name: str, default: int, least: int) -> int:
    text = given.get(name, "").strip()
    if not text:
        return default
    if not (text.isascii() and text.isdigit() and len(text) < 10 and int(text) >= least):
        raise ValueError(f"{name} must be a whole number of at least {least}.")
    return int(text)


def names(given: Mapping[str, str], name: str) -> tuple[str, ...]:
    """Entries with commas or spaces between them."""
    entries = tuple(given.get(name, "").replace(",", " ").split())
    for entry in entries:
        if not entry.isascii() or any(letter in entry for letter in ';"\\<>'):
            raise ValueError(f"{name} must name hosts with commas or spaces between them.")
    return entries
