"""The map: a gr.HTML component, the figure it draws, and the routes it fetches them from."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import gradio as gr
import numpy as np
import plotly.graph_objects as go
from fastapi import FastAPI, Request
from fastapi.responses import Response

from explorer.addresses import Visitor, client_of
from explorer.kept import remembered
from explorer.live.routes import while_there
from explorer.live.spaces import Spaces
from explorer.live.tool_thread import ToolThread
from explorer.maps.latent_space import LatentSpace
from explorer.ui.accepted import Encoding, encoding_of
from explorer.ui.assets import files
from explorer.ui.component import component, mounted, read
from explorer.ui.packing import pack, respond
from explorer.ui.texts import ASSETS

PACK_LEVEL = 5
MAX_FIGURES = 64  # kept, of 0.1 MB each
MAP_PIXELS = 500  # about the height of the map
LABEL_PIXELS = np.array([58, 18])  # about the size of a class's name on it
FOLDER = ASSETS / "map"
PANELS = "<!-- tools -->"  # where the tools' panels stand in map.html
# The traces of the map and little else, at a third of what comes in plotly's wheel: from npm's plotly.js, dist/.
PLOTLY_JS = "plotly/plotly-gl2d.min.js"
# Ten colours that colour-blind people tell apart, on white and on black (Petroff, https://arxiv.org/abs/2107.02270).
PALETTE = (
    "#3f90da",
    "#ffa90e",
    "#bd1f01",
    "#94a4a2",
    "#832db6",
    "#a96b59",
    "#e76300",
    "#b9ac70",
    "#717581",
    "#92dadd",
)


def view(models: list[dict[str, Any]], elem_id: str) -> gr.HTML:
    """The map tab's one component. Its "pick" event carries {"model": name, "point": index}.

    models: what `introduce` says of each map. Its value is what MapTools.describe says of a picked point; None first.
    """
    html = read("map/map.html").replace(PANELS, read(*of_tools("html")))
    css = read("map/map.css", *of_tools("css"))
    return component(html, css, mounted("map/start.js", "pick"), elem_id, models=models)


def of_tools(kind: str) -> list[str]:
    """The panels (html) or the styles (css) of the map's tools, each of which is a folder."""
    return sorted(file.relative_to(ASSETS).as_posix() for file in FOLDER.glob(f"tools/*/*.{kind}"))


def introduce(space: LatentSpace) -> dict[str, Any]:
    """What the page knows of a model before its points are fetched.

    order: its latent dimensions by falling variance; mean, variance and active are those of the dimensions, (D,).
    centroids: each class's mean latent, None where it has no test points.
    """
    keys = ("title", "teaches", "data")
    return {
        "name": space.name,
        "class_names": space.class_names,
        **{k: str(space.config[k]) for k in keys},
        "variational": space.logvar is not None,
        "order": np.argsort(-space.variance, kind="stable").tolist(),
        "variance": space.variance.tolist(),
        "active": space.active.tolist(),
        "mean": space.latents.mean(0).tolist(),
        "centroids": [None if np.isnan(centre).any() else centre.tolist() for centre in space.centroids],
    }


def figure(space: LatentSpace) -> go.Figure:
    """All encoded test points, one WebGL trace a class; customdata is the index in the test set.

    layout.meta holds the plane's origin and axes, so that the page can tell which latent a place is.
    """
    chart = go.Figure()
    size = 4 if len(space.plane) > 2_000 else 6
    for label, name in enumerate(space.class_names):
        (indices,) = np.nonzero(space.labels == label)
        x, y = space.plane[indices].T
        chart.add_scattergl(
            x=np.ascontiguousarray(x),
            y=np.ascontiguousarray(y),
            customdata=indices.astype(np.uint32),
            name=name,
            mode="markers",
            marker={"size": size, "opacity": 0.72, "color": PALETTE[label % len(PALETTE)]},
            hoverinfo="skip",  # the component has a label of its own, which also works while dragging
        )
    add_labels(chart, space)
    axis = {"zeroline": True, "automargin": False, "ticklabelposition": "inside", "title": None, "nticks": 8}
    chart.update_layout(
        template="none",
        showlegend=False,
        dragmode="pan",
        hovermode=False,
        uirevision=f"{space.name} {space.plane_name}",
        meta={"origin": space.origin.tolist(), "axes": space.axes.tolist()},
        margin={"l": 0, "r": 0, "t": 0, "b": 0},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        xaxis=axis,
        yaxis={**axis, "scaleanchor": "x", "scaleratio": 1},
    )
    return chart


@remembered(MAX_FIGURES)
def packed_figure(space: LatentSpace, encoding: Encoding) -> bytes:
    """The figure as JSON."""
    return pack(figure(space).to_json().encode(), encoding, PACK_LEVEL)


def add_labels(chart: go.Figure, space: LatentSpace) -> None:
    """Each class's name at the median of its points, moved down where it would cover another name."""
    height = float(np.ptp(space.plane[:, 1])) or 1.0
    of_class = [space.plane[space.labels == label] for label in range(len(space.class_names))]
    centres = [np.median(points if len(points) else space.plane, axis=0) for points in of_class]
    placed: list[np.ndarray] = []
    shifts = {}
    for label in sorted(range(len(centres)), key=lambda i: -centres[i][1]):
        pixels = centres[label] / height * MAP_PIXELS
        spot = pixels.copy()
        while near := [p for p in placed if (np.abs(spot - p) < LABEL_PIXELS).all()]:
            spot[1] = min(p[1] for p in near) - LABEL_PIXELS[1] - 1  # or rounding calls it near again
        placed.append(spot)
        shifts[label] = float(spot[1] - pixels[1])
    for label, (name, (x, y)) in enumerate(zip(space.class_names, centres, strict=True)):
        font = {"size": 12}
        chart.add_annotation(
            x=float(x),
            y=float(y),
            yshift=shifts[label],
            text=name if len(of_class[label]) else "",
            showarrow=False,
            font=font,
            borderpad=2,
        )


def add_routes(api: FastAPI, spaces: Spaces, thread: ToolThread) -> Callable[[], None]:
    """figure: a map's points as plotly.py's JSON, packed in the tools' thread where nobody has asked for it before;
    plotly.min.js: what the page draws it with, where anybody finds it.

    -> what packs the page's files and the figures ahead of the first visitor.
    """

    def opened_figure(model: str, plane: str | None, encoding: Encoding) -> bytes:
        return packed_figure(spaces.open(model, plane), encoding)

    @api.get("/figure")
    async def map_figure(request: Request, model: str = "", plane: str | None = None) -> Response:
        shown, encoding = spaces.opened(model, plane), encoding_of(request.headers)
        content = None if shown is None else packed_figure.known(shown, encoding)
        if content is None:
            asker = Visitor("figure", client_of(request.scope))
            content = await while_there(request, thread.submit(partial(opened_figure, model, plane, encoding), asker))
        return respond(content, encoding, "application/json", "no-cache")

    @api.get("/plotly.min.js")
    def plotly_js(request: Request) -> Response:
        return files()[PLOTLY_JS].respond(request.headers, "public, max-age=86400")

    def warm_up() -> None:
        for file in (files()[PLOTLY_JS], *files().values()):
            file.packed("br")
        for name in spaces.names:
            opened_figure(name, None, "br")

    return warm_up
