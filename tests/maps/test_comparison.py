"""How much two spaces agree on neighbours, their t-SNE, and how a map formed."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

import explorer
from explorer import LatentSpace, tsne
from explorer.checkpoints import HISTORY, TSNE
from explorer.maps.comparison import shared_neighbours
from explorer.maps.recorded import formation
from explorer.maps.recorded import tsne as recorded_tsne

Copied = Callable[[Path], Path]


@pytest.fixture(scope="module")
def flat(digits_checkpoint: Path) -> LatentSpace:
    return explorer.load(digits_checkpoint, device="cpu")


@pytest.fixture(scope="module")
def deep(digits_checkpoint_5d: Path) -> LatentSpace:
    return explorer.load(digits_checkpoint_5d, device="cpu")


def test_a_space_shares_all_neighbours_with_itself_and_few_with_another(flat: LatentSpace, deep: LatentSpace) -> None:
    assert shared_neighbours(flat, flat) == 1
    assert 10 / 499 < shared_neighbours(flat, deep) < 0.9
    assert shared_neighbours(flat, deep) == shared_neighbours(deep, flat)


def test_the_shared_neighbours_are_those_of_a_plain_count(flat: LatentSpace, deep: LatentSpace) -> None:
    def nearest(latents: np.ndarray) -> np.ndarray:
        distances = np.linalg.norm(latents[:, None].astype(float) - latents[None], axis=2)
        np.fill_diagonal(distances, np.inf)
        return np.argsort(distances, axis=1)[:, :10]

    pairs = zip(nearest(flat.latents), nearest(deep.latents), strict=True)
    shares = [len(set(a) & set(b)) / 10 for a, b in pairs]
    assert shared_neighbours(flat, deep) == pytest.approx(np.mean(shares), abs=0.01)


def test_maps_of_other_data_are_not_compared(flat: LatentSpace) -> None:
    with pytest.raises(ValueError, match="Only maps of the same data set"):
        shared_neighbours(flat, explorer.load("mnist-vae-20d"))


def test_a_t_sne_keeps_clusters_together_and_repeats_itself() -> None:
    random = np.random.default_rng(0)
    centres = 20 * np.eye(3, 6)
    latents = (centres[np.repeat(range(3), 40)] + random.normal(size=(120, 6))).astype(np.float32)
    places = tsne.embed(latents)
    assert places.shape == (120, 2)
    np.testing.assert_array_equal(places, tsne.embed(latents))
    groups = places.reshape(3, 40, 2)
    middles = groups.mean(1)
    within = np.linalg.norm(groups - middles[:, None], axis=2).mean()
    between = np.linalg.norm(middles[:, None] - middles[None], axis=2)[np.triu_indices(3, 1)].min()
    assert between > 3 * within


def test_the_command_writes_the_t_sne_beside_the_points(digits_checkpoint: Path, copied: Copied) -> None:
    folder = copied(digits_checkpoint)
    assert tsne.main([str(folder)]) == 0
    space = explorer.load(folder)
    assert recorded_tsne(space).shape == (len(space.latents), 2)


def test_the_command_needs_a_map(capsys: pytest.CaptureFixture[str]) -> None:
    assert tsne.main(["nowhere"]) == 2
    assert "There is no map of that name" in capsys.readouterr().err


def test_without_a_t_sne_a_sentence_says_how_to_make_one(digits_checkpoint: Path, copied: Copied) -> None:
    with pytest.raises(ValueError, match=r"python -m explorer\.tsne makes one"):
        recorded_tsne(explorer.load(copied(digits_checkpoint)))


def test_a_formation_ends_near_the_encoded_test_set(digits_checkpoint: Path) -> None:
    space = explorer.load(digits_checkpoint)
    past = formation(space)
    assert past.snapshots.shape == (len(past.steps), len(space.latents), 2)
    assert set(past.losses) == {"loss", "reconstruction", "kl", "test_reconstruction"}
    assert all(curve.shape == (2,) for curve in past.losses.values())
    last, first = (np.linalg.norm(past.snapshots[i].astype(float) - space.latents, axis=1).mean() for i in (-1, 0))
    assert last < 0.5 * first
    assert past.steps[-1] / past.steps_per_epoch == pytest.approx(2, abs=0.1)


@pytest.mark.parametrize("damage", ["missing", "truncated", "other dimensions", "no losses", "not finite"])
def test_a_damaged_history_gets_a_sentence(digits_checkpoint: Path, copied: Copied, damage: str) -> None:
    folder = copied(digits_checkpoint)
    file = folder / HISTORY
    if damage == "truncated":
        file.write_bytes((digits_checkpoint / HISTORY).read_bytes()[:100])
    elif damage != "missing":
        tensors = load_file(digits_checkpoint / HISTORY)
        if damage == "other dimensions":
            tensors["snapshots"] = np.ascontiguousarray(tensors["snapshots"][:, :, :1])
        elif damage == "no losses":
            del tensors["reconstruction"]
        else:
            tensors["snapshots"][0] = np.nan
        save_file(tensors, file)
    with pytest.raises(ValueError, match=r"not recorded|truncated|does not fit"):
        formation(explorer.load(folder))


def test_a_t_sne_of_other_points_gets_a_sentence(digits_checkpoint: Path, copied: Copied) -> None:
    folder = copied(digits_checkpoint)
    shutil.copy(digits_checkpoint / HISTORY, folder)
    save_file({"tsne": np.zeros((3, 2), np.float16)}, folder / TSNE)
    with pytest.raises(ValueError, match="does not fit this map"):
        recorded_tsne(explorer.load(folder))
