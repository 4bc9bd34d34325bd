"""Between two latents: in a straight line, or along the great circle through both directions."""

from __future__ import annotations

import math

import numpy as np

METHODS = ("linear", "spherical")


def interpolate(a: np.ndarray, b: np.ndarray, t: float, method: str = "linear") -> np.ndarray:
    """Between latents of equal shape, t from 0 to 1 -> that shape, float32.

    Spherical: along the great circle (Shoemake 1985), which keeps the length between two noises; for nearly parallel
    latents it is linear.
    """
    if method == "linear":
        return ((1 - t) * a + t * b).astype(np.float32)
    cosine = float(np.vdot(a, b) / max(float(np.linalg.norm(a)) * float(np.linalg.norm(b)), 1e-12))
    angle = math.acos(min(max(cosine, -1.0), 1.0))
    if math.sin(angle) < 1e-4:
        return interpolate(a, b, t)
    parts = math.sin((1 - t) * angle) / math.sin(angle), math.sin(t * angle) / math.sin(angle)
    return (parts[0] * a + parts[1] * b).astype(np.float32)
