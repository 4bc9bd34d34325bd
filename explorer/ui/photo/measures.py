"""The measures of a reconstruction as HTML and as rows of a table."""

from __future__ import annotations

from html import escape

import numpy as np

from explorer.photos.jobs import Decoding, Encoding
from explorer.photos.metrics import Measures, compression
from explorer.ui.texts import ENGLISH, say


def measures_list(
    encoding: Encoding, measures: Measures | None, decoding: Decoding | None, language: str = ENGLISH
) -> str:
    """A definition list: how near, how small, how fast, and by which model."""
    shape = encoding.mean.shape
    smaller = compression(encoding.size, shape)

    def said(key: str, **values: object) -> str:
        return say(f"measure.{key}", language, **values)

    rows = [
        *(_nearness(measures, language) if measures else [("PSNR", said("nothing"), "")]),
        (said("numbers"), said("fewer", times=times(smaller.numbers)), sides(shape)),
        (
            said("bytes"),
            said("fewer.fp16", times=times(smaller.fp16)),
            said("8bits", times=f"{smaller.bits8:.0f}"),
        ),
        (
            said("encode"),
            f"{encoding.encode_ms:.0f} ms" if encoding.photo else "–",
            f"{encoding.device}, {encoding.dtype}",
        ),
        (said("decode"), f"{(decoding.ms if decoding else encoding.decode_ms):.0f} ms", ""),
        (said("size"), sides(encoding.size), ""),
        (said("model"), encoding.model, encoding.kind),
    ]
    items = "".join(
        f"<div><dt>{escape(name)}</dt><dd>{escape(value)}<small>{escape(more)}</small></dd></div>"
        for name, value, more in rows
    )
    return f'<dl class="measures">{items}</dl>'


def _nearness(measures: Measures, language: str) -> list[tuple[str, str, str]]:
    return [
        ("PSNR", decibels(measures.psnr), ""),
        ("SSIM", similarity(measures.ssim), ""),
        (say("measure.mae", language), f"{measures.mae:.4f}", say("measure.mae.of", language)),
    ]


def decibels(psnr: float) -> str:
    return "∞ dB" if np.isinf(psnr) else f"{psnr:.2f} dB"


def similarity(ssim: float | None) -> str:
    return "–" if ssim is None else f"{ssim:.3f}"


def times(factor: float) -> str:
    return f"{factor:.1f}".removesuffix(".0")


def sides(shape: tuple[int, ...]) -> str:
    return " × ".join(map(str, shape))


def headers(language: str) -> list[str]:
    """Those of the comparison's table."""
    words = [say(f"measure.{name}", language) for name in ("model", "mae", "numbers", "encode", "decode", "latents")]
    return [words[0], "PSNR", "SSIM", *words[1:]]


def row(encoding: Encoding, language: str) -> list[str]:
    """One line of the comparison, under its headers."""
    measures = encoding.measures or Measures(float("nan"), None, float("nan"))
    return [
        f"`{encoding.model}`",
        decibels(measures.psnr),
        similarity(measures.ssim),
        f"{measures.mae:.4f}",
        say("measure.fewer", language, times=times(compression(encoding.size, encoding.mean.shape).numbers)),
        f"{encoding.encode_ms:.0f} ms",
        f"{encoding.decode_ms:.0f} ms",
        sides(encoding.mean.shape),
    ]
