"""p(z): what the posteriors are pulled towards and what new images are drawn from."""

from math import log, pi

import torch
from torch import Tensor, nn

from latentsweep.models.posterior import DiagonalGaussian


class StandardNormal(nn.Module):
    """Independent latents of mean 0 and variance 1."""

    def kl(self, posterior: DiagonalGaussian) -> Tensor:
        """KL(q(z_j|x) || p(z_j)) in nats, (batch, latent) (Kingma & Welling 2014, appendix B)."""
        mean, log_variance = posterior.mean, posterior.log_variance
        return 0.5 * (mean**2 + torch.expm1(log_variance) - log_variance)

    def log_density(self, z: Tensor) -> Tensor:
        """Log density of latents (..., latent), summed over them: (...) nats."""
        return -0.5 * (z**2 + log(2 * pi)).sum(dim=-1)

    def sample(self, noise: Tensor) -> Tensor:
        """Latents (n, latent) from standard normal noise of that shape."""
        return noise
