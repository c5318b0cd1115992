"""Whether a linear classifier sees from differences of codes which factor was held."""

import numpy as np
from torch import Tensor

from latentsweep.metrics.disentanglement.canonical import Floats, Integers
from latentsweep.metrics.disentanglement.one_thread import in_one_thread
from latentsweep.metrics.disentanglement.points import Points
from latentsweep.metrics.disentanglement.shared_values import SharedValues

_PAIRS = 64
_TRAIN, _TEST = 10_000, 5_000
_AT_ONCE = 500


@in_one_thread
def beta_vae_score(codes: Tensor, factors: Tensor, seed: int = 0) -> float:
    """beta-VAE score (Higgins et al. 2017, section 3) in the protocol of Locatello et al. 2019.

    A factor is drawn, then 64 pairs of points that share its value; logistic regression is to tell
    the factor from the mean absolute differences of their codes. 10,000 such means to train,
    5,000 to test. Pairs are drawn from the points given, where the protocol renders new ones; their
    codes are standardised, where the protocol takes them as they are: that makes the score the same
    for any scale of a latent.

    Args:
        codes: posterior means, (n, latent).
        factors: the index of each factor's value, (n, factor); those that do not vary are left out.
        seed: of all draws.

    Returns:
        The test accuracy, in [0, 1]; of codes that tell nothing about 1 / factors.

    Raises:
        ValueError: a shape or a type is wrong.
        MetricError: a code is not finite, fewer than two factors vary, or a value is that of one
            point alone.
    """
    from sklearn.linear_model import LogisticRegression

    points = Points.of(codes, factors, least_factors=2)
    differences, held = _differences(points, np.random.default_rng(seed))
    # Its steps end at the optimum to rounding, where lbfgs stops at a tolerance.
    classifier = LogisticRegression(solver="newton-cholesky")
    classifier.fit(differences[:_TRAIN], held[:_TRAIN])
    return float(classifier.score(differences[_TRAIN:], held[_TRAIN:]))


def _differences(points: Points, drawn: np.random.Generator) -> tuple[Floats, Integers]:
    """Mean absolute differences of pairs, (batches, latent), and the factor each batch shares."""
    groups = [SharedValues(factor) for factor in points.factors.T]
    held = drawn.integers(0, len(groups), _TRAIN + _TEST)
    differences = np.empty((len(held), points.codes.shape[1]))
    for first in range(0, len(held), _AT_ONCE):
        some = held[first : first + _AT_ONCE]
        left = drawn.integers(0, len(points), (len(some), _PAIRS))
        right = np.empty_like(left)
        for factor, group in enumerate(groups):
            right[some == factor] = group.partners(left[some == factor], drawn)
        apart = np.abs(points.codes[left] - points.codes[right])
        differences[first : first + _AT_ONCE] = apart.mean(axis=1)
    return differences, held
