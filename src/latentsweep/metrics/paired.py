"""Whether two models differ, told from runs of the same seeds."""

import math
from collections.abc import Sequence


def paired_t_test(first: Sequence[float], second: Sequence[float]) -> float:
    """Two-sided p-value of Student's test on the differences of pairs (Student 1908).

    Args:
        first: a number of each seed.
        second: the other model's, of the same seeds in the same order.

    Returns:
        A number in [0, 1]; NaN of a single pair, and where all differences are the same, 0 among
        them: of numbers without spread, such as counts, the test knows nothing.

    Raises:
        ValueError: there are not as many on both sides.
    """
    differences = [a - b for a, b in zip(first, second, strict=True)]
    n = len(differences)
    if n < 2:
        return math.nan
    mean = math.fsum(differences) / n
    spread = math.fsum((value - mean) ** 2 for value in differences) / (n - 1)
    if spread == 0:
        return math.nan
    from scipy.stats import t

    return float(2 * t.sf(abs(mean) / math.sqrt(spread / n), n - 1))


def holm(p_values: Sequence[float]) -> list[float]:
    """P-values corrected for how many there are (Holm 1979, a simple sequentially rejective test).

    With them below a level, the chance of even one false finding among all is below that level.

    Args:
        p_values: of all tests together; NaN stays NaN and does not count.

    Returns:
        The corrected ones in the same order.
    """
    known = sorted((p, place) for place, p in enumerate(p_values) if not math.isnan(p))
    corrected = list(p_values)
    greatest = 0.0
    for rank, (p, place) in enumerate(known):
        greatest = max(greatest, min(1.0, (len(known) - rank) * p))
        corrected[place] = greatest
    return corrected
