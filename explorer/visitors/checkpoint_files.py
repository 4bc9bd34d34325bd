"""A checkpoint that somebody sends: taken out of a .zip or of single files, and checked before anything is opened."""

from __future__ import annotations

import io
import json
import math
import shutil
import stat
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any, get_origin, get_type_hints

import torch
from safetensors import SafetensorError, safe_open
from torch.utils.flop_counter import FlopCounterMode

from explorer.checkpoints import CARD, CONFIG, HISTORY, LATENTS, WEIGHTS, Description
from explorer.maps.autoencoder import Architecture, Autoencoder
from explorer.maps.datasets import SOURCES
from explorer.sentences import Sentence

NEEDED = (CONFIG, WEIGHTS, LATENTS)
NAMES = (*NEEDED, HISTORY, CARD)  # what a packed checkpoint holds; all else is passed over
MAX_BYTES = 20_000_000  # of a .zip, and of all that is taken out of it
MAX_TEXT = 65_536  # bytes of config.json and README.md
MAX_MEMBERS = 1_000
MAX_PARAMETERS = 4_000_000
MAX_LATENTS = 640_000  # numbers: points times dimensions
MAX_DIMENSIONS = 64
MAX_POINTS = 20_000
MAX_FLOPS = 60_000_000  # of one decoding and encoding; the shipped models stay below 15 million
MAX_SIDE = 64  # pixels of an image
MAX_HEADER = 1_000_000  # bytes of a safetensors file's own description, and the tensors in it
MAX_TENSORS = 1_000
MAX_NUMBER = 1e12  # of any number in config.json
FLOATS = ("F16", "BF16", "F32")
KINDS: dict[type, tuple[type, ...]] = {float: (int, float)}  # in JSON, where they are not what the type says
DESCRIPTION = {name: KINDS.get(kind, (get_origin(kind) or kind,)) for name, kind in get_type_hints(Description).items()}
OPTIONAL = [field.name for field in fields(Description) if field.default is not MISSING]
TOO_LARGE = Sentence("told.open.large", "A checkpoint of over {most} MB is not opened here.", most=MAX_BYTES // 10**6)
NO_ZIP = Sentence("told.open.zip", "That .zip is damaged or none at all.")


def pack(folder: Path, name: str) -> bytes:
    """A checkpoint's folder as a .zip with a folder of that name inside."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in NAMES:
            if (folder / file).is_file():
                archive.write(folder / file, f"{name}/{file}")
    return packed.getvalue()


def gather(files: Sequence[Path], folder: Path) -> None:
    """Copy the files of a checkpoint, or what one .zip holds of them, into an empty folder. Nothing else is written.

    Raises ValueError with a sentence: something is missing, twice there, too large, a link, or no .zip.
    """
    if any(file.stat().st_size > MAX_BYTES for file in files):
        raise ValueError(TOO_LARGE)
    if len(files) == 1 and files[0].suffix.lower() == ".zip":
        unpack(files[0], folder)
    else:
        known = [file for file in files if file.name in NAMES]
        if len({file.name for file in known}) < len(known):
            raise ValueError(Sentence("told.open.twice", "A file of the checkpoint is there twice."))
        for file in known:
            shutil.copyfile(file, folder / file.name)
    if missing := [name for name in NEEDED if not (folder / name).is_file()]:
        raise ValueError(
            Sentence(
                "told.open.missing",
                "A checkpoint is config.json, {weights} and {latents}; {missing} is missing.",
                weights=WEIGHTS,
                latents=LATENTS,
                missing=" and ".join(missing),
            )
        )
    check_sizes({name: (folder / name).stat().st_size for name in NAMES if (folder / name).is_file()})


def check_sizes(sizes: dict[str, int]) -> None:
    """Raises ValueError when files of a checkpoint, by name, take more bytes than one has."""
    if sum(sizes.values()) > MAX_BYTES:
        raise ValueError(TOO_LARGE)
    if any(sizes.get(name, 0) > MAX_TEXT for name in (CONFIG, CARD)):
        raise ValueError(
            Sentence(
                "told.open.text-large",
                "The checkpoint's {config} or {card} is far too large.",
                config=CONFIG,
                card=CARD,
            )
        )


def unpack(file: Path, folder: Path) -> None:
    """Only files of a known name are taken, whatever folder they say they are in, and never more bytes than allowed."""
    try:
        with zipfile.ZipFile(file) as archive:
            members = _members(archive)
            left = MAX_BYTES
            for name, member in members.items():
                with archive.open(member) as packed:
                    content = packed.read(left + 1)  # whatever size the .zip says it has
                left -= len(content)
                if left < 0:
                    raise ValueError(TOO_LARGE)
                (folder / name).write_bytes(content)
    except ValueError:
        raise
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, OSError):  # the fourth: encrypted, unknown method
        raise ValueError(NO_ZIP) from None


def _members(archive: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    found: dict[str, zipfile.ZipInfo] = {}
    if len(archive.infolist()) > MAX_MEMBERS:
        raise ValueError(Sentence("told.open.many", "That .zip holds far more files than a checkpoint."))
    for member in archive.infolist():
        name = member.filename.replace("\\", "/").rpartition("/")[2]  # as Windows PowerShell 5 writes them
        if name not in NAMES:
            continue
        if name in found:
            raise ValueError(Sentence("told.open.twice", "A file of the checkpoint is there twice."))
        if stat.S_ISLNK(member.external_attr >> 16):
            raise ValueError(Sentence("told.open.links", "That .zip holds links; pack the files themselves."))
        if member.file_size > MAX_BYTES:
            raise ValueError(TOO_LARGE)
        if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise ValueError(NO_ZIP)
        found[name] = member
    return found


def check(folder: Path) -> None:
    """Raises ValueError with a sentence where a folder with the needed files is no checkpoint of this project, or one
    that is too large to be drawn live. Only config.json and the headers of the others are read; nothing is built."""
    config = read_config(folder / CONFIG)
    architecture = read_architecture(config)
    described = _described(architecture)
    if sum(map(math.prod, described.values())) > MAX_PARAMETERS:
        raise ValueError(
            Sentence(
                "told.open.parameters",
                "Its network has over {most} million parameters; that is too many here.",
                most=MAX_PARAMETERS // 10**6,
            )
        )
    found = header(folder / WEIGHTS, (*FLOATS, "I64"))
    if found != described:
        odd = min(found.items() ^ described.items())[0]
        raise ValueError(
            Sentence(
                "told.open.unfit",
                "{weights} does not fit the architecture in {config}: {odd} is another.",
                weights=WEIGHTS,
                config=CONFIG,
                odd=odd[:60],
            )
        )
    _check_latents(header(folder / LATENTS, ("F16", "F32", "F64", "I64", "I32", "U8")), architecture)
    if (folder / HISTORY).is_file():
        header(folder / HISTORY, ("F16", "F32", "I64"))


def read_config(file: Path) -> dict[str, Any]:
    """config.json as train.py writes it. Raises ValueError with a sentence that repeats nothing from the file."""
    try:
        config = json.loads(file.read_bytes(), parse_constant=_refuse)
    except (OSError, ValueError, RecursionError):
        raise ValueError(Sentence("told.open.json", "{config} is not valid JSON.", config=CONFIG)) from None
    if not isinstance(config, dict) or "architecture" not in config:
        raise ValueError(
            Sentence(
                "told.open.no-architecture",
                "{config} does not describe a model of this project: it names no architecture.",
                config=CONFIG,
            )
        )
    if set(config) - set(DESCRIPTION) - {"architecture"}:
        raise ValueError(
            Sentence(
                "told.open.entries",
                "{config} holds entries that this project does not write: it is of another kind of model.",
                config=CONFIG,
            )
        )
    for key, kinds in DESCRIPTION.items():
        if key not in config and key in OPTIONAL:
            continue
        if type(config.get(key)) not in kinds:
            raise ValueError(
                Sentence("told.open.key", "{config} has no {key}, or one of another kind.", config=CONFIG, key=key)
            )
        if type(config[key]) in (int, float) and not abs(config[key]) < MAX_NUMBER:
            raise ValueError(
                Sentence("told.open.number", "{config} has a {key} that can't be.", config=CONFIG, key=key)
            )
    source = SOURCES.get(config["data"])
    if source is None or config["class_names"] != list(source.class_names):
        raise ValueError(
            Sentence(
                "told.open.other-data",
                "{config} names another data set or other classes; there are {known}.",
                config=CONFIG,
                known=", ".join(SOURCES),
            )
        )
    _check_measures(config["measures"])
    return config


def _refuse(constant: str) -> None:
    raise ValueError(constant)


def _check_measures(measures: dict[str, Any]) -> None:
    for key in ("mse_per_pixel", "bce_per_pixel", "knn_accuracy", "parameters"):
        value: Any = measures.get(key)
        if type(value) not in (int, float) or not 0 < value < 1e9:
            raise ValueError(Sentence("told.open.measure", "{config} lacks the measure {key}.", config=CONFIG, key=key))
    if not all(type(value) in (int, float) and abs(value) < MAX_NUMBER for value in measures.values()):
        raise ValueError(Sentence("told.open.measures", "{config} has measures that are no numbers.", config=CONFIG))


def read_architecture(config: dict[str, Any]) -> Architecture:
    given = config["architecture"]
    if not isinstance(given, dict) or set(given) - {entry.name for entry in fields(Architecture)}:
        raise ValueError(
            Sentence("told.open.network", "{config} does not describe a network of this project.", config=CONFIG)
        )
    try:
        architecture = Architecture(**given)
    except TypeError:
        raise ValueError(
            Sentence("told.open.network", "{config} does not describe a network of this project.", config=CONFIG)
        ) from None
    except ValueError as error:
        raise ValueError(f"{CONFIG}: {error}.") from None
    side = architecture.image_shape[0]
    if architecture.image_shape != (side, side) or not SOURCES[config["data"]].side <= side <= MAX_SIDE:
        raise ValueError(
            Sentence(
                "told.open.images",
                "{config}: images of {data} do not have that shape.",
                config=CONFIG,
                data=config["data"],
            )
        )
    if not 2 <= architecture.latent_dim <= MAX_DIMENSIONS:
        raise ValueError(
            Sentence(
                "told.open.dimensions", "A map can be drawn of 2 to {most} latent dimensions.", most=MAX_DIMENSIONS
            )
        )
    return architecture


def _described(architecture: Architecture) -> dict[str, tuple[int, ...]]:
    """The shapes of a network's tensors, by name, without any memory. Raises ValueError when it is too slow."""
    with torch.device("meta"):
        model = Autoencoder(architecture).eval()
        with FlopCounterMode(display=False) as counter, torch.no_grad():
            model.posterior(model.decode(torch.zeros(1, architecture.latent_dim)))
    if counter.get_total_flops() > MAX_FLOPS:
        raise ValueError(Sentence("told.open.work", "Its network takes too much work to be decoded live."))
    return {name: tuple(value.shape) for name, value in model.state_dict().items()}


def header(file: Path, kinds: Sequence[str]) -> dict[str, tuple[int, ...]]:
    """The shapes of a file's tensors by name; none of them is read.

    Raises ValueError: damaged, of other kinds, or of more tensors than a network has.
    """
    with file.open("rb") as opened:
        length = int.from_bytes(opened.read(8), "little")
    if MAX_HEADER < length < file.stat().st_size:
        raise ValueError(
            Sentence("told.open.tensors", "{file} holds far more tensors than a checkpoint.", file=file.name)
        )
    try:
        with safe_open(file, "np") as opened:
            slices = {name: opened.get_slice(name) for name in opened.keys()}  # noqa: SIM118
            if any(part.get_dtype() not in kinds for part in slices.values()):
                raise ValueError(Sentence("told.open.numbers", "{file} holds numbers of another kind.", file=file.name))
            if len(slices) > MAX_TENSORS:
                raise ValueError(
                    Sentence("told.open.tensors", "{file} holds far more tensors than a checkpoint.", file=file.name)
                )
            return {name: tuple(part.get_shape()) for name, part in slices.items()}
    except (SafetensorError, OSError):
        raise ValueError(
            Sentence("told.open.safetensors", "{file} is damaged, cut off, or no safetensors file.", file=file.name)
        ) from None


def _check_latents(shapes: dict[str, tuple[int, ...]], architecture: Architecture) -> None:
    mean = shapes.get("mean", ())
    if len(mean) != 2 or mean[1] != architecture.latent_dim or shapes.get("label") != mean[:1] or not mean[0]:
        raise ValueError(
            Sentence(
                "told.open.points",
                "{latents} does not hold encoded points of {dimensions} dimensions with labels.",
                latents=LATENTS,
                dimensions=architecture.latent_dim,
            )
        )
    if mean[0] > MAX_POINTS or math.prod(mean) > MAX_LATENTS:
        raise ValueError(
            Sentence(
                "told.open.points-many",
                "{latents} holds more than {points} points, or {numbers} numbers.",
                latents=LATENTS,
                points=f"{MAX_POINTS:,}",
                numbers=f"{MAX_LATENTS:,}",
            )
        )
    if shapes.get("logvar", mean) != mean or architecture.variational != ("logvar" in shapes):
        raise ValueError(
            Sentence(
                "told.open.logvar",
                "{latents} does not hold a log-variance for each of its points, as a VAE's does.",
                latents=LATENTS,
            )
        )
