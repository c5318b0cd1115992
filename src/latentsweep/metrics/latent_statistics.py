"""What the latents of a model do over a data set: the aggregate posterior and its correlations."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from latentsweep.metrics.active_units import ACTIVE


@dataclass(frozen=True)
class LatentStatistics:
    """Of each latent over n images.

    Attributes:
        mean: of the aggregate posterior q(z) = mean over x of q(z|x), float64 (latent,).
        variance: of the aggregate posterior: that of the posterior means plus the mean of the
            posterior variances, (latent,).
        variance_of_means: of the posterior means, (latent,); above 0.01 the latent is active
            (Burda et al. 2016).
        correlation: of the posterior means, (latent, latent); 0 beside a latent that does not vary.
    """

    mean: Tensor
    variance: Tensor
    variance_of_means: Tensor
    correlation: Tensor

    @property
    def active(self) -> Tensor:
        """Which latents are active, bool (latent,)."""
        return self.variance_of_means > ACTIVE

    @property
    def largest_correlation(self) -> float:
        """The largest absolute correlation of two active latents; 0 where there are not two.

        A latent that is not active has the prior for a posterior, but for a trace that is scaled up
        to the size of the others in a correlation.
        """
        among = self.correlation[self.active][:, self.active]
        away = (among - torch.diag(among.diagonal())).abs()
        return float(away.max()) if away.numel() else 0.0


def latent_statistics(means: Tensor, variances: Tensor) -> LatentStatistics:
    """Statistics of the latents over a data set.

    Args:
        means: posterior means, (n, latent).
        variances: posterior variances, (n, latent); zeros where codes are points.
    """
    means, variances = means.double(), variances.double()
    spread = means.var(dim=0, correction=0)
    return LatentStatistics(
        mean=means.mean(dim=0),
        variance=spread + variances.mean(dim=0),
        variance_of_means=spread,
        correlation=correlation_with(means, means),
    )


def correlation_with(codes: Tensor, others: Tensor) -> Tensor:
    """Pearson's correlation of each latent with each column of something else.

    Args:
        codes: (n, latent).
        others: (n, columns), such as the factors.

    Returns:
        float64 (latent, columns); 0 where one of the two does not vary.
    """
    left, right = _standardised(codes.double()), _standardised(others.double())
    return (left.T @ right / len(left)).clamp(-1.0, 1.0)


def _standardised(columns: Tensor) -> Tensor:
    away = columns - columns.mean(dim=0)
    return (away / columns.std(dim=0, correction=0)).nan_to_num(0.0, 0.0, 0.0)


def gaussian_total_correlation(means: Tensor) -> float:
    """Total correlation in nats of the normal distribution with the posterior means' covariance.

    It is 1/2 (sum_j log S_jj - log det S), 0 for latents that are uncorrelated, infinite where one
    is a sum of others (Locatello et al. 2019, section 5.2). Latents that do not vary are left out:
    they depend on nothing. NaN where there are not more images than latents.

    Args:
        means: posterior means, (n, latent).
    """
    if means.shape[1] < 2:
        return 0.0
    found = latent_statistics(means, torch.zeros_like(means))
    varying = found.variance_of_means > 0
    correlation = found.correlation[varying][:, varying]
    if len(correlation) < 2:
        return 0.0
    if len(means) <= len(correlation):
        return math.nan
    return max(0.0, -0.5 * float(torch.linalg.slogdet(correlation).logabsdet))
