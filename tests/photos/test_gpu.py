"""Jobs on a GPU that is lent for one call at a time, with a stand-in for the spaces package."""

import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

from explorer.photos.gpu import SPENT, on_gpu


class QuotaError(Exception):
    """gradio's, which spaces raises, is no ValueError either."""


@pytest.fixture
def lent(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """As on ZeroGPU; -> the names of the jobs that were decorated."""
    decorated: list[str] = []
    spaces: Any = ModuleType("spaces")

    def lend(job: Callable[..., Any]) -> Callable[..., Any]:
        decorated.append(job.__name__)
        return job

    spaces.GPU = lend
    monkeypatch.setitem(sys.modules, "spaces", spaces)
    monkeypatch.setenv("SPACES_ZERO_GPU", "true")
    return decorated


def failing(error: Exception) -> Callable[..., tuple[str, str]]:
    """A job that fails on the GPU alone."""

    @on_gpu
    def job(text: str, device: str | None = None) -> str:
        if device == "cuda":
            raise error
        return f"{text} on {device}"

    return job


@pytest.mark.parametrize("value", [None, ""])
def test_elsewhere_a_job_runs_on_the_default_device_without_a_note(
    value: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "spaces", None)  # what imports it fails
    if value is None:
        monkeypatch.delenv("SPACES_ZERO_GPU", raising=False)
    else:
        monkeypatch.setenv("SPACES_ZERO_GPU", value)

    @on_gpu
    def job(first: int, second: int, device: str | None = "unset") -> tuple[int, str | None]:
        return first - second, device

    assert job(5, 2) == ((3, None), "")


def test_elsewhere_errors_pass_through(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SPACES_ZERO_GPU", raising=False)

    @on_gpu
    def job(device: str | None = None) -> None:
        raise KeyError(f"quota {device}")

    with pytest.raises(KeyError, match="quota None"):
        job()


def test_on_zerogpu_a_job_runs_on_the_lent_gpu(lent: list[str]) -> None:
    @on_gpu
    def job(text: str, device: str | None = None) -> str:
        return f"{text} on {device}"

    assert lent == ["lent"]
    assert job("work") == ("work on cuda", "")
    assert job.__name__ == "job"


@pytest.mark.parametrize(
    "message",
    [
        "You have exceeded your free GPU quota (60s requested vs. 12s left).",
        "No GPU was available after 60s. Retry later",
        "GPU task aborted",
    ],
)
@pytest.mark.usefixtures("lent")
def test_where_the_quota_is_spent_the_cpu_takes_over_and_a_note_says_so(message: str) -> None:
    assert failing(QuotaError(message))("work") == ("work on cpu", SPENT)


@pytest.mark.parametrize("message", ["Latents must be finite.", "The GPU's quota is no such model."])
@pytest.mark.usefixtures("lent")
def test_a_sentence_of_our_own_passes_through(message: str) -> None:
    with pytest.raises(ValueError, match=message):
        failing(ValueError(message))("work")


@pytest.mark.usefixtures("lent")
def test_another_error_passes_through() -> None:
    with pytest.raises(RuntimeError, match="shapes cannot be multiplied"):
        failing(RuntimeError("mat1 and mat2 shapes cannot be multiplied"))("work")
