"""A photo read for tests, its sentences one below the other."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from explorer.photos import image


def read_photo(source: Path, longest: int | None) -> tuple[Image.Image, str]:
    photo, notes = image.read_photo(source, longest)
    return photo, "\n".join(notes)
