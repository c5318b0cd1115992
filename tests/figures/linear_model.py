import torch
from torch import Tensor


class LinearModel:
    """Codes are the first pixels of an image; an image is a sigmoid of a sum over the code."""

    def __init__(self, shape: tuple[int, int, int], latent_size: int) -> None:
        self.shape, self.latent_size = shape, latent_size
        pixels = shape[0] * shape[1] * shape[2]
        generator = torch.Generator().manual_seed(0)
        self.weights = torch.randn(latent_size, pixels, generator=generator)

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        mean = x.flatten(1)[:, : self.latent_size]
        return mean, torch.ones_like(mean)

    def decode(self, z: Tensor) -> Tensor:
        return torch.sigmoid(z @ self.weights).reshape(-1, *self.shape)

    def sample(self, noise: Tensor) -> Tensor:
        return self.decode(noise)
