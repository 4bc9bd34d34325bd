"""What a visitor is told beside what was asked for, or instead of it."""

from __future__ import annotations

from html import escape

from explorer.ui.texts import translated


def notes_html(notes: tuple[str, ...], language: str, error: bool = False) -> str:
    """Sentences for the visitor, each in a line of its own; empty without any."""
    if not notes:
        return ""
    lines = "".join(f"<p>{escape(translated(note, language))}</p>" for note in notes)
    return f'<div class="notes{" error" if error else ""}" role="status">{lines}</div>'
