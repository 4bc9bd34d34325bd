"""What a training command's exit code says to the process that started it."""

from __future__ import annotations

REFUSED = 2  # options, data or files; a sentence on stderr says which
DIVERGED = 4
INTERRUPTED = 130  # as a shell has it of what Ctrl-C ended


class Diverged(ValueError):
    """The loss is no longer finite."""
