"""The importance-weighted estimate of the likelihood, with memory that does not grow with k."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from math import log, pi, sqrt

import torch
from torch import Tensor

from latentsweep.metrics.interval import standard_error
from latentsweep.metrics.latent_variable_model import LatentVariableModel

Chunks = Callable[[], Iterable[tuple[Tensor, int]]]


@dataclass(frozen=True)
class ImportanceEstimate:
    """What k samples a image say of the likelihood of each of n images, in nats per image.

    Attributes:
        log_likelihood: log of the mean weight p(x, z) / q(z|x), IWAE_k (Burda et al. 2016, eq. 8),
            float64 (n,): on average no more than log p(x), and no less with more samples.
        variance: of that estimate, over other samples, by the delta method, (n,).
        distortion: -log p(x|z), mean over the samples, (n,).
        effective: how many samples of equal weight would say as much, 1 to k, (n,); where they
            are few, the bound may lie far below log p(x).
        samples: k.
    """

    log_likelihood: Tensor
    variance: Tensor
    effective: Tensor
    distortion: Tensor
    samples: int

    @property
    def nll(self) -> float:
        """Negative log likelihood, mean over the images: a bound from above on average."""
        return -float(self.log_likelihood.mean())

    @property
    def standard_error(self) -> float:
        """Standard error of `nll` over images."""
        return standard_error(self.log_likelihood)

    @property
    def monte_carlo_error(self) -> float:
        """Standard error of `nll` over samples: the same images with other noise.

        NaN with one sample, of which nothing can be said.
        """
        return sqrt(float(self.variance.sum())) / len(self.variance)


@torch.no_grad()
def importance_weighted(
    model: LatentVariableModel,
    chunks: Chunks,
    posterior: tuple[Tensor, Tensor],
    draw: Callable[[int], Tensor],
    samples: int,
) -> ImportanceEstimate:
    """Estimate log p(x) of each image by k samples of its posterior.

    The sums over samples are kept and no sample is, so that memory does not depend on k; a
    sample's noise is a function of its number, so that neither the chunks nor k decide on it.

    Args:
        model: with a prior.
        chunks: gives the images anew each time, (b, channels, height, width), each with the place
            of its first one among the n.
        posterior: means and variances of q(z|x) of all images, (n, latent), as the model gives
            them.
        draw: standard normal noise (n, latent) of a sample, by its number from 0.
        samples: k, at least 1.

    Raises:
        ValueError: k is less than 1.
    """
    if samples < 1:
        raise ValueError(f"{samples} samples: at least one is needed")
    means, variances = posterior
    sums = _Sums(len(means), means.device)
    # A variance may be too small a number for its logarithm.
    variances = variances.clamp(min=torch.finfo(variances.dtype).tiny)
    deviations, log_variances = variances.sqrt(), variances.log()
    for sample in range(samples):
        noise = draw(sample).to(means)
        latents = means + deviations * noise
        log_posterior = -0.5 * (noise**2 + log_variances + log(2 * pi)).double().sum(dim=1)
        for images, start in chunks():
            rows = slice(start, start + len(images))
            z = latents[rows]
            log_likelihood = model.log_likelihood(images, z).double()
            weight = log_likelihood + model.log_prior(z).double() - log_posterior[rows]
            sums.add(rows, weight, log_likelihood)
    return sums.estimate(samples)


class _Sums:
    """Of each image, the sums of weights, of their squares, and of log likelihoods."""

    def __init__(self, images: int, device: torch.device) -> None:
        self._weights = torch.full((images,), -torch.inf, dtype=torch.float64, device=device)
        self._squares = self._weights.clone()  # both as logarithms
        self._log_likelihood = torch.zeros(images, dtype=torch.float64, device=device)

    def add(self, rows: slice, log_weight: Tensor, log_likelihood: Tensor) -> None:
        self._weights[rows] = torch.logaddexp(self._weights[rows], log_weight)
        self._squares[rows] = torch.logaddexp(self._squares[rows], 2 * log_weight)
        self._log_likelihood[rows] += log_likelihood

    def estimate(self, samples: int) -> ImportanceEstimate:
        # Var(log mean w) is about Var(w) / (k mean(w)^2), with k - 1 below Var's line.
        share = torch.exp(self._squares - 2 * self._weights)
        spread = samples * share - 1
        variance = spread / (samples - 1) if samples > 1 else torch.full_like(spread, torch.nan)
        return ImportanceEstimate(
            log_likelihood=self._weights - log(samples),
            variance=variance.clamp(min=0.0),
            effective=1 / share,
            distortion=-self._log_likelihood / samples,
            samples=samples,
        )
