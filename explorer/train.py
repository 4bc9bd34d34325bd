"""One training loop for AE and VAE: `python -m explorer.train NAME`, alone or under `accelerate launch -m`."""

from __future__ import annotations

import argparse
import math
import shlex
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path

import numpy as np
import torch
from accelerate import Accelerator
from torch import Tensor
from tqdm import tqdm

from explorer import tsne
from explorer.checkpoints import Description, as_written, write_checkpoint
from explorer.evaluate import encode_all, measure, reconstruction_measures
from explorer.maps.autoencoder import Autoencoder, layer_table, to_input
from explorer.maps.datasets import DataSet, DataUnavailable, load
from explorer.maps.losses import kl_divergence, reconstruction_loss
from explorer.maps.recipes import RECIPES, Recipe
from explorer.maps.space import save_latents
from explorer.training.exit_codes import DIVERGED, INTERRUPTED, REFUSED, Diverged
from explorer.training.files import History, draw_reconstructions, draw_samples, read_resume, write_resume
from explorer.training.loss_curve import draw_curves

SNAPSHOTS = 40
SNAPSHOT_POINTS = 2_000
OVERRIDES = ("epochs", "batch_size", "lr", "beta", "seed", "width", "latent_dim", "bottleneck")


@dataclass
class Run:
    """One training under way: what changes from step to step."""

    recipe: Recipe
    model: Autoencoder
    optimiser: torch.optim.Optimizer
    accelerator: Accelerator
    train: Tensor  # (N, H, W) uint8 on the device
    test: DataSet
    out: Path
    epoch: int = 0  # whole epochs done
    history: History = field(default_factory=History)

    @property
    def steps_per_epoch(self) -> int:
        return max(len(self.train) // self.recipe.batch_size, 1)

    @property
    def steps(self) -> int:
        return self.steps_per_epoch * self.recipe.epochs


def start(recipe: Recipe, out: Path, data: str | None, device: str | None) -> Run:
    """Everything that one training needs, seeded; the data set is held on the device as bytes."""
    # Adam's averages of resting weights fade into denormal numbers and stay there, on which CPUs are ten times slower.
    torch.set_flush_denormal(True)
    accelerator = Accelerator(cpu=device == "cpu")
    if device not in (None, accelerator.device.type):
        raise ValueError(f"There is no {device} device here.")
    torch.backends.cudnn.deterministic = True
    torch.manual_seed(recipe.seed)
    size = recipe.architecture.image_shape[0]
    with accelerator.local_main_process_first():
        train_set = load(recipe.data, "train", data, size, download=True)
        test_set = load(recipe.data, "test", data, size, download=True)
    if recipe.batch_size < accelerator.num_processes:
        raise ValueError("The batch size must be at least the number of processes.")
    model = Autoencoder(recipe.architecture).to(accelerator.device)
    optimiser = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW}[recipe.optimiser](
        model.parameters(), lr=recipe.lr, weight_decay=recipe.weight_decay, fused=True
    )
    images = torch.from_numpy(train_set.images).to(accelerator.device)
    return Run(recipe, model, optimiser, accelerator, images, test_set, out)


def batches(run: Run) -> Iterator[Tensor]:
    """This process's share of each batch of one epoch. The order depends on the seed and the epoch alone."""
    order = torch.randperm(len(run.train), generator=generator(run, "cpu"))
    order = order[: run.steps_per_epoch * run.recipe.batch_size].to(run.train.device)
    for indices in order.split(run.recipe.batch_size):
        share = indices.tensor_split(run.accelerator.num_processes)[run.accelerator.process_index]
        yield to_input(run.train[share], run.train.device)


def generator(run: Run, device: str | torch.device, stream: int = 0) -> torch.Generator:
    """Noise that is the same for the same seed, epoch and stream, so that a resumed run repeats an unbroken one."""
    mixed = np.random.SeedSequence([run.recipe.seed, run.epoch, stream]).generate_state(1, np.uint64)
    return torch.Generator(device).manual_seed(int(mixed[0] >> 1))


def train_epoch(run: Run, network: torch.nn.Module, snapshot_steps: set[int]) -> dict[str, float]:
    """One pass over the training set. -> mean loss, reconstruction (per image) and KL of the epoch."""
    recipe, pixels = run.recipe, run.train[0].numel()
    noise = generator(run, run.train.device, 1 + run.accelerator.process_index)
    totals, done = torch.zeros(3, device=run.train.device), 0
    bar = tqdm(
        batches(run),
        desc=f"{recipe.name} {run.epoch + 1}/{recipe.epochs}",
        total=run.steps_per_epoch,
        disable=not run.accelerator.is_main_process,
    )
    run.model.train()
    for step, images in enumerate(bar, start=run.epoch * run.steps_per_epoch):
        if step in snapshot_steps:
            take_snapshot(run, step)
        set_learning_rate(run, step)
        raw, mean, logvar = network(images, noise)
        reconstruction = reconstruction_loss(run.model, raw, images, recipe.loss) / len(images)
        kl = raw.new_zeros(()) if logvar is None else kl_divergence(mean, logvar).mean()
        # A plain autoencoder averages over pixels, a VAE sums over them: only the sum is on the KL's scale.
        penalty = recipe.latent_penalty * mean.square().sum(1).mean()
        loss = reconstruction / pixels + penalty if logvar is None else reconstruction + recipe.beta * kl
        run.optimiser.zero_grad()
        run.accelerator.backward(loss)
        run.optimiser.step()
        totals += torch.stack([loss.detach(), reconstruction.detach(), kl.detach()])
        done += 1
        if done % 50 == 0:
            bar.set_postfix(zip(("loss", "rec", "kl"), (totals / done).tolist(), strict=True))
    return dict(zip(("loss", "reconstruction", "kl"), (totals / done).tolist(), strict=True))


def set_learning_rate(run: Run, step: int) -> None:
    progress = step / run.steps if run.recipe.schedule == "cosine" else 0.0
    for group in run.optimiser.param_groups:
        group["lr"] = run.recipe.lr * 0.5 * (1 + np.cos(np.pi * progress))


def log_spaced_steps(steps: int) -> set[int]:
    """About 40 steps from the first to the last but one, closer together where the map still forms quickly."""
    return {0, *np.unique(np.geomspace(1, max(steps - 1, 1), SNAPSHOTS - 1).astype(int)).tolist()}


def take_snapshot(run: Run, step: int) -> None:
    run.model.eval()
    run.history.snapshots[step] = encode_all(run.model, run.test.images[:SNAPSHOT_POINTS])[0].astype(np.float16)
    run.model.train()


def fit(run: Run) -> None:
    """Train until the recipe's last epoch; Ctrl-C goes back to the last whole one and ends there."""
    main = run.accelerator.is_main_process
    network = run.accelerator.prepare_model(run.model) if run.accelerator.num_processes > 1 else run.model
    snapshot_steps = log_spaced_steps(run.steps) if main else set()
    kept = run.epoch
    try:
        while run.epoch < run.recipe.epochs:
            losses = train_epoch(run, network, snapshot_steps)
            if not math.isfinite(losses["loss"]):
                raise Diverged("The loss is no longer finite; try a smaller --lr or --beta.")
            run.epoch += 1
            if main:
                end_epoch(run, losses)
            run.accelerator.wait_for_everyone()
            kept = run.epoch
    except KeyboardInterrupt:
        if not kept:  # an older training's files may lie in the folder: they are not this one's
            raise
        restore(run)
        print(f"\nInterrupted: kept the {run.epoch} whole epochs; --resume goes on from there.", file=sys.stderr)


def end_epoch(run: Run, losses: dict[str, float]) -> None:
    measures = reconstruction_measures(run.model, run.test)
    test = measures["bce_per_image" if run.recipe.loss == "bce" else "mse_per_image"]
    run.history.add_epoch(**losses, test_reconstruction=measures.get("sampled_bce_per_image", test))
    pictures = run.out / "pictures"
    pictures.mkdir(parents=True, exist_ok=True)
    draw_reconstructions(run.model, run.test.images, pictures / f"reconst-{run.epoch}.png")
    draw_samples(run.model, run.test.images, pictures / f"sampled-{run.epoch}.png")
    write_resume(run.out, run.model, run.optimiser, run.history, run.epoch, asdict(run.recipe))


def restore(run: Run) -> None:
    run.epoch = read_resume(run.out, run.model, run.optimiser, run.history, asdict(run.recipe))


def finish(run: Run, command: str, with_tsne: bool = True) -> dict[str, float]:
    """Write the checkpoint, with measures of the weights as they are written. -> measures"""
    shipped = as_written(run.model)
    mean, logvar = encode_all(shipped, run.test.images)
    measures = measure(shipped, run.test, mean)
    write_checkpoint(shipped, run.out, describe(run, command, measures))
    save_latents(run.out, mean, logvar, run.test.labels)
    run.history.save(run.out)
    if with_tsne:
        tsne.save(run.out, mean, run.recipe.seed)
    draw_losses(run)
    print(layer_table(shipped), *(f"{name:<24}{value:>16,.6g}" for name, value in measures.items()), sep="\n")
    return measures


def describe(run: Run, command: str, measures: dict[str, float]) -> Description:
    names = {field.name for field in fields(Description)}
    recipe = {key: value for key, value in vars(run.recipe).items() if key in names}
    found = {"class_names": list(run.test.class_names), "command": command, "epochs": run.epoch, "measures": measures}
    return Description(**recipe | found)


def draw_losses(run: Run) -> None:
    """Reconstruction on the training and the test set by epoch, and for a VAE the KL divergence in a second picture."""
    losses = {key: [epoch[key] for epoch in run.history.epochs] for key in run.history.epochs[0]}
    curves = {"training set": losses["reconstruction"], "test set": losses["test_reconstruction"]}
    draw_curves(f"{run.recipe.name}: {run.recipe.loss.upper()} per image", curves, run.out / "losses.png")
    if run.recipe.architecture.variational:
        draw_curves(f"{run.recipe.name}: KL in nats", {"KL, training set": losses["kl"]}, run.out / "kl.png")


def parse(argv: list[str] | None) -> tuple[Recipe, argparse.Namespace]:
    parser = argparse.ArgumentParser("python -m explorer.train", description="Train one of the shipped models.")
    parser.add_argument("name", choices=RECIPES)
    for name, kind in (("epochs", int), ("batch-size", int), ("lr", float), ("beta", float), ("seed", int)):
        parser.add_argument(f"--{name}", type=kind)
    parser.add_argument("--width", type=int, help="hidden units, or channels of the first convolution")
    parser.add_argument("--latent-dim", type=int)
    parser.add_argument("--bottleneck", type=int, help="units of the dense layers around the latents; 0: none")
    parser.add_argument("--classic", action="store_true", help="the tutorial's own network and training")
    parser.add_argument("--data", help="folder that holds MNIST/raw and FashionMNIST/raw")
    parser.add_argument("--device", choices=("cpu", "cuda"))
    parser.add_argument("--out", type=Path, help="folder to write to; by default runs/NAME")
    parser.add_argument("--no-tsne", action="store_true", help="leave out the t-SNE, a minute for 10,000 images")
    parser.add_argument("--resume", action="store_true", help="go on after the last whole epoch in --out")
    options = parser.parse_args(argv)
    changed = {key: value for key in OVERRIDES if (value := getattr(options, key)) is not None}
    recipe = RECIPES[options.name]
    recipe = (recipe.as_classic() if options.classic else recipe).with_options(changed)
    for name in ("epochs", "batch_size", "lr"):
        if not getattr(recipe, name) > 0:
            parser.error(f"--{name.replace('_', '-')} must be larger than 0")
    if not 0 <= recipe.seed < 2**63:
        parser.error("--seed must be a whole number from 0 to 2**63 - 1")
    return recipe, options


def main(argv: list[str] | None = None) -> int:
    arguments = sys.argv[1:] if argv is None else argv
    try:
        recipe, options = parse(arguments)
        run = start(recipe, options.out or Path("runs") / recipe.name, options.data, options.device)
        if options.resume:
            restore(run)
        run.out.mkdir(parents=True, exist_ok=True)
        fit(run)
    except (ValueError, OSError, DataUnavailable) as error:
        print(error, file=sys.stderr)
        return DIVERGED if isinstance(error, Diverged) else REFUSED
    except KeyboardInterrupt:
        print("\nInterrupted before the first epoch was whole: nothing is kept.", file=sys.stderr)
        return INTERRUPTED
    if run.accelerator.is_main_process:
        command = shlex.join(["python", "-m", "explorer.train", *(a for a in arguments if a != "--resume")])
        finish(run, command, not options.no_tsne)
    return 0


if __name__ == "__main__":
    sys.exit(main())
