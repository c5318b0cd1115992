"""A linear VAE's optimum is known exactly (Lucas et al. 2019)."""

import pytest
import torch

from latentsweep.config.model import BetaVAEConfig, VAEConfig
from latentsweep.metrics.active_units import active_units
from latentsweep.metrics.ppca import ppca_active_units, ppca_log_likelihood, ppca_variance
from latentsweep.models.ae import AE
from latentsweep.verification.linear_vae import (
    LinearProblem,
    expected_terms,
    linear_model,
    linear_problem,
    train_to_optimum,
)

LATENTS = 3


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
    with torch.no_grad():
        elbo = expected_terms(trained, problem.images).elbo.mean()
    expected = ppca_log_likelihood(problem.eigenvalues, LATENTS)
    assert float(elbo) == pytest.approx(expected, abs=1e-4)


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
