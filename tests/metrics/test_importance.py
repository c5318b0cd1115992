from math import log, sqrt

import pytest
import torch
from torch import Tensor

from latentsweep.metrics.importance import importance_weighted
from latentsweep.verification.linear_gaussian import linear_gaussian, weighted


def test_with_the_true_posterior_every_sample_gives_the_closed_form() -> None:
    problem = linear_gaussian(2)
    for samples in (1, 3):
        found = weighted(problem, samples)
        torch.testing.assert_close(found.log_likelihood, problem.log_p, rtol=0, atol=1e-6)
    assert found.monte_carlo_error == pytest.approx(0.0, abs=1e-6)


@pytest.mark.parametrize("batch", [1, 7, 40, 64])
def test_any_batch_gives_the_same_numbers_with_remainders_counted(batch: int) -> None:
    problem = linear_gaussian(2, wrong_by=0.3)
    found, whole = weighted(problem, 5, batch=batch), weighted(problem, 5, batch=40)
    torch.testing.assert_close(found.log_likelihood, whole.log_likelihood, rtol=0, atol=1e-10)
    assert len(found.log_likelihood) == 40


def test_one_sample_is_the_elbo_of_that_sample() -> None:
    problem = linear_gaussian(2, count=2000, wrong_by=0.3)
    found = weighted(problem, 1)
    torch.manual_seed(0)
    noise = torch.randn(len(problem.images), 2, dtype=torch.float64)
    with torch.no_grad():
        elbo = problem.model.terms(problem.images, noise).elbo
    spread = sqrt(float(elbo.var() + found.log_likelihood.var()) / 2000)
    assert -found.nll == pytest.approx(float(elbo.mean()), abs=4 * spread)
    with torch.no_grad():
        rate = problem.model.terms(problem.images, noise).kl.sum(dim=1)
    assert -float(found.distortion.mean() + rate.mean()) == pytest.approx(
        float(elbo.mean()), abs=4 * spread
    )


def test_more_samples_come_closer_to_the_likelihood_from_below() -> None:
    problem = linear_gaussian(3, count=500, wrong_by=0.7)
    bounds = [-weighted(problem, samples).nll for samples in (1, 10, 100, 1000)]
    assert bounds == sorted(bounds)
    assert bounds[0] < bounds[-1] - 1
    assert bounds[-1] == pytest.approx(float(problem.log_p.mean()), abs=0.02)


def test_the_mean_of_weights_is_taken_and_not_a_softmax_of_losses() -> None:
    problem = linear_gaussian(2, wrong_by=0.5)
    single = []
    with torch.no_grad():
        mean, variance = problem.model.encode(problem.images)
        for sample in range(4):
            generator = torch.Generator().manual_seed(1000 + sample)
            noise = torch.randn(40, 2, dtype=torch.float64, generator=generator)
            z = mean + variance.sqrt() * noise
            posterior = torch.distributions.Normal(mean, variance.sqrt()).log_prob(z).sum(dim=1)
            prior = torch.distributions.Normal(0.0, 1.0).log_prob(z).sum(dim=1)
            single.append(problem.model.log_likelihood(problem.images, z) + prior - posterior)
    expected = torch.stack(single).logsumexp(dim=0) - log(4)
    found = weighted(problem, 4)
    torch.testing.assert_close(found.log_likelihood, expected, rtol=0, atol=1e-9)
    assert found.nll == pytest.approx(-float(expected.mean()))  # the sign is that of a loss


def test_monte_carlo_error_is_that_of_repeated_estimates() -> None:
    problem = linear_gaussian(2, count=30, wrong_by=0.3)
    found = weighted(problem, 50)
    many = []
    for repetition in range(60):
        images = problem.images
        generator = torch.Generator().manual_seed(repetition)

        def draw(_: int, generator: torch.Generator = generator) -> Tensor:
            return torch.randn(30, 2, dtype=torch.float64, generator=generator)

        with torch.no_grad():
            posterior = problem.model.encode(images)
        many.append(
            importance_weighted(problem.model, lambda: [(problem.images, 0)], posterior, draw, 50)
        )
    spread = float(torch.tensor([each.nll for each in many]).std())
    assert found.monte_carlo_error == pytest.approx(spread, rel=0.4)


def test_no_sample_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one"):
        weighted(linear_gaussian(1), 0)
