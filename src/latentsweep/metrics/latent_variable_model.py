"""What an estimate of the likelihood needs of a model."""

from typing import Protocol

from torch import Tensor


class LatentVariableModel(Protocol):
    """A model p(x|z) p(z) of images (..., channels, height, width) with a posterior q(z|x).

    The posterior is normal, with independent latents.
    """

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and variance of q(z|x), both (batch, latent)."""

    def log_likelihood(self, x: Tensor, z: Tensor) -> Tensor:
        """Log p(x|z) of images (batch, ...) at latents (..., batch, latent): (..., batch) nats."""

    def log_prior(self, z: Tensor) -> Tensor:
        """Log p(z) of latents (..., latent): (...) nats."""
