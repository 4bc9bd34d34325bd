"""The distillation of the built-in photo model, on few small photos and with a teacher of random weights."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
import torch
from diffusers import AutoencoderKL
from PIL import Image
from safetensors.torch import load_file
from skimage import data

from explorer import distill
from explorer.training import distillation
from explorer.training.distill_files import read_resume
from explorer.training.distillation import HELD_OUT, Distillation, Run

PLAN = Distillation(steps=4, batch_size=2, crop=32, warmup=2, channels=(8, 8, 8, 8))


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("photos")
    for index in range(HELD_OUT + 4):
        place = 24 * index
        Image.fromarray(data.astronaut()[place : place + 48, place : place + 40]).save(folder / f"{index:02}.png")
    return folder


@pytest.fixture
def start(photos: Path, small_tiny: Path, tmp_path: Path) -> Callable[..., Run]:
    def started(out: str = "out", held_out: int = 2, **changes: int) -> Run:
        (tmp_path / out).mkdir(exist_ok=True)
        run = distillation.start(replace(PLAN, **changes), photos, str(small_tiny), tmp_path / out, "cpu")
        run.held_out = run.held_out[:held_out]  # each is decoded four ways whenever pictures are drawn
        return run

    return started


def weights(run: Run) -> dict[str, torch.Tensor]:
    return {f"average.{key}": value for key, value in run.average.state_dict().items()} | run.student.state_dict()


def assert_equal(a: dict[str, torch.Tensor], b: dict[str, torch.Tensor]) -> None:
    assert a.keys() == b.keys()
    assert [key for key in a if not torch.equal(a[key], b[key])] == []


def test_the_same_seed_gives_the_same_weights_and_another_seed_others(start: Callable[..., Run]) -> None:
    runs = [start(), start(), start(seed=1)]
    for run in runs:
        distill.fit(run, 100)
    assert_equal(weights(runs[0]), weights(runs[1]))
    assert not torch.equal(runs[0].student.encoder.conv_in.weight, runs[2].student.encoder.conv_in.weight)


def test_a_resumed_training_repeats_an_unbroken_one_bit_for_bit(
    start: Callable[..., Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    unbroken, broken, resumed = start("a"), start("b"), start("b")
    distill.fit(unbroken, 2)
    train_step = distill.train_step

    def until_the_third(run: Run) -> dict[str, torch.Tensor]:
        if run.step == 3:
            raise KeyboardInterrupt
        return train_step(run)

    monkeypatch.setattr(distill, "train_step", until_the_third)
    with pytest.raises(KeyboardInterrupt):
        distill.fit(broken, 2)
    monkeypatch.undo()
    resumed.step = read_resume(resumed.out, resumed.student, resumed.average, resumed.optimiser, asdict(resumed.plan))
    assert resumed.step == 2
    distill.fit(resumed, 2)
    assert_equal(weights(unbroken), weights(resumed))


def test_held_out_photos_are_never_trained_on(start: Callable[..., Run], photos: Path) -> None:
    run = start(held_out=HELD_OUT)
    assert len(run.photos) == 4
    assert len(run.held_out) == HELD_OUT
    trained = {file.name for file in run.photos}
    held_out = {file.name for file in distillation.find_photos(photos)[:HELD_OUT]}
    assert trained | held_out == {file.name for file in photos.iterdir()}
    assert trained.isdisjoint(held_out)


def test_crops_lie_within_minus_one_and_one_and_small_photos_grow_to_the_crop(tmp_path: Path) -> None:
    Image.fromarray(np.full((10, 30, 3), 255, np.uint8)).save(tmp_path / "small.png")
    crop = distillation.read_crop(tmp_path / "small.png", 32, np.random.default_rng(0))
    assert crop.shape == (3, 32, 32)
    assert crop.min() == crop.max() == 1


def test_half_of_the_batch_is_decoded_from_the_teachers_latents(
    start: Callable[..., Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    run = start()
    images = distillation.batch(run)
    seen = []
    decode = run.student.decode
    monkeypatch.setattr(run.student, "decode", lambda latents: seen.append(latents) or decode(latents))
    distillation.losses(run, images, torch.Generator().manual_seed(0))
    target = run.teacher.encode(images).latents * run.teacher.config.scaling_factor / PLAN.scaling_factor
    torch.testing.assert_close(seen[0][1], target[1])
    assert not torch.allclose(seen[0][0], target[0])


def test_the_encoder_learns_the_teachers_latents(start: Callable[..., Run]) -> None:
    run = start(held_out=4, steps=60)
    before = distillation.losses(run, run.held_out, torch.Generator().manual_seed(0))["latents"].item()
    distill.fit(run, 1000)
    after = distillation.losses(run, run.held_out, torch.Generator().manual_seed(0))["latents"].item()
    assert after < 0.9 * before


def test_the_command_writes_a_checkpoint_that_plain_diffusers_opens(
    photos: Path, small_tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(distillation, "HELD_OUT", 3)  # each is decoded four ways by a network of full size
    out, measured = tmp_path / "out", tmp_path / "measured"
    measured.mkdir()
    for file in distillation.find_photos(photos)[:2]:
        shutil.copy(file, measured)
    argv = ["--photos", str(photos), "--teacher", str(small_tiny), "--measure", str(measured), "--out", str(out)]
    argv += ["--steps", "2", "--batch-size", "2", "--crop", "16", "--device", "cpu", "--save-every", "1"]
    assert distill.main(argv) == 0
    tensors = load_file(out / "diffusion_pytorch_model.safetensors")
    assert {tensor.dtype for tensor in tensors.values()} == {torch.float16}
    model = AutoencoderKL.from_pretrained(out)
    assert model.config.scaling_factor == 0.18215
    assert model.config.latent_channels == 4
    about = json.loads((out / "distillation.json").read_text())
    assert about["steps"] == 2
    assert about["command"].startswith("python -m explorer.distill --photos")
    assert set(about["psnr_by_photo"]) == {file.stem for file in measured.iterdir()}
    card = (out / "README.md").read_text()
    assert "license: mit" in card
    assert all(f"| {name} | {value:.2f} dB |" in card for name, value in about["psnr"].items())
    assert sorted(file.name for file in (out / "pictures").iterdir()) == ["reconst-1.jpg", "reconst-2.jpg"]


def test_the_shipped_weights_are_the_moving_average(start: Callable[..., Run]) -> None:
    run = start()
    distill.fit(run, 100)
    from explorer.training.distill_files import write_checkpoint

    write_checkpoint(run, "a command", None)
    shipped = AutoencoderKL.from_pretrained(run.out).state_dict()
    for key, value in run.average.module.state_dict().items():
        torch.testing.assert_close(shipped[key], value.half().float())


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"--photos": "empty"}, "holds 0 photos; more than 16 are needed"),
        ({"--resume": ""}, "There is no training to resume"),
    ],
)
def test_a_wrong_start_ends_with_a_sentence(
    photos: Path, small_tiny: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], change: dict, sentence: str
) -> None:
    (tmp_path / "empty").mkdir()
    options = {"--photos": str(photos), "--teacher": str(small_tiny), "--out": str(tmp_path / "out")}
    options |= {key: str(tmp_path / value) if value else "" for key, value in change.items()}
    argv = [word for pair in options.items() for word in pair if word]
    assert distill.main([*argv, "--steps", "1", "--device", "cpu"]) == 2
    assert sentence in capsys.readouterr().err


def test_another_seed_is_another_training(start: Callable[..., Run]) -> None:
    run = start()
    distill.fit(run, 100)
    other = start(seed=2)
    with pytest.raises(ValueError, match="belongs to another training"):
        read_resume(run.out, other.student, other.average, other.optimiser, asdict(other.plan))


@pytest.mark.parametrize("option", [["--crop", "30"], ["--steps", "0"], ["--lr", "-1"]])
def test_options_that_make_no_sense_are_refused(option: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        distill.main(["--photos", "x", "--teacher", "y", *option])
    assert option[0] in capsys.readouterr().err
