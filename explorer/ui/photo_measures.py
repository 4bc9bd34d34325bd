"""The measures of a reconstruction as HTML and as rows of a table."""

from __future__ import annotations

from html import escape

import numpy as np

from explorer.metrics import Measures, compression
from explorer.photo_jobs import Decoding, Encoding

HEADERS = ["model", "PSNR", "SSIM", "mean abs. error", "numbers", "encode", "decode", "latents"]


def measures_list(encoding: Encoding, measures: Measures | None, decoding: Decoding | None) -> str:
    """A definition list: how near, how small, how fast, and by which model."""
    shape = encoding.mean.shape
    smaller = compression(encoding.size, shape)
    rows = [
        *(_nearness(measures) if measures else [("PSNR", "no photo to compare with", "")]),
        ("Numbers", f"{smaller.numbers:.1f}× fewer".replace(".0×", "×"), f"{shape[0]} × {shape[1]} × {shape[2]}"),
        ("Bytes", f"{smaller.fp16:.1f}× fewer in fp16".replace(".0×", "×"), f"{smaller.bits8:.0f}× in 8 bits"),
        ("Encode", f"{encoding.encode_ms:.0f} ms" if encoding.photo else "–", f"{encoding.device}, {encoding.dtype}"),
        ("Decode", f"{(decoding.ms if decoding else encoding.decode_ms):.0f} ms", ""),
        ("Size", f"{encoding.size[0]} × {encoding.size[1]}", ""),
        ("Model", encoding.model, encoding.kind),
    ]
    items = "".join(
        f"<div><dt>{name}</dt><dd>{escape(value)}<small>{escape(more)}</small></dd></div>" for name, value, more in rows
    )
    return f'<dl class="measures">{items}</dl>'


def _nearness(measures: Measures) -> list[tuple[str, str, str]]:
    return [
        ("PSNR", decibels(measures.psnr), ""),
        ("SSIM", similarity(measures.ssim), ""),
        ("Mean error", f"{measures.mae:.4f}", "of 1"),
    ]


def decibels(psnr: float) -> str:
    return "∞ dB" if np.isinf(psnr) else f"{psnr:.2f} dB"


def similarity(ssim: float | None) -> str:
    return "–" if ssim is None else f"{ssim:.3f}"


def row(encoding: Encoding) -> list[str]:
    """One line of the comparison, under HEADERS."""
    measures = encoding.measures or Measures(float("nan"), None, float("nan"))
    return [
        f"`{encoding.model}`",
        decibels(measures.psnr),
        similarity(measures.ssim),
        f"{measures.mae:.4f}",
        f"{compression(encoding.size, encoding.mean.shape).numbers:.1f}× fewer",
        f"{encoding.encode_ms:.0f} ms",
        f"{encoding.decode_ms:.0f} ms",
        " × ".join(map(str, encoding.mean.shape)),
    ]


def notes_html(notes: tuple[str, ...], error: bool = False) -> str:
    """Sentences for the visitor, each in a line of its own; empty without any."""
    if not notes:
        return ""
    lines = "".join(f"<p>{escape(note)}</p>" for note in notes)
    return f'<div class="notes{" error" if error else ""}" role="status">{lines}</div>'
