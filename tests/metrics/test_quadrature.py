from math import log, pi

import pytest
import torch
from torch import Tensor

from latentsweep.config.likelihood import BernoulliConfig
from latentsweep.config.model import VAEConfig
from latentsweep.config.network import MLPConfig
from latentsweep.metrics.quadrature import quadrature
from latentsweep.models.build import build_model
from latentsweep.models.vae import VAE
from latentsweep.verification.linear_gaussian import linear_gaussian, weighted


@pytest.mark.parametrize("latents", [1, 2, 3])
@pytest.mark.parametrize("wrong_by", [0.0, 0.8])
def test_linear_gaussian_likelihood_is_the_closed_form(latents: int, wrong_by: float) -> None:
    problem = linear_gaussian(latents, wrong_by=wrong_by)
    found = quadrature(problem.model, problem.images, tolerance=1e-6)
    torch.testing.assert_close(found.log_likelihood, problem.log_p, rtol=0, atol=1e-5)
    assert float(found.error.max()) <= 1e-6


def test_elbo_is_below_importance_weights_and_these_below_quadrature() -> None:
    problem = linear_gaussian(2, count=300, wrong_by=0.5)
    exact = quadrature(problem.model, problem.images)
    bound = weighted(problem, 20)
    with torch.no_grad():
        noise = torch.randn(300, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
        elbo = problem.model.terms(problem.images, noise).elbo
    assert float(elbo.mean()) < -bound.nll < -exact.nll


def curved_model(latents: int) -> VAE:
    """A decoder whose posteriors are skewed, narrow and correlated, for an encoder that is off."""
    torch.manual_seed(4)
    network = MLPConfig(hidden_sizes=(16,), activation="tanh")
    model = build_model(VAEConfig(latent_size=latents), network, BernoulliConfig(), (1, 5, 5))
    assert isinstance(model, VAE)
    model = model.double()
    with torch.no_grad():
        for parameter in model.decoder.parameters():
            parameter.mul_(4.0)
    return model


def images_of(model: VAE, count: int) -> Tensor:
    torch.manual_seed(5)
    with torch.no_grad():
        output = model.decoder(torch.randn(count, model.latent_size, dtype=torch.float64))
        return model.likelihood.sample(output)


def fine_grid(model: VAE, images: Tensor, points: int) -> Tensor:
    """log p(x) by the sum over a grid of the prior's box, for comparison: slow and sure."""
    axis = torch.linspace(-6, 6, points, dtype=torch.float64)
    grid = torch.cartesian_prod(*[axis] * model.latent_size).reshape(-1, model.latent_size)
    volume = float(axis[1] - axis[0]) ** model.latent_size
    found = []
    with torch.no_grad():
        prior = model.log_prior(grid)
        for image in images:
            log_p = model.log_likelihood(image.expand(len(grid), *image.shape), grid) + prior
            found.append(log_p.logsumexp(dim=0) + torch.tensor(volume).log())
    return torch.stack(found)


@pytest.mark.parametrize(("latents", "points"), [(1, 4001), (2, 401)])
def test_curved_posteriors_agree_with_a_fine_grid_within_the_error(
    latents: int, points: int
) -> None:
    model = curved_model(latents)
    images = images_of(model, 30)
    expected = fine_grid(model, images, points)
    found = quadrature(model, images, tolerance=1e-3)
    away = (found.log_likelihood - expected).abs()
    assert float(away.mean()) < 2e-3
    assert float(away.mean()) < 3 * float(found.error.mean()) + 1e-6
    assert float(away.max()) < 0.02
    assert int(found.nodes.max()) > int(found.nodes.min())  # more nodes where more are needed


class SquareRoots:
    """x ~ N(z^2, s^2) of one pixel: two modes, of which the encoder knows one or none."""

    def __init__(self, variance: float, mean: float, deviation: float) -> None:
        self.variance, self.mean, self.deviation = variance, mean, deviation

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        code = torch.full((len(x), 1), self.mean, dtype=torch.float64)
        return code, torch.full_like(code, self.deviation**2)

    def log_likelihood(self, x: Tensor, z: Tensor) -> Tensor:
        seen = (z**2)[..., None, None]
        squared = (x - seen) ** 2 / self.variance
        return -0.5 * (squared + log(2 * pi * self.variance)).sum(dim=(-3, -2, -1))

    def log_prior(self, z: Tensor) -> Tensor:
        return -0.5 * (z**2 + log(2 * pi)).sum(dim=-1)


@pytest.mark.parametrize(
    ("variance", "x", "mean", "deviation"),
    [(0.01, 1.0, 1.0, 0.05), (1e-3, 4.0, 1.0, 0.03), (0.1, 0.2, 0.0, 1.0), (0.01, 2.0, -3.0, 0.3)],
)
def test_modes_that_the_encoder_does_not_know_are_found(
    variance: float, x: float, mean: float, deviation: float
) -> None:
    model = SquareRoots(variance, mean, deviation)
    images = torch.full((1, 1, 1, 1), x, dtype=torch.float64)
    z = torch.linspace(-8, 8, 400_001, dtype=torch.float64)[:, None]
    density = model.log_likelihood(images, z) + model.log_prior(z)
    expected = float(density.logsumexp(dim=0)) + log(16 / 400_000)
    found = quadrature(model, images, tolerance=1e-4)
    assert float(found.log_likelihood) == pytest.approx(expected, abs=2e-3)
    assert int(found.modes) >= 2


def test_more_than_three_latents_are_refused() -> None:
    problem = linear_gaussian(6)
    with pytest.raises(ValueError, match="importance weights take any number"):
        quadrature(problem.model, problem.images)


def test_images_that_do_not_fit_beside_each_other_give_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    problem = linear_gaussian(2)
    whole = quadrature(problem.model, problem.images)
    monkeypatch.setattr("latentsweep.metrics.posterior_modes._PIXELS_AT_ONCE", 6 * 100)
    parts = quadrature(problem.model, problem.images)
    torch.testing.assert_close(parts.log_likelihood, whole.log_likelihood)
