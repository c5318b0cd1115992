"""Mean, spread and confidence interval of a number over repetitions."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class Interval:
    """What repetitions of a number came to, in its own unit.

    Attributes:
        mean: of them.
        deviation: their standard deviation, of a sample (divided by n - 1); NaN for one.
        low: lower end of the confidence interval of the mean; NaN for one repetition.
        high: its upper end.
        repetitions: how many there are.
    """

    mean: float
    deviation: float
    low: float
    high: float
    repetitions: int


def standard_error(values: Tensor) -> float:
    """Standard error of the mean of values (n,) over images: other images, another mean.

    NaN of a single one.
    """
    return float(values.double().std()) / math.sqrt(len(values)) if len(values) > 1 else math.nan


def mean_interval(values: Sequence[float], confidence: float = 0.95) -> Interval:
    """The interval that holds the mean of normal values with a probability.

    Mean plus and minus t times deviation over the root of n, with t of Student's distribution of
    n - 1 degrees of freedom (Student, The probable error of a mean, 1908).

    Args:
        values: one a repetition, one at least.
        confidence: the probability.
    """
    n = len(values)
    mean = math.fsum(values) / n
    if n == 1:
        return Interval(mean, math.nan, math.nan, math.nan, 1)
    from scipy.stats import t

    deviation = math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (n - 1))
    reach = float(t.ppf((1 + confidence) / 2, n - 1)) * deviation / math.sqrt(n)
    return Interval(mean, deviation, mean - reach, mean + reach, n)
