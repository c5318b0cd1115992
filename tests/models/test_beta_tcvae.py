"""The beta-TCVAE's loss against loops over torch.distributions."""

from math import log

import pytest
import torch
from torch.distributions import MultivariateNormal, Normal

from latentsweep.config.model import BetaTCVAEConfig
from latentsweep.models.beta_tcvae import total_correlation
from latentsweep.models.kl_schedules import Pressure
from latentsweep.models.terms import given

from .small_models import FULL, batch, built, vae_loss


def by_loops(z, mean, log_variance) -> float:
    """E log q(z) - E log prod q(z_j), with q the mixture of the batch's posteriors."""
    q, (images, latents) = Normal(mean, (0.5 * log_variance).exp()), z.shape
    total = 0.0
    for i in range(images):
        density = [q.log_prob(z[i])[j].exp() for j in range(images)]
        joint = sum(float(each.prod()) for each in density) / images
        marginals = [
            sum(float(each[latent]) for each in density) / images for latent in range(latents)
        ]
        total += log(joint) - sum(map(log, marginals))
    return total / images


def test_total_correlation_is_that_of_the_batchs_mixture() -> None:
    z, mean, log_variance = torch.randn(3, 5, 4, dtype=torch.float64).unbind()
    expected = by_loops(z, mean, log_variance)
    assert float(total_correlation(z, mean, log_variance)) == pytest.approx(expected, rel=1e-9)


def test_total_correlation_of_correlated_normal_codes_nears_its_closed_form() -> None:
    correlation, noise = 0.8, 0.3
    covariance = torch.tensor([[1.0, correlation], [correlation, 1.0]], dtype=torch.float64)
    torch.manual_seed(0)
    codes = MultivariateNormal(torch.zeros(2, dtype=torch.float64), covariance).sample((2000,))
    z = codes + noise * torch.randn_like(codes)
    log_variance = torch.full_like(codes, 2 * log(noise))
    whole = correlation / (1 + noise**2)
    expected = -0.5 * log(1 - whole**2)
    assert float(total_correlation(z, codes, log_variance)) == pytest.approx(expected, abs=0.05)


def test_weights_of_the_paper_have_the_same_gradient() -> None:
    """1/(N M) in the place of 1/M: log(N M) for each density, which no parameter moves."""
    z, mean, log_variance = torch.randn(3, 5, 4, dtype=torch.float64).requires_grad_().unbind()
    images = 1000
    squared = (z[:, None] - mean) ** 2 / log_variance.exp()
    log_q = -0.5 * (squared + log_variance + log(2 * torch.pi))
    weights = log(images * len(z))
    joint = log_q.sum(2).logsumexp(1) - weights
    paper = (joint - (log_q.logsumexp(1) - weights).sum(1)).mean()
    ours = total_correlation(z, mean, log_variance)
    assert float(paper.detach() - ours.detach()) == pytest.approx(3 * log(images))
    for one, other in zip(*(torch.autograd.grad(t, [z, mean], retain_graph=True)
                            for t in (paper, ours)), strict=True):  # fmt: skip
        torch.testing.assert_close(one, other)


@pytest.mark.parametrize("weight", [0.0, 0.5, 1.0])
def test_loss_is_likelihood_kl_and_the_rest_of_the_total_correlation(weight: float) -> None:
    model = built(BetaTCVAEConfig(latent_size=3, beta=6.0))
    terms = model.terms(*batch(model))
    found = model.loss(terms, Pressure(weight, None)).detach()
    codes = [given(field).detach() for field in (terms.z, terms.mean, terms.log_variance)]
    regulariser = float(terms.kl.detach().sum(1).mean()) + 5 * by_loops(*codes)
    expected = -float(terms.log_likelihood.detach().mean()) + weight * regulariser
    assert float(found) == pytest.approx(expected, rel=1e-9)


def test_beta_one_is_a_vae() -> None:
    model = built(BetaTCVAEConfig(latent_size=3, beta=1.0))
    torch.testing.assert_close(model(*batch(model), FULL), vae_loss())
