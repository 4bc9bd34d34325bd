"""Where the photo models come from: the built-in one, folders and the Hub; only safetensors, only autoencoders."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from explorer import photo_weights
from explorer.latent_space import CHECKPOINTS
from explorer.photo_weights import WEIGHTS
from explorer.scaling import Scaling

if TYPE_CHECKING:
    import torch
    from diffusers import AutoencoderKL, AutoencoderTiny

BUILT_IN = "built-in"
KINDS = ("AutoencoderKL", "AutoencoderTiny")
MAX_BYTES = 2_000_000_000
MAX_CONFIG = 65_536  # bytes
MAX_NUMBER = 8_192  # of any size in a config, channels for one
MAX_LAYERS = 64  # of a block
MAX_BLOCKS = 8  # each halves a side of the photo
UNREACHABLE = "The Hub can't be reached, and the model is not in its cache here."
NOT_FETCHED = "The model could not be fetched from the Hub."
NO_CONFIG = "That model has no config.json."
PREFIXES = ("", "vae/")  # of a model of its own, and of one within a pipeline
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


@dataclass(frozen=True)
class Space:
    """Latents that the decoders of several models understand.

    scaling: how its pipelines scale the raw latents of its full-size models. models: known ones, by their ids.
    """

    title: str
    scaling: Scaling
    models: frozenset[str]


TINY = "madebyollin/tae"  # the ids of models that give and take latents as a pipeline's are, already scaled
SPACES = (
    Space(
        "Stable Diffusion 1 and 2",
        Scaling(0.18215),
        frozenset(
            {
                BUILT_IN,
                "madebyollin/taesd",
                "stabilityai/sd-vae-ft-mse",
                "stabilityai/sd-vae-ft-ema",
                "stable-diffusion-v1-5/stable-diffusion-v1-5",
                "runwayml/stable-diffusion-v1-5",
                "CompVis/stable-diffusion-v1-4",
                "stabilityai/stable-diffusion-2-1",
                "stabilityai/stable-diffusion-2-1-base",
            }
        ),
    ),
    Space(
        "Stable Diffusion XL",
        Scaling(0.13025),
        frozenset(
            {
                "madebyollin/taesdxl",
                "madebyollin/sdxl-vae-fp16-fix",
                "stabilityai/sdxl-vae",
                "stabilityai/stable-diffusion-xl-base-1.0",
            }
        ),
    ),
    Space(
        "Stable Diffusion 3",
        Scaling(1.5305, 0.0609),
        frozenset(
            {
                "madebyollin/taesd3",
                "stabilityai/stable-diffusion-3-medium-diffusers",
                "stabilityai/stable-diffusion-3.5-medium",
                "stabilityai/stable-diffusion-3.5-large",
            }
        ),
    ),
    Space(
        "FLUX.1",
        Scaling(0.3611, 0.1159),
        frozenset({"madebyollin/taef1", "black-forest-labs/FLUX.1-dev", "black-forest-labs/FLUX.1-schnell"}),
    ),
)


def space_of(model: str) -> Space | None:
    """The latent space of a known model; None of any other, and of what a host puts in the built-in one's place."""
    if model == BUILT_IN and os.environ.get("EXPLORER_PHOTO_VAE"):
        return None
    return next((space for space in SPACES if model in space.models), None)


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
    """The folder of the Hub's cache that holds a model's config.json and all of its weights."""
    from huggingface_hub import try_to_load_from_cache

    for prefix in PREFIXES:
        config = try_to_load_from_cache(repo_id, f"{prefix}config.json")
        if isinstance(config, str):
            folder = Path(config).parent
            with suppress(ValueError):
                photo_weights.files_of(folder)
                return folder
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
        sizes = _sizes(repo_id)
        prefix = next((prefix for prefix in PREFIXES if f"{prefix}config.json" in sizes), "")
        if f"{prefix}config.json" not in sizes:
            raise ValueError(NO_CONFIG)
        config = _fetch(repo_id, f"{prefix}config.json")
        read_config(config)
        beside = {name.removeprefix(prefix): size for name, size in sizes.items() if name.startswith(prefix)}
        _fetch_weights(repo_id, prefix, beside, progress)
    except errors.EntryNotFoundError as error:
        raise ValueError(_hub_sentence(error) or NO_CONFIG) from None
    except Exception as error:
        told = isinstance(error, ValueError) and not isinstance(error, errors.HfHubHTTPError)  # a sentence of our own
        raise ValueError(_hub_sentence(error) or (str(error) if told else NOT_FETCHED)) from None
    return config.parent


def _sizes(repo_id: str) -> dict[str, int]:
    """What a repository holds: bytes by file name. From an endpoint that can't list them, those that matter most."""
    from huggingface_hub import HfApi, errors, get_hf_file_metadata, hf_hub_url

    try:
        about = HfApi(endpoint=_endpoint()).model_info(repo_id, files_metadata=True, timeout=10)
        return {file.rfilename: file.size or 0 for file in about.siblings or ()}
    except (errors.RepositoryNotFoundError, errors.HFValidationError, errors.OfflineModeIsEnabled):
        raise
    except Exception:
        found: dict[str, int] = {}
        for name in (prefix + name for prefix in PREFIXES for name in ("config.json", WEIGHTS)):
            with suppress(errors.RemoteEntryNotFoundError):
                found[name] = get_hf_file_metadata(hf_hub_url(repo_id, name, endpoint=_endpoint())).size or 0
        return found


def _fetch_weights(repo_id: str, prefix: str, sizes: dict[str, int], progress: Progress | None) -> None:
    """Raises ValueError with a sentence: none there, only a pickle, too large, a part missing."""
    chosen = photo_weights.choose(sizes)
    names = [chosen]
    if chosen.endswith(".json"):
        if sizes[chosen] > photo_weights.MAX_INDEX:
            raise ValueError(photo_weights.DAMAGED)
        names = photo_weights.parts(_fetch(repo_id, prefix + chosen))
    if not all(name in sizes for name in names):
        raise ValueError(photo_weights.INCOMPLETE)
    if sum(sizes[name] for name in names) > MAX_BYTES:
        raise ValueError(f"The model's weights are over {MAX_BYTES // 10**9} GB; no image autoencoder needs that.")
    for name in names:
        _fetch(repo_id, prefix + name, progress)


def reach_hub() -> None:
    """One attempt: the download's own five, with pauses between, take half a minute where there is no network."""
    from huggingface_hub import constants, errors, get_session

    try:
        get_session().head(_endpoint() or constants.ENDPOINT, timeout=3)
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
    )
    return next((sentence for kind, sentence in sentences if isinstance(error, kind)), "")


def _endpoint() -> str | None:
    return os.environ.get("HF_ENDPOINT") or None


def _fetch(repo_id: str, name: str, progress: Progress | None = None) -> Path:
    from huggingface_hub import hf_hub_download

    bar: dict[str, Any] = {} if progress is None else {"tqdm_class": _reporting(progress)}
    return Path(hf_hub_download(repo_id, name, endpoint=_endpoint(), etag_timeout=5, **bar))


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
    name = config.get("_class_name") if isinstance(config, dict) else None
    if isinstance(name, str) and name not in KINDS and re.fullmatch(r"[A-Za-z]\w{0,59}", name, re.ASCII):
        raise ValueError(f"That model is of the kind {name}, which is not supported; {' and '.join(KINDS)} are.")
    if not isinstance(config, dict) or name not in KINDS:
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
    try:
        return Scaling.of(config).fits(config.get("latent_channels", 4))
    except ValueError:
        return False


def weight_files(folder: Path) -> list[Path]:
    """The files that a model's folder is opened from. Raises ValueError as `open_model` does."""
    read_config(folder / "config.json")
    return [folder / "config.json", *photo_weights.files_of(folder)]


def loading_options(source: str, folder: Path) -> dict[str, str]:
    """What plain diffusers' from_pretrained needs to be told besides a model's name to open what is opened here."""
    options = {}
    if folder.name == "vae" and Path(source).name != "vae" and source != BUILT_IN:
        options["subfolder"] = "vae"
    if variant := photo_weights.variant_of(folder):
        options["variant"] = variant
    return options


def open_model(folder: Path, dtype: torch.dtype) -> tuple[AutoencoderKL | AutoencoderTiny, list[str]]:
    """The model of a folder, after its files have been found to fit each other, and a sentence for what was odd.

    Nothing but safetensors is read. Raises ValueError with a sentence: no autoencoder, weights missing, only a pickle,
    damaged, of other shapes.
    """
    import diffusers
    import torch

    config, files = read_config(folder / "config.json"), photo_weights.files_of(folder)
    if config.get("quantization_config"):  # its weights are no plain numbers
        raise ValueError(NOT_BUILT)
    try:
        with torch.device("meta"):
            model = getattr(diffusers, config["_class_name"]).from_config(config)
    except Exception:
        raise ValueError(NOT_BUILT) from None
    more = photo_weights.load(model, files, dtype)
    return model.eval(), [_more(more)] if more else []


def _more(count: int) -> str:
    return f"The model's weights hold more than its config.json describes: {count} tensors were left out."
