"""Files that come from a visitor, and those that go back."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.utils import get_upload_folder
from PIL import Image
from PIL.PngImagePlugin import PngInfo

PREFIX = "explorer-visit-"
SERVED = "explorer-files-"
KEPT_SECONDS = 3600  # after which files and photos of a visitor are forgotten
GRACE_SECONDS = 30  # for which files outlive the visit that they belong to


def photo_input(**options: Any) -> gr.Image:
    """A gr.Image that hands over the uploaded file as it is: Gradio would open it first, and its errors are no
    sentences. That the file lies among the uploads has been checked before this is called."""
    image = gr.Image(type="filepath", image_mode=None, sources=["upload", "clipboard", "webcam"], **options)

    def as_path(payload: Any) -> str | None:
        return None if payload is None else payload.path

    image.preprocess = as_path  # type: ignore[method-assign]
    return image


def new_folder() -> Path:
    """A visitor's own folder, within the one that Gradio cleans and serves from."""
    Path(get_upload_folder()).mkdir(parents=True, exist_ok=True)
    return Path(tempfile.mkdtemp(prefix=PREFIX, dir=get_upload_folder()))


def next_folder(within: Path) -> Path:
    """A new folder within a visitor's own: browsers keep a picture by its address. The one before it stays for whoever
    still reads it, older ones go."""
    within.mkdir(parents=True, exist_ok=True)  # another server that shares the folder may have cleaned up
    older = sorted(entry for entry in within.iterdir() if entry.is_dir())
    for folder in older[:-1]:
        remove_folder(folder)
    # Named by its time: what the file system notes of it is the same for folders that follow within a few milliseconds.
    return Path(tempfile.mkdtemp(prefix=f"{time.time_ns():020d}-", dir=within))


def remove_folder(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def served_folder() -> Iterator[None]:
    """Within it visitors' files lie in a folder of this server alone, unless GRADIO_TEMP_DIR names another one: what
    Gradio takes by default is shared by all its apps on the machine, and must not be swept by one of them."""
    if os.environ.get("GRADIO_TEMP_DIR"):
        yield
        return
    os.environ["GRADIO_TEMP_DIR"] = folder = tempfile.mkdtemp(prefix=SERVED)
    try:
        yield
    finally:
        remove_folder(Path(folder))
        if os.environ.get("GRADIO_TEMP_DIR") == folder:
            del os.environ["GRADIO_TEMP_DIR"]


def remove_left_overs(kept: Collection[str] = ()) -> None:
    """Remove what nobody has used for longer than it is kept, whatever its name: visits, uploads and the beginnings of
    aborted ones, and folders of servers that were killed. kept: paths of files that belong to the page itself."""
    folder = Path(get_upload_folder()).resolve()
    touch(folder)  # for other servers: it is in use
    files = [Path(path).resolve() for path in kept]
    spared = {folder / file.relative_to(folder).parts[0] for file in files if folder in file.parents} | {folder}
    left = list(folder.iterdir()) if folder.is_dir() else []
    for entry in (*left, *Path(tempfile.gettempdir()).resolve().glob(f"{SERVED}*")):
        if entry in spared or time.time() - last_used(entry) <= KEPT_SECONDS + GRACE_SECONDS:
            continue
        if entry.is_dir() and not entry.is_symlink():
            remove_folder(entry)
        else:
            with suppress(OSError):  # it may have gone, or be somebody else's
                entry.unlink()


def last_used(entry: Path) -> float:
    """When a file or anything in a folder was written or touched, in seconds since 1970; now where it has just gone."""
    try:
        inside = [entry, *entry.rglob("*")] if entry.is_dir() and not entry.is_symlink() else [entry]
        return max(file.lstat().st_mtime for file in inside)
    except OSError:
        return time.time()


def touch(*paths: Path | str) -> None:
    """Files or folders are used: they are kept for as long again."""
    for path in paths:
        with suppress(OSError):  # it may have gone
            os.utime(path)


def save_png(image: Image.Image, file: Path) -> str:
    """An sRGB image as a PNG that says so; gAMA is for readers that do not know sRGB (PNG, 11.3.2.5)."""
    said = PngInfo()
    said.add(b"sRGB", b"\0")  # perceptual
    said.add(b"gAMA", (45455).to_bytes(4, "big"))
    image.save(file, compress_level=1, pnginfo=said)
    return str(file)
