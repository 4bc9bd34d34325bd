"""Space: a checkpoint opened, from images to latents and back, and the plane that is its map."""

from __future__ import annotations

import copy
import json
import os
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import ArrayLike
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from explorer.arrays import as_array
from explorer.checkpoints import CONFIG, LATENTS
from explorer.kept import Kept
from explorer.maps.autoencoder import Autoencoder, checkpoint_file
from explorer.maps.planes import Plane, named, principal

if TYPE_CHECKING:
    from typing_extensions import Self

BATCH = 1024
MAX_PLANES = 64  # that are kept open


def open_model(folder: str) -> Autoencoder:
    """`Autoencoder.from_pretrained` with every damage reported as a ValueError that names the file."""
    config = os.path.join(folder, CONFIG)
    try:
        return Autoencoder.from_pretrained(folder)
    except json.JSONDecodeError as error:
        raise ValueError(f"{config} is not valid JSON ({error}).") from None
    except (TypeError, AttributeError, UnicodeDecodeError, RecursionError):
        raise ValueError(f"{config} does not describe a model of this project.") from None
    except ValueError as error:
        sentence = str(error)
        raise ValueError(sentence if folder in sentence else f"{config}: {sentence}.") from None


def _read_latents(folder: str) -> dict[str, np.ndarray]:
    file = checkpoint_file(folder, LATENTS)
    try:
        return load_file(file)
    except FileNotFoundError:
        raise ValueError(f"{file} is missing; train the model again.") from None
    except SafetensorError as error:
        raise ValueError(f"{file} is truncated or not a safetensors file ({error}).") from None


class Space:
    """A trained autoencoder with its encoded test set. Read-only, and safe to share between threads.

    folder: the checkpoint's; name: that folder's. latent_dim: D. image_shape: (H, W). class_names: list of str.
    config: config.json as a dict. latents: (N, D) float32, the encoded test set (the posterior's means for a VAE).
    logvar: (N, D) float32 of a VAE, else None. labels: (N,) int64.
    plane: (N, 2) float32, the latents on the map. origin: (D,) float32, the latent at the map's (0, 0).
    axes: (2, D) float64, orthonormal, the directions of its x and y. plane_name: as in_plane takes it, "" for its own.
    """

    def __init__(self, model: Autoencoder, folder: Path, tensors: dict[str, np.ndarray]) -> None:
        self.model = model.eval().requires_grad_(False)
        self.folder, self.name = folder, folder.name
        self.latent_dim = model.architecture.latent_dim
        self.image_shape = model.architecture.image_shape
        self.config: dict[str, Any] = {"architecture": asdict(model.architecture), **model.description}
        self.class_names = self._class_names()
        self.device = str(next(model.parameters()).device)
        self.plane_name = ""
        self.latents, self.labels = self._points(tensors)
        self.logvar = self._logvar(tensors)
        self._show(self._own_plane(tensors))
        self._planes: Kept[Self] = Kept(MAX_PLANES)  # its own: a map that is closed takes its planes along
        for array in (self.latents, self.labels, self.logvar):
            if array is not None:
                array.setflags(write=False)

    @classmethod
    def open(cls, folder: str, device: str) -> Self:
        """A checkpoint's folder opened anew, and kept by nobody but the caller. Raises ValueError: a damaged checkpoint
        (with the file), no such device."""
        model = open_model(folder)
        try:
            model.to(device)
        except (RuntimeError, AssertionError):
            raise ValueError(f"There is no device {device} here.") from None
        return cls(model, Path(folder), _read_latents(folder))

    def _show(self, plane: Plane) -> None:
        self._plane, self.origin, self.axes = plane, *plane
        self.plane = self.to_plane(self.latents)
        for array in (self.origin, self.axes, self.plane):
            array.setflags(write=False)

    def in_plane(self, name: str) -> Self:
        """The same space with another plane as its map: "z3-z7" (two dimensions) or "p12-p99-p407" (three test points).

        Raises ValueError: a space of two dimensions, and all that is no plane of this one.
        """
        if self.latent_dim == 2:
            raise ValueError(f"{self.name} has two dimensions: its map shows all of it.")
        return self._planes.get(name, (), partial(self._open_plane, name))

    def opened_plane(self, name: str) -> Self | None:
        """As in_plane, but None where that plane is not open yet, or is none."""
        return self._planes.known(name)

    def _open_plane(self, name: str) -> Self:
        other = copy.copy(self)
        other.plane_name = name
        other._show(named(name, self.latents))
        return other

    def encode(self, images: ArrayLike) -> np.ndarray:
        """Images (B, H, W) in [0, 1], (H, W) == image_shape -> (B, D) float32 (the mean, for a VAE).

        Raises ValueError: wrong shape, not finite, outside [0, 1].
        """
        pixels = self._pixels(images)[:, None]
        return self._in_batches(pixels, lambda batch: self.model.posterior(batch)[0], (self.latent_dim,))

    def posterior(self, images: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
        """A VAE's images, as encode takes them -> mean (B, D) and standard deviation (B, D), float32.

        Raises ValueError as encode does, and for a plain autoencoder.
        """
        if not self.model.architecture.variational:
            raise ValueError(f"{self.name} is a plain autoencoder: it has no posterior.")

        def both(batch: torch.Tensor) -> torch.Tensor:
            mean, logvar = self.model.posterior(batch)
            assert logvar is not None  # noqa: S101 - the model is variational
            return torch.stack([mean, (0.5 * logvar).exp()], 1)

        found = self._in_batches(self._pixels(images)[:, None], both, (2, self.latent_dim))
        return found[:, 0], found[:, 1]

    def covariance(self, images: ArrayLike) -> np.ndarray:
        """A VAE's posterior covariance on the map of images, as posterior takes them. -> (B, 2, 2) float64"""
        _, deviation = self.posterior(images)
        return np.einsum("pd,bd,qd->bpq", self.axes, deviation.astype(np.float64) ** 2, self.axes)

    def decode(self, z: ArrayLike) -> np.ndarray:
        """Latents (B, D) -> images (B, H, W) float32 in [0, 1].

        Raises ValueError: wrong shape, not finite, beyond ±1e6.
        """
        latents = self._latents(z)
        return self._in_batches(latents, lambda batch: self.model.decode(batch)[:, 0], self.image_shape)

    def to_plane(self, z: ArrayLike) -> np.ndarray:
        """Latents (B, D) -> map coordinates (B, 2) float32: identity when D == 2, the PCA plane otherwise."""
        latents = self._latents(z)
        if self.latent_dim == 2:
            return latents.copy()
        return self._plane.project(latents)

    def from_plane(self, xy: ArrayLike, anchor: ArrayLike | None = None) -> np.ndarray:
        """Map coordinates (B, 2) -> latents (B, D) float32.

        anchor: one latent (D,) or one for each row (B, D), whose part outside the plane is kept, so that
        from_plane(to_plane(z), anchor=z) is z itself; without one, the plane goes through the mean of the test set.
        Ignored when D == 2.
        """
        points = as_array(xy, "xy", ("B", "2"))
        if self.latent_dim == 2:
            return points.copy()
        given = anchor if isinstance(anchor, np.ndarray) else np.array(anchor, object)  # which as_array is to judge
        base = self.origin[None] if anchor is None else np.atleast_2d(given)
        base = as_array(base, "anchor", ("1 or B", str(self.latent_dim)))
        if len(base) not in (1, len(points)):
            raise ValueError(f"anchor must have the shape ({self.latent_dim},) or (B, {self.latent_dim}).")
        moved = points.astype(np.float64) - (0 if anchor is None else self.to_plane(base))
        return (base + self._plane.lift(moved)).astype(np.float32)

    def _latents(self, z: ArrayLike) -> np.ndarray:
        return as_array(z, "z", ("B", str(self.latent_dim)))

    def _pixels(self, images: ArrayLike) -> np.ndarray:
        pixels = as_array(images, "images", ("B", *map(str, self.image_shape)))
        if pixels.size and (pixels.min() < 0 or pixels.max() > 1):
            raise ValueError("images must lie in [0, 1].")
        return pixels

    def _in_batches(self, inputs: np.ndarray, run: Any, shape: tuple[int, ...]) -> np.ndarray:
        out = np.empty((len(inputs), *shape), np.float32)
        with torch.inference_mode():
            for start in range(0, len(inputs), BATCH):
                # A copy: from_numpy warns about read-only arrays, such as our own latents.
                batch = torch.tensor(inputs[start : start + BATCH], device=self.device)
                out[start : start + BATCH] = run(batch).cpu().numpy()
        return out

    def _class_names(self) -> list[str]:
        names = self.config.get("class_names")
        if not isinstance(names, list) or not names or not all(isinstance(name, str) for name in names):
            raise ValueError(f"{self.name}/config.json has no list of class names.")
        return names

    def _points(self, tensors: dict[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
        latents, labels = tensors.get("mean"), tensors.get("label")
        if latents is None or labels is None or latents.ndim != 2 or latents.shape[1] != self.latent_dim:
            raise ValueError(f"{self.name}/{LATENTS} does not hold (N, {self.latent_dim}) encoded points.")
        fits = labels.shape == latents.shape[:1] and len(labels) and labels.min() >= 0
        if not fits or labels.max() >= len(self.class_names) or not np.isfinite(latents).all():
            raise ValueError(f"{self.name}/{LATENTS} does not fit its config.json: labels or points are out of range.")
        return latents.astype(np.float32), labels.astype(np.int64)

    def _logvar(self, tensors: dict[str, np.ndarray]) -> np.ndarray | None:
        logvar = tensors.get("logvar")
        if logvar is None:
            return None
        if logvar.shape != self.latents.shape or not np.isfinite(logvar).all():
            raise ValueError(f"{self.name}/{LATENTS} does not hold a log-variance for each of its points.")
        return logvar.astype(np.float32)

    def _own_plane(self, tensors: dict[str, np.ndarray]) -> Plane:
        """The map's plane when no other is asked for; kept in the file so that links stay valid."""
        if self.latent_dim == 2:
            return Plane(np.zeros(2, np.float32), np.eye(2))
        origin, axes = tensors.get("plane_origin"), tensors.get("plane_axes")
        if origin is None or axes is None or origin.shape != (self.latent_dim,) or axes.shape != (2, self.latent_dim):
            raise ValueError(f"{self.name}/{LATENTS} does not hold the plane of its map.")
        if not np.isfinite(origin).all() or not np.allclose(axes @ axes.T, np.eye(2), atol=1e-3):
            raise ValueError(f"{self.name}/{LATENTS} holds a plane whose axes are not orthonormal.")
        return Plane(origin.astype(np.float32), axes.astype(np.float64))


def save_latents(folder: Path, mean: np.ndarray, logvar: np.ndarray | None, labels: np.ndarray) -> None:
    """Write the encoded test set, and the plane of its map when D > 2."""
    tensors = {"mean": mean, "label": labels} | ({} if logvar is None else {"logvar": logvar})
    if mean.shape[1] > 2:
        tensors["plane_origin"], tensors["plane_axes"] = principal(mean)
    # PCA's axes are in Fortran order, and safetensors writes an array's memory as it lies.
    save_file({key: np.ascontiguousarray(value) for key, value in tensors.items()}, folder / LATENTS)
