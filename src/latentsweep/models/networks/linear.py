"""One affine map each way: the linear VAE (Lucas et al. 2019)."""

from math import prod

from torch import nn

Shape = tuple[int, int, int]


def linear_encoder(shape: Shape, outputs: int) -> nn.Module:
    """An affine map from images (batch, *shape) to (batch, outputs)."""
    return nn.Sequential(nn.Flatten(), nn.Linear(prod(shape), outputs))


def linear_decoder(latent_size: int, shape: Shape) -> nn.Module:
    """An affine map from latents (batch, latent_size) to (batch, *shape)."""
    return nn.Sequential(nn.Linear(latent_size, prod(shape)), nn.Unflatten(1, shape))
