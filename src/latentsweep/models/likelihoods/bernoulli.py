"""Independent Bernoulli pixels."""

import torch
from torch import Tensor
from torch.nn import functional

from latentsweep.models.likelihoods.likelihood import Likelihood, sum_over_pixels, uniform_like


class Bernoulli(Likelihood):
    """Binary pixels; the decoder gives logits.

    On grey values in [0, 1] its log probability is the negative binary cross-entropy: a bound of
    nothing, but the field's habit. `ContinuousBernoulli` is the density for such data.
    """

    def log_prob(self, output: Tensor, x: Tensor) -> Tensor:
        """Log probability of `x`, values in [0, 1]: (...) nats per image."""
        return sum_over_pixels(x * output - functional.softplus(output))

    def mean(self, output: Tensor) -> Tensor:
        """Probability of each pixel being on."""
        return torch.sigmoid(output)

    def sample(self, output: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """Binary images, 0 or 1."""
        return (uniform_like(output, generator) < self.mean(output)).to(output.dtype)
