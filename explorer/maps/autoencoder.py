"""The networks: dense and convolutional, plain and variational.

Images go in as (B, 1, H, W) float32 in [0, 1]; latents are (B, D) float32 without bounds.
"""

# No `from __future__ import annotations` here: the hub mixin reads the annotation of `architecture` as a class.
import os
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from huggingface_hub import PyTorchModelHubMixin, hf_hub_download
from huggingface_hub.errors import EntryNotFoundError
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from explorer.checkpoints import WEIGHTS, save_weights

CARD = """---
{{ card_data }}
---
# {{ name | default("An autoencoder") }}

{{ teaches | default("") }}

Open it with `explorer.load(FOLDER)`. Made by `{{ command | default("explorer.train") }}`.
Data: {{ data | default("unknown") }}.
{% for key, value in (measures | default({})).items() %}
- {{ key }}: {{ value }}{% endfor %}
"""


@dataclass(frozen=True)
class Architecture:
    """What a network looks like; everything that is needed to build it before its weights are loaded.

    width: hidden units of the dense network, channels of the first convolution of the others.
    bottleneck: units of two more dense layers on each side of the latents; 0 is the classic, single linear layer.
    """

    network: str
    image_shape: tuple[int, int]
    latent_dim: int
    width: int
    variational: bool = False
    bottleneck: int = 0
    sigmoid: bool = True

    def __post_init__(self) -> None:
        """Refuse with a ValueError what a tampered config could ask for, before anything is allocated."""
        object.__setattr__(self, "image_shape", tuple(self.image_shape))
        if self.network not in NETWORKS:
            raise ValueError(f"network must be one of {', '.join(NETWORKS)}")
        sides = NETWORKS[self.network].sides
        if len(self.image_shape) != 2 or any(side not in sides for side in self.image_shape):
            raise ValueError(f"image_shape must be two of {', '.join(map(str, sides))} for the network {self.network}")
        for field, low, high in (("latent_dim", 1, 256), ("width", 1, 2048), ("bottleneck", 0, 4096)):
            value = getattr(self, field)
            if type(value) is not int or not low <= value <= high:
                raise ValueError(f"{field} must be a whole number from {low} to {high}")
        if type(self.variational) is not bool or type(self.sigmoid) is not bool:
            raise ValueError("variational and sigmoid must be true or false")


def dense(a: Architecture) -> tuple[nn.Sequential, nn.Sequential]:
    """784-400-20 and back (Kingma and Welling, https://arxiv.org/abs/1312.6114)."""
    height, width = a.image_shape
    encoder = nn.Sequential(
        nn.Flatten(),  # (B, H*W)
        *(nn.Linear(height * width, a.width), nn.ReLU()),  # (B, 400)
    )
    decoder = nn.Sequential(
        *(nn.Linear(a.latent_dim, a.width), nn.ReLU()),  # (B, 400)
        nn.Linear(a.width, height * width),  # (B, H*W)
        nn.Unflatten(1, (1, height, width)),
    )
    return encoder, decoder


def conv(a: Architecture) -> tuple[nn.Sequential, nn.Sequential]:
    """32-64-128 with stride 2 and its mirror; H and W are divisible by 8."""
    c, (h, w) = a.width, (a.image_shape[0] // 8, a.image_shape[1] // 8)
    features = 4 * c * h * w
    encoder = nn.Sequential(
        *(nn.Conv2d(1, c, 3, stride=2, padding=1), nn.ReLU()),  # (B, 32, 16, 16)
        *(nn.Conv2d(c, 2 * c, 3, stride=2, padding=1), nn.ReLU()),  # (B, 64, 8, 8)
        *(nn.Conv2d(2 * c, 4 * c, 3, stride=2, padding=1), nn.ReLU()),  # (B, 128, 4, 4)
        nn.Flatten(),
        *hidden(features, a.bottleneck, a.bottleneck),
    )
    decoder = nn.Sequential(
        *hidden(a.latent_dim, a.bottleneck, a.bottleneck),
        *(nn.Linear(a.bottleneck or a.latent_dim, features), nn.Unflatten(1, (4 * c, h, w)), nn.ReLU()),
        *(nn.ConvTranspose2d(4 * c, 2 * c, 3, stride=2, padding=1, output_padding=1), nn.ReLU()),  # (B, 64, 8, 8)
        *(nn.ConvTranspose2d(2 * c, c, 3, stride=2, padding=1, output_padding=1), nn.ReLU()),  # (B, 32, 16, 16)
        nn.ConvTranspose2d(c, 1, 3, stride=2, padding=1, output_padding=1),  # (B, 1, 32, 32)
    )
    return encoder, decoder


def conv_bn(a: Architecture) -> tuple[nn.Sequential, nn.Sequential]:
    """128-256-512-1024 with batch norm, kernel 4; a linear layer; 1024-512-256-1 (28×28 only)."""
    c = a.width
    encoder = nn.Sequential(
        *(nn.Conv2d(1, c, 4, stride=2, padding=1, bias=False), nn.BatchNorm2d(c), nn.ReLU()),  # (B, 128, 14, 14)
        *(nn.Conv2d(c, 2 * c, 4, stride=2, padding=1, bias=False), nn.BatchNorm2d(2 * c), nn.ReLU()),  # (B, 256, 7, 7)
        *(nn.Conv2d(2 * c, 4 * c, 4, stride=2, padding=1, bias=False), nn.BatchNorm2d(4 * c), nn.ReLU()),  # 3×3
        *(nn.Conv2d(4 * c, 8 * c, 4, stride=2, padding=1, bias=False), nn.BatchNorm2d(8 * c), nn.ReLU()),  # 1×1
        nn.Flatten(),  # (B, 1024)
        *hidden(8 * c, a.bottleneck, a.bottleneck, norm=True),
    )
    decoder = nn.Sequential(
        *hidden(a.latent_dim, a.bottleneck, a.bottleneck, norm=True),
        *(nn.Linear(a.bottleneck or a.latent_dim, 8 * c * 49), nn.Unflatten(1, (8 * c, 7, 7)), nn.ReLU()),
        *(nn.ConvTranspose2d(8 * c, 4 * c, 4, bias=False), nn.BatchNorm2d(4 * c), nn.ReLU()),  # (B, 512, 10, 10)
        *(nn.ConvTranspose2d(4 * c, 2 * c, 4, bias=False), nn.BatchNorm2d(2 * c), nn.ReLU()),  # (B, 256, 13, 13)
        nn.ConvTranspose2d(2 * c, 1, 4, stride=2),  # (B, 1, 28, 28)
    )
    return encoder, decoder


def conv_bn_up(a: Architecture) -> tuple[nn.Sequential, nn.Sequential]:
    """The batch-norm network with stride 2 in the decoder too: a tenth of the work at the same quality (28×28 only)."""
    c = a.width
    encoder = nn.Sequential(
        *(nn.Conv2d(1, c, 4, stride=2, padding=1, bias=False), nn.BatchNorm2d(c), nn.ReLU()),  # (B, 32, 14, 14)
        *(nn.Conv2d(c, 2 * c, 4, stride=2, padding=1, bias=False), nn.BatchNorm2d(2 * c), nn.ReLU()),  # (B, 64, 7, 7)
        *(nn.Conv2d(2 * c, 4 * c, 4, stride=2, padding=1, bias=False), nn.BatchNorm2d(4 * c), nn.ReLU()),  # 3×3
        nn.Flatten(),  # (B, 1152)
        *hidden(36 * c, a.bottleneck, a.bottleneck, norm=True),
    )
    decoder = nn.Sequential(
        *hidden(a.latent_dim, a.bottleneck, a.bottleneck, norm=True),
        *(nn.Linear(a.bottleneck or a.latent_dim, 98 * c), nn.Unflatten(1, (2 * c, 7, 7))),
        *(nn.BatchNorm2d(2 * c), nn.ReLU()),  # (B, 64, 7, 7)
        *(nn.ConvTranspose2d(2 * c, c, 4, stride=2, padding=1, bias=False), nn.BatchNorm2d(c), nn.ReLU()),  # 14×14
        nn.ConvTranspose2d(c, 1, 4, stride=2, padding=1),  # (B, 1, 28, 28)
    )
    return encoder, decoder


def hidden(inputs: int, *units: int, norm: bool = False) -> list[nn.Module]:
    """Dense layers with ReLU, and with batch norm where the convolutions have it; those of 0 units are left out."""
    layers: list[nn.Module] = []
    for outputs in filter(None, units):
        layers += [nn.Linear(inputs, outputs), *([nn.BatchNorm1d(outputs)] if norm else []), nn.ReLU()]
        inputs = outputs
    return layers


class Network(NamedTuple):
    build: Callable[[Architecture], tuple[nn.Sequential, nn.Sequential]]
    sides: tuple[int, ...]  # the image sides it is made for


NETWORKS = {
    "dense": Network(dense, (8, 28, 32)),
    "conv": Network(conv, (8, 32)),
    "conv-bn": Network(conv_bn, (28,)),
    "conv-bn-up": Network(conv_bn_up, (28,)),
}


class Output(NamedTuple):
    """One pass through the network."""

    raw: Tensor  # (B, 1, H, W), before the sigmoid where there is one
    mean: Tensor  # (B, D)
    logvar: Tensor | None  # (B, D), of a VAE


class Autoencoder(
    nn.Module, PyTorchModelHubMixin, library_name="latent-space-explorer", license="mit", model_card_template=CARD
):
    """An encoder, one head (or two for a VAE: mean and log-variance), and a decoder.

    `description` is the rest of config.json: data, loss, seed, command, measures, class names.
    """

    def __init__(self, architecture: Architecture, **description: Any) -> None:
        super().__init__()
        self.architecture = architecture
        self.description = description
        self.encoder, self.decoder = NETWORKS[architecture.network].build(architecture)
        with torch.no_grad():
            features = self.encoder.eval()(torch.zeros(1, 1, *architecture.image_shape)).shape[1]
        self.encoder.train()
        self.mean = nn.Linear(features, architecture.latent_dim)
        self.logvar = nn.Linear(features, architecture.latent_dim) if architecture.variational else None

    @property
    def built_from(self) -> dict[str, Any]:
        return {"architecture": asdict(self.architecture)}

    def posterior(self, images: Tensor) -> tuple[Tensor, Tensor | None]:
        """Images (B, 1, H, W) in [0, 1] -> mean (B, D) and, for a VAE, log-variance (B, D)."""
        features = self.encoder(images)
        return self.mean(features), None if self.logvar is None else self.logvar(features)

    def activate(self, raw: Tensor) -> Tensor:
        """What the decoder's last layer says -> pixels in [0, 1]."""
        return raw.sigmoid() if self.architecture.sigmoid else raw.clamp(0, 1)

    def decode(self, latents: Tensor) -> Tensor:
        """Latents (B, D) -> images (B, 1, H, W) in [0, 1]."""
        return self.activate(self.decoder(latents))

    def forward(self, images: Tensor, generator: torch.Generator | None = None) -> Output:
        mean, logvar = self.posterior(images)
        latents = mean if logvar is None else reparameterise(mean, logvar, generator)
        return Output(self.decoder(latents), mean, logvar)

    def _save_pretrained(self, save_directory: Path) -> None:
        save_weights(self.state_dict(), save_directory)

    @classmethod
    def _from_pretrained(
        cls,
        *,
        model_id: str,
        revision: str | None = None,
        **kwargs: Any,
    ) -> "Autoencoder":
        """Open a folder or a Hub repository; safetensors only, so that nothing in it is ever executed.

        Raises ValueError with a sentence that names the file.
        """
        hub = {k: kwargs.pop(k, None) for k in ("cache_dir", "force_download", "local_files_only", "token")}
        if not isinstance(kwargs.get("architecture"), Architecture):
            raise ValueError(f"{model_id}/config.json does not describe an architecture.")
        try:
            file = checkpoint_file(model_id, WEIGHTS, revision=revision, **hub)
            weights = load_file(file)
        except (FileNotFoundError, EntryNotFoundError):
            raise ValueError(f"{model_id} has no {WEIGHTS}; other formats are not opened.") from None
        except SafetensorError as error:
            raise ValueError(f"{file} is truncated or not a safetensors file ({error}).") from None
        # Built without memory until the weights are seen to fit: a tampered config can ask for gigabytes.
        with torch.device("meta"):
            model = cls(**kwargs)
        try:
            weights = {k: v.float() if v.is_floating_point() else v for k, v in weights.items()}
            model.load_state_dict(weights, assign=True)
        except RuntimeError as error:
            first = str(error).splitlines()[:2][-1].strip()
            raise ValueError(f"{file} does not fit the architecture in its config.json: {first}") from None
        if not all(value.isfinite().all() for value in model.state_dict().values()):
            raise ValueError(f"{file} holds weights that are not finite.")
        return model.eval()


def to_input(images: np.ndarray | Tensor, device: torch.device | str = "cpu") -> Tensor:
    """(B, H, W) uint8 -> (B, 1, H, W) float32 in [0, 1]; the one place where pixels become floats."""
    return torch.as_tensor(images).to(device).unsqueeze(1).float().div_(255)


def checkpoint_file(model_id: str, name: str, **hub: Any) -> str:
    """The path of one file of a checkpoint: in a local folder, or fetched from the Hub."""
    if os.path.isdir(model_id):
        return os.path.join(model_id, name)
    return hf_hub_download(model_id, name, **{k: v for k, v in hub.items() if v is not None})


def reparameterise(mean: Tensor, logvar: Tensor, generator: torch.Generator | None = None) -> Tensor:
    """z = mean + sigma * epsilon, epsilon ~ N(0, I) (Kingma and Welling, section 2.4): (B, D), (B, D) -> (B, D)."""
    noise = torch.randn(mean.shape, generator=generator, device=mean.device, dtype=mean.dtype)
    return mean + torch.exp(0.5 * logvar) * noise


def layer_table(model: Autoencoder) -> str:
    """The layers with their output shapes and parameter counts, one a line."""
    rows: list[tuple[str, str, int]] = []

    def note(name: str, module: nn.Module) -> Callable[[nn.Module, Any, Tensor], None]:
        def hook(_module: nn.Module, _inputs: Any, output: Tensor) -> None:
            count = sum(p.numel() for p in module.parameters())
            rows.append((f"{name} {type(module).__name__}", "×".join(map(str, output.shape[1:])), count))

        return hook

    leaves = [(n, m) for n, m in model.named_modules() if not list(m.children())]
    hooks = [module.register_forward_hook(note(name, module)) for name, module in leaves]
    was_training = model.training
    with torch.no_grad():
        model.eval()(torch.zeros(1, 1, *model.architecture.image_shape, device=next(model.parameters()).device))
    model.train(was_training)
    for hook in hooks:
        hook.remove()
    rows.append(("total", "", sum(p.numel() for p in model.parameters())))
    return "\n".join(f"{layer:<32}{shape:>12}{count:>12,}" for layer, shape, count in rows)
