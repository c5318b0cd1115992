"""The InfoVAE's loss against loops over pairs."""

from math import exp

import pytest
import torch

from latentsweep.config.model import InfoVAEConfig
from latentsweep.models.ae import AE
from latentsweep.models.info_vae import squared_mmd
from latentsweep.models.kl_schedules import Pressure
from latentsweep.models.terms import given

from .small_models import FULL, batch, built, vae_loss


def info_vae(alpha: float, mmd_weight: float) -> AE:
    return built(InfoVAEConfig(latent_size=3, alpha=alpha, mmd_weight=mmd_weight))


def by_loops(one: torch.Tensor, other: torch.Tensor) -> float:
    def kernel(left: torch.Tensor, right: torch.Tensor) -> float:
        pairs = [exp(-float(((a - b) ** 2).sum()) / (2 * len(a))) for a in left for b in right]
        return sum(pairs) / len(pairs)

    return kernel(one, one) + kernel(other, other) - 2 * kernel(one, other)


def test_discrepancy_is_that_of_all_pairs() -> None:
    one, other = torch.randn(2, 7, 3, dtype=torch.float64)
    assert float(squared_mmd(one, other)) == pytest.approx(by_loops(one, other), rel=1e-9)


def test_discrepancy_of_two_normal_distributions_nears_its_closed_form() -> None:
    """E k(a, b) of two normals is a normal density's, with the kernel's width added."""
    shift, width = 1.5, 2.0  # 2 * latents / 2 of the kernel
    torch.manual_seed(0)
    one = torch.randn(3000, 2, dtype=torch.float64)
    other = shift + torch.randn(3000, 2, dtype=torch.float64)
    same = width / (width + 2)
    apart = same * exp(-2 * shift**2 / (2 * (width + 2)))
    assert float(squared_mmd(one, other)) == pytest.approx(2 * (same - apart), abs=0.02)


def test_discrepancy_of_a_sample_from_itself_is_zero() -> None:
    rows = torch.randn(7, 3, dtype=torch.float64)
    assert float(squared_mmd(rows, rows.flip(0))) == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("weight", [0.0, 0.5, 1.0])
def test_loss_weighs_kl_and_discrepancy(weight: float) -> None:
    model = info_vae(0.25, 50.0)
    x, noise = batch(model)
    terms = model.terms(x, noise)
    discrepancy = by_loops(given(terms.z).detach(), noise[:, 3:])
    expected = -float(terms.log_likelihood.mean())
    expected += weight * (0.75 * float(terms.kl.sum(1).mean()) + 50 * discrepancy)
    assert float(model.loss(terms, Pressure(weight, None))) == pytest.approx(expected, rel=1e-9)


def test_without_extra_weight_it_is_a_vae() -> None:
    model = info_vae(0.0, 0.0)
    torch.testing.assert_close(model(*batch(model), FULL), vae_loss())
