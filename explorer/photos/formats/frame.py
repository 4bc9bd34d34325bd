"""The first frame of an image file as a file of its own, and where it lies on the file's canvas."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from PIL import Image

MAX_PIXELS = 64_000_000


class Rare(Exception):
    """An image of a kind that nothing here decodes, though its format is one that opens."""


@dataclass
class Frame:
    """content: an image file that holds this frame alone, and nothing that does not bear on its pixels.

    info: what PIL.Image.info is to hold besides: icc_profile, cicp, exif with the orientation alone.
    canvas: (width, height) of the picture in pixels where the frame is a part of it, its corner at `corner`.
    cut: the file ends before its pixels are known to be all there.
    """

    content: bytes
    info: dict[str, Any] = field(default_factory=dict)
    canvas: tuple[int, int] | None = None
    corner: tuple[int, int] = (0, 0)
    cut: bool = False

    def lay(self, image: Image.Image) -> Image.Image:
        """This frame's pixels on its canvas; what it does not cover is transparent."""
        image.load()
        image.info.update(self.info)
        if self.canvas is None or self.canvas == image.size:
            return image
        if image.mode.startswith("I;16"):
            laid = Image.new(image.mode, self.canvas, 65535)
            laid.paste(image, self.corner)
        else:
            laid = Image.new("RGBA", self.canvas)
            laid.paste(image.convert("RGBA"), self.corner)
        laid.info = {key: value for key, value in image.info.items() if key != "transparency"}
        return laid
