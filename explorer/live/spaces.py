"""The spaces that are open: the shipped maps, and visitors' models beside them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from explorer.device import default_device
from explorer.live.places import Place, latent_at
from explorer.maps import latent_space
from explorer.maps.latent_space import LatentSpace
from explorer.sentences import Sentence

OWN = "own-"  # the names of visitors' models begin with it
GONE = Sentence("told.map.gone", "That model is no longer here: newer ones took its place. Train or open it again.")


class UnknownModel(ValueError):
    """No map has that name."""


class Resolved(NamedTuple):
    """What a place stands for: the latent (D,) float32, and the space that decodes it."""

    space: LatentSpace
    latent: np.ndarray


class Spaces:
    """Maps by their names, each opened at its first use, and visitors' models until they are removed."""

    def __init__(self, names: Sequence[str] | None = None, device: str | None = None) -> None:
        self.names = list(names if names is not None else latent_space.available())
        self.device = device or default_device()
        self._open: dict[str, LatentSpace] = {}

    @property
    def loaded(self) -> list[str]:
        """The names of the maps that are open; visitors' models are listed nowhere."""
        return [name for name in self.names if name in self._open]

    def add(self, name: str, space: LatentSpace) -> None:
        """A visitor's model, for whoever knows its name, until it is removed. Its name begins with "own-"."""
        self._open[name] = space

    def remove(self, name: str) -> None:
        self._open.pop(name, None)

    def check(self, name: str) -> None:
        """Raises UnknownModel as `open` does, and opens nothing."""
        if isinstance(name, str) and name.startswith(OWN):
            if name not in self._open:
                raise UnknownModel(GONE)
        elif name not in self.names:
            known = ", ".join(self.names)
            raise UnknownModel(
                Sentence("told.map.names", "There is no map of that name; there are {known}.", known=known)
            )

    def open(self, name: str, plane: str | None = None) -> LatentSpace:
        """The named map, opened at its first use, in one of its planes. Raises UnknownModel with the names there are,
        ValueError: no such plane."""
        space = self._named(name)
        if plane is not None and not isinstance(plane, str):
            raise ValueError("plane must be the name of a plane, or left out.")
        return space if plane is None else space.in_plane(plane)

    def opened(self, name: str, plane: str | None = None) -> LatentSpace | None:
        """As `open`, but None where the map or its plane would have to be opened first, which takes time; or where
        there is no such plane."""
        self.check(name)
        space = self._open.get(name)
        return space if space is None or plane is None else space.opened_plane(plane)

    def resolve(self, place: Place) -> Resolved:
        """What a place stands for. Raises as `open` does, and ValueError: no such point, a latent beyond ±1e6."""
        space = self.open(place.model)
        return Resolved(space, latent_at(place, self.open(place.model, place.plane)))

    def resolve_at_once(self, place: Place) -> Resolved | None:
        """As `resolve`, but None where `opened` is."""
        space, shown = self.opened(place.model), self.opened(place.model, place.plane)
        return None if space is None or shown is None else Resolved(space, latent_at(place, shown))

    def _named(self, name: str) -> LatentSpace:
        self.check(name)
        if (space := self._open.get(name)) is not None:
            return space
        if name.startswith(OWN):
            raise UnknownModel(GONE)  # since it was checked
        return self._open.setdefault(name, self._load(name))

    def _load(self, name: str) -> LatentSpace:
        return latent_space.load(name, self.device)
