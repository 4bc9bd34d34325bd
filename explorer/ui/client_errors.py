"""What gradio_client is told where a function refuses."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import wraps
from typing import Any

import gradio as gr

from explorer.live.worker import Busy
from explorer.sentences import said_by


def with_sentences(function: Callable[..., Any]) -> Callable[..., Any]:
    """A ValueError (or Busy) becomes the client's error with its sentence, which never repeats what was sent."""

    def told(error: Exception) -> gr.Error:
        return gr.Error(said_by(error), print_exception=False)

    @wraps(function)
    def wrapped(*arguments: Any) -> Any:
        try:
            return function(*arguments)
        except (ValueError, Busy) as error:
            raise told(error) from None

    @wraps(function)
    async def awaited(*arguments: Any) -> Any:
        try:
            return await function(*arguments)
        except (ValueError, Busy) as error:
            raise told(error) from None

    return awaited if inspect.iscoroutinefunction(function) else wrapped
