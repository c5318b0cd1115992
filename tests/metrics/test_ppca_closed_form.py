import pytest
import torch
from torch.distributions import MultivariateNormal

from latentsweep.metrics.ppca import ppca_active_units, ppca_log_likelihood, ppca_variance


def test_log_likelihood_is_that_of_the_best_gaussian_of_its_form() -> None:
    x = torch.randn(400, 6, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    x = x * torch.tensor([3.0, 2.0, 1.5, 1.0, 0.7, 0.5])
    values, vectors = torch.linalg.eigh(torch.cov(x.T, correction=0))
    noise = float(values[:4].mean())
    spectrum = torch.cat([torch.full((4,), noise, dtype=torch.float64), values[4:]])
    covariance = vectors @ torch.diag(spectrum) @ vectors.T
    expected = MultivariateNormal(x.mean(0), covariance).log_prob(x).mean()
    assert ppca_variance(values, 2) == pytest.approx(noise)
    assert ppca_log_likelihood(values, 2) == pytest.approx(float(expected), abs=1e-9)


def test_active_units_are_eigenvalues_above_beta_times_variance() -> None:
    values = torch.tensor([0.5, 4.0, 1.0, 2.0])
    counts = [ppca_active_units(values, beta, 0.5, 3) for beta in (0.5, 1.0, 3.0, 5.0, 9.0)]
    assert counts == [3, 3, 2, 1, 0]


def test_as_many_latents_as_dimensions_is_refused() -> None:
    with pytest.raises(ValueError, match="leave none"):
        ppca_variance(torch.ones(3), 3)
