"""How a request is refused: a status and {"error": sentence, "told": the same as data}."""

from __future__ import annotations

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

from explorer.live.spaces import UnknownModel
from explorer.live.worker import Busy
from explorer.sentences import Sentence, as_data, said_by


def problem(status: int, sentence: str) -> JSONResponse:
    """For a page that speaks another language, what is to be said stands there as data as well."""
    told = {"told": as_data(sentence)} if isinstance(sentence, Sentence) else {}
    return JSONResponse({"error": sentence, **told}, status)


def refusal(error: Exception) -> JSONResponse:
    """The answer where a ValueError or Busy was raised: 404 (no such model), 422 or 503 (too many ask)."""
    status = 503 if isinstance(error, Busy) else 404 if isinstance(error, UnknownModel) else 422
    return problem(status, said_by(error))


def handle_refusals(api: FastAPI) -> None:
    """All routes of `api` may raise ValueError and Busy, with a sentence for who asked."""

    async def refuse(_: Request, error: Exception) -> JSONResponse:
        return refusal(error)

    for kind in (ValueError, Busy):
        api.add_exception_handler(kind, refuse)
