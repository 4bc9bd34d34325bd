"""Where the photo models come from: the built-in one, folders and the Hub; only safetensors, only autoencoders."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from explorer.latent_space import CHECKPOINTS

if TYPE_CHECKING:
    import torch
    from diffusers import AutoencoderKL, AutoencoderTiny

BUILT_IN = "built-in"
WEIGHTS = "diffusion_pytorch_model.safetensors"
KINDS = ("AutoencoderKL", "AutoencoderTiny")
MAX_BYTES = 2_000_000_000
MAX_CONFIG = 65_536  # bytes
MAX_NUMBER = 8_192  # of any size in a config, channels for one
MAX_LAYERS = 64  # of a block
MAX_BLOCKS = 8  # each halves a side of the photo
UNREACHABLE = "The Hub can't be reached, and the model is not in its cache here."
NOT_BUILT = "The model's config.json does not describe an autoencoder that can be built."
REPO_ID = re.compile(r"[\w.-]{1,96}/[\w.-]{1,96}", re.ASCII)
Progress = Callable[[float, str], None]  # fraction done, what is being done


@dataclass(frozen=True)
class KnownModel:
    id: str
    title: str
    size: str
    licence: str


KNOWN = (
    KnownModel(BUILT_IN, "Stable Diffusion 1.x, small", "7 MB", "MIT"),
    KnownModel("stabilityai/sd-vae-ft-mse", "Stable Diffusion 1.x", "335 MB", "MIT"),
    KnownModel("madebyollin/taesd", "tiny, Stable Diffusion 1.x", "10 MB", "MIT"),
    KnownModel("madebyollin/sdxl-vae-fp16-fix", "Stable Diffusion XL", "335 MB", "MIT"),
)


def built_in_folder() -> Path:
    """checkpoints/photo-vae, or the folder that EXPLORER_PHOTO_VAE names in its place."""
    return Path(os.environ.get("EXPLORER_PHOTO_VAE") or CHECKPOINTS / "photo-vae")


def for_visitors(source: str) -> str:
    """What a visitor typed, when the page may open it: a Hub id, or a folder below one that the host names.

    EXPLORER_MODELS lists those folders, as PATH does; without it there is the working directory.
    Raises ValueError with a sentence that tells nothing about folders elsewhere.
    """
    folder = _as_folder(source)
    if source == BUILT_IN or (folder is None and is_hub_id(source)):
        return source
    roots = [Path(root).resolve() for root in os.environ.get("EXPLORER_MODELS", os.curdir).split(os.pathsep) if root]
    if folder is not None and any(folder.resolve().is_relative_to(root) for root in roots):
        return source
    raise ValueError(
        "That is neither a Hub id such as stabilityai/sd-vae-ft-mse nor a folder this host opens (EXPLORER_MODELS)."
    )


def source_of(name: str) -> str:
    """What plain diffusers opens a model by: its id, or the built-in one's folder as far as a visitor may know."""
    given = os.environ.get("EXPLORER_PHOTO_VAE")
    own = Path(given).name if given else f"{CHECKPOINTS.name}/photo-vae"
    return own if name == BUILT_IN else name


def is_cached(repo_id: str) -> bool:
    """Whether a Hub model can be opened without network."""
    return _cached_folder(repo_id) is not None


def _cached_folder(repo_id: str) -> Path | None:
    from huggingface_hub import try_to_load_from_cache

    for prefix in ("", "vae/"):
        found = [try_to_load_from_cache(repo_id, prefix + name) for name in ("config.json", WEIGHTS)]
        if all(isinstance(file, str) for file in found):
            return Path(str(found[0])).parent
    return None


def locate(source: str, progress: Progress | None = None) -> Path:
    """The folder that holds config.json and the weights; what is on the Hub is fetched into its cache first.

    source: "built-in", a folder, or a Hub repository id. A repository or folder of a whole pipeline gives its "vae".
    Raises ValueError with a sentence: neither a folder nor an id, not found, gated, no autoencoder, only a pickle,
    too large, the Hub out of reach.
    """
    folder = built_in_folder() if source == BUILT_IN else _as_folder(source)
    if folder is not None:
        return folder if (folder / "config.json").is_file() or not (folder / "vae").is_dir() else folder / "vae"
    if not is_hub_id(source):
        raise ValueError("That is neither a folder here nor a Hub id such as stabilityai/sd-vae-ft-mse.")
    return _download(source, progress)


def is_hub_id(source: str) -> bool:
    return REPO_ID.fullmatch(source) is not None and ".." not in source


def _as_folder(source: str) -> Path | None:
    try:
        return Path(source) if Path(source).is_dir() else None
    except (OSError, ValueError):  # too long for a name, or with a null character
        return None


def _download(repo_id: str, progress: Progress | None) -> Path:
    """config.json first, and the weights only of what turns out to be an autoencoder."""
    from huggingface_hub import errors

    try:
        cached = _cached_folder(repo_id)
        if cached is not None:
            return cached
        reach_hub()
        try:
            config = _fetch(repo_id, "config.json")
        except errors.EntryNotFoundError as missing:
            if isinstance(missing, errors.LocalEntryNotFoundError):
                raise
            config = _fetch(repo_id, "vae/config.json")
        read_config(config)
        prefix = "vae/" if config.parent.name == "vae" else ""
        _fetch(repo_id, prefix + WEIGHTS, progress)
    except ValueError as error:
        raise ValueError(_hub_sentence(error) or str(error)) from None
    except Exception as error:
        raise ValueError(_hub_sentence(error) or "The model could not be fetched from the Hub.") from None
    return config.parent


def reach_hub() -> None:
    """One attempt: the download's own five, with pauses between, take half a minute where there is no network."""
    from huggingface_hub import constants, errors, get_session

    try:
        get_session().head(os.environ.get("HF_ENDPOINT") or constants.ENDPOINT, timeout=3)
    except errors.OfflineModeIsEnabled:
        raise
    except Exception:
        raise ValueError(UNREACHABLE) from None


def _hub_sentence(error: Exception) -> str:
    """What went wrong on the Hub, in a sentence that does not repeat what was asked for; "" when it is not known."""
    from huggingface_hub import errors

    sentences: tuple[tuple[type[Exception], str], ...] = (
        (errors.GatedRepoError, "That model is gated: accept its terms on the Hub and set HF_TOKEN."),
        (errors.RepositoryNotFoundError, "There is no public model of that id on the Hub."),
        (errors.HFValidationError, "That is no Hub id; one looks like stabilityai/sd-vae-ft-mse."),
        (errors.LocalEntryNotFoundError, UNREACHABLE),
        (errors.OfflineModeIsEnabled, "The Hub is switched off here, and the model is not in its cache."),
        (errors.EntryNotFoundError, f"That model has no config.json or no {WEIGHTS}; pickles are never opened."),
    )
    return next((sentence for kind, sentence in sentences if isinstance(error, kind)), "")


def _fetch(repo_id: str, name: str, progress: Progress | None = None) -> Path:
    from huggingface_hub import get_hf_file_metadata, hf_hub_download, hf_hub_url

    endpoint = os.environ.get("HF_ENDPOINT") or None
    if name.endswith(WEIGHTS):
        size = get_hf_file_metadata(hf_hub_url(repo_id, name, endpoint=endpoint)).size or 0
        if size > MAX_BYTES:
            raise ValueError(f"The model's weights are over {MAX_BYTES // 10**9} GB; no image autoencoder needs that.")
    bar: dict[str, Any] = {} if progress is None else {"tqdm_class": _reporting(progress)}
    return Path(hf_hub_download(repo_id, name, endpoint=endpoint, etag_timeout=5, **bar))


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


def read_config(file: Path) -> dict[str, Any]:
    """config.json of an image autoencoder. Raises ValueError with a sentence when it is something else."""
    try:
        text = file.read_bytes()
        config = json.loads(text) if len(text) <= MAX_CONFIG else None
    except (OSError, ValueError, RecursionError):
        config = None
    if not isinstance(config, dict) or config.get("_class_name") not in KINDS:
        raise ValueError(f"That is no image autoencoder: its config.json does not name {' or '.join(KINDS)}.")
    if not _is_sensible(config):
        raise ValueError("The model's config.json holds sizes that no image autoencoder has.")
    if any(config.get(key, 3) != 3 for key in ("in_channels", "out_channels")):
        raise ValueError("That autoencoder is not for RGB photos: it has another number of colour channels.")
    return config


def _is_sensible(config: dict[str, Any]) -> bool:
    """Whether its numbers are an image autoencoder's; others would keep the machine busy, or give NaN."""
    for key, value in config.items():
        values = value if isinstance(value, list) else [value]
        limit = MAX_LAYERS if key in ("layers_per_block", "num_encoder_blocks", "num_decoder_blocks") else MAX_NUMBER
        if not all(abs(number) <= limit for number in values if isinstance(number, int | float)):  # nor is NaN
            return False
        if "block" in key and len(values) > MAX_BLOCKS:
            return False
    factor, shift = config.get("scaling_factor", 1.0), config.get("shift_factor") or 0.0
    return isinstance(factor, int | float) and factor > 0 and isinstance(shift, int | float)


def open_model(folder: Path, dtype: torch.dtype) -> AutoencoderKL | AutoencoderTiny:
    """The model of a folder, after its files have been found to fit each other. Nothing but safetensors is read.

    Raises ValueError with a sentence: no autoencoder, weights missing, only a pickle, damaged, of other shapes.
    """
    import diffusers
    import torch
    from safetensors import SafetensorError, safe_open

    config, weights = read_config(folder / "config.json"), folder / WEIGHTS
    kind = getattr(diffusers, config["_class_name"])
    if not weights.is_file():
        raise ValueError(f"The model has no {WEIGHTS}; weights kept as a pickle are never opened.")
    try:
        with safe_open(weights, "pt") as opened:
            found = {key: tuple(opened.get_slice(key).get_shape()) for key in opened.keys()}  # noqa: SIM118
    except (SafetensorError, OSError):
        raise ValueError(f"The model's {WEIGHTS} is damaged or cut off; fetch it again.") from None
    try:
        with torch.device("meta"):
            described = kind.from_config(config).state_dict()
    except Exception:
        raise ValueError(NOT_BUILT) from None
    if found != {key: tuple(value.shape) for key, value in described.items()}:
        found_count, count = len(found), len(described)
        raise ValueError(f"The model's weights do not fit its config.json ({found_count} tensors, {count} described).")
    try:
        return kind.from_pretrained(folder, use_safetensors=True, torch_dtype=dtype, local_files_only=True).eval()
    except Exception:
        raise ValueError(NOT_BUILT) from None
