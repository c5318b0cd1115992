"""The FactorVAE's discriminator (Kim & Mnih 2018, appendix A)."""

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

_WIDTH, _HIDDEN_LAYERS = 1000, 6
_SLOPE = 0.2  # of the leaky ReLU below zero


class Discriminator(nn.Module):
    """Six hidden layers from codes to how much likelier they are as codes than as shuffled ones.

    The two logits of the paper are the classes'; their difference is the log ratio. Weights and
    biases start as disentanglement_lib's framework gives them.

    Args:
        latent_size: number of latents.
    """

    def __init__(self, latent_size: int) -> None:
        super().__init__()
        sizes = (latent_size, *([_WIDTH] * _HIDDEN_LAYERS), 2)
        self.layers = nn.ModuleList(nn.Linear(before, after) for before, after in pairwise(sizes))
        for layer in self.layers:
            assert isinstance(layer, nn.Linear)
            nn.init.xavier_uniform_(layer.weight)
            nn.init.zeros_(layer.bias)

    def forward(self, z: Tensor, *, frozen: bool = False) -> Tensor:
        """The log ratio in nats of codes (batch, latent), in float32 at least: (batch,).

        Args:
            z: codes.
            frozen: whether no gradient is to reach the parameters.
        """
        hidden = z
        for number, layer in enumerate(self.layers):
            assert isinstance(layer, nn.Linear)
            fixed = (layer.weight.detach(), layer.bias.detach())
            hidden = functional.linear(hidden, *(fixed if frozen else (layer.weight, layer.bias)))
            if number < _HIDDEN_LAYERS:
                hidden = functional.leaky_relu(hidden, _SLOPE)
        logits = hidden.to(torch.promote_types(hidden.dtype, torch.float32))
        return logits[:, 0] - logits[:, 1]
