"""Independent normal pixels with one variance for all of them."""

from math import log, pi

import torch
from torch import Tensor, nn

from latentsweep.models.likelihoods.likelihood import Likelihood, sum_over_pixels


class Gaussian(Likelihood):
    """Real pixels; the decoder gives means.

    Args:
        variance: variance of a pixel; its starting value where it is learned.
        learn_variance: whether `log_variance` is a parameter.
    """

    log_variance: Tensor

    def __init__(self, variance: float, *, learn_variance: bool) -> None:
        super().__init__()
        log_variance = torch.tensor(log(variance))
        if learn_variance:
            self.log_variance = nn.Parameter(log_variance)
        else:
            self.register_buffer("log_variance", log_variance)

    def log_prob(self, output: Tensor, x: Tensor) -> Tensor:
        """Log density of `x`: (...) nats per image."""
        squared = (x - output) ** 2 * torch.exp(-self.log_variance)
        return -0.5 * sum_over_pixels(squared + self.log_variance + log(2 * pi))

    def mean(self, output: Tensor) -> Tensor:
        """The output itself."""
        return output

    def sample(self, output: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """The means with noise of the pixels' variance."""
        noise = torch.randn(
            output.shape, generator=generator, dtype=output.dtype, device=output.device
        )
        return output + torch.exp(0.5 * self.log_variance) * noise
