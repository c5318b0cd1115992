"""Whether a linear classifier reads each factor's values off the code."""

import numpy as np
from torch import Tensor

from latentsweep.metrics.disentanglement.one_thread import in_one_thread
from latentsweep.metrics.disentanglement.points import Points


@in_one_thread
def explicitness(codes: Tensor, factors: Tensor, seed: int = 0) -> float:
    """Explicitness (Ridgeway & Mozer 2018, section 3): how linearly a code tells its factors.

    For each value of each factor, logistic regression of that value against the others on the whole
    code; the area under its ROC curve on test points; the mean over the values of a factor, then
    over the factors. 10,000 points to train, 5,000 to test, or in that ratio. Values that either
    part lacks are left out.

    Args:
        codes: posterior means, (n, latent).
        factors: the index of each factor's value, (n, factor); those that do not vary are left out.
        seed: of the split.

    Returns:
        A number in [0, 1]; codes that tell nothing have 0.5.

    Raises:
        ValueError: a shape or a type is wrong.
        MetricError: a code is not finite, no factor varies, or there are too few points.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import roc_auc_score

    train, test = Points.of(codes, factors).split(seed)
    areas = []
    for trained, tested in zip(train.factors.T, test.factors.T, strict=True):
        of_factor = []
        for value in np.intersect1d(trained, tested):
            # Its steps end at the optimum to rounding, where lbfgs stops at a tolerance.
            classifier = LogisticRegression(solver="newton-cholesky")
            classifier.fit(train.codes, trained == value)
            score = classifier.decision_function(test.codes)
            of_factor.append(roc_auc_score(tested == value, score))
        areas.append(np.mean(of_factor))
    return float(np.mean(areas))
