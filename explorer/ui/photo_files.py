"""Files that come from a visitor, and those that go back."""

from __future__ import annotations

import shutil
import tempfile
import time
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.utils import get_upload_folder
from PIL import Image
from PIL.PngImagePlugin import PngInfo

PREFIX = "explorer-visit-"
KEPT_SECONDS = 3600  # after which files and photos of a visitor are forgotten


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


def next_folder(visit: Path) -> Path:
    """A new folder within a visitor's own: browsers keep a picture by its address. The one before it stays for whoever
    still reads it, older ones go."""
    visit.mkdir(parents=True, exist_ok=True)  # another server that shares the folder may have cleaned up
    older = sorted(visit.iterdir(), key=lambda folder: folder.stat().st_mtime_ns)
    for folder in older[:-1]:
        remove_folder(folder)
    return Path(tempfile.mkdtemp(dir=visit))


def remove_folder(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)


def remove_left_overs() -> None:
    """Folders of visits that an earlier run did not live to remove; younger ones may be another server's."""
    for folder in Path(get_upload_folder()).glob(f"{PREFIX}*"):
        if time.time() - folder.stat().st_mtime > KEPT_SECONDS:
            remove_folder(folder)


def save_png(image: Image.Image, file: Path) -> str:
    """An sRGB image as a PNG that says so; gAMA stands beside it for who reads no more than that (PNG, 11.3.2.5)."""
    said = PngInfo()
    said.add(b"sRGB", b"\0")  # perceptual
    said.add(b"gAMA", (45455).to_bytes(4, "big"))
    image.save(file, compress_level=1, pnginfo=said)
    return str(file)
