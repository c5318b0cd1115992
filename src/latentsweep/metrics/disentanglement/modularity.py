"""Whether each latent tells about one factor alone."""

import numpy as np
import torch
from torch import Tensor

from latentsweep.metrics.disentanglement.canonical import Floats
from latentsweep.metrics.disentanglement.one_thread import in_one_thread
from latentsweep.metrics.disentanglement.points import Points
from latentsweep.metrics.mutual_information import binned, mutual_information


@in_one_thread
def modularity(codes: Tensor, factors: Tensor, seed: int = 0) -> float:
    """Modularity (Ridgeway & Mozer 2018, section 3) in the protocol of Locatello et al. 2019.

    1 less the squared mutual information of a latent with all factors but its best one, as a share
    of what it would be if it told as much about each of them; the mean over the latents. Codes fall
    into 20 bins of equal width a latent; of more than 10,000 points 10,000 count.

    Args:
        codes: posterior means, (n, latent).
        factors: the index of each factor's value, (n, factor); those that do not vary are left out.
        seed: of the choice among many points.

    Returns:
        A number in [0, 1]; a latent that does not vary counts as 0. One that tells next to nothing
        counts by what chance makes it tell: read the score beside explicitness.

    Raises:
        ValueError: a shape or a type is wrong.
        MetricError: a code is not finite, fewer than two factors vary, or a value is that of one
            point alone.
    """
    points = Points.of(codes, factors, least_factors=2).some(seed)
    bins = binned(torch.from_numpy(points.codes))
    told = [mutual_information(bins, torch.from_numpy(factor))[0] for factor in points.factors.T]
    # A latent that does not vary has 0 in exact arithmetic, and rounding's noise here.
    telling = np.any(points.codes, axis=0, keepdims=True).T
    information = torch.stack(told, dim=1).numpy() * telling
    return _modularity(information)


def _modularity(information: Floats) -> float:
    """Of mutual information (latent, factor)."""
    squared = np.square(information)
    best = squared.max(axis=1)
    others = (squared.sum(axis=1) - best) / (squared.shape[1] - 1)
    shares = np.divide(others, best, out=np.ones_like(best), where=best > 0)
    return float(np.mean(1 - shares))
