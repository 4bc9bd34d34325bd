"""Latents as files that work elsewhere: .safetensors with what they mean beside them, and plain .npy."""

from __future__ import annotations

import os
import pickle
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from explorer.photos.scaling import Scaling
from explorer.sentences import Sentence

KEY = "latents"
NAMES = (KEY, "latent_tensor", "samples", "latent", "z")  # of the array, where there are others beside it
COMFY_UI, UNSCALED = "latent_tensor", "latent_format_version_0"  # its array; the mark of files that hold raw latents
STABLE_DIFFUSION = Scaling(0.18215)
MAX_BYTES = 64_000_000
MAX_CELLS = 1_000_000  # 8 × 8 pixels each: 64 megapixels
MAX_ARRAYS = 1_000
FLOATS = ("F64", "F32", "F16", "BF16", "F8_E4M3", "F8_E5M2")
PACKED = (64, 128)  # numbers of a FLUX.1 and a FLUX.2 token
NEITHER = Sentence(
    "told.latents.neither", "That is neither a .safetensors nor a .npy file with latents, or it is damaged."
)
PICKLED = Sentence(
    "told.latents.pickle", "That file is a pickle, which is never opened; save the latents as .safetensors or .npy."
)
TOO_LARGE = Sentence(
    "told.latents.file-large", "The file is over {most} MB; latents of a photo are smaller.", most=MAX_BYTES // 1000000
)
SHAPE = Sentence("told.latents.file-shape", "Latents must have the shape (1, C, h, w) or (C, h, w).")
NO_FLOATS = Sentence("told.latents.floats", "Latents must be floating-point numbers.")
UNPACK = Sentence(
    "told.latents.packed",
    "These are FLUX's packed latents, (1, n, C): unpack them to (1, C, h, w) and save them again.",
)
VIDEO = Sentence(
    "told.latents.video",
    "Latents must have the shape (1, C, h, w) or (C, h, w); these are of a video of several frames.",
)


class Arrays(NamedTuple):
    """What a file holds: the shape of each array by its name, what reads one, and what the file says of them."""

    shapes: dict[str, tuple[int, ...]]
    read: Callable[[str], np.ndarray]
    metadata: dict[str, str]


@dataclass(frozen=True)
class LatentFile:
    """latents: (C, h, w) float32, scaled. size: (width, height) of the photo, None when the file does not say.
    model: whose latents they are, "" when the file does not say. scaling: how they were made of raw ones, None when it
    does not say. notes: what had to be chosen, a sentence each."""

    latents: np.ndarray
    size: tuple[int, int] | None = None
    model: str = ""
    scaling: Scaling | None = None
    notes: tuple[str, ...] = ()


def save(file: Path, latents: np.ndarray, model: str, scaling: Scaling | float, size: tuple[int, int]) -> None:
    """Write scaled latents (C, h, w) as (1, C, h, w) float32; a .safetensors also says what they are."""
    batch = np.ascontiguousarray(latents[None], np.float32)
    if file.suffix == ".npy":
        np.save(file, batch, allow_pickle=False)
        return
    metadata = {"model": model, **_scaling(scaling).metadata(), "width": str(size[0]), "height": str(size[1])}
    save_file({KEY: batch}, file, metadata)


def _scaling(given: Scaling | float) -> Scaling:
    return given if isinstance(given, Scaling) else Scaling(given)


def load(file: str | os.PathLike[str], step: int = 8) -> LatentFile:
    """Read what `save` wrote, any .npy, .npz or .safetensors with latents of floats, or a ComfyUI .latent.

    Their shape is (1, C, h, w), (C, h, w), that of a batch, of which the first is taken, or that of a video of one
    frame, (1, C, 1, h, w). ComfyUI's raw latents are scaled by Stable Diffusion's 0.18215.
    Raises ValueError with a sentence: no such file, damaged, another shape or dtype, NaN, too large, a pickle.
    """
    if Path(file).stat().st_size > MAX_BYTES:
        raise ValueError(TOO_LARGE)
    shapes, read, metadata = _open(Path(file))
    array = read(_chosen(shapes))
    if array.dtype.kind != "f":
        raise ValueError(NO_FLOATS)
    latents, notes = _first(array)
    if latents.shape[1] * latents.shape[2] > MAX_CELLS:
        raise ValueError(Sentence("told.latents.megapixels", "The latents are of a photo of more than 64 megapixels."))
    with np.errstate(over="ignore"):  # what is too large for float32 becomes infinite and is refused below
        latents = latents.astype(np.float32, order="C")
    scaling = Scaling.from_metadata(metadata)
    if COMFY_UI in shapes:
        scaling = STABLE_DIFFUSION
        latents = scaling.apply(latents) if UNSCALED in shapes else latents
    if not np.isfinite(latents).all():
        raise ValueError(Sentence("told.latents.finite", "Latents must be finite: the file holds NaN or infinity."))
    size = _size(metadata, latents.shape[1:], step)
    return LatentFile(latents, size, metadata.get("model", "")[:200], scaling, notes)


def _first(array: np.ndarray) -> tuple[np.ndarray, tuple[str, ...]]:
    """An array of one of the shapes that `load` takes -> (C, h, w), and a sentence where something is left out."""
    if array.ndim == 5:
        if array.shape[2] != 1:
            raise ValueError(VIDEO)
        array = array[:, :, 0]
    if array.ndim == 3 and len(array) == 1 and array.shape[2] in PACKED:
        raise ValueError(UNPACK)
    batch = array[None] if array.ndim == 3 else array
    if batch.ndim != 4 or 0 in batch.shape:
        raise ValueError(SHAPE)
    if len(batch) == 1:
        return batch[0], ()
    return batch[0], (
        Sentence(
            "told.latents.batch",
            "The file holds latents of {count} pictures: the first of them is shown.",
            count=len(batch),
        ),
    )


def _chosen(shapes: Mapping[str, tuple[int, ...]]) -> str:
    """The one array of several that can be latents: by its name, else by its shape."""
    if len(shapes) == 1:
        return next(iter(shapes))
    shaped = [name for name, shape in shapes.items() if len(shape) in (3, 4, 5) and 0 not in shape]
    named = [name for name in NAMES if name in shaped]
    if named or len(shaped) == 1:
        return (named or shaped)[0]
    raise ValueError(
        Sentence("told.latents.arrays", "The file holds {count} arrays; latents are one.", count=len(shapes))
    )


def _open(file: Path) -> Arrays:
    with file.open("rb") as opened:
        begin = opened.read(6)
    if begin == b"\x93NUMPY":
        array = _read_npy(file)
        return Arrays({"": array.shape}, lambda _: array, {})
    if begin.startswith(b"PK"):
        arrays = _read_npz(file)
        return Arrays({name: array.shape for name, array in arrays.items()}, arrays.__getitem__, {})
    try:
        return _open_safetensors(file)
    except (SafetensorError, OSError):
        raise ValueError(PICKLED if begin.startswith(pickle.PROTO) else NEITHER) from None


def _read_npy(file: str | os.PathLike[str]) -> np.ndarray:
    try:
        array = np.load(file, allow_pickle=False, mmap_mode="r")
    except Exception:  # its header is parsed as Python, and fails in all of Python's ways
        raise ValueError(
            Sentence("told.latents.npy", "The .npy file is damaged, or holds Python objects, which are never opened.")
        ) from None
    return np.asarray(array)


def _read_npz(file: Path) -> dict[str, np.ndarray]:
    """Nothing is unpacked that would be larger than a file of latents."""
    try:
        with zipfile.ZipFile(file) as packed:
            members = packed.infolist()
        pickled = any(member.filename.endswith(".pkl") for member in members)  # as torch.save does it
        if not pickled and sum(member.file_size for member in members) <= MAX_BYTES and len(members) <= MAX_ARRAYS:
            with np.load(file, allow_pickle=False) as opened:
                return {name: opened[name] for name in opened.files}
    except Exception:  # of zipfile, of zlib and of NumPy's headers, which are parsed as Python
        raise ValueError(NEITHER) from None
    raise ValueError(PICKLED if pickled else TOO_LARGE)


def _open_safetensors(file: Path) -> Arrays:
    with safe_open(file, "np") as opened:
        parts = {name: opened.get_slice(name) for name in opened.keys()}  # noqa: SIM118
        kinds = {name: part.get_dtype() for name, part in parts.items()}
        shapes = {name: tuple(part.get_shape()) for name, part in parts.items()}
        return Arrays(shapes, lambda name: _tensor(file, name, kinds[name]), opened.metadata() or {})


def _tensor(file: Path, name: str, kind: str) -> np.ndarray:
    if kind not in FLOATS:
        raise ValueError(NO_FLOATS)
    with safe_open(file, "pt") as opened:  # NumPy has no bfloat16 and no float of 8 bits
        tensor: Any = opened.get_tensor(name)
        return (tensor if kind == "F64" else tensor.float()).numpy()


def _size(metadata: dict[str, str], cells: tuple[int, ...], step: int) -> tuple[int, int] | None:
    """The photo's (width, height) as the file says, when it fits the cells."""
    width, height = metadata.get("width", ""), metadata.get("height", "")
    if not (width.isdecimal() and height.isdecimal() and len(width + height) < 12):
        return None
    size = int(width), int(height)
    fits = all(-(-side // step) == count for side, count in zip(size, cells[::-1], strict=True))
    return size if fits and min(size) else None


def snippet(
    model: str, kind: str, scaling: Scaling | float, size: tuple[int, int], options: Mapping[str, str] | None = None
) -> str:
    """A script that decodes the saved latents with plain diffusers.

    options: what from_pretrained is told besides the model's name, such as {"subfolder": "vae"}.
    """
    scaling = _scaling(scaling)
    given = "".join(f", {key}={value!r}" for key, value in (options or {}).items())
    lines, raw = [], "latents"
    if scaling.mean and scaling.std:
        for name, values in (("mean", scaling.mean), ("std", scaling.std)):
            lines.append(f"{name} = torch.tensor({list(values)}).view(1, -1, 1, 1)\n")
        raw += " * std"
    raw += f" / {scaling.factor!r}" if scaling.factor != 1 else ""
    raw += " + mean" if scaling.mean else f" + {scaling.shift!r}" if scaling.shift else ""
    return f'''import torch
from diffusers import {kind}
from PIL import Image
from safetensors.torch import load_file

vae = {kind}.from_pretrained({model!r}{given})
latents = load_file("latents.safetensors")["{KEY}"]  # (1, C, h, w), scaled
{"".join(lines)}with torch.no_grad():
    image = vae.decode({raw}).sample  # (1, 3, H, W) in [-1, 1]
pixels = (image / 2 + 0.5).clamp(0, 1)[0].permute(1, 2, 0).numpy()
Image.fromarray((pixels * 255).round().astype("uint8")).crop((0, 0, {size[0]}, {size[1]})).save("reconstruction.png")
'''
