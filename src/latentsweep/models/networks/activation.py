"""The non-linearities by the names that the config knows."""

from torch import nn

from latentsweep.config.network import Activation

_ACTIVATIONS: dict[Activation, type[nn.Module]] = {
    "relu": nn.ReLU,
    "tanh": nn.Tanh,
    "gelu": nn.GELU,
    "silu": nn.SiLU,
    "leaky_relu": nn.LeakyReLU,
}


def activation_layer(name: Activation) -> nn.Module:
    """A new layer of the non-linearity called `name`."""
    return _ACTIVATIONS[name]()
