"""Ink and ground: what is drawn or lies on paper, whatever the light, the frame, the lines and the grain."""

from __future__ import annotations

import numpy as np
from PIL import Image

from explorer.maps.picture_frame import border, noise_of, without_frame
from explorer.sentences import Sentence

FAINT = 16  # of 255; what stands out by less is paper grain or a camera's noise
FULL = 0.95  # of the pixels
NEARLY = 0.9  # of the pixels; what lies within so thin a frame may as well fill the picture
EMPTY = Sentence("told.own.empty", "The drawing is empty: draw something first.")
FILLED = Sentence("told.own.filled", "The drawing is filled nearly everywhere: there is no figure to be seen.")

COARSE = 45  # of 255; grain that strong is a pattern that somebody drew
LARGE = 256  # pixels of a side; what is larger is halved
BROAD = 0.35  # of a side; no stroke is as broad
CORE = 0.6  # of the darkest ink; nothing paler is ink by itself


def bright_on_black(pixels: np.ndarray, strokes: bool) -> np.ndarray:
    """(h, w) uint8 -> (h, w) float32 or what of it lies within a frame; its ground at 0 and what stands out most at 1.

    strokes: whether the figure is drawn with a pen or brush; else it may be broad, with paler parts and texture.
    Raises ValueError with a sentence: there is no figure, or nothing but one.
    """
    if max(pixels.shape) > LARGE:
        pixels = np.asarray(Image.fromarray(pixels).reduce(2 if min(pixels.shape) > 16 else 1))
    inner = without_frame(pixels.astype(np.float32), 0.75 if strokes else 0.9)
    height = _height(inner, strokes)
    if height.max() < FAINT:
        framed = NEARLY * pixels.size < inner.size < pixels.size
        raise ValueError(FILLED if framed else EMPTY)
    found = height / height.max()
    if (found > 0.5).mean() > FULL:
        raise ValueError(FILLED)
    return found


def _height(picture: np.ndarray, strokes: bool) -> np.ndarray:
    """(h, w) of [0, 255] -> by how much the figure stands out from the ground, 0 elsewhere; in shares of the ground's
    brightness times 255 where it is darker, as ink gives back a share of the light on its paper."""
    from scipy import ndimage

    noise = noise_of(picture)
    if noise > COARSE:
        noise = 0
    if noise:
        contrast = float(np.ptp(np.percentile(picture, [0.5, 99.5])))
        blur = min(10 * noise / max(contrast, 1), max(picture.shape) / 100)
        picture = ndimage.gaussian_filter(picture, blur)
        noise /= max(2 * np.sqrt(np.pi) * blur, 1)
    ground = _ground(picture, noise, strokes)
    darker = ((ground - picture) / ground.clip(20) * 255).clip(0)
    brighter = (picture - ground).clip(0)
    height = darker if _mass(ground - picture, strokes) > _mass(picture - ground, strokes) else brighter
    if strokes:
        height = height - _shade(height)
    height = _without_lines(height, 15 if strokes else 5)
    return height if height.max() < FAINT else _figure(height, noise, strokes)


def _ground(picture: np.ndarray, noise: float, strokes: bool) -> np.ndarray:
    """The paper's brightness (h, w), in whole numbers: the border's median, or a paraboloid where that fits better.

    Fitted by iteratively reweighted least squares with Geman and McClure's weights, their scale narrowed step by step
    (Black and Rangarajan, "On the unification of line processes", 1996): first to the border, then, where the figure
    is but strokes, to all that is paper.
    """
    height, width = picture.shape
    y, x = np.meshgrid(np.linspace(-1, 1, height), np.linspace(-1, 1, width), indexing="ij")
    basis = np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], -1)
    every = -(-max(height, width) // 64)
    some, seen = basis[::every, ::every], picture[::every, ::every].astype(np.float64)
    rim = max(min(seen.shape) // (8 if strokes else 20), 1)
    ring = np.ones(seen.shape, bool)
    ring[rim:-rim, rim:-rim] = False
    finest = max(4, 3 * noise)
    medians = np.median(border(picture)), np.median(seen[ring])  # the outermost pixels may be a dashed frame's
    level = float(max(medians, key=lambda median: (np.abs(seen[ring] - median) < finest).mean()))
    fit = np.array([level, 0, 0, 0, 0, 0])
    rounds = [(ring, 128), (np.ones_like(ring), 6 * finest)]
    for where, widest in rounds if strokes else rounds[:1]:
        places, values = some[where], seen[where]
        for scale in np.geomspace(widest, finest, 12):
            weights = 1 / (1 + ((values - places @ fit) / scale) ** 2) ** 2
            weighted = places.T * weights
            hold = 1e-6 * np.eye(6)  # to the last fit where nothing tells otherwise
            fit = np.linalg.solve(weighted @ places + hold, weighted @ values + hold @ fit)
    bent = np.round(basis @ fit).astype(np.float32)
    off, flat_off = (np.abs(border(picture - ground)).clip(0, 6 * finest).mean() for ground in (bent, level))
    return bent if off < 0.8 * flat_off else np.full_like(picture, level)


def _mass(above: np.ndarray, strokes: bool) -> float:
    """How much stands out on one side of the ground, most of all in the middle of the picture."""
    above = above.clip(0)
    if strokes:
        above = above - _opened(above)
    window = np.outer(*(np.bartlett(side + 2)[1:-1] for side in above.shape))
    return float((window * above**2).sum())


def _opened(height: np.ndarray) -> np.ndarray:
    from scipy import ndimage

    return ndimage.grey_opening(height, size=[max(int(BROAD * side), 1) for side in height.shape])


def _shade(height: np.ndarray) -> np.ndarray:
    """(h, w) -> shadows that fall in from the border: broader than any stroke, and paler there than the darkest ink."""
    from skimage.measure import label

    wide = _opened(height)
    parts = label(wide > FAINT / 2)
    rim, there = border(parts), border(height)
    shadows = [part for part in np.unique(rim[rim > 0]) if np.percentile(there[rim == part], 90) < 0.8 * height.max()]
    return np.where(np.isin(parts, shadows), wide, 0)


def _without_lines(height: np.ndarray, gap: int) -> np.ndarray:
    """(h, w) -> the same without ruled lines: narrow, level or upright, from border to border but for `gap` percent.

    They stay where they are nearly all there is: then they are the drawing.
    """
    from scipy import ndimage

    for _ in range(2):
        rows, columns = height.shape
        smooth = ndimage.uniform_filter1d(height, max(columns // 25, 1), axis=1, mode="nearest")
        ruled = np.percentile(smooth, gap, axis=1)
        ruled -= ndimage.grey_opening(ruled, size=max(rows // 12, 2))
        ruled[ruled < FAINT / 4] = 0
        cleared = np.where((ruled > 0)[:, None] & (height <= 1.6 * ruled[:, None]), 0, height)
        if cleared.sum() * (ruled > 0).sum() >= (height - cleared).sum():
            height = cleared
        height = height.T
    return height


def _figure(height: np.ndarray, noise: float, strokes: bool) -> np.ndarray:
    """(h, w) -> the same, 0 where it is no part of the figure.

    What stands out far from the darkest ink, or of a garment without touching it, is a pattern of the paper: ink stands
    out more. Under the ink it is taken off as it lies beside it (after Gatos, Pratikakis and Perantonis, "Adaptive
    degraded document image binarization", 2006).
    """
    from scipy import ndimage
    from skimage.filters import apply_hysteresis_threshold
    from skimage.measure import label

    side = min(height.shape)
    darkest = float(np.median(height[height > height.max() / 2]))
    core = height > CORE * darkest
    if strokes:
        apart = ndimage.distance_transform_edt(~core) > max(side / 12, 1.5)
    else:
        parts = label(height > 0.1 * darkest)
        apart = ~np.isin(parts, np.unique(parts[core]))
    pattern = float(np.percentile(height[apart], 99)) if apart.any() else 0.0
    low = min(max((0.12 if strokes else 0.04) * darkest, 1.2 * pattern, 3 * noise), 0.55 * darkest)
    inked = _without_specks(apply_hysteresis_threshold(height, low, CORE * darkest))
    near = ndimage.binary_dilation(inked, iterations=side // 50 + 1)
    figure = np.where(near, height, 0)
    if pattern > 0.1 * darkest and not near.all():
        beside = ndimage.distance_transform_edt(near, return_distances=False, return_indices=True)
        under = ndimage.gaussian_filter(height[tuple(beside)], side / 50)
        figure = np.where(near & (under > 0.05 * darkest), height - under, figure)
    return figure.clip(0, np.percentile(figure[inked], 99.5 if noise else 100))


def _without_specks(inked: np.ndarray) -> np.ndarray:
    """(h, w) bool -> the same without specks, and without what lies along the border while the figure is elsewhere:
    a table beside the paper, the corners and dashes of a frame."""
    from skimage.measure import label, regionprops

    height, width = inked.shape
    parts = label(inked, connectivity=2)
    middle = np.zeros_like(inked)
    middle[height // 5 : height - height // 5, width // 5 : width - width // 5] = True
    inside = np.bincount(parts[middle], minlength=parts.max() + 1)
    touching = np.bincount(border(parts), minlength=parts.max() + 1)
    regions = regionprops(parts)
    beside = {
        region.label
        for region in regions
        if region.area >= 4  # a dot lies along nothing
        and touching[region.label] > 0.6 * sum(region.image.shape)
        and inside[region.label] < 0.3 * region.area
    }
    body = max((region.area for region in regions if region.label not in beside), default=0)
    gone = [
        region.label
        for region in regions
        if region.area < 0.03 * body
        or (region.label in beside and region.area * 0.15 < body)
        or (region.area < 0.2 * body and touching[region.label] and not inside[region.label])
    ]
    return inked & ~np.isin(parts, gone)
