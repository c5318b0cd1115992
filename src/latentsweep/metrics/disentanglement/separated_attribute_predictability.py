"""How much better the best latent predicts each factor than the next best."""

import numpy as np
from torch import Tensor

from latentsweep.errors import MetricError
from latentsweep.metrics.disentanglement.canonical import Floats, canonical_codes
from latentsweep.metrics.disentanglement.one_thread import in_one_thread
from latentsweep.metrics.disentanglement.points import Points

# Of disentanglement_lib, which Locatello et al. 2019 ran.
_C = 0.01


@in_one_thread
def separated_attribute_predictability(codes: Tensor, factors: Tensor, seed: int = 0) -> float:
    """SAP (Kumar et al. 2018, section 3) of discrete factors, protocol of Locatello et al. 2019.

    For each factor and each latent alone, the test accuracy of a linear support vector machine
    (C = 0.01, values weighted by how rare they are); the accuracy of the best latent less that of
    the next; the mean over the factors. 10,000 points to train, 5,000 to test, or in that ratio.
    Codes are standardised, where the protocol takes them as they are: that makes the score the same
    for any scale of a latent.

    Args:
        codes: posterior means, (n, latent).
        factors: the index of each factor's value, (n, factor); those that do not vary are left out.
        seed: of the split.

    Returns:
        A number in [0, 1]. One latent is compared with one that does not vary.

    Raises:
        ValueError: a shape or a type is wrong.
        MetricError: a code is not finite, no factor varies, or there are too few points.
    """
    train, test = Points.of(codes, factors).split(seed)
    train_codes, test_codes = (_two_latents(part.codes) for part in (train, test))
    gaps = []
    for trained, tested in zip(train.factors.T, test.factors.T, strict=True):
        accuracies = [
            _accuracy(train_codes[:, [latent]], trained, test_codes[:, [latent]], tested)
            for latent in range(train_codes.shape[1])
        ]
        gaps.append(_gap(np.array(accuracies)))
    return float(np.mean(gaps))


@in_one_thread
def separated_attribute_predictability_continuous(codes: Tensor, factors: Tensor) -> float:
    """SAP (Kumar et al. 2018, section 3) of continuous factors: by the squared correlation.

    Args:
        codes: posterior means, (n, latent).
        factors: each factor's value, floating point (n, factor); those that do not vary are left
            out.

    Returns:
        A number in [0, 1]. One latent is compared with one that does not vary.

    Raises:
        ValueError: a shape or a type is wrong.
        MetricError: a code or a factor is not finite, or no factor varies.
    """
    canonical, _ = canonical_codes(codes)
    values, _ = canonical_codes(factors)
    if len(values) != len(canonical):
        raise ValueError(f"factors: expected {len(canonical)} points, found {len(values)}")
    values = values[:, values.any(axis=0)]
    if not values.shape[1]:
        raise MetricError(
            "no metric without a factor that varies", found=f"{factors.shape[1]} do not"
        )
    correlations = _two_latents(canonical).T @ values / len(values)
    return float(np.mean([_gap(factor**2) for factor in correlations.T]))


def _accuracy(train: Floats, trained: np.ndarray, test: Floats, tested: np.ndarray) -> float:
    from sklearn.svm import LinearSVC

    # The protocol's problem in its primal form: the faster for one latent and many points. That
    # takes no random numbers, but without a seed numpy's global generator is asked for one.
    machine = LinearSVC(C=_C, class_weight="balanced", dual=False, random_state=0)
    return float(machine.fit(train, trained).score(test, tested))


def _two_latents(codes: Floats) -> Floats:
    """The codes, and if there is one latent alone, one more that does not vary."""
    return codes if codes.shape[1] > 1 else np.pad(codes, ((0, 0), (0, 1)))


def _gap(predictabilities: Floats) -> float:
    """What the greatest is above the next."""
    next_best, best = np.sort(predictabilities)[-2:]
    return float(best - next_best)
