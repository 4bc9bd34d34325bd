"""A place on a map, as a visitor names it, and the latent that lies there."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from explorer.arrays import LIMIT, as_array
from explorer.maps.space import Space

MAX_DIMENSIONS = 1024


@dataclass(frozen=True)
class Place:
    """Where to decode: a point of a map, moved within its plane from one test point (or from their mean).

    plane: another plane than the map's own, as Space.in_plane takes it. z: the latent itself, (D,) floats, which
    then stands for all the rest.
    """

    model: str
    x: float
    y: float
    point: int | None = None
    plane: str | None = None
    z: tuple[float, ...] | None = None


def parse_place(values: Mapping[str, Any]) -> Place:
    """The place that a visitor asks for. Raises ValueError with a sentence; it never repeats what was sent."""
    model, point = values.get("model"), values.get("point")
    if not isinstance(model, str):
        raise ValueError("model must be the name of a map.")
    if point is not None and (type(point) is not int or point < 0):
        raise ValueError("point must be the index of a test point, or left out.")
    if (z := values.get("z")) is not None:
        if not isinstance(z, list) or len(z) > MAX_DIMENSIONS:
            raise ValueError("z must be a list of as many numbers as the map has latent dimensions.")
        return Place(model, 0.0, 0.0, z=tuple(_coordinate(value, "each number of z") for value in z))
    plane = values.get("plane")
    if plane is not None and not isinstance(plane, str):
        raise ValueError("plane must be the name of a plane, or left out.")
    return Place(model, _coordinate(values.get("x"), "x"), _coordinate(values.get("y"), "y"), point, plane)


def latent_at(place: Place, space: Space) -> np.ndarray:
    """The latent (D,) float32 at a place of a space that is in the place's plane.

    Raises ValueError: no such point, or a latent beyond ±1e6, as where axes that are far from orthogonal to the
    coordinates add up.
    """
    if place.z is not None:
        if len(place.z) != space.latent_dim:
            raise ValueError(f"z must have {space.latent_dim} numbers.")
        latent = np.array(place.z, np.float32)
    else:
        if place.point is not None and place.point >= len(space.latents):
            raise ValueError(f"point must be smaller than {len(space.latents)}.")
        anchor = space.origin if place.point is None else space.latents[place.point]
        (latent,) = space.from_plane([(place.x, place.y)], anchor)
    return as_array(latent, "The place", ("D",))


def _coordinate(value: Any, name: str) -> float:
    if type(value) not in (int, float):
        raise ValueError(f"{name} must be a number.")
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number) or abs(number) > LIMIT:
        raise ValueError(f"{name} must be finite and within ±{LIMIT:.0e}.")
    return number
