"""The DIP-VAEs' losses against numpy's covariance."""

import numpy as np
import pytest
import torch

from latentsweep.config.model import DIPVAEIConfig, DIPVAEIIConfig, ModelConfig
from latentsweep.models.dip_vae_i import DIPVAEI
from latentsweep.models.kl_schedules import Pressure
from latentsweep.models.terms import Terms, given
from latentsweep.models.whole_batch import WHOLE

from .small_models import FULL, batch, built, vae_loss

BOTH = [DIPVAEIConfig, DIPVAEIIConfig]


def dip_vae(kind: type, off_diagonal: float, diagonal: float) -> DIPVAEI:
    config: ModelConfig = kind(
        latent_size=3, lambda_off_diagonal=off_diagonal, lambda_diagonal=diagonal
    )
    model = built(config)
    assert isinstance(model, DIPVAEI)
    return model


@pytest.mark.parametrize("kind", BOTH)
@pytest.mark.parametrize("weight", [0.0, 0.5, 1.0])
def test_loss_is_the_vaes_and_the_weighted_distance_of_the_covariance_from_1(
    kind: type, weight: float
) -> None:
    model = dip_vae(kind, 3.0, 7.0)
    terms = model.terms(*batch(model))
    covariance = np.cov(given(terms.mean).detach().numpy(), rowvar=False, bias=True)
    if kind is DIPVAEIIConfig:
        covariance += np.diag(given(terms.log_variance).exp().mean(0).detach().numpy())
    penalty = 0.0
    for i in range(3):
        for j in range(3):
            penalty += 7.0 * (covariance[i, i] - 1) ** 2 if i == j else 3.0 * covariance[i, j] ** 2
    expected = -float(terms.log_likelihood.detach().mean())
    expected += weight * (float(terms.kl.sum(1).mean()) + penalty)
    assert float(model.loss(terms, Pressure(weight, None))) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("kind", BOTH)
def test_without_weights_it_is_a_vae(kind: type) -> None:
    model = dip_vae(kind, 0.0, 0.0)
    torch.testing.assert_close(model(*batch(model), FULL), vae_loss())


def test_codes_of_unit_covariance_are_left_alone() -> None:
    corners = torch.tensor([[1.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [-1.0, -1.0]]).double()
    means, point = torch.cat([corners, corners[:, :1]], dim=1), torch.full((4, 3), -100.0)
    terms = Terms(torch.zeros(4), torch.zeros(4, 3), mean=means, log_variance=point)
    # The third latent is the first one's copy: two squared covariances of 1.
    for kind in BOTH:
        assert float(dip_vae(kind, 3.0, 7.0).penalty(terms, WHOLE)) == pytest.approx(6.0)
