"""CONTRIBUTING.md names what is there, and its steps lead to what it promises."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

import explorer
from explorer import train
from explorer.maps import autoencoder, datasets, recipes
from explorer.maps.autoencoder import Architecture, Network
from explorer.maps.datasets import Source
from explorer.maps.recipes import Recipe

ROOT = Path(__file__).resolve().parent.parent
TEXT = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
QUOTED = re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", TEXT, flags=re.DOTALL))
PATH = re.compile(r"[\w.-]+(/[\w.-]*)+|[\w-]+\.(md|py|toml)")


def test_it_fits_on_one_screen() -> None:
    assert len(TEXT.splitlines()) <= 66


def test_the_files_that_it_names_are_there() -> None:
    paths = [name for name in QUOTED if PATH.fullmatch(name)]
    commands = re.findall(r"tests/\S+\.py", TEXT)
    assert len(paths) > 15
    assert [path for path in {*paths, *commands} if not (ROOT / path).exists()] == []


def test_what_it_names_after_a_file_stands_in_that_file() -> None:
    steps = re.findall(r"^\d\. (.*(?:\n   .*)*)", TEXT, re.MULTILINE)
    assert len(steps) > 10
    for step in steps:
        file = ""
        for name in re.findall(r"`([^`\n]+)`", step):
            if PATH.fullmatch(name):
                file = (ROOT / name).read_text(encoding="utf-8")
            elif re.fullmatch(r"[\w.]+", name) and not name.startswith(".") and name != "gradio_client":
                assert re.search(rf"\b{re.escape(name)}\b", file), f"{name} of: {step}"


def test_make_alone_prints_the_targets_that_it_and_the_readme_name() -> None:
    if not shutil.which("make"):
        pytest.skip("There is no make here.")
    alone = {name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS")}
    said = subprocess.run(["make"], cwd=ROOT, env=alone, capture_output=True, text=True, check=True).stdout
    named = re.findall(r"make (\w+)", TEXT + (ROOT / "README.md").read_text(encoding="utf-8").split("##")[0])
    targets = {line.split()[1] for line in said.splitlines()}
    assert targets == {"help", "run", "test", "lint", "check"}
    assert {name for name in named if name in ("run", "test", "lint")} == {"run", "test", "lint"}


def corners(_source: Source, split: str, _root: Path, _download: bool) -> tuple[np.ndarray, np.ndarray]:
    """A bright square in one of the four corners."""
    count = 512 if split == "train" else 128
    random = np.random.default_rng(count)
    labels = random.integers(0, 4, count)
    images = random.integers(0, 40, (count, 8, 8), np.uint8)
    for image, label in zip(images, labels, strict=True):
        image[4 * (label // 2) :, 4 * (label % 2) :][:4, :4] = 255
    return images, labels


def linear(a: Architecture) -> tuple[nn.Sequential, nn.Sequential]:
    height, width = a.image_shape
    decoder = nn.Sequential(nn.Linear(a.latent_dim, height * width), nn.Unflatten(1, (1, height, width)))
    return nn.Sequential(nn.Flatten()), decoder


def test_a_network_and_a_data_set_of_ones_own_become_a_map(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    names = ("upper left", "upper right", "lower left", "lower right")
    recipe = Recipe(
        name="corners-ae-2d",
        title="Corners, autoencoder, 2-D",
        teaches="Four classes, four places.",
        data="corners",
        architecture=Architecture("dense", (8, 8), latent_dim=2, width=1),
        loss="mse",
        optimiser="adam",
        lr=1e-2,
        batch_size=32,
        epochs=8,
    )
    monkeypatch.setitem(datasets.SOURCES, "corners", Source("Corners", names, 8, corners))
    monkeypatch.setitem(autoencoder.NETWORKS, "linear", Network(linear, (8,)))
    monkeypatch.setitem(recipes.RECIPES, recipe.name, recipe.with_options({"network": "linear"}))
    assert train.main([recipe.name, "--device", "cpu", "--no-tsne", "--out", str(tmp_path)]) == 0
    space = explorer.load(tmp_path, device="cpu")
    assert space.class_names == list(names)
    assert space.latents.shape == (128, 2)
    images, labels = corners(datasets.SOURCES["corners"], "test", tmp_path, False)
    assert np.array_equal(space.labels, labels)
    assert np.abs(space.decode(space.encode(images / 255)) - images / 255).mean() < 0.2
    assert space.config["measures"]["knn_accuracy"] > 0.9


def test_another_family_of_image_autoencoders_opens_as_a_photo_model(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from diffusers import AsymmetricAutoencoderKL
    from PIL import Image

    from explorer.photos import models
    from explorer.photos.vae import PhotoVAE, load_vae

    channels = {"down_block_out_channels": (8, 8), "up_block_out_channels": (8, 8)}
    blocks = {"down_block_types": ("DownEncoderBlock2D",) * 2, "up_block_types": ("UpDecoderBlock2D",) * 2}
    with torch.random.fork_rng():
        torch.manual_seed(0)
        AsymmetricAutoencoderKL(**channels, **blocks, norm_num_groups=4).save_pretrained(tmp_path / "other")
    with pytest.raises(ValueError, match="of the kind AsymmetricAutoencoderKL, which is not supported"):
        load_vae(tmp_path / "other")
    monkeypatch.setattr(models, "KINDS", (*models.KINDS, "AsymmetricAutoencoderKL"))
    step: Any = lambda _vae, config: 2 ** (len(config.down_block_out_channels) - 1)  # noqa: E731
    monkeypatch.setattr(PhotoVAE, "_step", step)
    vae = load_vae(tmp_path / "other")
    latents = vae.pil_to_latent(Image.new("RGB", (32, 20), "teal"))
    assert latents.shape == (1, 4, 10, 16)
    assert vae.latents_to_pil(latents)[0].size == (32, 20)


def test_another_file_of_texts_is_another_language(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from explorer.ui import texts

    shutil.copytree(texts.ASSETS / "texts", tmp_path / "texts")
    said = json.loads((tmp_path / "texts" / "en.json").read_text(encoding="utf-8"))
    said |= {"language": "Deutsch", "language.tags": "de-AT", "rail.lattice": "Gitter"}
    (tmp_path / "texts" / "de.json").write_text(json.dumps(said), encoding="utf-8")
    caches = [value for value in vars(texts).values() if hasattr(value, "cache_clear")]
    with monkeypatch.context() as patch:
        patch.setattr(texts, "ASSETS", tmp_path)
        for cache in caches:
            cache.cache_clear()
        assert texts.language_for("", "de-AT,en;q=0.5") == "de"
        assert texts.say("rail.lattice", "de") == "Gitter"
    for cache in caches:
        cache.cache_clear()


TOOL = '''
    @tool(page=True)
    def middle(self, model: str) -> dict:
        """The picture in the middle of the encoded test set."""
        space = self.spaces.open(model)
        return pictures(space.decode(space.latents.mean(0)[None]))
'''
ASKED = """
import json
import os
from fastapi import FastAPI
from fastapi.testclient import TestClient
from explorer.live.spaces import Spaces
from explorer.live.tool_thread import ToolThread
from explorer.ui.map import component, tool_routes
from explorer.ui.map.originals import Originals
from explorer.ui.map.tools import MapTools

api, thread = FastAPI(), ToolThread()
tool_routes.add_routes(api, MapTools(Spaces(["digits-vae-2d"], "cpu"), Originals()), thread)
answer = TestClient(api).post("/tool/middle", json={"model": "digits-vae-2d"}).json()
print(json.dumps([answer["shape"], component.view([], "map").html_template]))
thread.stop()
"""


def test_another_tool_answers_the_page_and_has_its_panel(tmp_path: Path) -> None:
    """In a copy of the tree, by the steps that are Python's and HTML's."""
    for folder in ("explorer", "assets"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "checkpoints").symlink_to(ROOT / "checkpoints")
    tools = tmp_path / "explorer" / "ui" / "map" / "tools.py"
    before, after = tools.read_text(encoding="utf-8").split("\n    @tool(", 1)
    tools.write_text(f"{before}{TOOL}\n    @tool({after}", encoding="utf-8")
    panel = '<section class="tool" data-tool="middle" hidden></section>'
    (tmp_path / "assets" / "map" / "tools" / "middle").mkdir()
    (tmp_path / "assets" / "map" / "tools" / "middle" / "middle.html").write_text(panel, encoding="utf-8")
    done = subprocess.run([sys.executable, "-c", ASKED], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    shape, html = json.loads(done.stdout.splitlines()[-1])
    assert shape == [1, 8, 8]
    assert panel in html
