"""The weights of a diffusers model's folder: which files hold them, whether they fit, and their tensors. No pickles."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from explorer.sentences import Sentence

if TYPE_CHECKING:
    import torch
    from torch import nn

STEM = "diffusion_pytorch_model"
WEIGHTS = f"{STEM}.safetensors"
# What `save_pretrained` writes: one file, or an index of several parts; with variant="fp16" that word stands somewhere
# between.
FILE = re.compile(rf"{STEM}(\.[\w-]+)*\.safetensors((\.[\w-]+)*\.index(\.[\w-]+)*\.json)?", re.ASCII)
PART = re.compile(rf"{STEM}.*-\d+-of-\d+.*\.safetensors", re.ASCII)
SHARD = re.compile(r"[\w.-]{1,200}\.safetensors", re.ASCII)
PICKLES = (".bin", ".ckpt", ".pkl", ".pt", ".pth")
MAX_INDEX = 2_000_000  # bytes
FLOATS = ("F64", "F32", "F16", "BF16", "F8_E4M3", "F8_E5M2")
PICKLED = Sentence(
    "told.model.pickle", "The model has no {weights}; weights kept as a pickle are never opened.", weights=WEIGHTS
)
MISSING = Sentence("told.model.no-weights", "The model has no {weights}.", weights=WEIGHTS)
INCOMPLETE = Sentence("told.model.part", "A part of the model's weights is missing; fetch it again.")
DAMAGED = Sentence(
    "told.model.damaged", "The model's {weights} is damaged or cut off; fetch it again.", weights=WEIGHTS
)


def choose(names: Collection[str]) -> str:
    """Of a folder's file names, the one that leads to the weights.

    Full precision comes first, then fp16, then another variant; an index before a single file, as with diffusers.

    Raises ValueError with a sentence: there is none, or only a pickle.
    """
    found = [name for name in names if FILE.fullmatch(name) and not PART.fullmatch(name)]
    if found:
        return min(found, key=_rank)
    if any(PART.fullmatch(name) for name in names):
        raise ValueError(INCOMPLETE)
    raise ValueError(PICKLED if any(name.lower().endswith(PICKLES) for name in names) else MISSING)


def _rank(name: str) -> tuple[bool, bool, bool, str]:
    variant = _variant(name)
    return bool(variant), variant != "fp16", not name.endswith(".json"), name


def _variant(name: str) -> str:
    return ".".join(word for word in name.split(".") if word not in (STEM, "safetensors", "index", "json"))


def variant_of(folder: Path) -> str:
    """What diffusers calls `variant`, such as "fp16", where a folder has no weights of full precision; else ""."""
    return _variant(choose(_names(folder)))


def _names(folder: Path) -> list[str]:
    try:
        return [entry.name for entry in folder.iterdir() if entry.is_file()]
    except OSError:
        return []


def parts(file: Path) -> list[str]:
    """The names of the files that hold the tensors: the file itself, or those that an index names.

    Raises ValueError with a sentence where an index is none.
    """
    if file.suffix != ".json":
        return [file.name]
    try:
        index = json.loads(file.read_bytes()) if file.stat().st_size <= MAX_INDEX else None
        names = sorted(set(index["weight_map"].values()))  # type: ignore[index]
    except (OSError, ValueError, RecursionError, TypeError, KeyError, AttributeError):
        raise ValueError(DAMAGED) from None
    if not names or not all(isinstance(name, str) and SHARD.fullmatch(name) for name in names):
        raise ValueError(DAMAGED)
    return names


def files_of(folder: Path) -> list[Path]:
    """The files of a folder that hold its weights, all of them there.

    Raises ValueError with a sentence: none, only a pickle, a damaged index, a part missing.
    """
    files = [folder / name for name in parts(folder / choose(_names(folder)))]
    if not all(file.is_file() for file in files):
        raise ValueError(INCOMPLETE)
    return files


def load(model: nn.Module, files: Iterable[Path], dtype: torch.dtype) -> int:
    """Give a model on the meta device its weights, as diffusers does, and return how many tensors it has no place for.

    Those are left out. Names of before diffusers 0.15 are read as its loader does, and its attention weights as
    (C, C, 1, 1) too. Raises ValueError with a sentence: damaged, missing, or of other shapes or kinds of numbers.
    """
    found = _headers(files)
    names = {name: name for name in found}
    model._fix_state_dict_keys_on_load(names)  # type: ignore[operator]  # new name -> the one in the file
    described = {name: tuple(value.shape) for name, value in model.state_dict().items()}
    if not all(_fits(found[names[name]], shape) for name, shape in described.items() if name in names) or not (
        set(described) <= set(names)
    ):
        raise ValueError(
            Sentence(
                "told.model.unfit",
                "The model's weights do not fit its config.json ({found} tensors, {count} described).",
                found=len(found),
                count=len(described),
            )
        )
    model.load_state_dict(_tensors(found, names, described, dtype), assign=True)
    return len(found) - len(described)


Header = tuple[Path, tuple[int, ...], str]  # the file, the shape, the kind of numbers


def _headers(files: Iterable[Path]) -> dict[str, Header]:
    from safetensors import SafetensorError, safe_open

    found: dict[str, Header] = {}
    try:
        for file in files:
            with safe_open(file, "pt") as opened:
                for name in opened.keys():  # noqa: SIM118
                    part = opened.get_slice(name)
                    found[name] = file, tuple(part.get_shape()), part.get_dtype()
    except (SafetensorError, OSError):
        raise ValueError(DAMAGED) from None
    return found


def _fits(header: Header, shape: tuple[int, ...]) -> bool:
    _, given, kind = header
    return kind in FLOATS and given in (shape, (*shape, 1, 1) if len(shape) == 2 else shape)


def _tensors(
    found: dict[str, Header], names: dict[str, str], described: dict[str, tuple[int, ...]], dtype: torch.dtype
) -> dict[str, Any]:
    from safetensors import safe_open

    tensors: dict[str, Any] = {}
    for file in {header[0] for header in found.values()}:
        with safe_open(file, "pt") as opened:
            for name, shape in described.items():
                if found[names[name]][0] == file:
                    # A copy: what safetensors hands out is the file itself, which may be written again.
                    tensors[name] = opened.get_tensor(names[name]).reshape(shape).to(dtype, copy=True)
    return tensors
