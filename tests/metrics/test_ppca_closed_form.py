import pytest
import torch
from torch.distributions import MultivariateNormal

from latentsweep.metrics.ppca import (
    ppca_active_units,
    ppca_log_likelihood,
    ppca_rate_distortion,
    ppca_variance,
)


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


@pytest.mark.parametrize("latent_size", range(6))
def test_rate_and_distortion_of_ppca_are_the_parts_of_its_log_likelihood(latent_size) -> None:
    values = torch.tensor([0.3, 5.0, 1.0, 0.7, 2.0, 9.0])
    rate, distortion = ppca_rate_distortion(values, latent_size)
    assert rate + distortion == pytest.approx(-ppca_log_likelihood(values, latent_size))
    assert (rate > 0) == (latent_size > 0)


def test_rate_and_distortion_are_those_of_draws_from_the_exact_posterior() -> None:
    generator = torch.Generator().manual_seed(0)
    values = torch.tensor([6.0, 2.0, 0.6, 0.4], dtype=torch.float64)
    rotation = torch.linalg.qr(torch.randn(4, 4, dtype=torch.float64, generator=generator))[0]
    noise = float(values[2:].mean())
    weights = rotation[:, :2] * (values[:2] - noise).sqrt()
    precision = (weights.T @ weights + noise * torch.eye(2)) / noise
    n = 200_000
    normal = torch.randn(n, 8, dtype=torch.float64, generator=generator)
    x = normal[:, :4] * values.sqrt() @ rotation.T
    mean = x @ weights @ torch.linalg.inv(precision) / noise
    posterior = MultivariateNormal(mean, precision_matrix=precision)
    z = mean + normal[:, 4:6] @ torch.linalg.cholesky(torch.linalg.inv(precision)).T
    prior = MultivariateNormal(torch.zeros(2, dtype=torch.float64), torch.eye(2).double())
    likelihood = torch.distributions.Normal(z @ weights.T, noise**0.5)
    drawn_rate = (posterior.log_prob(z) - prior.log_prob(z)).mean()
    drawn_distortion = -likelihood.log_prob(x).sum(1).mean()
    rate, distortion = ppca_rate_distortion(values, 2)
    assert float(drawn_rate) == pytest.approx(rate, abs=0.02)
    assert float(drawn_distortion) == pytest.approx(distortion, abs=0.02)


@pytest.mark.parametrize("beta", [0.5, 1.0, 2.0, 4.0, 20.0])
def test_rate_and_distortion_are_those_of_a_linear_beta_vae_trained_to_its_optimum(beta) -> None:
    values, variance = torch.tensor([5.0, 2.0, 1.0, 0.5], dtype=torch.float64), 0.4
    generator = torch.Generator().manual_seed(1)
    encoder, decoder = (
        torch.randn(3, 4, dtype=torch.float64, generator=generator).requires_grad_()
        for _ in range(2)
    )
    log_variance = torch.zeros(3, dtype=torch.float64, requires_grad=True)

    def parts() -> tuple[torch.Tensor, torch.Tensor]:
        left = torch.eye(4) - encoder.T @ decoder
        spread = log_variance.exp()
        error = (left.square() * values[:, None]).sum() + (decoder.square() * spread[:, None]).sum()
        power = (encoder.square() * values).sum(1)
        rate = 0.5 * (spread + power - 1 - log_variance).sum()
        constant = torch.tensor(2 * torch.pi * variance).double().log()
        return rate, 0.5 * (4 * constant + error / variance)

    optimiser = torch.optim.LBFGS(
        [encoder, decoder, log_variance], max_iter=2000, line_search_fn="strong_wolfe"
    )

    def step() -> torch.Tensor:
        optimiser.zero_grad()
        rate, distortion = parts()
        loss = distortion + beta * rate
        loss.backward()
        return loss

    optimiser.step(step)
    trained = [float(part.detach()) for part in parts()]
    assert trained == pytest.approx(list(ppca_rate_distortion(values, 3, beta, variance)), abs=1e-3)


def test_greater_weights_buy_less_rate_until_every_latent_is_off() -> None:
    values = torch.tensor([5.0, 2.0, 1.0, 0.5])
    rates = [ppca_rate_distortion(values, 3, beta, 0.4)[0] for beta in (0.5, 1, 4, 12, 13)]
    assert rates == sorted(rates, reverse=True)
    assert rates[-2] > 0
    assert rates[-1] == 0


def test_noise_without_variance_is_refused() -> None:
    with pytest.raises(ValueError, match="above 0"):
        ppca_rate_distortion(torch.ones(3), 1, variance=0.0)
