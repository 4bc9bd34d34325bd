"""What a training makes small, and what measures it: cross-entropy, squared error, KL divergence."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

from explorer.maps.autoencoder import Autoencoder


def reconstruction_loss(model: Autoencoder, raw: Tensor, images: Tensor, loss: str) -> Tensor:
    """Summed over pixels and images: binary cross-entropy in nats, or squared error. -> ()"""
    if loss == "bce":
        return F.binary_cross_entropy_with_logits(raw, images, reduction="sum")
    decoded = raw.sigmoid() if model.architecture.sigmoid else raw
    return F.mse_loss(decoded, images, reduction="sum")


def bernoulli_cross_entropy(decoded: Tensor, images: Tensor) -> Tensor:
    """BCE in nats summed over pixels, of images in [0, 1] that may hold exact zeros and ones. -> (B,)"""
    return F.binary_cross_entropy(decoded.clamp(1e-6, 1 - 1e-6), images, reduction="none").flatten(1).sum(1)


def kl_divergence(mean: Tensor, logvar: Tensor) -> Tensor:
    """KL(q(z|x) || N(0, I)) in nats (Kingma and Welling, appendix B): (B, D), (B, D) -> (B,)."""
    return -0.5 * (1 + logvar - mean.square() - logvar.exp()).sum(1)
