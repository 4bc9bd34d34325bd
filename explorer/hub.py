"""The Hub: what it holds, what of it is here already, and what has to be fetched, for the host or for a visitor."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from explorer.sentences import Sentence
from explorer.settings import gigabytes

REPO_ID = re.compile(r"[\w.-]{1,96}/[\w.-]{1,96}", re.ASCII)
UNREACHABLE = Sentence("told.hub.unreachable", "The Hub can't be reached, and the model is not in its cache here.")
CACHE_GB = 10  # of what visitors had fetched; EXPLORER_CACHE_GB says another number
Progress = Callable[[float, str], None]  # fraction done, what is being done


def visitors_cache() -> Path:
    """Where models lie that visitors named: apart from the host's own, some of which may be private."""
    from huggingface_hub import constants

    return Path(constants.HF_HUB_CACHE).parent / "explorer-visitors"


@dataclass(frozen=True)
class Hub:
    """token: None for the host's own, False for nobody's. cache: a folder, None for the Hub's usual one."""

    token: Literal[False] | None = None
    cache: Path | None = None

    def cached(self, repo_id: str, name: str) -> Path | None:
        """A file, where the cache has it."""
        from huggingface_hub import try_to_load_from_cache

        found = try_to_load_from_cache(repo_id, name, cache_dir=self.cache)
        return Path(found) if isinstance(found, str) else None

    def sizes(self, repo_id: str, likely: Iterable[str]) -> dict[str, int]:
        """What a repository holds: bytes by file name. From an endpoint that can't list them, the `likely` ones."""
        from huggingface_hub import HfApi, errors

        try:
            api = HfApi(endpoint=_endpoint(), token=self.token)
            about = api.model_info(repo_id, files_metadata=True, timeout=10)
            return {file.rfilename: file.size or 0 for file in about.siblings or ()}
        except (errors.RepositoryNotFoundError, errors.HFValidationError, errors.OfflineModeIsEnabled):
            raise
        except Exception:
            found: dict[str, int] = {}
            for name in likely:
                with suppress(errors.RemoteEntryNotFoundError):
                    found[name] = self.size(repo_id, name)
            return found

    def size(self, repo_id: str, name: str) -> int:
        """Bytes of a file of a repository."""
        from huggingface_hub import get_hf_file_metadata, hf_hub_url

        url = hf_hub_url(repo_id, name, endpoint=_endpoint())
        return get_hf_file_metadata(url, token=self.token, endpoint=_endpoint()).size or 0

    def fetch(self, repo_id: str, name: str, progress: Progress | None = None, folder: Path | None = None) -> Path:
        """A file, fetched where it is not there yet: into the cache, or into a folder of the caller's."""
        from huggingface_hub import hf_hub_download

        bar: dict[str, Any] = {} if progress is None else {"tqdm_class": _reporting(progress)}
        where: dict[str, Any] = {"endpoint": _endpoint(), "cache_dir": self.cache, "local_dir": folder}
        return Path(hf_hub_download(repo_id, name, etag_timeout=5, token=self.token, **where, **bar))

    def make_room(self, needed: str) -> None:
        """Of a cache of our own, the models that nobody opened for longest go while it is too large; never `needed`."""
        from huggingface_hub import scan_cache_dir

        if self.cache is None:
            return
        about = scan_cache_dir(self.cache)
        left = about.size_on_disk
        for repo in sorted(about.repos, key=lambda repo: repo.last_accessed):
            if left <= gigabytes("EXPLORER_CACHE_GB", CACHE_GB) or repo.repo_id == needed:
                continue
            shutil.rmtree(repo.repo_path, ignore_errors=True)
            left -= repo.size_on_disk


def is_hub_id(name: str) -> bool:
    return REPO_ID.fullmatch(name) is not None and ".." not in name


def _endpoint() -> str | None:
    return os.environ.get("HF_ENDPOINT") or None


def reach_hub() -> None:
    """One attempt: the download's own five, with pauses between, take half a minute where there is no network."""
    from huggingface_hub import constants, errors, get_session

    try:
        get_session().head(_endpoint() or constants.ENDPOINT, timeout=3)
    except errors.OfflineModeIsEnabled:
        raise
    except Exception:
        raise ValueError(UNREACHABLE) from None


def sentence_of(error: Exception) -> str:
    """What went wrong on the Hub, in a sentence that does not repeat what was asked for; "" when it is not known."""
    from huggingface_hub import errors

    sentences: tuple[tuple[type[Exception], str], ...] = (
        (
            errors.GatedRepoError,
            Sentence("told.hub.gated", "That model is gated: accept its terms on the Hub and set HF_TOKEN."),
        ),
        (
            errors.RepositoryNotFoundError,
            Sentence("told.hub.no-model", "There is no public model of that id on the Hub."),
        ),
        (
            errors.HFValidationError,
            Sentence("told.hub.model-id", "That is no Hub id; one looks like stabilityai/sd-vae-ft-mse."),
        ),
        (errors.LocalEntryNotFoundError, UNREACHABLE),
        (
            errors.OfflineModeIsEnabled,
            Sentence("told.hub.off-model", "The Hub is switched off here, and the model is not in its cache."),
        ),
    )
    return next((sentence for kind, sentence in sentences if isinstance(error, kind)), "")


def _reporting(progress: Progress) -> type:
    """A tqdm class that also tells `progress` how far a download is."""
    from tqdm.auto import tqdm

    class Reporting(tqdm):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            kwargs.pop("name", None)  # huggingface_hub's own, for silencing a group of bars
            super().__init__(*args, **kwargs)

        def update(self, n: float | None = 1) -> bool | None:
            shown = super().update(n)
            if self.total:
                progress(min(self.n / self.total, 1.0), f"{self.n / 1e6:.0f} of {self.total / 1e6:.0f} MB")
            return shown

    return Reporting
