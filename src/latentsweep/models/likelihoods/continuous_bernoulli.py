"""Independent continuous Bernoulli pixels: a normalised density on [0, 1]."""

import torch
from torch import Tensor

from latentsweep.models.likelihoods.likelihood import Likelihood, sum_over_pixels, uniform_like

# Within this distance of logit 0 (probability 1/2) the closed forms cancel, so series replace
# them; at the edge both are right to float32's last digits, the series also to 1e-11.
_NEAR_ZERO = 0.2


class ContinuousBernoulli(Likelihood):
    """Grey pixels in [0, 1]; the decoder gives logits (Loaiza-Ganem & Cunningham 2019).

    With logit l the density is exp(l x - A(l)), A(l) = log((exp(l) - 1) / l): the
    paper's density in the natural parameter of its exponential family.
    """

    def log_prob(self, output: Tensor, x: Tensor) -> Tensor:
        """Log density of `x`, values in [0, 1]: (...) nats per image."""
        return sum_over_pixels(x * output - _log_partition(output))

    def mean(self, output: Tensor) -> Tensor:
        """Mean of each pixel, A'(l): not the probability sigmoid(l)."""
        near = output.abs() < _NEAR_ZERO
        square = output**2
        series = 0.5 + output / 12 * (1 - square / 60 + square**2 / 2520)
        size = torch.where(near, 1.0, output.abs())
        upper = -1 / torch.expm1(-size) - 1 / size
        return torch.where(near, series, torch.where(output < 0, 1 - upper, upper))

    def sample(self, output: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """Images in [0, 1], by the inverse of the distribution function."""
        uniform = uniform_like(output, generator)
        # Of a negative logit no exponential overflows; a positive one is its mirror image.
        below = -torch.clamp(output.abs(), min=1e-4)
        drawn = torch.log1p(uniform * torch.expm1(below)) / below
        return torch.where(output > 0, 1 - drawn, drawn).clamp(0, 1)


def _log_partition(logits: Tensor) -> Tensor:
    near = logits.abs() < _NEAR_ZERO
    square = logits**2
    series = logits / 2 + square / 24 * (1 - square / 120 + square**2 / 7560)
    size = torch.where(near, 1.0, logits.abs())
    exact = torch.relu(logits) + torch.log(-torch.expm1(-size)) - torch.log(size)
    return torch.where(near, series, exact)
