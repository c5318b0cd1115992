"""The KL against Monte Carlo and torch.distributions."""

import torch
from torch.distributions import Normal, kl_divergence

from latentsweep.models.posterior import DiagonalGaussian
from latentsweep.models.prior import StandardNormal


def posterior() -> DiagonalGaussian:
    mean = torch.tensor([[0.0, 0.5, -2.0], [1.0, 0.0, 3.0]], dtype=torch.float64)
    log_variance = torch.tensor([[0.0, -1.0, -6.0], [0.7, 1e-7, -0.1]], dtype=torch.float64)
    return DiagonalGaussian(mean, log_variance)


def test_kl_equals_that_of_torch_distributions() -> None:
    q = Normal(posterior().mean, posterior().variance.sqrt())
    expected = kl_divergence(q, Normal(torch.zeros((), dtype=torch.float64), 1.0))
    torch.testing.assert_close(StandardNormal().kl(posterior()), expected, rtol=1e-9, atol=1e-12)


def test_kl_equals_its_monte_carlo_estimate() -> None:
    noise = torch.randn(
        200_000, 2, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0)
    )
    z = posterior().sample(noise)
    q = Normal(posterior().mean, posterior().variance.sqrt())
    estimate = (q.log_prob(z).sum(-1) - StandardNormal().log_density(z)).mean(0)
    expected = StandardNormal().kl(posterior()).sum(-1)
    torch.testing.assert_close(estimate, expected, rtol=0, atol=0.03)


def test_kl_of_the_prior_itself_is_zero_and_no_kl_is_negative() -> None:
    zeros = torch.zeros(2, 4)
    assert not StandardNormal().kl(DiagonalGaussian(zeros, zeros)).any()
    log_variance = torch.linspace(-1e-3, 1e-3, 1001)[None]
    near = DiagonalGaussian(torch.zeros_like(log_variance), log_variance)
    assert (StandardNormal().kl(near) >= 0).all()


def test_log_density_is_summed_over_latents() -> None:
    z = torch.randn(7, 5, 3, generator=torch.Generator().manual_seed(0))
    expected = Normal(0.0, 1.0).log_prob(z).sum(-1)
    torch.testing.assert_close(StandardNormal().log_density(z), expected)
