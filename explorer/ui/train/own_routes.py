"""What a page can ask about visitors' own models, by their names: an introduction for the map, and the files."""

# No `from __future__ import annotations` here: FastAPI reads the annotations of nested functions as types.
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response

from explorer.live.spaces import GONE, OWN, Spaces, UnknownModel
from explorer.maps.latent_space import LatentSpace
from explorer.ui.map.component import introduce
from explorer.ui.texts import ENGLISH, language_of, say
from explorer.visitors.models import OwnModels


def introduce_own(space: LatentSpace, language: str = ENGLISH) -> dict[str, Any]:
    """As introduce, in words of our own: what an opened file says of itself may be anything."""
    config = space.config
    kind = "vae" if space.logvar is not None else "autoencoder"
    chosen = f"β {config['beta']:g}" if space.logvar is not None else config["loss"].upper()[:4]
    nats = f"{config['measures']['bce_per_image']:.1f}" if "bce_per_image" in config["measures"] else "–"
    epochs = say("own.epochs.one" if config["epochs"] == 1 else "own.epochs", language, count=config["epochs"])
    about = {"chosen": chosen, "epochs": epochs, "dimensions": space.latent_dim}
    teaches = say(f"own.{kind}", language, width=config["architecture"]["width"], nats=nats, **about)
    return {**introduce(space), "title": say("own.title", language, **about), "teaches": teaches}


def add_routes(api: FastAPI, spaces: Spaces, own: OwnModels) -> None:
    @api.get("/own")
    def introduction(request: Request, model: str = "") -> Response:
        """What the map's page wants to know of a model that was not there when it was opened."""
        if not model.startswith(OWN):
            raise UnknownModel(GONE)
        about = introduce_own(spaces.open(model), language_of(request))
        return JSONResponse(about, headers={"Cache-Control": "no-store"})

    @api.get("/own.zip")
    def packed(model: str = "") -> Response:
        """The checkpoint's folder."""
        name, content = own.pack(model)
        headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
        return Response(content, media_type="application/zip", headers=headers)
