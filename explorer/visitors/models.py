"""Visitors' own models: trained here or opened from files, under names that nobody guesses; the newest are kept."""

from __future__ import annotations

import secrets
import shutil
import tempfile
import threading
from collections import Counter, OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from explorer.addresses import address_of
from explorer.checkpoints import HISTORY
from explorer.live.spaces import GONE, OWN, Spaces, UnknownModel
from explorer.maps.latent_space import LatentSpace
from explorer.maps.recorded import formation
from explorer.sentences import Sentence, said_by
from explorer.visitors import checkpoint_files, checkpoint_hub
from explorer.visitors.left_overs import remove_left_overs

KEPT = 32  # models
KEPT_OF_ONE = 6  # of one visitor
KEPT_BYTES = 400_000_000  # of all their weights and points together
PREFIX = "explorer-own-"
UNFIT = Sentence(
    "told.open.no-pictures",
    "The model's weights give no pictures: they overflow, or its points lie where nothing can be decoded.",
)


@dataclass(frozen=True)
class Own:
    visitor: str
    folder: Path
    bytes: int


class OwnModels:
    """What visitors have made, in a folder of this process, and opened among its spaces."""

    def __init__(self, spaces: Spaces, kept: int = KEPT) -> None:
        self._spaces, self._kept = spaces, kept
        self._models: OrderedDict[str, Own] = OrderedDict()
        self._lock = threading.Lock()
        self._root: Path | None = None

    def keep(self, visitor: str, folder: Path) -> str:
        """Take over a checkpoint's folder that was made here -> its name. Raises ValueError: it can't be opened."""
        return self._take(visitor, lambda place: _move(folder, place))

    def open_files(self, visitor: str, files: list[Path]) -> str:
        """A .zip, or the files of a checkpoint -> its name. Raises ValueError with a sentence, and leaves nothing."""
        return self._take(visitor, lambda place: checkpoint_files.gather(files, place), check=True)

    def open_hub(self, visitor: str, repo_id: str) -> str:
        """A checkpoint on the Hub -> its name. Raises ValueError with a sentence, and leaves nothing."""
        return self._take(visitor, lambda place: checkpoint_hub.fetch(repo_id, place), check=True)

    def pack(self, name: str) -> tuple[str, bytes]:
        """A model's folder as a .zip, and what to call it: its own name is for its visitor. Raises UnknownModel."""
        own = self._models.get(name)
        if own is None:
            raise UnknownModel(GONE)
        title = download_name(self._spaces.open(name))
        return f"{title}.zip", checkpoint_files.pack(own.folder, title)

    def remove_left_overs(self) -> None:
        """Remove what earlier processes have kept and did not live to remove."""
        remove_left_overs(PREFIX)

    def close(self) -> None:
        """Remove everything."""
        with self._lock:
            for name in list(self._models):
                self._remove(name)
            if self._root is not None:
                shutil.rmtree(self._root, ignore_errors=True)
            self._root = None

    def _take(self, visitor: str, fill: Callable[[Path], None], check: bool = False) -> str:
        name = f"{OWN}{secrets.token_hex(8)}"
        folder = self._folder() / name
        folder.mkdir()
        try:
            fill(folder)
            if check:
                checkpoint_files.check(folder)
            space = LatentSpace.open(str(folder), self._spaces.device)
            probe(space)
        except BaseException as error:
            shutil.rmtree(folder, ignore_errors=True)
            if isinstance(error, ValueError):  # whose sentence may name files by their whole path
                said = said_by(error)
                raise ValueError(said.replace(f"{folder}/", "") if f"{folder}/" in said else said) from None
            raise
        with self._lock:
            self._models[name] = Own(visitor, folder, _bytes(space))
            self._spaces.add(name, space)
            self._make_room(visitor)
        return name

    def _folder(self) -> Path:
        with self._lock:
            if self._root is None or not self._root.is_dir():
                self._root = Path(tempfile.mkdtemp(prefix=PREFIX))
            self._root.touch()  # still in use
            return self._root

    def _make_room(self, visitor: str) -> None:
        """Close this visitor's oldest while they have too many; and while all have, the oldest of the visitor who has
        the most, behind the address that has the most: a session is a name that anybody can make up."""
        mine = [name for name, own in self._models.items() if own.visitor == visitor]
        for name in mine[:-KEPT_OF_ONE]:
            self._remove(name)
        while len(self._models) > 1 and (len(self._models) > self._kept or self._all_bytes() > KEPT_BYTES):
            older = list(self._models.items())[:-1]
            addresses = Counter(address_of(own.visitor) for own in self._models.values())
            visitors = Counter(own.visitor for own in self._models.values())
            self._remove(max(older, key=lambda of: (addresses[address_of(of[1].visitor)], visitors[of[1].visitor]))[0])

    def _all_bytes(self) -> int:
        return sum(own.bytes for own in self._models.values())

    def _remove(self, name: str) -> None:
        self._spaces.remove(name)
        shutil.rmtree(self._models.pop(name).folder, ignore_errors=True)


def download_name(space: LatentSpace) -> str:
    """What it is, in the manner of the shipped models' names."""
    kind = "vae" if space.logvar is not None else "ae"
    return f"own-{space.config['data']}-{kind}-{space.latent_dim}d"


def probe(space: LatentSpace) -> None:
    """Raises ValueError where a model that could be opened can't be drawn: it decodes or encodes to no numbers, or its
    history is none."""
    some = space.latents[:16]
    with np.errstate(all="ignore"):
        images = space.decode(some)
        if not np.isfinite(images).all() or not np.isfinite(space.encode(np.nan_to_num(images))).all():
            raise ValueError(UNFIT)
        if space.logvar is not None and np.abs(space.logvar).max() > 80:
            raise ValueError(UNFIT)
    if (space.folder / HISTORY).is_file():
        formation(space)


def _move(folder: Path, place: Path) -> None:
    for name in checkpoint_files.NAMES:
        if (folder / name).is_file():
            shutil.move(folder / name, place / name)


def _bytes(space: LatentSpace) -> int:
    weights = sum(value.nbytes for value in space.model.state_dict().values())
    return weights + 4 * space.latents.nbytes  # whose planes and trees take as much again
