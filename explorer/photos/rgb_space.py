"""RGB spaces by their numbers: white and primaries as x and y, and what turns numbers into light."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

SRGB_GAMMA = 0.45455  # what a PNG's gAMA says for sRGB
D50 = np.array([0.9642, 1.0, 0.8249])  # ICC.1, 7.2.16
BRADFORD = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])  # ICC.1, annex E
D65 = (0.3127, 0.329)
# The white point's and the primaries' x and y by their number in ITU-T H.273, table 2.
PRIMARIES = {
    1: (*D65, 0.64, 0.33, 0.3, 0.6, 0.15, 0.06),
    4: (0.31, 0.316, 0.67, 0.33, 0.21, 0.71, 0.14, 0.08),
    5: (*D65, 0.64, 0.33, 0.29, 0.6, 0.15, 0.06),
    6: (*D65, 0.63, 0.34, 0.31, 0.595, 0.155, 0.07),
    7: (*D65, 0.63, 0.34, 0.31, 0.595, 0.155, 0.07),
    9: (*D65, 0.708, 0.292, 0.17, 0.797, 0.131, 0.046),
    11: (0.314, 0.351, 0.68, 0.32, 0.265, 0.69, 0.15, 0.06),
    12: (*D65, 0.68, 0.32, 0.265, 0.69, 0.15, 0.06),
    22: (*D65, 0.63, 0.34, 0.295, 0.605, 0.155, 0.077),
}
SRGB_PRIMARIES = PRIMARIES[1]
Curve = Callable[[np.ndarray], np.ndarray]


def from_srgb(values: np.ndarray) -> np.ndarray:
    """sRGB's numbers in [0, 1] -> linear light (IEC 61966-2-1)."""
    return np.where(values <= 0.04045, values / 12.92, ((np.maximum(values, 0) + 0.055) / 1.055) ** 2.4)


def into_srgb(light: np.ndarray) -> np.ndarray:
    """Linear light in [0, 1] -> sRGB's numbers."""
    return np.where(light <= 0.0031308, light * 12.92, 1.055 * np.maximum(light, 0) ** (1 / 2.4) - 0.055)


def _from_pq(values: np.ndarray) -> np.ndarray:
    """SMPTE ST 2084 -> linear light, 1 for the 203 cd/m² of ITU-R BT.2408's white."""
    power = values ** (1 / 78.84375)
    return (np.maximum(power - 0.8359375, 0) / (18.8515625 - 18.6875 * power)) ** (1 / 0.1593017578125) * (10_000 / 203)


def _from_hlg(values: np.ndarray) -> np.ndarray:
    """ITU-R BT.2100's hybrid log-gamma -> the scene's linear light in [0, 1]."""
    return np.where(values <= 0.5, values**2 / 3, (np.exp((values - 0.55991073) / 0.17883277) + 0.28466892) / 12)


def _power(exponent: float) -> Curve:
    return lambda values: values**exponent


PQ, HLG = 16, 18
BT709_TRANSFERS = (1, 6, 14, 15)
# What turns numbers into light, by its number in ITU-T H.273, table 3.
TRANSFERS: dict[int, Curve] = {
    **dict.fromkeys(BT709_TRANSFERS, _power(2.4)),  # as BT.1886's displays show them
    4: _power(2.2),
    5: _power(2.8),
    8: _power(1.0),
    13: from_srgb,
    PQ: _from_pq,
    17: lambda values: values**2.6 * (52.37 / 48),
    HLG: _from_hlg,
}


@dataclass(frozen=True)
class RGBSpace:
    """An RGB space by its numbers. chromaticities: white, red, green, blue, each x and y. light: [0, 1] -> linear."""

    chromaticities: tuple[float, ...]
    light: Curve
    hdr: int = 0  # PQ or HLG, whose light goes beyond white

    @property
    def is_srgb(self) -> bool:
        return self.light is from_srgb and np.allclose(self.chromaticities, SRGB_PRIMARIES, atol=1e-3)

    def with_srgb_curve(self) -> RGBSpace:
        return replace(self, light=from_srgb, hdr=0)

    def profile(self) -> bytes:
        """The same as an ICC profile."""
        return matrix_profile(to_xyz(self.chromaticities), self.light(np.linspace(0, 1, 4096)))


def gamma_space(gamma: float, chromaticities: Any) -> RGBSpace | None:
    """A PNG's gAMA and cHRM -> the space; None where they say sRGB, or what makes no space."""
    usual = abs(gamma - SRGB_GAMMA) < 1e-5
    if chromaticities is None:
        return None if usual else RGBSpace(SRGB_PRIMARIES, _power(1 / gamma))
    try:
        to_xyz(chromaticities)
    except (ValueError, TypeError, ArithmeticError):
        return None
    if usual and np.allclose(chromaticities, SRGB_PRIMARIES, atol=1e-3):
        return None
    return RGBSpace(tuple(chromaticities), _power(1 / gamma))


def coded_space(primaries: int, transfer: int) -> RGBSpace | None:
    """ITU-T H.273's numbers -> the space; None where they say nothing, or sRGB in other words."""
    if primaries not in PRIMARIES or transfer not in TRANSFERS:
        return None
    return RGBSpace(PRIMARIES[primaries], TRANSFERS[transfer], transfer if transfer in (PQ, HLG) else 0)


def srgb_levels(space: RGBSpace, count: int) -> np.ndarray:
    """What each of `count` levels of a channel becomes with sRGB's curve in place of the space's: (count,) uint8."""
    return (into_srgb(space.light(np.linspace(0, 1, count))).clip(0, 1) * 255).round().astype(np.uint8)


def to_xyz(chromaticities: Any) -> np.ndarray:
    """White, red, green, blue, each x and y -> (3, 3), whose columns are red, green and blue as XYZ beside a D50 white
    (Bradford's adaptation). Raises ValueError, TypeError or ArithmeticError when they make no space."""
    points = np.array(chromaticities, float).reshape(4, 2)
    if not np.isfinite(points).all() or not (points[:, 1] > 0).all() or (points < 0).any() or (points.sum(1) > 1).any():
        raise ValueError("no chromaticities")
    xyz = np.stack([points[:, 0] / points[:, 1], np.ones(4), (1 - points.sum(1)) / points[:, 1]])
    white, primaries = xyz[:, 0], xyz[:, 1:]
    if abs(np.linalg.det(primaries)) < 1e-6:
        raise ValueError("no chromaticities")
    matrix = primaries * np.linalg.solve(primaries, white)
    adaptation = np.linalg.inv(BRADFORD) @ np.diag((BRADFORD @ D50) / (BRADFORD @ white)) @ BRADFORD
    return np.asarray(adaptation @ matrix)


def matrix_profile(matrix: np.ndarray, curve: np.ndarray) -> bytes:
    """A matrix/TRC profile of version 2 (ICC.1:2001-04, 6.3.1.2).

    matrix: (3, 3), the primaries' XYZ in columns. curve: linear light at evenly spaced numbers, in [0, 1].
    """

    def fixed(*values: float) -> bytes:
        return struct.pack(f">{len(values)}i", *(round(float(value) * 65536) for value in values))

    levels = (curve.clip(0, 1) * 65535).round().astype(">u2").tobytes()
    name = struct.pack(">4s4xI", b"desc", 2) + b"-\0" + bytes(78)
    tags = {b"desc": name, b"cprt": b"text\0\0\0\0-\0", b"wtpt": b"XYZ \0\0\0\0" + fixed(*D50)}
    for index, letter in enumerate("rgb"):
        tags[f"{letter}XYZ".encode()] = b"XYZ \0\0\0\0" + fixed(*matrix[:, index])
        tags[f"{letter}TRC".encode()] = struct.pack(">4s4xI", b"curv", len(curve)) + levels
    table, data, start = b"", b"", 132 + 12 * len(tags)
    for key, value in tags.items():
        table += struct.pack(">4sII", key, start + len(data), len(value))
        data += value + b"\0" * (-len(value) % 4)
    head = struct.pack(">I4xI4s4s4s12x4s", start + len(data), 0x02400000, b"mntr", b"RGB ", b"XYZ ", b"acsp")
    head = (head.ljust(68, b"\0") + fixed(*D50)).ljust(128, b"\0")
    return head + struct.pack(">I", len(tags)) + table + data
