"""q(z|x): a normal distribution with independent latents."""

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class DiagonalGaussian:
    """A normal distribution over the latents of each image.

    Attributes:
        mean: (batch, latent).
        log_variance: (batch, latent); minus infinity for a latent that is a point.
    """

    mean: Tensor
    log_variance: Tensor

    @property
    def variance(self) -> Tensor:
        """Variance of each latent, (batch, latent)."""
        return torch.exp(self.log_variance)

    def sample(self, noise: Tensor) -> Tensor:
        """Latents (batch, latent) from standard normal noise of that shape."""
        return self.mean + torch.exp(0.5 * self.log_variance) * noise
