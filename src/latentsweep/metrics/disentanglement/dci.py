"""Disentanglement, completeness and informativeness."""

from dataclasses import dataclass

import numpy as np
from torch import Tensor

from latentsweep.metrics.disentanglement.boosted_trees import importances
from latentsweep.metrics.disentanglement.canonical import Floats
from latentsweep.metrics.disentanglement.one_thread import in_one_thread
from latentsweep.metrics.disentanglement.points import Points

# Of disentanglement_lib: what no tree needs counts as needed by all alike.
_LEAST = 1e-11


@dataclass(frozen=True)
class DCI:
    """The three scores of Eastwood & Williams 2018, each in [0, 1].

    Attributes:
        disentanglement: how far each latent is needed for one factor alone.
        completeness: how far each factor needs one latent alone.
        informativeness: the test accuracy of what predicts the factors, their mean.
    """

    disentanglement: float
    completeness: float
    informativeness: float


@in_one_thread
def dci(codes: Tensor, factors: Tensor, seed: int = 0) -> DCI:
    """DCI (Eastwood & Williams 2018, section 2) in the protocol of Locatello et al. 2019.

    Gradient boosted trees predict each factor from the whole code; a latent's importance is its
    share in their gains. 10,000 points to train, 5,000 to test, or in that ratio. The trees are
    scikit-learn's on histograms, where the protocol takes those on exact values.

    Args:
        codes: posterior means, (n, latent).
        factors: the index of each factor's value, (n, factor); those that do not vary are left out.
        seed: of the split.

    Returns:
        The scores. Codes that tell nothing have disentanglement and completeness 0, but the
        informativeness of a guess. One latent alone is complete if it tells anything.

    Raises:
        ValueError: a shape or a type is wrong.
        MetricError: a code is not finite, fewer than two factors vary, there are too few points, or
            this scikit-learn does not tell its trees' gains.
    """
    train, test = Points.of(codes, factors, least_factors=2).split(seed)
    needed, accuracies = importances(train, test)
    return DCI(_concentration(needed), _concentration(needed.T), float(accuracies.mean()))


def _concentration(needed: Floats) -> float:
    """1 less the entropy of each row as a share of the greatest, weighted by the rows' sums."""
    if not needed.any():
        return 0.0
    if needed.shape[1] == 1:
        return 1.0
    shares = needed + _LEAST
    shares = shares / shares.sum(axis=1, keepdims=True)
    entropies = -(shares * np.log(shares)).sum(axis=1) / np.log(needed.shape[1])
    weights = needed.sum(axis=1) / needed.sum()
    return float(np.sum((1 - entropies) * weights))
