"""What a picture needs of a model."""

from typing import Protocol

from torch import Tensor


class ImageModel(Protocol):
    """A model of images (batch, channels, height, width) with latents (batch, latent)."""

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Posterior mean and variance, both (batch, latent)."""

    def decode(self, z: Tensor) -> Tensor:
        """Mean images of latents."""

    def sample(self, noise: Tensor) -> Tensor:
        """Mean images of prior draws made from standard normal noise (n, latent)."""
