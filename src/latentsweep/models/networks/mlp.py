"""Fully connected encoder and decoder."""

from itertools import pairwise
from math import prod

from torch import nn

from latentsweep.config.network import MLPConfig
from latentsweep.models.networks.activation import activation_layer

Shape = tuple[int, int, int]


def mlp_encoder(config: MLPConfig, shape: Shape, outputs: int) -> nn.Module:
    """Hidden layers from images (batch, *shape) to (batch, outputs)."""
    sizes = (prod(shape), *config.hidden_sizes)
    return nn.Sequential(
        nn.Flatten(), *_hidden_layers(config, sizes), nn.Linear(sizes[-1], outputs)
    )


def mlp_decoder(config: MLPConfig, latent_size: int, shape: Shape) -> nn.Module:
    """The encoder's layers in reverse, from latents (batch, latent_size) to (batch, *shape)."""
    sizes = (latent_size, *reversed(config.hidden_sizes))
    return nn.Sequential(
        *_hidden_layers(config, sizes),
        nn.Linear(sizes[-1], prod(shape)),
        nn.Unflatten(1, shape),
    )


def _hidden_layers(config: MLPConfig, sizes: tuple[int, ...]) -> list[nn.Module]:
    layers: list[nn.Module] = []
    for before, after in pairwise(sizes):
        layers += [nn.Linear(before, after), activation_layer(config.activation)]
    return layers
