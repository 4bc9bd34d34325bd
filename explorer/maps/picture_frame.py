"""What lies around a picture and is none of it: frames, and the bars that bring it to another shape."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

STEP = 12  # of 255; the least by which an edge stands out
MUCH = 40  # of 255; by more, no paper varies
FLAT = 6  # of 255; a bar varies by no more after JPEG
DEEP = 0.45  # of a side; what is cut off of it at most
NARROW = 0.12  # of a side; so near to the border lies the line of a frame
LEAST = 5  # pixels of a side that are left
FEW = 16  # pixels of a side; of fewer, one line is a good part of the picture
RINGS = 2  # frames and bars within each other


@dataclass(frozen=True)
class Side:
    """A side of the picture, turned to the left: its edges from end to end.

    pixels: (h, w). cuts: how many columns go with the innermost edge, with the outermost, and none. jumps: (h, w - 2),
    where a pixel and the next but one differ by more than `least`.
    """

    pixels: np.ndarray
    cuts: list[int]
    jumps: np.ndarray
    least: float


def without_frame(picture: np.ndarray, clear: float) -> np.ndarray:
    """(h, w) float32 of [0, 255] -> what lies within its frames and bars, the whole where there are none.

    clear: how much of the inner border must be plain paper, from 0 to 1: what may pass for the picture within a frame
    is else a garment on its ground.
    """
    narrow = NARROW
    for _ in range(RINGS):
        cuts, kinds = _cuts(picture, clear, narrow)
        if not any(cuts):
            break
        if "line" in kinds:
            narrow = 0  # a further line so near to the border belongs to squared paper
        picture = _cropped(picture, cuts)
    return picture


def border(picture: np.ndarray) -> np.ndarray:
    """(h, w) -> (2 h + 2 w - 4,)"""
    return np.concatenate([picture[0], picture[-1], picture[1:-1, 0], picture[1:-1, -1]])


def noise_of(picture: np.ndarray) -> float:
    """The standard deviation of the grain: Immerkær's ("Fast noise variance estimation", 1996), by the plainest fifth
    of the pixels, as a figure's texture is none of it."""
    across = picture[:, 2:] - 2 * picture[:, 1:-1] + picture[:, :-2]
    both = across[2:] - 2 * across[1:-1] + across[:-2]
    return float(np.percentile(np.abs(both), 20)) / 6 / 0.2533


def _cropped(picture: np.ndarray, cuts: list[int]) -> np.ndarray:
    top, right, bottom, left = cuts
    return picture[top : picture.shape[0] - bottom, left : picture.shape[1] - right]


def _cuts(picture: np.ndarray, clear: float, narrow: float) -> tuple[list[int], list[str]]:
    """How many lines to take off the top, right, bottom and left. Each side's choice bears on where the others end."""
    sides = [_side(np.rot90(picture, turn).T) for turn in range(4)]
    choice = [0] * 4
    for _ in range(9):
        cuts = [side.cuts[chosen] for side, chosen in zip(sides, choice, strict=True)]
        kinds = [
            _kind(_cropped(picture, cuts), side, cuts[i:] + cuts[:i], clear, narrow) for i, side in enumerate(sides)
        ]
        wanted = 3 if min(picture.shape) < FEW else 1
        if kinds.count("line") < 3:  # one or two are ruled on the paper, or drawn
            kinds = [kind if kind == "bar" else "" for kind in kinds]
        if sum(map(bool, kinds)) < wanted:
            kinds = [""] * 4
        failed = [i for i, kind in enumerate(kinds) if cuts[i] and not kind]
        if not failed:
            break
        choice[max(failed, key=lambda i: cuts[i])] += 1  # the others may have failed for its sake
    return cuts, kinds


def _kind(inner: np.ndarray, side: Side, cuts: list[int], clear: float, narrow: float) -> str:
    """ "bar" of another level than the picture `inner`, "line" with the same level on both of its sides, or "".

    cuts: of this side, and of the next ones clockwise. narrow: how far from the border a line may lie, of the side.
    """
    cut, after, _, before = cuts
    if not cut or min(inner.shape) < LEAST:
        return ""
    rows = slice(before, len(side.pixels) - after)
    if side.jumps[rows, cut - 2].mean() < 0.8:
        return ""
    outermost = side.pixels[:, 0]
    within = inner[3:-3, 3:-3] if min(inner.shape) > FEW else inner  # a line is no picture
    like_outer = [(np.abs(border(part) - np.median(outermost)) < side.least / 2).mean() for part in (inner, within)]
    if max(like_outer) < 0.3 and _clear(inner) > clear:
        return "bar"
    if cut > narrow * side.pixels.shape[1]:
        return ""
    return "line" if np.median(np.abs(outermost - side.pixels[:, cut])[rows]) < min(side.least / 2, MUCH) else ""


def _side(pixels: np.ndarray) -> Side:
    from scipy import ndimage

    height, width = pixels.shape
    smooth = ndimage.uniform_filter1d(pixels, max(height // 25, 1), axis=0, mode="nearest")
    step = smooth[:, 2:] - smooth[:, :-2]
    least = max(STEP, 5 * float(np.median(np.abs(step[::2, ::2]))))
    middle = slice(height * 15 // 100, height - height * 15 // 100)  # at its ends lie the frame's other sides
    part, steps = smooth[middle], step[middle]
    plain = np.logical_and.accumulate((np.abs(part - _bent(part)) < least / 2).mean(0) > 0.95)[:-2]
    # Light that falls from the side may be brighter than a grey bar here and darker there.
    flat = np.logical_and.accumulate(np.ptp(pixels, axis=0) <= FLAT)[:-2]
    brighter = (steps > least).mean(0) > (steps < -least).mean(0)
    jumps = np.where(flat, np.abs(step) > FLAT, np.where(brighter, step, -step) > least)
    edges = np.flatnonzero((plain & (jumps[middle].mean(0) > 0.6))[: int(DEEP * width)])
    first = edges[np.cumsum(np.diff(edges, prepend=edges[:1]) > 1) == 0]  # an edge may be some pixels wide
    return Side(
        pixels,
        list(dict.fromkeys([*(int(edge[-1]) + 2 for edge in (edges, first) if len(edge)), 0])),
        jumps,
        least,
    )


def _clear(picture: np.ndarray) -> float:
    """The share of the border that is plain, whether all of a level or in light that changes along it."""
    within = min(8 + 3 * noise_of(picture), MUCH)
    lines = picture[0], picture[-1], picture[:, 0], picture[:, -1]
    fits = [(np.median(line), _bent(line[:, None])[:, 0]) for line in lines]
    return float(
        np.mean(
            [max((np.abs(line - fit) < within).mean() for fit in both) for line, both in zip(lines, fits, strict=True)]
        )
    )


def _bent(columns: np.ndarray) -> np.ndarray:
    """(h, w) -> the parabola (h, w) nearest to each column"""
    y = np.linspace(-1, 1, len(columns), dtype=np.float32)
    basis, _ = np.linalg.qr(np.stack([np.ones_like(y), y, y**2], 1))
    return basis @ (basis.T @ columns)
