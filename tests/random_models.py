"""Photo models with random weights, always the same ones."""

from typing import Any

import torch


def random_vae(block_out_channels: tuple[int, ...] = (8, 8, 16, 16), **config: Any) -> Any:
    """A diffusers AutoencoderKL of the usual shape, 8 × 8 pixels to a latent."""
    from diffusers import AutoencoderKL

    with torch.random.fork_rng():
        torch.manual_seed(0)
        return AutoencoderKL(
            down_block_types=("DownEncoderBlock2D",) * 4,
            up_block_types=("UpDecoderBlock2D",) * 4,
            block_out_channels=block_out_channels,
            **config,
        ).eval()
