"""What every likelihood offers, and the sum over pixels that they share."""

from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn


class Likelihood(nn.Module, ABC):
    """p(x|z): a distribution over images, given the decoder's raw output for them."""

    @abstractmethod
    def log_prob(self, output: Tensor, x: Tensor) -> Tensor:
        """Log density of images, summed over channels and pixels.

        Args:
            output: the decoder's raw output, (..., channels, height, width).
            x: images, of a shape that broadcasts with `output`.

        Returns:
            (...): nats per image.
        """

    @abstractmethod
    def mean(self, output: Tensor) -> Tensor:
        """Mean image, of the shape of `output`."""

    @abstractmethod
    def sample(self, output: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """One image drawn with `generator` for each output, of the shape of `output`."""


def sum_over_pixels(values: Tensor) -> Tensor:
    """Sum (..., channels, height, width) over an image, never a mean: (...)."""
    return values.sum(dim=(-3, -2, -1))


def uniform_like(output: Tensor, generator: torch.Generator | None) -> Tensor:
    """Numbers uniform on [0, 1), of the shape, type and device of `output`."""
    return torch.rand(output.shape, generator=generator, dtype=output.dtype, device=output.device)
