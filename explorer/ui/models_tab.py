"""The models tab: how each map was made, and what it measures."""

from __future__ import annotations

from html import escape
from typing import Any

import gradio as gr

from explorer.live.spaces import Spaces
from explorer.ui.component import mounted
from explorer.ui.texts import i18n

COLUMNS = ("model", "data", "network", "latents", "loss", "parameters", "bce", "mse", "elbo", "knn")


def build(spaces: Spaces) -> None:
    """Lay out the tab inside the surrounding gr.Blocks."""
    configs = [spaces.open(name).config for name in spaces.names]
    gr.Markdown(i18n("models.about"))
    table = scrolling_table([row(config) for config in configs])
    gr.HTML(table, js_on_load=mounted("models/start.js"), elem_id="models-table")
    commands = "\n".join(str(config["command"]) for config in configs)
    gr.Code(commands, language=None, label=i18n("models.commands"), interactive=False, show_line_numbers=False)


def scrolling_table(rows: list[list[str]]) -> str:
    """Rows below the headers, in a region that the keyboard can reach and scroll where it is too wide."""
    lines = [f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in cells)}</tr>" for cells in rows]
    head = "".join(f'<th data-text="models.{name}"></th>' for name in COLUMNS)
    inside = f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(lines)}</tbody></table>"
    return f'<div class="scrolling" tabindex="0" role="region" data-label="page.models">{inside}</div>'


def row(config: dict[str, Any]) -> list[str]:
    """One line of the table from a checkpoint's config."""
    shape, measures = config["architecture"], config["measures"]
    network = f"{shape['network']}, width {shape['width']}" + (", variational" if shape["variational"] else "")
    figures = [_figure(measures.get(key), 4) for key in ("bce_per_pixel", "mse_per_pixel")]
    return [
        *(str(config[key]) for key in ("name", "data")),
        network,
        str(shape["latent_dim"]),
        f"{config['loss'].upper()}{' + KL' if shape['variational'] else ''}, {config['optimiser']}",
        f"{int(measures['parameters']):,}",
        *figures,
        _figure(measures.get("elbo"), 1),
        _figure(100 * measures["knn_accuracy"], 1) + " %",
    ]


def _figure(value: float | None, digits: int) -> str:
    return "–" if value is None else f"{value:.{digits}f}".replace("-", "−")
