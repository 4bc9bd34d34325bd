"""Ink and ground: what is drawn or lies on a picture's paper, whatever the light, frames, lines and grain around it."""

from __future__ import annotations

import numpy as np

FAINT = 16  # of 255; what stands out by less is paper grain or a camera's noise
FULL = 0.95  # of the pixels
EMPTY = "The drawing is empty: draw something first."
FILLED = "The drawing is filled nearly everywhere: there is no figure to be seen."


def bright_on_black(pixels: np.ndarray, strokes: bool) -> np.ndarray:
    inner = without_frame(pixels.astype(np.float32), strokes)
    height = heights(inner, strokes)
    if height.max() < FAINT:
        raise ValueError(FILLED if inner.size > FULL * pixels.size > FULL * inner.size else EMPTY)
    found = height / height.max()
    if (found > 0.5).mean() > FULL:
        raise ValueError(FILLED)
    return found


# --- frames and bars ---

def without_frame(picture: np.ndarray, strokes: bool) -> np.ndarray:
    for _ in range(4):
        cuts = _cuts(picture, strokes)
        if not any(cuts):
            break
        picture = _cropped(picture, cuts)
    return picture


def _cropped(picture, cuts):
    top, right, bottom, left = cuts
    return picture[top : picture.shape[0] - bottom, left : picture.shape[1] - right]


def _cuts(picture: np.ndarray, strokes: bool) -> list[int]:
    turned = [np.rot90(picture, turn).T for turn in range(4)]  # each side in turn as columns at the left
    edges = [_edges(side) for side in turned]
    options = [[*options, 0] for options, _, _ in edges]
    cuts = [side.pop(0) for side in options]
    for _ in range(8):
        kinds = [_kind(picture, strokes, cuts, turn, side, *edge) for turn, (side, edge) in enumerate(zip(turned, edges))]
        if kinds.count("line") < 3:
            kinds = [kind.replace("line", "") for kind in kinds]
        if min(picture.shape) < 16 and sum(map(bool, kinds)) < 3:
            kinds = [""] * 4
        if all(kind or not cut for cut, kind in zip(cuts, kinds)):
            break
        cuts = [cut if kind or not cut else side.pop(0) for cut, kind, side in zip(cuts, kinds, options)]
    return cuts


def _kind(picture, strokes, cuts, turn, side, _, jumps, least):
    if not cuts[turn]:
        return ""
    inner = _cropped(picture, cuts)
    if min(inner.shape) < 5:
        return ""
    cut = cuts[turn]
    turned = cuts[turn:] + cuts[:turn]
    before, after = turned[3], turned[1]
    if turn in (0, 1, 2, 3):
        rows = slice(before, len(jumps) - after)
    if jumps[rows, cut - 2].mean() < 0.8:
        return ""
    outer = np.median(side[:, 0])
    ring = inner[_ring(inner)]
    lines = inner[0], inner[-1], inner[:, 0], inner[:, -1]
    within = 8 + 3 * _noise(picture)
    even = np.mean([max((np.abs(line - level) < within).mean() for level in (np.median(line), _bent(line))) for line in lines])
    if (np.abs(ring - outer) < least / 2).mean() < 0.3 and even > (0.75 if strokes else 0.9):
        return "bar"
    if np.median(np.abs(side[rows, 0] - side[rows, cut])) < least / 2:
        return "line"
    return ""


def _bent(line):
    y = np.linspace(-1, 1, len(line))
    return np.polynomial.polynomial.polyval(y, np.polynomial.polynomial.polyfit(y, line, 2))


def _edges(side: np.ndarray) -> tuple[list[int], np.ndarray, float]:
    """How many columns at the left are plain up to the last edge that goes from top to bottom"""
    from scipy import ndimage

    h, w = side.shape
    smooth = ndimage.uniform_filter1d(side, max(h // 25, 1), axis=0, mode="nearest")
    step = smooth[:, 2:] - smooth[:, :-2]
    least = max(12, 5 * np.median(np.abs(step)))
    rows = slice(h * 15 // 100, h - h * 15 // 100)
    part = smooth[rows]
    y = np.linspace(-1, 1, len(part))
    q, _ = np.linalg.qr(np.stack([np.ones_like(y), y, y**2], 1))
    plain = np.logical_and.accumulate((np.abs(part - q @ (q.T @ part)) < least / 2).mean(0) > 0.95)[:-2]
    up, down = step > least, step < -least
    jumps = np.where(up.mean(0) > down.mean(0), up, down)
    found = np.flatnonzero((plain & (jumps[rows].mean(0) > 0.6))[: int(0.45 * w)])
    first = found[np.cumsum(np.diff(found, prepend=found[:1]) > 1) == 0]
    return [int(cut[-1] + 2) for cut in (found, first) if len(cut)], jumps, float(least)


# --- ground ---

def _ground(picture: np.ndarray, noise: float, strokes: bool) -> np.ndarray:
    h, w = picture.shape
    every = -(-max(h, w) // 96)
    y, x = np.meshgrid(np.linspace(-1, 1, h), np.linspace(-1, 1, w), indexing="ij")
    basis = np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], -1)
    near, seen = basis[::every, ::every], picture[::every, ::every].astype(np.float64)
    rim = max(min(seen.shape) // (8 if strokes else 20), 1)
    ring = np.ones(seen.shape, bool)
    ring[rim:-rim, rim:-rim] = False
    finest = max(4, 3 * noise)
    coefficients = np.zeros(6)
    coefficients[0] = np.median(seen[ring])
    level = coefficients[0]
    fits = ((ring, 128), (np.ones_like(ring), 6 * finest))
    for part, widest in fits if strokes else fits[:1]:
        a, b = near[part], seen[part]
        for scale in np.geomspace(widest, finest, 12):
            weight = 1 / (1 + ((b - a @ coefficients) / scale) ** 2) ** 2
            weighted = a.T * weight
            coefficients = np.linalg.solve(weighted @ a + 1e-6 * np.eye(6), weighted @ b + 1e-6 * coefficients)
    bent = basis @ coefficients
    def share(g): return (np.abs(picture - g)[_ring(picture)] < finest).mean()
    return np.round(bent) if share(bent) > share(level) + 0.1 else np.full_like(picture, level)


def _ring(picture):
    ring = np.ones(picture.shape, bool)
    ring[1:-1, 1:-1] = False
    return ring


def _noise(picture: np.ndarray) -> float:
    """Immerkaer's"""
    from scipy import ndimage

    kernel = np.outer([1, -2, 1], [1, -2, 1]) / 6
    return float(np.percentile(np.abs(ndimage.convolve(picture, kernel)), 20)) / 0.2533


def heights(picture: np.ndarray, strokes: bool) -> np.ndarray:
    from scipy import ndimage

    noise = _noise(picture)
    if noise:
        blur = min(10 * noise / max(np.ptp(np.percentile(picture, [0.5, 99.5])), 1), max(picture.shape) / 100)
        picture = ndimage.gaussian_filter(picture, blur)
        noise /= max(2 * np.sqrt(np.pi) * blur, 1)
    ground = _ground(picture, noise, strokes)
    above = picture - ground
    h, w = picture.shape
    window = np.outer(np.bartlett(h + 2)[1:-1], np.bartlett(w + 2)[1:-1])
    def mass(v):
        v = v.clip(0)
        if strokes:
            v = v - ndimage.grey_opening(v, size=(max(int(.35*h),1), max(int(.35*w),1)))
        return float((window * v**2).sum())
    dark = mass(-above) > mass(above)
    # Ink takes a share of the light that its paper gives back.
    v = (-above / ground.clip(20) * 255 if dark else above).clip(0)
    if v.max() < FAINT:
        return v
    if strokes:
        v = v - _shade(v)
    v, lines = _without_lines(v, 15 if strokes else 5)
    if v.max() < FAINT:
        return v
    return _cleaned(v, noise, strokes)


def _shade(v):
    from scipy import ndimage
    from skimage.measure import label

    h, w = v.shape
    wide = ndimage.grey_opening(v, size=(max(int(SE * h), 1), max(int(SE * w), 1)))
    labels = label(wide > FAINT / 2)
    ring = _ring(v)
    # What is as dark at the border as the darkest ink is a broad stroke that is cut by it.
    top = v.max()
    shades = [n for n in np.unique(labels[ring]) if n and np.percentile(v[ring & (labels == n)], 90) < DK * top]
    return np.where(np.isin(labels, shades), wide, 0)

SE, DK = .35, .8

def _without_lines(v, reach):
    from scipy import ndimage

    lines = 0
    for _ in range(2):
        h, w = v.shape
        smooth = ndimage.uniform_filter1d(v, max(w // 25, 1), axis=1, mode="nearest")
        profile = np.percentile(smooth, reach, axis=1)
        profile -= ndimage.grey_opening(profile, size=max(h // 12, 2))
        profile[profile < 4] = 0
        lines += (profile > 0).sum()
        cleared = np.where((v <= 1.6 * profile[:, None]) & (profile > 0)[:, None], 0, v)
        n = (profile > 0).sum()
        if n and cleared.sum() >= (v - cleared).sum() / n:
            v = cleared
        v = v.T
    return v, lines


def _cleaned(v, noise, strokes):
    from scipy import ndimage
    from skimage.filters import apply_hysteresis_threshold
    from skimage.measure import label, regionprops

    h, w = v.shape
    side = min(h, w)
    top = np.median(v[v > v.max() / 2])
    core = v > 0.6 * top
    if strokes:
        far = ndimage.distance_transform_edt(~core) > max(side / 12, 1.5)
    else:
        parts = label(v > 0.1 * top)
        far = ~np.isin(parts, np.unique(parts[core])) 
    clutter = float(np.percentile(v[far], 99)) if far.any() else 0.0
    low = min(max(0.12 * top, 1.2 * clutter, 3 * noise), 0.55 * top)
    mask = apply_hysteresis_threshold(v, low, 0.6 * top)
    mask = _without_bits(mask, v)
    band = ndimage.binary_dilation(mask, iterations=side // 50 + 1)
    if clutter < 0.1 * top:
        v = np.where(band, v, 0)
    elif not band.all():
        where = ndimage.distance_transform_edt(band, return_distances=False, return_indices=True)
        under = ndimage.gaussian_filter(v[tuple(where)], side / 50)
        v = np.where(band, v - np.where(under > 0.05 * top, under, 0), 0).clip(0)
    return v.clip(0, np.percentile(v[mask], 99.5))


def _without_bits(mask, v):
    from skimage.measure import label, regionprops

    labels = label(mask, connectivity=2)
    h, w = mask.shape
    centre = np.zeros_like(mask)
    centre[h // 5 : h - h // 5, w // 5 : w - w // 5] = True
    keep, large = [], 0.0
    regions = []
    for region in regionprops(labels, v):
        rows, columns = region.coords.T
        touch = ((rows == 0).sum() + (rows == h - 1).sum() + (columns == 0).sum() + (columns == w - 1).sum())
        t, l, b, r = region.bbox
        contact = touch / (b - t + r - l)
        inside = centre[rows, columns].mean()
        if region.area < 4: contact = 0
        regions.append((region.label, region.area, contact, inside))
    body = max((a for _, a, contact, inside in regions if not (contact > 0.6 and inside < 0.3)), default=0)
    for lab, a, contact, inside in regions:
        if a < 0.03 * body or (contact > 0.6 and inside < 0.3 and body > 0.15 * a) or (contact > 0 and inside == 0 and a < 0.2 * body):
            continue
        keep.append(lab)
    return np.isin(labels, keep)
