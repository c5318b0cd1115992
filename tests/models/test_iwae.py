"""The importance-weighted bound against loops and a known marginal likelihood."""

from math import exp, log

import pytest
import torch
from torch import Tensor
from torch.distributions import MultivariateNormal, Normal, kl_divergence

from latentsweep.config.likelihood import GaussianConfig
from latentsweep.config.model import IWAEConfig
from latentsweep.config.network import LinearConfig
from latentsweep.models.ae import AE
from latentsweep.models.build import build_model
from latentsweep.models.kl_schedules import Pressure
from latentsweep.models.posterior import DiagonalGaussian
from latentsweep.models.terms import Terms, given

from .small_models import FULL, MODELS, batch, built


def iwae(samples: int) -> AE:
    return built(IWAEConfig(latent_size=3, importance_samples=samples))


def log_weights_by_loops(model: AE, x: Tensor, noise: Tensor) -> list[list[float]]:
    posterior = model.posterior(x)
    found = []
    for i, image in enumerate(x):
        q = Normal(posterior.mean[i], posterior.variance[i].sqrt())
        found.append([])
        for sample in noise[i].split(3):
            z = q.loc + q.scale * sample
            p = Normal(model.decoder(z[None])[0], (0.5 * model.likelihood.log_variance).exp())
            log_joint = p.log_prob(image).sum() + Normal(0.0, 1.0).log_prob(z).sum()
            found[-1].append(float(log_joint - q.log_prob(z).sum()))
    return found


def test_loss_is_minus_the_log_of_the_mean_weight() -> None:
    model = iwae(4)
    x, noise = batch(model)
    assert noise.shape == (6, 12)
    weights = log_weights_by_loops(model, x, noise)
    bounds = [max(row) + log(sum(exp(w - max(row)) for w in row) / 4) for row in weights]
    assert float(model(x, noise, FULL)) == pytest.approx(-sum(bounds) / 6, rel=1e-9)


def test_gradient_weighs_samples_by_their_normalised_weights() -> None:
    """Burda et al. 2016, equation 14: a softmax of the log weights, never of their negatives."""
    log_weights = torch.tensor([[-100.0, -101.0, -103.0]], requires_grad=True)
    terms = Terms(torch.zeros(1), torch.zeros(1, 3), log_weights=log_weights)
    iwae(3).loss(terms, FULL).backward()
    torch.testing.assert_close(log_weights.grad, -log_weights.detach().softmax(1))
    assert log_weights.grad[0].argmin() == 0  # the likeliest sample counts most


def test_one_sample_is_a_vae_whose_kl_is_estimated_by_that_sample() -> None:
    model, vae = iwae(1), built(MODELS[1])
    x, noise = batch(model)
    posterior = vae.posterior(x)
    q = Normal(posterior.mean, posterior.variance.sqrt())
    z = posterior.sample(noise)
    sampled_kl = (q.log_prob(z) - Normal(0.0, 1.0).log_prob(z)).sum(1)
    expected = (sampled_kl - vae.terms(x, noise).log_likelihood).mean()
    torch.testing.assert_close(model(x, noise, FULL), expected)


def test_terms_are_those_of_the_plain_elbo() -> None:
    model, vae = iwae(4), built(MODELS[1])
    x, noise = batch(model)
    terms = model.terms(x, noise)
    each = [vae.terms(x, part).log_likelihood for part in noise.split(3, dim=1)]
    torch.testing.assert_close(terms.log_likelihood, torch.stack(each).mean(0))
    q = Normal(model.posterior(x).mean, model.posterior(x).variance.sqrt())
    torch.testing.assert_close(terms.kl, kl_divergence(q, Normal(0.0, 1.0)))


def test_no_schedule_moves_the_bound() -> None:
    model = iwae(4)
    terms = model.terms(*batch(model))
    assert torch.equal(model.loss(terms, FULL), model.loss(terms, Pressure(0.0, 3.0)))


def test_bounds_rise_with_the_samples_to_the_marginal_likelihood() -> None:
    """A linear decoder's is known: N(x; b, W W' + s2 I)."""
    torch.manual_seed(0)
    likelihood = GaussianConfig(variance=0.5, learn_variance=False)
    x = torch.randn(4, 1, 1, 5, dtype=torch.float64)
    bounds = []
    generator = torch.Generator().manual_seed(1)
    for samples in (1, 8, 4000):
        torch.manual_seed(2)
        config = IWAEConfig(latent_size=2, importance_samples=samples)
        model = build_model(config, LinearConfig(), likelihood, (1, 1, 5)).double()
        repeated = x.repeat(max(1, 4000 // samples), 1, 1, 1)
        noise = torch.randn(len(repeated), 2 * samples, dtype=torch.float64, generator=generator)
        wide = model.posterior(repeated)
        posterior = DiagonalGaussian(wide.mean, 0.1 * wide.log_variance)
        bounds.append(-float(model.loss(model.terms_of(posterior, repeated, noise), FULL)))
    weight, bias = model.decoder[0].weight.detach(), model.decoder[0].bias.detach()
    covariance = weight @ weight.T + 0.5 * torch.eye(5, dtype=torch.float64)
    exact = float(MultivariateNormal(bias, covariance).log_prob(x.flatten(1)).mean())
    assert bounds[0] < bounds[1] < bounds[2] + 0.02
    assert bounds[2] == pytest.approx(exact, abs=0.03)
    assert given(model.terms(x, noise[:4]).log_weights).shape == (4, 4000)
