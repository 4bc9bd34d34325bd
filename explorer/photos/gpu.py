"""ZeroGPU, where a Space lends its GPU for one call at a time: `on_gpu` asks for it, and does without it elsewhere."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from explorer.sentences import Sentence

Result = TypeVar("Result")
SPENT = Sentence("told.photo.share", "Your share of this Space's GPU is spent for now: this ran on the CPU.")


def on_gpu(function: Callable[..., Result]) -> Callable[..., tuple[Result, str]]:
    """A function that takes its device ("cuda" or "cpu", None for the default) as keyword -> the same, with a note.

    On ZeroGPU it runs as a @spaces.GPU function; when the quota is spent it runs on the CPU and the note says so.
    Elsewhere it runs as it is, and the note is empty.
    """
    if not os.environ.get("SPACES_ZERO_GPU"):
        return lambda *arguments: (function(*arguments, device=None), "")
    import spaces

    @spaces.GPU
    def lent(*arguments: Any) -> Result:
        return function(*arguments, device="cuda")

    @wraps(function)
    def lent_or_own(*arguments: Any) -> tuple[Result, str]:
        try:
            return lent(*arguments), ""
        except ValueError:  # a sentence of our own about what was sent
            raise
        except Exception as error:
            if not any(word in str(error).lower() for word in ("quota", "gpu")):
                raise
            return function(*arguments, device="cpu"), SPENT

    return lent_or_own
