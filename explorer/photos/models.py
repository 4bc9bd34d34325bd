"""Where the photo models come from: the built-in one, folders and the Hub; only safetensors, only autoencoders."""

from __future__ import annotations

import json
import os
import re
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from explorer.checkpoints import CHECKPOINTS
from explorer.hub import Hub, Progress, is_hub_id, reach_hub, sentence_of, visitors_cache
from explorer.photos import weights
from explorer.photos.scaling import Scaling
from explorer.sentences import Sentence, said_by

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
NO_AUTOENCODER = Sentence(
    "told.model.other-kind",
    "That is no image autoencoder: its config.json does not name {kinds}.",
    kinds=" or ".join(KINDS),
)
NOT_FETCHED = Sentence("told.hub.not-fetched", "The model could not be fetched from the Hub.")
NO_CONFIG = Sentence("told.hub.no-config", "That model has no config.json.")
NOT_BUILT = Sentence(
    "told.model.not-built", "The model's config.json does not describe an autoencoder that can be built."
)
PREFIXES = ("", "vae/")  # of a model of its own, and of one within a pipeline
LIKELY = tuple(prefix + name for prefix in PREFIXES for name in ("config.json", weights.WEIGHTS))


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


TINY = "madebyollin/tae"  # begins the ids of models whose latents are scaled already
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
        Sentence(
            "told.hub.visitors-folder",
            "That is neither a Hub id such as stabilityai/sd-vae-ft-mse nor a folder this host opens "
            "(EXPLORER_MODELS).",
        )
    )


def source_of(name: str) -> str:
    """What plain diffusers opens a model by: its id, or the built-in one's folder as far as a visitor may know."""
    given = os.environ.get("EXPLORER_PHOTO_VAE")
    own = Path(given).name if given else f"{CHECKPOINTS.name}/photo-vae"
    return own if name == BUILT_IN else name


def is_cached(repo_id: str) -> bool:
    """Whether a Hub model can be opened without network."""
    return cached_folder(repo_id, Hub()) is not None


def cached_folder(repo_id: str, hub: Hub) -> Path | None:
    """The folder of a cache that holds a model's config.json and all of its weights."""
    for config in (hub.cached(repo_id, f"{prefix}config.json") for prefix in PREFIXES):
        if config is not None:
            with suppress(ValueError):
                weights.files_of(config.parent)
                return config.parent
    return None


def hub_of(repo_id: str, visitor: bool) -> Hub:
    """The Hub for who asks for a model: with the host's token and cache only for the host, with its cache also for the
    models that the page offers by itself."""
    if not visitor:
        return Hub()
    known = any(repo_id == known.id for known in KNOWN)
    return Hub(token=False) if known else Hub(token=False, cache=visitors_cache())


def is_at_hand(source: str, visitor: bool) -> bool:
    """Whether `locate` finds a model, or that it is none, without asking the Hub."""
    if source == BUILT_IN or _as_folder(source) is not None or not is_hub_id(source):
        return True
    return cached_folder(source, hub_of(source, visitor)) is not None


def locate(source: str, progress: Progress | None = None, visitor: bool = False) -> Path:
    """The folder that holds config.json and the weights; what is on the Hub is fetched into its cache first.

    visitor: whether a visitor named it: then the host's token stays here, and so do models of the host's cache.
    source: "built-in", a folder, or a Hub repository id. A repository or folder of a whole pipeline gives its "vae".
    Raises ValueError with a sentence: neither a folder nor an id, not found, gated, no autoencoder, only a pickle,
    too large, the Hub out of reach.
    """
    folder = built_in_folder() if source == BUILT_IN else _as_folder(source)
    if folder is not None:
        return folder if (folder / "config.json").is_file() or not (folder / "vae").is_dir() else folder / "vae"
    if not is_hub_id(source):
        raise ValueError(
            Sentence(
                "told.hub.id-or-folder", "That is neither a folder here nor a Hub id such as stabilityai/sd-vae-ft-mse."
            )
        )
    return _download(source, hub_of(source, visitor), progress)


def _as_folder(source: str) -> Path | None:
    try:
        return Path(source) if Path(source).is_dir() else None
    except (OSError, ValueError):  # too long for a name, or with a null character
        return None


def _download(repo_id: str, hub: Hub, progress: Progress | None) -> Path:
    """config.json first, and the weights only of what turns out to be an autoencoder."""
    from huggingface_hub import errors

    try:
        if (cached := cached_folder(repo_id, hub)) is not None:
            return cached
        reach_hub()
        sizes = hub.sizes(repo_id, LIKELY)
        prefix = next((prefix for prefix in PREFIXES if f"{prefix}config.json" in sizes), "")
        if f"{prefix}config.json" not in sizes:
            raise ValueError(NO_CONFIG)
        if sizes[f"{prefix}config.json"] > MAX_CONFIG:
            raise ValueError(NO_AUTOENCODER)
        config = hub.fetch(repo_id, f"{prefix}config.json")
        read_config(config)
        beside = {name.removeprefix(prefix): size for name, size in sizes.items() if name.startswith(prefix)}
        _fetch_weights(hub, repo_id, prefix, beside, progress)
        hub.make_room(repo_id)
    except errors.EntryNotFoundError as error:
        raise ValueError(sentence_of(error) or NO_CONFIG) from None
    except Exception as error:
        told = isinstance(error, ValueError) and not isinstance(error, errors.HfHubHTTPError)  # a sentence of our own
        raise ValueError(sentence_of(error) or (said_by(error) if told else NOT_FETCHED)) from None
    return config.parent


def _fetch_weights(hub: Hub, repo_id: str, prefix: str, sizes: dict[str, int], progress: Progress | None) -> None:
    """Raises ValueError with a sentence: none there, only a pickle, too large, a part missing."""
    chosen = weights.choose(sizes)
    names = [chosen]
    if chosen.endswith(".json"):
        if sizes[chosen] > weights.MAX_INDEX:
            raise ValueError(weights.DAMAGED)
        names = weights.parts(hub.fetch(repo_id, prefix + chosen))
    if not all(name in sizes for name in names):
        raise ValueError(weights.INCOMPLETE)
    if sum(sizes[name] for name in names) > MAX_BYTES:
        raise ValueError(
            Sentence(
                "told.model.large",
                "The model's weights are over {most} GB; no image autoencoder needs that.",
                most=MAX_BYTES // 10**9,
            )
        )
    for name in names:
        hub.fetch(repo_id, prefix + name, progress)


def read_config(file: Path) -> dict[str, Any]:
    """config.json of an image autoencoder. Raises ValueError with a sentence when it is something else."""
    try:
        config = json.loads(file.read_bytes()) if file.stat().st_size <= MAX_CONFIG else None
    except (OSError, ValueError, RecursionError):
        config = None
    name = config.get("_class_name") if isinstance(config, dict) else None
    if isinstance(name, str) and name not in KINDS and re.fullmatch(r"[A-Za-z]\w{0,59}", name, re.ASCII):
        raise ValueError(
            Sentence(
                "told.model.kind",
                "That model is of the kind {name}, which is not supported; {kinds} are.",
                name=name,
                kinds=" and ".join(KINDS),
            )
        )
    if not isinstance(config, dict) or name not in KINDS:
        raise ValueError(NO_AUTOENCODER)
    if not _is_sensible(config):
        raise ValueError(
            Sentence("told.model.sizes", "The model's config.json holds sizes that no image autoencoder has.")
        )
    if any(config.get(key, 3) != 3 for key in ("in_channels", "out_channels")):
        raise ValueError(
            Sentence(
                "told.model.colours",
                "That autoencoder is not for RGB photos: it has another number of colour channels.",
            )
        )
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
    return [folder / "config.json", *weights.files_of(folder)]


def loading_options(source: str, folder: Path) -> dict[str, str]:
    """What plain diffusers' from_pretrained needs to be told besides a model's name to open what is opened here."""
    options = {}
    if folder.name == "vae" and Path(source).name != "vae" and source != BUILT_IN:
        options["subfolder"] = "vae"
    if variant := weights.variant_of(folder):
        options["variant"] = variant
    return options


def open_model(folder: Path, dtype: torch.dtype) -> tuple[AutoencoderKL | AutoencoderTiny, list[str]]:
    """The model of a folder, after its files have been found to fit each other, and a sentence for what was odd.

    Nothing but safetensors is read. Raises ValueError with a sentence: no autoencoder, weights missing, only a pickle,
    damaged, of other shapes.
    """
    import diffusers
    import torch

    config, files = read_config(folder / "config.json"), weights.files_of(folder)
    if config.get("quantization_config"):  # its weights are no plain numbers
        raise ValueError(NOT_BUILT)
    try:
        with torch.device("meta"):
            model = getattr(diffusers, config["_class_name"]).from_config(config)
    except Exception:
        raise ValueError(NOT_BUILT) from None
    more = weights.load(model, files, dtype)
    return model.eval(), [_more(more)] if more else []


def _more(count: int) -> str:
    return Sentence(
        "told.model.more",
        "The model's weights hold more than its config.json describes: {count} tensors were left out.",
        count=count,
    )
