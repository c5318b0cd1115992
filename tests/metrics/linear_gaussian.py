"""Linear-Gaussian models, whose likelihood and posterior are known in closed form."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.distributions import MultivariateNormal

from latentsweep.config.likelihood import GaussianConfig
from latentsweep.config.model import VAEConfig
from latentsweep.config.network import LinearConfig
from latentsweep.models.build import build_model
from latentsweep.models.vae import VAE

VARIANCE = 0.3


@dataclass(frozen=True)
class LinearGaussian:
    model: VAE
    images: Tensor  # (n, 1, 1, d)
    log_p: Tensor  # (n,)


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
    with torch.no_grad():
        model.encoder[1].weight.copy_(torch.cat([encode, torch.zeros_like(encode)]))
        means = -encode @ bias + wrong_by
        model.encoder[1].bias.copy_(torch.cat([means, variance.log() + wrong_by]))
        model.decoder[0].weight.copy_(weight)
        model.decoder[0].bias.copy_(bias)
        model.likelihood.log_variance.fill_(torch.tensor(VARIANCE).log())
    noise = model.likelihood.log_variance.exp()
    covariance = weight @ weight.T + noise * torch.eye(6, dtype=torch.float64)
    marginal = MultivariateNormal(bias, covariance)
    standard = torch.randn(count, 6, dtype=torch.float64, generator=generator)
    images = bias + standard @ torch.linalg.cholesky(covariance).T
    return LinearGaussian(model, images.reshape(count, 1, 1, 6), marginal.log_prob(images))
