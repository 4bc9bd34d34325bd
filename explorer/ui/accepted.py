"""What a client says it accepts: languages, encodings, each with a weight (RFC 9110, 12.4.2)."""

from __future__ import annotations

import re
from typing import Literal

from starlette.datastructures import Headers

Encoding = Literal["br", "gzip", "identity"]
_WEIGHT = re.compile(r"q=([01]|[01]?\.[0-9]+|[01]\.)")
MAX_HEADER = 4096  # characters that are read


def weights(header: str) -> dict[str, float]:
    """Names in lower case, "*" among them, the heaviest first -> their weights; 0 for what is not wanted.

    A name that comes twice counts as it came first; one whose weight can't be read is left out.
    """
    found: dict[str, float] = {}
    for entry in header[:MAX_HEADER].lower().split(","):
        name, *parameters = (part.strip() for part in entry.split(";"))
        weight = _WEIGHT.fullmatch(parameters[0]) if parameters else None
        if name and (weight or not parameters):
            found.setdefault(name, min(float(weight[1]), 1.0) if weight else 1.0)
    return dict(sorted(found.items(), key=lambda item: -item[1]))


def encoding_of(headers: Headers) -> Encoding:
    """In what an answer to a client is packed. Browsers name Brotli over HTTPS and on the server's own machine only."""
    accepted = weights(",".join(headers.getlist("accept-encoding")))
    gzip = accepted.get("gzip", accepted.get("*", 0.0))
    if 0 < accepted.get("br", 0.0) >= gzip:
        return "br"
    return "gzip" if gzip else "identity"
