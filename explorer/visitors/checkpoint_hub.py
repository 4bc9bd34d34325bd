"""A checkpoint of this project on the Hub: its few files, fetched one by one into a folder."""

from __future__ import annotations

import shutil
from pathlib import Path

from explorer.checkpoints import CARD, HISTORY
from explorer.hub import UNREACHABLE, Hub, is_hub_id, reach_hub
from explorer.sentences import Sentence, said_by
from explorer.visitors.checkpoint_files import NAMES, NEEDED, check_sizes, read_architecture, read_config

NO_ID = Sentence("told.open.hub-id", "That is no Hub id; one looks like owner/name.")
MISSING = Sentence("told.open.hub-none", "There is no public checkpoint of that id on the Hub.")
NOT_ONE = Sentence(
    "told.open.hub-other",
    "That repository is no checkpoint of this project: it lacks one of {needed}.",
    needed=", ".join(NEEDED),
)


def fetch(repo_id: str, folder: Path) -> None:
    """Fill an empty folder. Sizes are asked for first, and config.json is read before the weights are fetched.

    Raises ValueError with a sentence: no id, not there, not public, something missing, too large, no network.
    """
    from huggingface_hub import errors

    if not isinstance(repo_id, str) or not is_hub_id(repo_id):
        raise ValueError(NO_ID)
    try:
        reach_hub()
        _fetch_all(repo_id, folder)
    except ValueError as error:
        raise ValueError(NO_ID if isinstance(error, errors.HFValidationError) else said_by(error)) from None
    except errors.LocalEntryNotFoundError:
        raise ValueError(UNREACHABLE) from None
    except errors.EntryNotFoundError:
        raise ValueError(NOT_ONE) from None
    except errors.RepositoryNotFoundError:  # gated ones too
        raise ValueError(MISSING) from None
    except errors.OfflineModeIsEnabled:
        raise ValueError(Sentence("told.open.hub-off", "The Hub is switched off here.")) from None
    except Exception:
        raise ValueError(
            Sentence("told.open.hub-failed", "The checkpoint could not be fetched from the Hub.")
        ) from None
    finally:
        shutil.rmtree(folder / ".cache", ignore_errors=True)  # the Hub's notes


def _fetch_all(repo_id: str, folder: Path) -> None:
    from huggingface_hub import errors

    hub = Hub(token=False)  # the host's own would open its private repositories to every visitor
    sizes: dict[str, int] = {}
    for name in NAMES:
        try:
            sizes[name] = hub.size(repo_id, name)
        except errors.EntryNotFoundError:
            if name not in (HISTORY, CARD):
                raise
        check_sizes(sizes)
    for name in sizes:
        hub.fetch(repo_id, name, folder=folder)
        if name == NAMES[0]:
            read_architecture(read_config(folder / name))
    check_sizes({name: (folder / name).stat().st_size for name in sizes})
