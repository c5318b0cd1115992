"""A linear VAE's optimum is known exactly (Lucas et al. 2019)."""

from dataclasses import dataclass

import pytest
import torch
from torch import Tensor

from latentsweep.config.likelihood import GaussianConfig
from latentsweep.config.model import BetaVAEConfig, ModelConfig, VAEConfig
from latentsweep.config.network import LinearConfig
from latentsweep.metrics.active_units import active_units
from latentsweep.metrics.ppca import ppca_active_units, ppca_log_likelihood, ppca_variance
from latentsweep.models.ae import AE
from latentsweep.models.build import build_model
from latentsweep.models.kl_schedules import Pressure

LATENTS = 3
FULL = Pressure(weight=1.0, capacity=None)


@dataclass(frozen=True)
class LinearProblem:
    images: Tensor
    eigenvalues: Tensor
    eigenvectors: Tensor


def linear_problem(*eigenvalues: float, count: int) -> LinearProblem:
    generator = torch.Generator().manual_seed(1)
    size = len(eigenvalues)
    scale = torch.tensor(eigenvalues, dtype=torch.float64).sqrt()
    turn = torch.linalg.qr(torch.randn(size, size, dtype=torch.float64, generator=generator)).Q
    rows = torch.randn(count, size, dtype=torch.float64, generator=generator) * scale @ turn.T
    rows = rows + torch.randn(size, dtype=torch.float64, generator=generator)
    values, vectors = torch.linalg.eigh(torch.cov(rows.T, correction=0))
    return LinearProblem(rows.reshape(count, 1, 1, size), values.flip(0), vectors.flip(1))


def linear_model(config: ModelConfig, size: int, variance: float, *, learned: bool) -> AE:
    torch.manual_seed(0)
    likelihood = GaussianConfig(variance=variance, learn_variance=learned)
    return build_model(config, LinearConfig(), likelihood, (1, 1, size)).double()


def train_to_optimum(model: AE, images: Tensor) -> None:
    """Minimise `model.loss` with noise whose first two moments are exactly the normal's.

    A linear decoder's log likelihood is quadratic in the noise, so the mean over these 2k points
    is the expectation itself, and a deterministic optimiser can find the optimum.
    """
    points = torch.eye(model.latent_size, dtype=torch.float64) * model.latent_size**0.5
    noise = torch.cat([points, -points]).repeat_interleave(len(images), 0)
    batch = images.repeat(2 * model.latent_size, 1, 1, 1)
    optimizer = torch.optim.LBFGS(
        model.parameters(),
        max_iter=400,
        history_size=20,
        tolerance_grad=1e-9,
        tolerance_change=1e-12,
        line_search_fn="strong_wolfe",
    )

    def closure() -> Tensor:
        optimizer.zero_grad()
        loss = model.loss(model.terms(batch, noise), FULL)
        loss.backward()
        return loss

    optimizer.step(closure)


@pytest.fixture(scope="module")
def problem() -> LinearProblem:
    return linear_problem(4.0, 3.0, 2.0, 1.2, 0.8, 0.6, 0.5, 0.4, count=250)


@pytest.fixture(scope="module")
def trained(problem: LinearProblem) -> AE:
    model = linear_model(VAEConfig(latent_size=LATENTS), 8, 1.0, learned=True)
    train_to_optimum(model, problem.images)
    return model


def test_elbo_of_trained_linear_vae_is_log_likelihood_of_ppca(
    problem: LinearProblem, trained: AE
) -> None:
    noise = torch.randn(
        1000, 250, LATENTS, dtype=torch.float64, generator=torch.Generator().manual_seed(2)
    )
    with torch.no_grad():
        # Antithetic pairs: their mean has no error from the terms linear in the noise.
        elbo = torch.stack(
            [
                trained.terms(problem.images, sign * draw).elbo.mean()
                for draw in noise
                for sign in (1, -1)
            ]
        ).mean()
    expected = ppca_log_likelihood(problem.eigenvalues, LATENTS)
    assert float(elbo) == pytest.approx(expected, abs=0.01)


def test_decoder_of_trained_linear_vae_spans_principal_subspace(
    problem: LinearProblem, trained: AE
) -> None:
    columns = torch.linalg.qr(trained.decoder[0].weight.detach()).Q
    principal = problem.eigenvectors[:, :LATENTS]
    sines = torch.linalg.svdvals(columns - principal @ (principal.T @ columns))
    assert float(sines.max()) < 1e-3


def test_variance_of_trained_linear_vae_is_mean_discarded_eigenvalue(
    problem: LinearProblem, trained: AE
) -> None:
    learned = float(trained.likelihood.log_variance.detach().exp())
    assert learned == pytest.approx(ppca_variance(problem.eigenvalues, LATENTS), rel=1e-3)


@pytest.mark.parametrize("beta", [0.5, 1.5, 2.0, 3.0, 4.0, 5.0, 8.0])
def test_active_units_of_linear_beta_vae_are_those_predicted(
    problem: LinearProblem, beta: float
) -> None:
    variance, latents = 0.5, 5
    model = linear_model(BetaVAEConfig(latent_size=latents, beta=beta), 8, variance, learned=False)
    train_to_optimum(model, problem.images)
    means, _ = model.encode(problem.images)
    predicted = ppca_active_units(problem.eigenvalues, beta, variance, latents)
    assert active_units(means) == predicted
