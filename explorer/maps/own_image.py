"""Somebody's drawing or photo becomes an image like those of a data set, centred and scaled as its makers did."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike
from PIL import Image

from explorer.maps.datasets import SOURCES, pad
from explorer.maps.ink import bright_on_black
from explorer.sentences import Sentence

SHORTEST, LONGEST = 8, 512  # pixels of a side

# NIST's clean-up for the digits, on 32 × 32 black and white pixels.
BITMAP, NARROW, BLOCK = 32, 20, 4
TOO_THICK, TOO_THIN = (412, 560), (256, 108)  # inked pixels; each limit passed takes or gives a rim one pixel wide
MOST_STRETCH = 3


def like_data(image: ArrayLike, data: str, image_shape: tuple[int, int]) -> np.ndarray:
    """Any grey picture (h, w) uint8 -> an image (H, W) float32 in [0, 1], bright on black, as the data set's makers
    made theirs.

    image: sides from 8 to 512; dark on light or light on dark, wherever and however large the figure is.
    data: a name of explorer.maps.datasets.SOURCES. image_shape: that of the model; what is larger than the data set's
    own images is zeros around them.
    Raises ValueError with a sentence: no such picture, data set or shape; nothing drawn; nearly everything drawn.
    """
    if data not in MAKERS:
        raise ValueError(f"There is no data set of that name; there are {', '.join(MAKERS)}.")
    side, make = SOURCES[data].side, MAKERS[data]
    if len(image_shape) != 2 or image_shape[0] != image_shape[1] or image_shape[0] < side:
        raise ValueError(f"image_shape must be a square of at least {side} × {side}.")
    made = make(bright_on_black(_checked(image), data != "fashion-mnist")).astype(np.float32)
    return pad(made[None], image_shape[0])[0]


def _checked(image: ArrayLike) -> np.ndarray:
    try:
        pixels = np.asarray(image)
    except (TypeError, ValueError):
        raise ValueError("The picture must be numbers of the shape (height, width).") from None
    if pixels.ndim != 2 or pixels.dtype != np.uint8:
        raise ValueError("The picture must be grey, of the shape (height, width), its values whole bytes (uint8).")
    if not all(SHORTEST <= side <= LONGEST for side in pixels.shape):
        raise ValueError(
            Sentence(
                "told.own.sides",
                "The picture's sides must be from {shortest} to {longest} pixels.",
                shortest=SHORTEST,
                longest=LONGEST,
            )
        )
    return pixels


def like_mnist(figure: np.ndarray) -> np.ndarray:
    """Bright on black (h, w) -> (28, 28) in [0, 1].

    Fitted into 20 × 20 with its proportions kept and its edges grey, then laid so that its centre of mass is in the
    middle (LeCun, Cortes and Burges, "The MNIST database of handwritten digits", 1998), which in their files is pixel
    (14, 14), counted from 0.
    """
    fitted = _fit(figure[_box(figure > 0.2)], 20)  # not to the outermost haze of a soft edge
    # A pen much finer than a pixel would leave a shade of grey; theirs was broader.
    fitted = (fitted / np.percentile(fitted[fitted > 0], 90)).clip(0, 1)
    height, width = fitted.shape
    down = np.average(np.arange(height), weights=fitted.sum(1))
    across = np.average(np.arange(width), weights=fitted.sum(0))
    top, left = round(min(max(14 - down, 0), 28 - height)), round(min(max(14 - across, 0), 28 - width))
    return _laid(fitted, 28, top, left)


def like_fashion_mnist(figure: np.ndarray) -> np.ndarray:
    """Bright on black (h, w) -> (28, 28) in [0, 1].

    Trimmed, its longest edge brought to 28, its shortest extended to 28 on both sides (Xiao, Rasul and Vollgraf,
    "Fashion-MNIST", 2017, figure 1). They skipped rows and columns and sharpened what was left; the resampling used
    here is sharp by itself.
    """
    fitted = _fit(figure[_box(figure > 0.15)], 28)  # lower than for ink: sleeves may be paler than the rest
    height, width = fitted.shape
    return _laid(fitted / fitted.max(), 28, (29 - height) // 2, (29 - width) // 2)  # an odd rest: one more before


def like_digits(figure: np.ndarray) -> np.ndarray:
    """Bright on black (h, w) -> (8, 8) in [0, 1], in steps of 1/16.

    NIST's clean-up: black and white, stretched to 20 × 32 in the middle of 32 × 32, strokes neither too thick nor too
    thin, upright (Garris et al., "NIST Form-Based Handprint Recognition System", NISTIR 5469, 1994); then the inked
    pixels counted in blocks of 4 × 4 (Alpaydin and Kaynak, "Optical recognition of handwritten digits", UCI, 1998).
    A stroke that is hardly wider than a line is not stretched to the full width, which would leave a mere block.
    """
    bitmap = _upright(_even_strokes(_stretched(figure > 0.5)))
    cells = BITMAP // BLOCK
    return bitmap.reshape(cells, BLOCK, cells, BLOCK).mean((1, 3))


MAKERS: dict[str, Callable[[np.ndarray], np.ndarray]] = {  # by data set: how its makers made an image
    "digits": like_digits,
    "mnist": like_mnist,
    "fashion-mnist": like_fashion_mnist,
}


def _box(inked: np.ndarray) -> tuple[slice, slice]:
    """(h, w) bool, some of it True -> rows and columns from the first True to the last"""
    rows, columns = (np.flatnonzero(inked.any(axis)) for axis in (1, 0))
    return slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)


def _resized(picture: np.ndarray, height: int, width: int, how: Image.Resampling) -> np.ndarray:
    # In floating point, or a dot that hardly covers a pixel would be rounded away; clipped, as sharp filters overshoot.
    return np.asarray(Image.fromarray(picture.astype(np.float32)).resize((width, height), how)).clip(0, 1)


def _fit(figure: np.ndarray, longest: int) -> np.ndarray:
    """(h, w) -> the same with its longer side at `longest`, the other in proportion but at least 1"""
    height, width = (max(round(side * longest / max(figure.shape)), 1) for side in figure.shape)
    return _resized(figure, height, width, Image.Resampling.LANCZOS)


def _laid(picture: np.ndarray, side: int, top: int, left: int) -> np.ndarray:
    canvas = np.zeros((side, side))
    canvas[top : top + picture.shape[0], left : left + picture.shape[1]] = picture
    return canvas


def _stretched(inked: np.ndarray) -> np.ndarray:
    """(h, w) bool -> (32, 32) bool: the figure stretched to all of the height and 20 of the width"""
    figure = inked[_box(inked)]
    slender = BITMAP * figure.shape[1] / figure.shape[0]  # its width with its proportions kept, and so on
    flat = NARROW * figure.shape[0] / figure.shape[1]
    width = min(max(round(slender * MOST_STRETCH), 1), NARROW)
    height = min(max(round(flat * MOST_STRETCH), 1), BITMAP)
    covered = _resized(figure, height, width, Image.Resampling.BILINEAR)
    # A pen finer than a pixel covers no pixel by half.
    half = min(np.percentile(covered[covered > 0], 90) / 2, 0.5)
    return _laid(covered >= half, BITMAP, (BITMAP - height) // 2, (BITMAP - width) // 2) > 0


def _even_strokes(bitmap: np.ndarray) -> np.ndarray:
    """(32, 32) bool -> the same with a rim taken from thick strokes or given to thin ones"""
    inked = bitmap.sum()
    for limit in TOO_THICK:
        if inked > limit:
            bitmap = np.logical_and.reduce(_neighbours(bitmap))
    for limit in TOO_THIN:
        if inked < limit:
            bitmap = np.logical_or.reduce(_neighbours(bitmap))
    return bitmap


def _neighbours(bitmap: np.ndarray) -> list[np.ndarray]:
    """(h, w) bool -> itself and its shifts by one pixel up, down, left and right; False comes in"""
    around = np.pad(bitmap, 1)
    return [bitmap, around[2:, 1:-1], around[:-2, 1:-1], around[1:-1, 2:], around[1:-1, :-2]]


def _upright(bitmap: np.ndarray) -> np.ndarray:
    """(32, 32) bool -> the same with its rows shifted so that its leftmost pixels near top and bottom line up"""
    rows = np.flatnonzero(bitmap.any(1))
    top, bottom = rows[0] + 2, rows[-1] - 2  # the outermost rows tell more of the pen than of the slant
    if top >= bottom or not bitmap[top].any() or not bitmap[bottom].any():
        return bitmap
    slant = (bitmap[top].argmax() - bitmap[bottom].argmax()) / (bottom - top)
    wide = np.pad(bitmap, ((0, 0), (BITMAP, BITMAP)))  # so that nothing comes round to the other side
    shifted = [np.roll(row, round((y - BITMAP // 2) * slant)) for y, row in enumerate(wide)]
    return np.stack(shifted)[:, BITMAP:-BITMAP]
