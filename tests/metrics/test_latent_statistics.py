from math import inf

import pytest
import torch
from torch import Tensor
from torch.distributions import MultivariateNormal, kl_divergence

from latentsweep.metrics.latent_statistics import (
    correlation_with,
    gaussian_total_correlation,
    latent_statistics,
)


def correlated(count: int = 5000) -> Tensor:
    generator = torch.Generator().manual_seed(0)
    mix = torch.tensor([[1.0, 0.6, 0.0], [0.0, 1.0, 0.3], [0.0, 0.0, 1.0]], dtype=torch.float64)
    return torch.randn(count, 3, dtype=torch.float64, generator=generator) @ mix


def test_aggregate_posterior_has_the_moments_of_its_samples() -> None:
    means = correlated()
    variances = torch.rand(means.shape, generator=torch.Generator().manual_seed(1))
    found = latent_statistics(means, variances)
    noise = torch.randn(means.shape, generator=torch.Generator().manual_seed(2))
    drawn = means + variances.sqrt() * noise
    torch.testing.assert_close(found.mean, drawn.mean(dim=0), rtol=0, atol=0.05)
    torch.testing.assert_close(found.variance, drawn.var(dim=0), rtol=0.05, atol=0)
    torch.testing.assert_close(found.correlation, torch.corrcoef(means.T))
    away = torch.corrcoef(means.T) - torch.eye(3, dtype=torch.float64)
    assert found.largest_correlation == pytest.approx(float(away.abs().max()))


def test_a_collapsed_latents_trace_is_no_correlation_of_units() -> None:
    means = torch.randn(2000, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    means[:, 2] = 0.02 * means[:, 0]  # a variance of 0.0004, and a correlation of 1
    found = latent_statistics(means, torch.ones_like(means))
    assert float(found.correlation[0, 2]) == pytest.approx(1.0)
    assert found.largest_correlation < 0.1
    alone = latent_statistics(means[:, 1:], torch.ones(2000, 2))
    assert alone.largest_correlation == 0.0


def test_total_correlation_is_the_divergence_from_independence() -> None:
    means = correlated()
    covariance = torch.cov(means.T, correction=0)
    joint = MultivariateNormal(torch.zeros(3, dtype=torch.float64), covariance)
    apart = MultivariateNormal(torch.zeros(3, dtype=torch.float64), covariance.diagonal().diag())
    expected = float(kl_divergence(joint, apart))
    assert gaussian_total_correlation(means) == pytest.approx(expected, rel=1e-9)
    assert gaussian_total_correlation(means * torch.tensor([1.0, 9.0, 0.1])) == pytest.approx(
        expected, rel=1e-9
    )


def test_latents_that_do_not_vary_correlate_with_nothing() -> None:
    means = torch.cat([correlated(100), torch.full((100, 1), 2.0)], dim=1)
    found = latent_statistics(means, torch.zeros_like(means))
    assert found.correlation[3].tolist() == [0.0, 0.0, 0.0, 0.0]
    assert gaussian_total_correlation(means) == pytest.approx(
        gaussian_total_correlation(means[:, :3])
    )


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("latents", [0, 1])
def test_fewer_than_two_latents_have_no_total_correlation(latents: int) -> None:
    assert gaussian_total_correlation(correlated(100)[:, :latents]) == 0.0


def test_a_latent_that_is_a_sum_of_others_has_no_finite_total_correlation() -> None:
    means = correlated(100)
    twice = torch.cat([means, means[:, :1]], dim=1)
    assert gaussian_total_correlation(twice) > 15 or gaussian_total_correlation(twice) == inf


def test_correlation_with_a_column_is_pearsons() -> None:
    codes = torch.tensor([[0.0, 1.0], [1.0, 0.0], [2.0, 5.0]])
    column = torch.tensor([[1], [2], [3]])
    assert correlation_with(codes, column)[:, 0].tolist() == pytest.approx([1.0, 0.7559289])
