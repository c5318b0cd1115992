"""Encoder and decoder by the name in the config."""

from typing import assert_never

from torch import nn

from latentsweep.config.network import ConvConfig, LinearConfig, MLPConfig, NetworkConfig
from latentsweep.models.networks.conv import conv_decoder, conv_encoder
from latentsweep.models.networks.linear import linear_decoder, linear_encoder
from latentsweep.models.networks.mlp import mlp_decoder, mlp_encoder

Shape = tuple[int, int, int]


def build_encoder(config: NetworkConfig, shape: Shape, outputs: int) -> nn.Module:
    """The encoder that `config` names, from images (batch, *shape) to (batch, outputs).

    Raises:
        ConfigError: the network cannot take images of this size.
    """
    match config:
        case MLPConfig():
            return mlp_encoder(config, shape, outputs)
        case ConvConfig():
            return conv_encoder(config, shape, outputs)
        case LinearConfig():
            return linear_encoder(shape, outputs)
        case _:
            assert_never(config)


def build_decoder(config: NetworkConfig, latent_size: int, shape: Shape) -> nn.Module:
    """The decoder that `config` names, from latents (batch, latent_size) to (batch, *shape).

    Raises:
        ConfigError: the network cannot give images of this size.
    """
    match config:
        case MLPConfig():
            return mlp_decoder(config, latent_size, shape)
        case ConvConfig():
            return conv_decoder(config, latent_size, shape)
        case LinearConfig():
            return linear_decoder(latent_size, shape)
        case _:
            assert_never(config)
