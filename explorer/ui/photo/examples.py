"""Photos to begin with, out of scikit-image."""

from __future__ import annotations

from pathlib import Path

import gradio as gr
import numpy as np
from gradio.processing_utils import save_file_to_cache
from gradio.utils import get_upload_folder
from PIL import Image

from explorer.sentences import Sentence
from explorer.ui.component import mounted
from explorer.ui.photo.view import data_url

FILES = {
    "cat": "chelsea.png",
    "astronaut": "astronaut.png",
    "coffee": "coffee.png",
    "rocket": "rocket.jpg",
    "retina": "retina.jpg",
    "galaxies": "hubble_deep_field.jpg",
}
THUMBNAIL = 80  # pixels


def build() -> gr.HTML:
    """A row of thumbnails. Its "choose" event carries {"name": one of FILES}."""
    buttons = "".join(
        f'<button type="button" data-name="{name}" data-title="photo.example.{name}" disabled>'
        f'<img src="{thumbnail(name)}" data-alt="photo.example.{name}"></button>'
        for name in FILES
    )
    html = f'<div class="examples" role="group" data-label="photo.examples">{buttons}</div>'
    return gr.HTML(html, js_on_load=mounted("photo/examples.js", "choose"), elem_id="photo-examples")


def file_of(name: str) -> str:
    import skimage.data

    return str(Path(skimage.data.__file__).parent / FILES[name])


def thumbnail(name: str) -> str:
    """The middle square of an example as a data URL."""
    with Image.open(file_of(name)) as photo:
        photo.draft("RGB", (2 * THUMBNAIL, 2 * THUMBNAIL))
        side = min(photo.size)
        left, top = (photo.width - side) // 2, (photo.height - side) // 2
        square = photo.convert("RGB").crop((left, top, left + side, top + side))
    return data_url(np.asarray(square.resize((THUMBNAIL, THUMBNAIL))), "JPEG")


def on_choose(event: gr.EventData) -> str:
    name = event._data.get("name") if isinstance(event._data, dict) else None
    if not isinstance(name, str) or name not in FILES:
        raise gr.Error(Sentence("told.photo.example", "There is no example of that name."), print_exception=False)
    # A copy: Gradio hands out nothing that lies outside the working directory and its own folder.
    return save_file_to_cache(file_of(name), get_upload_folder())
