"""explorer.train as the child of a server: it ends with the process that started it, however that ends."""

from __future__ import annotations

import os
import runpy
import threading


def end_with_parent() -> None:
    """stdin is a pipe that the parent holds open and never writes to: it closes when the parent is gone."""
    os.read(0, 1)
    os._exit(1)


if __name__ == "__main__":
    threading.Thread(target=end_with_parent, daemon=True).start()
    runpy.run_module("explorer.train", run_name="__main__")
