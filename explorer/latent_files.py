"""Latents as files that work elsewhere: .safetensors with what they mean beside them, and plain .npy."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

KEY = "latents"
MAX_BYTES = 64_000_000
MAX_CELLS = 1_000_000  # 8 × 8 pixels each: 64 megapixels


@dataclass(frozen=True)
class LatentFile:
    """latents: (C, h, w) float32, scaled. size: (width, height) of the photo, None when the file does not say.
    model: whose latents they are, "" when the file does not say."""

    latents: np.ndarray
    size: tuple[int, int] | None = None
    model: str = ""


def save(file: Path, latents: np.ndarray, model: str, scaling_factor: float, size: tuple[int, int]) -> None:
    """Write scaled latents (C, h, w) as (1, C, h, w) float32; a .safetensors also says what they are."""
    batch = np.ascontiguousarray(latents[None], np.float32)
    if file.suffix == ".npy":
        np.save(file, batch, allow_pickle=False)
        return
    metadata = {"model": model, "scaling_factor": repr(scaling_factor), "width": str(size[0]), "height": str(size[1])}
    save_file({KEY: batch}, file, metadata)


def load(file: str | os.PathLike[str], step: int = 8) -> LatentFile:
    """Read what `save` wrote, or any .npy or .safetensors with one array (1, C, h, w) or (C, h, w) of floats.

    Raises ValueError with a sentence: neither kind of file, damaged, another shape or dtype, NaN, too large.
    """
    if Path(file).stat().st_size > MAX_BYTES:
        raise ValueError(f"The file is over {MAX_BYTES // 1_000_000} MB; latents of a photo are smaller.")
    with Path(file).open("rb") as opened:
        is_npy = opened.read(6) == b"\x93NUMPY"
    array, metadata = _read_npy(file) if is_npy else _read_safetensors(file)
    latents = array[0] if array.ndim == 4 and len(array) == 1 else array
    if latents.ndim != 3 or 0 in latents.shape:
        raise ValueError("Latents must have the shape (1, C, h, w) or (C, h, w).")
    if latents.dtype.kind != "f":
        raise ValueError("Latents must be floating-point numbers.")
    if latents.shape[1] * latents.shape[2] > MAX_CELLS:
        raise ValueError("The latents are of a photo of more than 64 megapixels.")
    with np.errstate(over="ignore"):  # what is too large for float32 becomes infinite and is refused below
        latents = latents.astype(np.float32)
    if not np.isfinite(latents).all():
        raise ValueError("Latents must be finite: the file holds NaN or infinity.")
    size = _size(metadata, latents.shape[1:], step)
    return LatentFile(latents, size, metadata.get("model", "")[:200])


def _read_npy(file: str | os.PathLike[str]) -> tuple[np.ndarray, dict[str, str]]:
    try:
        array = np.load(file, allow_pickle=False, mmap_mode="r")
    except Exception:  # its header is parsed as Python, and fails in all of Python's ways
        raise ValueError("The .npy file is damaged, or holds Python objects, which are never opened.") from None
    return np.asarray(array), {}


def _read_safetensors(file: str | os.PathLike[str]) -> tuple[np.ndarray, dict[str, str]]:
    try:
        with safe_open(file, "np") as opened:
            keys = list(opened.keys())
            if len(keys) != 1:
                raise ValueError(f"The file holds {len(keys)} arrays; latents are one.")
            return opened.get_tensor(keys[0]), opened.metadata() or {}
    except (SafetensorError, OSError, TypeError, AttributeError):  # the last two: dtypes that NumPy has not
        raise ValueError("That is neither a .safetensors nor a .npy file with latents, or it is damaged.") from None


def _size(metadata: dict[str, str], cells: tuple[int, ...], step: int) -> tuple[int, int] | None:
    """The photo's (width, height) as the file says, when it fits the cells."""
    width, height = metadata.get("width", ""), metadata.get("height", "")
    if not (width.isdecimal() and height.isdecimal() and len(width + height) < 12):
        return None
    size = int(width), int(height)
    fits = all(-(-side // step) == count for side, count in zip(size, cells[::-1], strict=True))
    return size if fits and min(size) else None


def snippet(model: str, kind: str, scaling_factor: float, size: tuple[int, int], shift_factor: float = 0.0) -> str:
    """A script that decodes the saved latents with plain diffusers."""
    undo = f" / {scaling_factor!r}" if scaling_factor != 1 else ""
    undo += f" + {shift_factor!r}" if shift_factor else ""
    return f'''import torch
from diffusers import {kind}
from PIL import Image
from safetensors.torch import load_file

vae = {kind}.from_pretrained({model!r})
latents = load_file("latents.safetensors")["{KEY}"]  # (1, C, h, w), scaled
with torch.no_grad():
    image = vae.decode(latents{undo}).sample  # (1, 3, H, W) in [-1, 1]
pixels = (image / 2 + 0.5).clamp(0, 1)[0].permute(1, 2, 0).numpy()
Image.fromarray((pixels * 255).round().astype("uint8")).crop((0, 0, {size[0]}, {size[1]})).save("reconstruction.png")
'''
