"""The pad of the Draw tool as a test sees it: what is drawn on it, and where the model puts that."""

from __future__ import annotations

import numpy as np
from map_page import pixels
from playwright.sync_api import Page

import explorer
from explorer.maps.latent_space import LatentSpace
from explorer.maps.own_image import like_data


def as_data(space: LatentSpace, sketch: np.ndarray) -> np.ndarray:
    """The pad's grey levels (280, 280) as an image of the data set, (H, W)."""
    halved = np.floor(sketch.reshape(140, 2, 140, 2).mean((1, 3)) + 0.5).astype(np.uint8)
    return like_data(halved, str(space.config["data"]), space.image_shape)


def wait_for(page: Page, z: np.ndarray) -> None:
    """Until the cursor stands on a latent, and its picture is painted."""
    page.wait_for_function(
        """z => {
            const {model, x, y, z: given} = document.querySelector('[data-role="root"]').dataset;
            const at = z.length === 2 ? [x, y].map(Number) : (given || "").split(" ").map(Number);
            const shown = document.querySelector('[data-role="decoded"]').dataset.place;
            return at.length === z.length && at.every((value, i) => Math.abs(value - z[i]) < 1e-3)
                && shown === (z.length === 2 ? [model, x, y, ""].join(" ") : [model, given].join(" "));
        }""",
        arg=z.tolist(),
    )


def landed(page: Page, model: str) -> tuple[LatentSpace, np.ndarray, np.ndarray]:
    """Wait until the map shows where the model puts what is on the pad -> the space, image (H, W) and latent (D,)."""
    space = explorer.load(model)
    image = as_data(space, pixels(page, "sketch"))
    z = space.encode(image[None])[0]
    wait_for(page, z)
    return space, image, z
