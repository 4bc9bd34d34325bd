"""The values that go to the page and come from it: checked on their way in, packed on their way out."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from explorer.live.worker import to_bytes
from explorer.maps.latent_space import LatentSpace

MAX_IMAGES = 256
MAX_PIXELS = 512  # on a side of a visitor's own picture


def few(asked: list, most: int, name: str) -> list:
    if not isinstance(asked, list) or len(asked) > most:
        raise ValueError(f"{name} must be a list of at most {most:,} {name}.")
    return asked


def measure(space: LatentSpace, kind: str, latents: ArrayLike) -> np.ndarray:
    """A heat map's measure of latents (B, D) -> (B,); density as log10 of its ratio to a typical point's."""
    if kind == "density":
        return (space.log_density(latents) - space.typical_log_density) / np.log(10)
    return space.drift(latents) if kind == "drift" else space.log_prior(latents)


def near(space: LatentSpace, indices: np.ndarray, distances: np.ndarray) -> list[dict[str, Any]]:
    return [
        {
            "point": int(index),
            "label": space.class_names[space.labels[index]],
            "distance": float(distance),
            "xy": space.plane[index].tolist(),
        }
        for index, distance in zip(indices, distances, strict=True)
    ]


def classes(space: LatentSpace, images: np.ndarray) -> list[float] | None:
    """The classifier's probabilities (C,), None where there is no classifier of this data set."""
    try:
        return space.classify(images)[0].tolist()
    except ValueError:
        return None


def covariance(space: LatentSpace, image: np.ndarray) -> list[list[float]] | None:
    """A VAE's posterior covariance on the map (2, 2) of an image (H, W), None for a plain autoencoder."""
    if space.logvar is None:
        return None
    _, deviation = space.posterior(image[None])
    return np.einsum("pd,d,qd->pq", space.axes, deviation[0].astype(np.float64) ** 2, space.axes).tolist()


def places(space: LatentSpace, latents: np.ndarray) -> dict[str, list]:
    return {"latents": latents.tolist(), "xy": space.to_plane(latents).tolist()}


def pictures(images: np.ndarray) -> dict[str, Any]:
    return {"shape": list(images.shape), "pixels": to_base64(to_bytes(images))}


def values(numbers: np.ndarray) -> dict[str, str]:
    return {"values": to_base64(numbers.astype("<f4"))}


def to_base64(array: np.ndarray) -> str:
    return base64.b64encode(array.tobytes()).decode()


def file(name: str, content: bytes) -> dict[str, str]:
    return {"name": name, "content": base64.b64encode(content).decode()}


def grey(width: int, height: int, pixels: str) -> np.ndarray:
    """Base64 of height * width grey bytes -> (height, width) uint8. Raises ValueError with a sentence."""
    whole = all(type(side) is int and 0 < side <= MAX_PIXELS for side in (width, height))
    try:
        content = base64.b64decode(pixels, validate=True) if whole and isinstance(pixels, str) else b""
    except ValueError:
        content = b""
    if not whole or len(content) != width * height:
        raise ValueError(f"A picture is width, height (at most {MAX_PIXELS} each) and base64 of as many grey bytes.")
    return np.frombuffer(content, np.uint8).reshape(height, width)


def indices_of(space: LatentSpace, points: list) -> np.ndarray:
    """Test points that a visitor named, each once, in order. Raises ValueError with a sentence."""
    few(points, len(space.latents), "points")
    if not points:
        raise ValueError("Nothing is selected: draw around some points.")
    if not all(type(point) is int and 0 <= point < len(space.latents) for point in points):
        raise ValueError(f"Each point must be a whole number from 0 to {len(space.latents) - 1}.")
    return np.unique(points)


def sides(columns: int, rows: int | None) -> tuple[int, int]:
    return (columns if rows is None else rows), columns


def seed_of(seed: int) -> int:
    if type(seed) is not int or not 0 <= seed < 2**63:
        raise ValueError("seed must be a whole number, at least 0.")
    return seed
