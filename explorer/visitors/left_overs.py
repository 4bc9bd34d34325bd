"""Folders that a process did not live to remove."""

from __future__ import annotations

import shutil
import tempfile
import time
from contextlib import suppress
from pathlib import Path

SECONDS = 3600  # since it was last written to; a younger one may be another server's


def remove_left_overs(prefix: str) -> None:
    """Of the temporary folders whose name begins with `prefix`, remove those that nobody uses any more."""
    for folder in Path(tempfile.gettempdir()).glob(f"{prefix}*"):
        with suppress(OSError):  # another server may have just removed it
            if time.time() - folder.stat().st_mtime > SECONDS:
                shutil.rmtree(folder, ignore_errors=True)
