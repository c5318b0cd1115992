"""Encoder and decoder of the same layers as latentsweep's, in the form that pythae wants.

Settings: `hidden_sizes` of an MLP, or `channels` and `hidden_size` of strided convolutions.
"""

from itertools import pairwise
from math import prod
from typing import Any

from pythae.models.base.base_utils import ModelOutput
from pythae.models.nn import BaseDecoder, BaseEncoder
from torch import Tensor, nn


class Encoder(BaseEncoder):
    """Images (batch, c, h, w) to means and log variances, (batch, latent) each."""

    def __init__(self, settings: dict[str, Any]) -> None:
        super().__init__()
        shape, outputs = settings["shape"], 2 * settings["latent_size"]
        if settings["network"] == "mlp":
            sizes = [prod(shape), *settings["hidden_sizes"]]
            self.layers = nn.Sequential(
                nn.Flatten(), *_hidden(sizes), nn.Linear(sizes[-1], outputs)
            )
            return
        layers: list[nn.Module] = []
        for before, after in pairwise((shape[0], *settings["channels"])):
            layers += [nn.Conv2d(before, after, 4, stride=2, padding=1), nn.ReLU()]
        hidden = settings["hidden_size"]
        layers += [nn.Flatten(), nn.Linear(prod(_small(settings)), hidden), nn.ReLU()]
        self.layers = nn.Sequential(*layers, nn.Linear(hidden, outputs))

    def forward(self, x: Tensor) -> ModelOutput:
        """See the class."""
        mean, log_variance = self.layers(x).chunk(2, dim=1)
        return ModelOutput(embedding=mean, log_covariance=log_variance)


class Decoder(BaseDecoder):
    """Latents (batch, latent) to images in [0, 1], (batch, c, h, w)."""

    def __init__(self, settings: dict[str, Any]) -> None:
        super().__init__()
        shape, latent_size = settings["shape"], settings["latent_size"]
        if settings["network"] == "mlp":
            sizes = [latent_size, *reversed(settings["hidden_sizes"])]
            layers = [*_hidden(sizes), nn.Linear(sizes[-1], prod(shape)), nn.Unflatten(1, shape)]
        else:
            small, hidden = _small(settings), settings["hidden_size"]
            layers = [nn.Linear(latent_size, hidden), nn.ReLU(), nn.Linear(hidden, prod(small))]
            layers.append(nn.Unflatten(1, small))
            for before, after in pairwise((*reversed(settings["channels"]), shape[0])):
                layers += [nn.ReLU(), nn.ConvTranspose2d(before, after, 4, stride=2, padding=1)]
        self.layers = nn.Sequential(*layers, nn.Sigmoid())

    def forward(self, z: Tensor) -> ModelOutput:
        """See the class."""
        return ModelOutput(reconstruction=self.layers(z))


def _hidden(sizes: list[int]) -> list[nn.Module]:
    layers: list[nn.Module] = []
    for before, after in pairwise(sizes):
        layers += [nn.Linear(before, after), nn.ReLU()]
    return layers


def _small(settings: dict[str, Any]) -> tuple[int, int, int]:
    """Channels, height and width behind the last convolution."""
    channels, (_, height, width) = settings["channels"], settings["shape"]
    return channels[-1], height >> len(channels), width >> len(channels)
