"""What a host can set of the server."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from explorer.settings import names, whole


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
    plain = Settings()
    return Settings(
        sessions=whole("EXPLORER_SESSIONS", plain.sessions, least=1, given=environment),
        body_mb=whole("EXPLORER_BODY_MB", plain.body_mb, least=1, given=environment),
        free_mb=whole("EXPLORER_FREE_MB", plain.free_mb, least=0, given=environment),
        frames=names("EXPLORER_FRAMES", environment) or plain.frames,
        hosts=names("EXPLORER_HOSTS", environment),
    )
