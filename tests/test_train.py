"""The training loop: what it writes, what it repeats, what stops it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import digits
from safetensors.torch import load_file
from skimage.io import imread

import explorer
from explorer import train
from explorer.maps.recipes import RECIPES
from explorer.training import exit_codes, resume

ROOT = Path(__file__).resolve().parent.parent


def assert_same_tensors(file: Path, other: Path) -> None:
    tensors, others = load_file(file), load_file(other)
    assert tensors.keys() == others.keys()
    for key, value in tensors.items():
        assert torch.equal(value, others[key]), key


def interrupt_at(step: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C at one step of the training."""
    set_learning_rate = train.set_learning_rate

    def interrupted(run: train.Run, now: int) -> None:
        if now == step:
            raise KeyboardInterrupt
        set_learning_rate(run, now)

    monkeypatch.setattr(train, "set_learning_rate", interrupted)


def test_the_same_seed_gives_the_same_files(digits_checkpoint: Path, tmp_path: Path) -> None:
    again = digits(tmp_path, "--epochs", "2")
    for name in ("model.safetensors", "latents.safetensors", "history.safetensors", "resume.safetensors"):
        assert_same_tensors(digits_checkpoint / name, again / name)


def test_another_seed_gives_other_weights(digits_checkpoint: Path, tmp_path: Path) -> None:
    weights = load_file(digits_checkpoint / "model.safetensors")
    others = load_file(digits(tmp_path, "--epochs", "2", "--seed", "1") / "model.safetensors")
    assert not any(torch.equal(weights[key], others[key]) for key in weights)


def test_training_lowers_the_loss(tmp_path: Path) -> None:
    losses = load_file(digits(tmp_path, "--epochs", "4") / "history.safetensors")
    assert losses["loss"].diff().max() < 0
    assert losses["test_reconstruction"][-1] < losses["test_reconstruction"][0]


def test_a_training_that_was_interrupted_and_resumed_equals_an_unbroken_one_bit_for_bit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    unbroken = digits(tmp_path / "unbroken", "--epochs", "4")
    with monkeypatch.context() as patch:
        interrupt_at(2 * 20 + 7, patch)
        broken = digits(tmp_path / "broken", "--epochs", "4")
    digits(broken, "--epochs", "4", "--resume")
    for name in ("resume.safetensors", "model.safetensors", "history.safetensors"):
        assert_same_tensors(unbroken / name, broken / name)


def test_ctrl_c_keeps_the_last_whole_epoch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    interrupt_at(2 * 20 + 7, monkeypatch)
    space = explorer.load(digits(tmp_path, "--epochs", "4"), device="cpu")
    assert space.config["epochs"] == 2
    assert len(load_file(tmp_path / "history.safetensors")["loss"]) == 2
    assert space.decode(space.latents[:3]).shape == (3, 8, 8)
    assert "kept the 2 whole epochs" in capsys.readouterr().err


def test_ctrl_c_before_the_first_epoch_is_whole_keeps_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    interrupt_at(7, monkeypatch)
    assert train.main(["digits-vae-2d", "--device", "cpu", "--out", str(tmp_path)]) == 130
    assert not list(tmp_path.iterdir())
    assert "nothing is kept" in capsys.readouterr().err


def test_ctrl_c_in_a_folder_of_an_older_training_does_not_pass_that_off_as_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = digits(tmp_path, "--epochs", "1") / "config.json"
    before = config.read_text()
    interrupt_at(7, monkeypatch)
    assert train.main(["digits-vae-2d", "--device", "cpu", "--seed", "1", "--out", str(tmp_path)]) == 130
    assert config.read_text() == before


def test_the_config_says_all_that_is_needed_to_make_the_checkpoint_again(digits_checkpoint: Path) -> None:
    config = json.loads((digits_checkpoint / "config.json").read_text())
    assert config["architecture"] == {
        **{"network": "dense", "image_shape": [8, 8], "latent_dim": 2, "width": 256},
        **{"variational": True, "bottleneck": 0, "sigmoid": True},
    }
    assert (config["name"], config["data"], config["loss"], config["seed"]) == ("digits-vae-2d", "digits", "bce", 0)
    assert (config["optimiser"], config["lr"], config["batch_size"], config["beta"]) == ("adam", 2e-3, 64, 1.0)
    assert (config["epochs"], config["schedule"], config["weight_decay"]) == (2, "cosine", 0.0)
    command = f"python -m explorer.train digits-vae-2d --device cpu --no-tsne --out {digits_checkpoint} --epochs 2"
    assert config["command"] == command
    assert config["class_names"] == list("0123456789")


def test_the_measures_in_the_config_are_those_of_the_written_files(digits_checkpoint: Path) -> None:
    from explorer import evaluate
    from explorer.maps import datasets

    space = explorer.load(digits_checkpoint, device="cpu")
    measures = evaluate.measure(space.model, datasets.load("digits"), space.latents)
    assert space.config["measures"] == pytest.approx(measures, abs=1e-5)


def test_the_model_card_gives_the_command_and_the_measures(digits_checkpoint: Path) -> None:
    config = json.loads((digits_checkpoint / "config.json").read_text())
    card = (digits_checkpoint / "README.md").read_text()
    assert config["command"] in card
    assert f"- elbo: {config['measures']['elbo']}" in card


def test_the_latents_are_the_encoded_test_set(digits_checkpoint: Path) -> None:
    from explorer.maps import datasets

    test = datasets.load("digits")
    latents = load_file(digits_checkpoint / "latents.safetensors")
    assert {key: tuple(value.shape) for key, value in latents.items()} == {
        **{"mean": (500, 2), "logvar": (500, 2), "label": (500,)},
    }
    space = explorer.load(digits_checkpoint, device="cpu")
    np.testing.assert_allclose(space.encode(test.images / np.float32(255)), latents["mean"], rtol=0, atol=1e-5)
    np.testing.assert_array_equal(latents["label"], test.labels)


def test_the_history_shows_the_map_form_in_about_40_snapshots(tmp_path: Path) -> None:
    history = load_file(digits(tmp_path, "--epochs", "20") / "history.safetensors")
    steps = history["steps"]
    assert 30 <= len(steps) <= 40
    assert (steps[0], steps[-1]) == (0, 20 * 20 - 1)
    assert (steps.diff() > 0).all()
    assert (steps < 40).sum() > len(steps) / 2  # a tenth of the training has more than half of them
    assert history["snapshots"].shape == (len(steps), 500, 2)
    assert history["snapshots"].dtype == torch.float16
    assert history["loss"].shape == history["reconstruction"].shape == history["kl"].shape == (20,)


def test_each_epoch_leaves_its_pictures(digits_checkpoint: Path) -> None:
    pictures = {file.name: imread(file).shape[:2] for file in (digits_checkpoint / "pictures").iterdir()}
    pairs, samples = (4 * (8 + 2) + 2, 16 * (8 + 2) + 2), (8 * (8 + 2) + 2, 8 * (8 + 2) + 2)
    assert pictures == {
        **{"reconst-1.png": pairs, "reconst-2.png": pairs},
        **{"sampled-1.png": samples, "sampled-2.png": samples},
    }
    assert imread(digits_checkpoint / "losses.png").shape[:2] == (460, 840)


def test_options_reach_the_network_the_loss_and_the_description(digits_checkpoint_5d: Path) -> None:
    config = json.loads((digits_checkpoint_5d / "config.json").read_text())
    assert (config["architecture"]["width"], config["architecture"]["latent_dim"]) == (16, 5)
    assert (config["beta"], config["seed"], config["lr"], config["epochs"]) == (0.5, 7, 0.01, 1)
    assert load_file(digits_checkpoint_5d / "model.safetensors")["mean.weight"].shape == (5, 16)
    losses = load_file(digits_checkpoint_5d / "history.safetensors")
    torch.testing.assert_close(losses["loss"], losses["reconstruction"] + 0.5 * losses["kl"])


def test_a_plain_autoencoder_is_trained_by_the_same_loop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recipe = RECIPES["digits-vae-2d"].with_options({"variational": False, "loss": "mse", "optimiser": "adamw"})
    monkeypatch.setitem(RECIPES, recipe.name, recipe)
    config = json.loads((digits(tmp_path, "--epochs", "2") / "config.json").read_text())
    assert "elbo" not in config["measures"]
    losses = load_file(tmp_path / "history.safetensors")
    torch.testing.assert_close(losses["loss"], losses["reconstruction"] / 64)
    assert losses["test_reconstruction"][-1].item() == pytest.approx(config["measures"]["mse_per_image"], rel=1e-3)


def test_the_cosine_schedule_falls_from_lr_to_almost_nothing_and_the_constant_one_stays(tmp_path: Path) -> None:
    recipe = RECIPES["digits-vae-2d"].with_options({"epochs": 5, "lr": 0.01})
    rates = {}
    for schedule in ("cosine", "constant"):
        run = train.start(recipe.with_options({"schedule": schedule}), tmp_path, None, "cpu")
        rates[schedule] = []
        for step in (0, 50, 99):
            train.set_learning_rate(run, step)
            rates[schedule].append(run.optimiser.param_groups[0]["lr"])
    assert rates["cosine"] == pytest.approx([0.01, 0.005, 2.5e-6], rel=0.02)
    assert rates["constant"] == [0.01, 0.01, 0.01]


def test_an_epoch_shows_whole_batches_of_different_images_in_another_order_each_time(tmp_path: Path) -> None:
    run = train.start(RECIPES["digits-vae-2d"], tmp_path, None, "cpu")
    first = torch.cat(list(train.batches(run)))
    assert first.shape == (20 * 64, 1, 8, 8)
    assert len(first.unique(dim=0)) > 1_250  # a few digits are drawn alike
    again = torch.cat(list(train.batches(run)))
    run.epoch = 1
    assert torch.equal(first, again)
    assert not torch.equal(first, torch.cat(list(train.batches(run))))


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["no-such-model"], "invalid choice"),
        (["digits-vae-2d", "--epochs", "0"], "--epochs must be larger than 0"),
        (["digits-vae-2d", "--batch-size", "-1"], "--batch-size must be larger than 0"),
        (["digits-vae-2d", "--lr", "nan"], "--lr must be larger than 0"),
        (["digits-vae-2d", "--lr", "fast"], "argument --lr: invalid float value"),
        (["digits-vae-2d", "--seed", "-1"], "--seed must be a whole number from 0"),
        (["digits-vae-2d", "--colour", "red"], "unrecognized arguments"),
    ],
    ids=" ".join,
)
def test_wrong_options_end_with_code_2_and_a_sentence(
    options: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as exit_:
        train.main(options)
    assert exit_.value.code == 2
    assert sentence in capsys.readouterr().err.splitlines()[-1]


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--latent-dim", "0"], "latent_dim must be a whole number from 1 to 256"),
        (["--width", "1000000000"], "width must be a whole number from 1 to 2048"),
        (["--bottleneck", "-1"], "bottleneck must be a whole number from 0 to 4096"),
        (["--resume"], "There is no training to resume in"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_cannot_be_trained_ends_with_code_2_and_one_sentence(
    options: list[str], sentence: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert train.main(["digits-vae-2d", "--device", "cpu", "--out", str(tmp_path), *options]) == 2
    assert capsys.readouterr().err.splitlines()[-1].startswith(sentence)
    assert not (tmp_path / "config.json").exists()


@pytest.mark.parametrize("option", [["--beta", "nan"], ["--lr", "1e30"]], ids=" ".join)
def test_a_loss_that_is_no_longer_finite_ends_with_a_code_of_its_own_and_a_sentence(
    option: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--device", "cpu", "--epochs", "1", "--out", str(tmp_path), *option]
    assert train.main(["digits-vae-2d", *options]) == exit_codes.DIVERGED
    assert capsys.readouterr().err.splitlines()[-1].startswith("The loss is no longer finite")
    assert not (tmp_path / "config.json").exists()


def test_a_file_as_out_ends_with_code_2_before_anything_is_trained(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("kept")
    assert train.main(["digits-vae-2d", "--device", "cpu", "--out", str(tmp_path / "file")]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert str(tmp_path / "file") in line
    assert (tmp_path / "file").read_text() == "kept"


def test_data_that_are_nowhere_end_with_code_2_and_both_ways_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import torchvision

    def unplugged(*_args: object, **_kwargs: object) -> None:
        raise RuntimeError("Error downloading")

    monkeypatch.setattr(torchvision.datasets.mnist, "download_and_extract_archive", unplugged)
    options = ["mnist-vae-20d", "--device", "cpu", "--data", str(tmp_path), "--out", str(tmp_path / "out")]
    assert train.main(options) == 2
    assert "pass --data FOLDER or set EXPLORER_DATA=FOLDER" in capsys.readouterr().err


@pytest.mark.parametrize("options", [["--width", "64"], ["--seed", "1"], ["--beta", "2"]], ids=" ".join)
def test_a_training_is_not_resumed_with_other_options(
    options: list[str], digits_checkpoint: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = (digits_checkpoint / "config.json").read_text()
    arguments = ["digits-vae-2d", "--device", "cpu", "--out", str(digits_checkpoint), "--resume", "--epochs", "4"]
    assert train.main([*arguments, *options]) == 2
    assert "belongs to another training" in capsys.readouterr().err
    assert (digits_checkpoint / "config.json").read_text() == before


def test_a_damaged_resume_file_ends_with_code_2_and_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / resume.RESUME).write_bytes(b"not safetensors")
    assert train.main(["digits-vae-2d", "--device", "cpu", "--out", str(tmp_path), "--resume"]) == 2
    assert "resume.safetensors is missing or damaged" in capsys.readouterr().err


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU here")
def test_a_gpu_that_is_not_there_is_not_replaced_by_the_cpu(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert train.main(["digits-vae-2d", "--device", "cuda", "--out", str(tmp_path)]) == 2
    assert capsys.readouterr().err == "There is no cuda device here.\n"


def test_two_processes_write_one_checkpoint_that_opens(tmp_path: Path) -> None:
    launcher = ["accelerate.commands.launch", "--multi_gpu", "--num_processes", "2", "--main_process_port", "0"]
    done = subprocess.run(
        [sys.executable, "-m", *launcher, "-m", "explorer.train", "digits-vae-2d", "--epochs", "1", "--out", tmp_path],
        cwd=ROOT,
        env={**os.environ, "ACCELERATE_USE_CPU": "true", "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("\nbce_per_image") == 1
    space = explorer.load(tmp_path, device="cpu")
    assert space.decode(space.latents[:2]).shape == (2, 8, 8)
    # That there were two shows in the noise, of which each process draws its own.
    alone = load_file(digits(tmp_path / "alone", "--epochs", "1") / "model.safetensors")
    assert not torch.allclose(alone["mean.weight"], load_file(tmp_path / "model.safetensors")["mean.weight"], rtol=0.01)
