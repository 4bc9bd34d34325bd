"""What gradio_client can call of the maps: models, map_decode, map_encode, describe."""

# No `from __future__ import annotations` here: gr.api reads the annotations as types.
import inspect
from collections.abc import Callable
from functools import wraps
from typing import Any

import gradio as gr

from explorer.live.tool_thread import ToolThread
from explorer.live.worker import Busy, DecodeWorker, parse_place
from explorer.ui.answers import MAX_IMAGES, few
from explorer.ui.map.component import describe as describe_point
from explorer.ui.map.component import introduce
from explorer.ui.map.originals import Originals
from explorer.ui.server.parcels import in_turn

NAMES = ("models", "map_decode", "map_encode", "describe")


def build(worker: DecodeWorker, originals: Originals, thread: ToolThread) -> None:
    """Name the endpoints inside the surrounding gr.Blocks."""

    def models() -> list[dict]:
        """The maps there are: name, title, what each teaches, class names."""
        return [introduce(worker.space(name)) for name in worker.names]

    def map_decode(
        model: str,
        x: float = 0.0,
        y: float = 0.0,
        point: int | None = None,
        plane: str | None = None,
        z: list | None = None,
    ) -> list[list[float]]:
        """The image (H, W) in [0, 1] at a place of a map (in `plane`); with `point`, in the plane through that test
        point. Or, with `z`, of a latent (D,) itself."""
        asked = {"model": model, "x": x, "y": y, "point": point, "plane": plane, "z": z}
        latent = worker.resolve(parse_place(asked))
        return worker.space(model).decode(latent[None])[0].tolist()

    def map_encode(model: str, images: list) -> list[list[float]]:
        """Images (B, H, W) in [0, 1], at most 256, and 2 MB as JSON (EXPLORER_BODY_MB): three decimals are enough.
        -> latents (B, D), the posterior's means for a VAE."""
        return worker.space(model).encode(few(images, MAX_IMAGES, "images")).tolist()

    def describe(model: str, point: int) -> dict:
        """Whose a test point is: label, latents, and its pixels as base64 of height * width grey bytes."""
        return describe_point(worker, originals, model, point)

    for endpoint in (models, map_decode, map_encode, describe):
        gr.api(with_sentences(in_turn(endpoint, thread)), api_name=endpoint.__name__, concurrency_limit=None)


def with_sentences(function: Callable[..., Any]) -> Callable[..., Any]:
    """A ValueError (or Busy) becomes the client's error with its sentence, which never repeats what was sent."""

    def told(error: Exception) -> gr.Error:
        return gr.Error(str(error), print_exception=False)

    @wraps(function)
    def wrapped(*arguments: Any) -> Any:
        try:
            return function(*arguments)
        except (ValueError, Busy) as error:
            raise told(error) from None

    @wraps(function)
    async def awaited(*arguments: Any) -> Any:
        try:
            return await function(*arguments)
        except (ValueError, Busy) as error:
            raise told(error) from None

    return awaited if inspect.iscoroutinefunction(function) else wrapped
