"""Latents that one model made, for another one to decode: converted by their scalings, and told of."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from explorer.photos.models import TINY, space_of
from explorer.photos.scaling import Scaling
from explorer.sentences import Sentence

RAW = 2.5  # a root mean square that a pipeline's latents, of about unit variance, do not reach
UNSCALED = Sentence(
    "told.latents.unscaled",
    "These latents are far larger than a pipeline's: if they are raw ones, scale them before you save them.",
)


@dataclass(frozen=True)
class Party:
    """A model as far as its latents go. scaling: None where it is not known how raw ones become its own."""

    model: str
    scaling: Scaling | None

    @property
    def tiny(self) -> bool:
        return self.model.startswith(TINY)

    @property
    def from_raw(self) -> Scaling | None:
        """How the raw latents of its space become its own: a tiny model's are those of a pipeline from the start."""
        space = space_of(self.model)
        return space.scaling if space and self.tiny else self.scaling


def convert(latents: np.ndarray, maker: Party, taker: Party) -> tuple[np.ndarray, tuple[str, ...]]:
    """Latents (C, h, w) float32 of one model -> those of another, and a sentence about it for the visitor.

    maker: with an empty name where a file does not say whose latents they are.
    """
    made, taken = space_of(maker.model), space_of(taker.model)
    if made and taken and made != taken:
        return latents, (_other(maker.model, taker.model),)
    source, target = _source(latents, maker), taker.from_raw
    converted = latents
    if source and target and source != target and source.fits(len(latents)):
        converted = target.apply(source.undo(latents))
    if maker.model in ("", taker.model):
        if converted is not latents:
            return converted, (_rescaled(taker.model),)
        return latents, () if maker.scaling or _size(latents) < RAW else (UNSCALED,)
    return converted, ((_shared if made and taken else _unknown)(maker.model, taker.model),)


def _source(latents: np.ndarray, maker: Party) -> Scaling | None:
    """How the latents of a file came from raw ones.

    A factor of 1 says either that they are raw, or that they are those of a tiny model, which need no scaling: their
    size tells which.
    """
    source = maker.from_raw
    return None if source == Scaling() and _size(latents) < RAW else source


def _size(latents: np.ndarray) -> float:
    """Their root mean square."""
    return float(np.sqrt(np.mean(latents.astype(np.float64) ** 2)))


def _rescaled(model: str) -> str:
    return Sentence(
        "told.latents.rescaled",
        "The file's latents are scaled otherwise than {model}'s: they were converted.",
        model=model,
    )


def _shared(maker: str, model: str) -> str:
    return Sentence(
        "told.latents.shared",
        "These latents were made by {maker}, whose latent space {model} shares.",
        maker=maker,
        model=model,
    )


def _other(maker: str, model: str) -> str:
    return Sentence(
        "told.latents.other",
        "These latents were made by {maker}, whose latent space is not that of {model}: this is not the picture they "
        "stand for.",
        maker=maker,
        model=model,
    )


def _unknown(maker: str, model: str) -> str:
    return Sentence(
        "told.latents.unknown",
        "These latents were made by {maker}: the picture that {model} makes of them is right only where both share a "
        "latent space.",
        maker=maker,
        model=model,
    )
