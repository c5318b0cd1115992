"""Strided convolutions and their mirror image (Locatello et al. 2019, table 1)."""

from itertools import pairwise

from torch import nn

from latentsweep.config.conv_sizes import conv_channels
from latentsweep.config.network import ConvConfig
from latentsweep.models.networks.activation import activation_layer

Shape = tuple[int, int, int]


def conv_encoder(config: ConvConfig, shape: Shape, outputs: int) -> nn.Module:
    """Halving 4x4 convolutions and a hidden layer, from (batch, *shape) to (batch, outputs).

    Raises:
        ConfigError: the images cannot be halved that often.
    """
    channels, height, width = shape
    widths = conv_channels(config.channels, height, width)
    layers: list[nn.Module] = []
    for before, after in pairwise((channels, *widths)):
        layers += [nn.Conv2d(before, after, 4, stride=2, padding=1), _activation(config)]
    flat = widths[-1] * (height >> len(widths)) * (width >> len(widths))
    return _initialised(
        *layers,
        nn.Flatten(),
        nn.Linear(flat, config.hidden_size),
        _activation(config),
        nn.Linear(config.hidden_size, outputs),
    )


def conv_decoder(config: ConvConfig, latent_size: int, shape: Shape) -> nn.Module:
    """Two hidden layers and doubling transposed convolutions, (batch, latent_size) to images.

    Raises:
        ConfigError: the images cannot be halved that often.
    """
    channels, height, width = shape
    widths = conv_channels(config.channels, height, width)
    small = (widths[-1], height >> len(widths), width >> len(widths))
    layers: list[nn.Module] = [
        nn.Linear(latent_size, config.hidden_size),
        _activation(config),
        nn.Linear(config.hidden_size, small[0] * small[1] * small[2]),
        nn.Unflatten(1, small),
    ]
    mirrored = (*reversed(widths), channels)
    for before, after in pairwise(mirrored):
        layers += [
            _activation(config),
            nn.ConvTranspose2d(before, after, 4, stride=2, padding=1),
        ]
    return _initialised(*layers)


def _activation(config: ConvConfig) -> nn.Module:
    return activation_layer(config.activation)


def _initialised(*layers: nn.Module) -> nn.Module:
    """Glorot weights and zero biases, as disentanglement_lib's framework gives them.

    With PyTorch's smaller weights the images' signal dies away on its way through so many layers,
    and a VAE lies with all latents collapsed for hundreds of steps.
    """
    for layer in layers:
        if isinstance(layer, nn.Linear | nn.Conv2d | nn.ConvTranspose2d):
            nn.init.xavier_uniform_(layer.weight)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
    return nn.Sequential(*layers)
