"""Photo jobs of the page and of its endpoints: each waits for its turn in the photo line."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

import gradio as gr
from gradio.context import LocalContext

from explorer.photos import reader as photo_reader
from explorer.photos.line import WAITING, PhotoLine, check
from explorer.ui.server.listeners import Listeners
from explorer.ui.texts import language_of, say

# As many events as can have a place in the line at once, and some that are refused: so none of them waits in Gradio's
# own queue, which knows neither who listens nor who asks.
EVENT: dict[str, Any] = {"concurrency_id": "photo", "concurrency_limit": WAITING + 8}
ANSWER_SECONDS = 5.0  # for an answer to be made ready and sent
REMEMBERED = 1024  # visitors
MAX_THREADS = WAITING + 48  # of Gradio's, one to each event that waits


@dataclass(eq=False)
class Desk:
    """What a visitor keeps from one event to the next, within a gr.State. An event reads it when its turn comes and
    writes it before the turn ends: Gradio fetches inputs before the event waits, when an earlier one may still run."""

    content: Any = None


class PhotoTurns:
    """The photo line, and who listens to the answers."""

    def __init__(self) -> None:
        self.line = PhotoLine()
        self._last: OrderedDict[str, str] = OrderedDict()  # each visitor's last event that had a turn
        self.listeners = Listeners(self.line.wake)

    def start(self) -> None:
        photo_reader.start()

    def close(self) -> None:
        self.line.close()
        photo_reader.close()

    def taken(self, handler: Callable[..., Any]) -> Callable[..., Any]:
        """An event's handler -> the same in the line, where a newer one of the same visitor takes its place.

        It raises GivenUp besides what the handler does.
        """

        @wraps(handler)
        def waiting(*arguments: Any) -> Any:
            request: gr.Request | None = LocalContext.request.get(None)
            event = LocalContext.event_id.get(None) or ""
            visitor = str(getattr(request, "session_hash", None) or event)

            def work() -> Any:
                self._await_answer(visitor)
                try:
                    return handler(*arguments)
                finally:
                    self._note(visitor, event)

            return self.line.run(
                visitor,
                str(getattr(getattr(request, "client", None), "host", "")),
                handler.__name__,
                work,
                lambda: self.listeners.has(visitor, event),
                _telling(arguments, request),
            )

        return waiting

    def _await_answer(self, visitor: str) -> None:
        """Gradio makes an answer ready after its turn; a later and quicker one must not reach the page before it."""
        last, until = self._last.get(visitor), time.monotonic() + ANSWER_SECONDS
        queue = getattr(LocalContext.blocks.get(None), "_queue", None)
        while last in getattr(queue, "event_ids_to_events", ()) and time.monotonic() < until:
            check()
            time.sleep(0.005)

    def _note(self, visitor: str, event: str) -> None:
        self._last[visitor] = event
        self._last.move_to_end(visitor)
        if len(self._last) > REMEMBERED:
            self._last.popitem(last=False)


def _telling(arguments: tuple[Any, ...], request: gr.Request | None) -> Callable[[int], None] | None:
    """What tells the visitor how many come before, where the event shows its progress."""
    progress = next((argument for argument in arguments if isinstance(argument, gr.Progress)), None)
    if progress is None or request is None:
        return None
    language = language_of(request)
    return lambda before: progress(0, desc=say("photo.before", language, count=before))
