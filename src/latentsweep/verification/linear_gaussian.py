"""Linear-Gaussian models, whose likelihood and posterior are known in closed form."""

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.distributions import MultivariateNormal

from latentsweep.config.likelihood import GaussianConfig
from latentsweep.config.model import VAEConfig
from latentsweep.config.network import LinearConfig
from latentsweep.metrics.importance import ImportanceEstimate, importance_weighted
from latentsweep.models.build import build_model
from latentsweep.models.vae import VAE

VARIANCE = 0.3


@dataclass(frozen=True)
class LinearGaussian:
    """A model and images of it.

    Attributes:
        model: in float64.
        images: (n, 1, 1, 6).
        log_p: log p(x) of each in closed form, N(x; b, W W' + s2 I), (n,).
    """

    model: VAE
    images: Tensor
    log_p: Tensor


def linear_gaussian(latents: int, count: int = 40, *, wrong_by: float = 0.0) -> LinearGaussian:
    """A model of 6 pixels with orthogonal columns, whose encoder gives the true posterior.

    Args:
        latents: number of latents.
        count: images drawn from it.
        wrong_by: how far the encoder's means and log variances are moved away from the truth.
    """
    generator = torch.Generator().manual_seed(latents)
    turn = torch.linalg.qr(torch.randn(6, 6, dtype=torch.float64, generator=generator)).Q
    scale = torch.tensor([1.6, 0.9, 0.5, 0.3, 0.2, 0.1], dtype=torch.float64)[:latents]
    weight = turn[:, :latents] * scale
    bias = torch.randn(6, dtype=torch.float64, generator=generator)
    likelihood = GaussianConfig(variance=VARIANCE, learn_variance=False)
    model = build_model(VAEConfig(latent_size=latents), LinearConfig(), likelihood, (1, 1, 6))
    assert isinstance(model, VAE)
    model = model.double()
    variance = VARIANCE / (scale**2 + VARIANCE)
    encode = (weight / (scale**2 + VARIANCE)).T
    state = model.state_dict()  # the parameters themselves
    with torch.no_grad():
        state["encoder.1.weight"].copy_(torch.cat([encode, torch.zeros_like(encode)]))
        means = -encode @ bias + wrong_by
        state["encoder.1.bias"].copy_(torch.cat([means, variance.log() + wrong_by]))
        state["decoder.0.weight"].copy_(weight)
        state["decoder.0.bias"].copy_(bias)
        state["likelihood.log_variance"].fill_(torch.tensor(VARIANCE).log())
    noise = state["likelihood.log_variance"].exp()
    covariance = weight @ weight.T + noise * torch.eye(6, dtype=torch.float64)
    marginal = MultivariateNormal(bias, covariance)
    standard = torch.randn(count, 6, dtype=torch.float64, generator=generator)
    images = bias + standard @ torch.linalg.cholesky(covariance).T
    log_p = marginal.log_prob(images)  # type: ignore[no-untyped-call]
    return LinearGaussian(model, images.reshape(count, 1, 1, 6), log_p)


def weighted(
    problem: LinearGaussian, samples: int, *, batch: int = 7, first: int = 0
) -> ImportanceEstimate:
    """The importance-weighted estimate of its images.

    Args:
        problem: model and images.
        samples: k; the noise of each is a function of its number.
        batch: images that are looked at at once; the last ones may be fewer.
        first: number of the first sample.
    """
    images = problem.images

    def chunks() -> Iterable[tuple[Tensor, int]]:
        return ((images[start : start + batch], start) for start in range(0, len(images), batch))

    def draw(sample: int) -> Tensor:
        generator = torch.Generator().manual_seed(1000 + first + sample)
        size = (len(images), problem.model.latent_size)
        return torch.randn(size, dtype=torch.float64, generator=generator)

    with torch.no_grad():
        posterior = problem.model.encode(images)
    return importance_weighted(problem.model, chunks, posterior, draw, samples)
