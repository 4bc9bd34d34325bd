"""The state that a training resumes from, as one safetensors file; no pickle."""

from __future__ import annotations

import json
from collections.abc import Collection
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

RESUME = "resume.safetensors"
State = dict[str, Tensor]


def write_state(
    folder: Path,
    parts: dict[str, State],
    optimiser: torch.optim.Optimizer,
    done: dict[str, int],
    options: dict[str, dict[str, Any]],
) -> None:
    """Named parts and the optimiser; replaced at once, never half-written.

    done: how far the training is, by name. options: what decides its weights, by name, as JSON can hold it.
    """
    tensors = {f"{part}.{key}": value for part, state in parts.items() for key, value in state.items()}
    for index, state in optimiser.state_dict()["state"].items():
        tensors |= {f"optimiser.{index}.{key}": value for key, value in state.items()}
    partial = folder / f"{RESUME}.partial"
    save_file(
        {key: value.detach().cpu().contiguous() for key, value in tensors.items()},
        partial,
        metadata={name: json.dumps(value, default=str) for name, value in {**done, **options}.items()},
    )
    partial.replace(folder / RESUME)


def read_state(folder: Path, options: dict[str, dict[str, Any]], free: Collection[str]) -> tuple[State, dict[str, str]]:
    """What write_state wrote: all tensors with their part's name before theirs, and the file's metadata.

    options: as given to write_state. free: those that may differ from the file's.
    Raises ValueError when there is nothing to resume from, or another training.
    """
    file = folder / RESUME
    try:
        with safe_open(file, "pt") as opened:
            metadata = opened.metadata()
            tensors = {key: opened.get_tensor(key) for key in opened.keys()}  # noqa: SIM118
    except (FileNotFoundError, SafetensorError):
        raise ValueError(f"There is no training to resume in {folder}: {RESUME} is missing or damaged.") from None
    for name, given in options.items():
        before, now = json.loads(metadata[name]), json.loads(json.dumps(given, default=str))
        if any(before.get(key) != now[key] for key in now if key not in free):
            raise ValueError(f"{file} belongs to another training; pass the same options or another --out.")
    return tensors, metadata


def part(tensors: State, name: str) -> State:
    """One part of a state, without its name."""
    return {key.removeprefix(f"{name}."): value for key, value in tensors.items() if key.startswith(f"{name}.")}


def restore_optimiser(optimiser: torch.optim.Optimizer, tensors: State) -> None:
    """The optimiser's part back into an optimiser of the same parameters, in one group."""
    saved = optimiser.state_dict()
    saved["state"] = {}
    parameters = optimiser.param_groups[0]["params"]
    for key, value in part(tensors, "optimiser").items():
        index, name = key.split(".")
        if value.ndim:  # the fused optimiser walks memory: its averages must lie as the weights do, channels last too
            value = torch.empty_like(parameters[int(index)]).copy_(value)
        saved["state"].setdefault(int(index), {})[name] = value
    optimiser.load_state_dict(saved)
