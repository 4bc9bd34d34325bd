"""The formulas that a training makes small."""

import pytest
import torch
from torch.distributions import Normal, kl_divergence

from explorer.maps import losses


def test_the_kl_formula_is_that_of_torchs_normal_distributions() -> None:
    mean, logvar = torch.randn(5, 3, dtype=torch.double), torch.randn(5, 3, dtype=torch.double)
    expected = kl_divergence(Normal(mean, logvar.exp().sqrt()), Normal(0.0, 1.0)).sum(1)
    torch.testing.assert_close(losses.kl_divergence(mean, logvar), expected, check_dtype=False)


def test_pixels_that_are_exactly_black_or_white_do_not_make_the_cross_entropy_infinite() -> None:
    decoded, images = torch.tensor([0.0, 1.0, 0.0, 1.0]), torch.tensor([0.0, 1.0, 1.0, 0.0])
    entropy = losses.bernoulli_cross_entropy(decoded.view(4, 1, 1, 1), images.view(4, 1, 1, 1))
    assert entropy[:2].tolist() == pytest.approx([0, 0], abs=1e-5)
    assert entropy[2:].isfinite().all()
