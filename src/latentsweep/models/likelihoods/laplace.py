"""Independent Laplace pixels with one scale for all of them."""

from math import log

import torch
from torch import Tensor, nn

from latentsweep.models.likelihoods.likelihood import Likelihood, sum_over_pixels, uniform_like


class Laplace(Likelihood):
    """Real pixels with heavier tails than the normal; the decoder gives means.

    Args:
        scale: scale of a pixel, its mean absolute error; its starting value where it is learned.
        learn_scale: whether `log_scale` is a parameter.
    """

    log_scale: Tensor

    def __init__(self, scale: float, *, learn_scale: bool) -> None:
        super().__init__()
        log_scale = torch.tensor(log(scale))
        if learn_scale:
            self.log_scale = nn.Parameter(log_scale)
        else:
            self.register_buffer("log_scale", log_scale)

    def log_prob(self, output: Tensor, x: Tensor) -> Tensor:
        """Log density of `x`: (...) nats per image."""
        error = (x - output).abs() * torch.exp(-self.log_scale)
        return -sum_over_pixels(error + self.log_scale + log(2))

    def mean(self, output: Tensor) -> Tensor:
        """The output itself."""
        return output

    def sample(self, output: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """The means with noise of the pixels' scale, by the inverse distribution function."""
        centred = uniform_like(output, generator) - 0.5
        # A uniform draw may be exactly 0, which would put the noise at infinity.
        tail = (1 - 2 * centred.abs()).clamp(min=torch.finfo(output.dtype).tiny)
        return output - torch.exp(self.log_scale) * centred.sign() * torch.log(tail)
