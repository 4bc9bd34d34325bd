"""Where models run when nobody says where."""

from __future__ import annotations

import os

import torch


def default_device() -> str:
    """ "cuda" where there is a GPU of our own, else "cpu"; on ZeroGPU, which lends one a call at a time, "cpu" too."""
    return "cuda" if torch.cuda.is_available() and not os.environ.get("SPACES_ZERO_GPU") else "cpu"
