"""A process that reads image files for `explorer.photos.reader`, and can be killed when one of them keeps it busy.

Each line of its input is {"path", "longest"}; each answer a line {"width", "height", "notes"} and the RGB bytes, or
{"error"}, with sentences as data.
"""

from __future__ import annotations

import json
import os
import sys
from typing import BinaryIO

from PIL import Image

from explorer.photos.image import BROKEN, read_photo
from explorer.sentences import as_data, said_by


def main() -> None:
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # what a decoder prints is no answer
    Image.init()
    for line in sys.stdin.buffer:
        asked = json.loads(line)
        try:
            answer(answers, asked["path"], asked["longest"])
        except BrokenPipeError:  # nobody is left to be told
            return


def answer(answers: BinaryIO, path: str, longest: int | None) -> None:
    try:
        photo, notes = read_photo(path, longest)
        told = {"width": photo.width, "height": photo.height, "notes": [as_data(note) for note in notes]}
        pixels = photo.tobytes()
    except ValueError as error:
        told, pixels = {"error": as_data(said_by(error))}, b""
    except Exception:
        told, pixels = {"error": as_data(BROKEN)}, b""
    answers.write(json.dumps(told).encode() + b"\n")
    answers.write(pixels)
    answers.flush()


if __name__ == "__main__":
    main()
