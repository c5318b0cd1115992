import math

import pytest
from scipy.stats import ttest_1samp

from latentsweep.metrics.interval import mean_interval


def test_the_interval_is_students() -> None:
    values = [-243.5, -243.9, -244.1, -243.2, -243.7]
    found = mean_interval(values)
    expected = ttest_1samp(values, 0.0).confidence_interval(0.95)
    assert found.mean == pytest.approx(sum(values) / 5)
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high))
    # Student's table: 2.776 for 4 degrees of freedom.
    assert found.high - found.mean == pytest.approx(
        2.776 * found.deviation / math.sqrt(5), rel=1e-3
    )
    assert found.repetitions == 5


def test_one_repetition_has_no_interval() -> None:
    found = mean_interval([3.0])
    assert (found.mean, found.repetitions) == (3.0, 1)
    assert all(math.isnan(each) for each in (found.deviation, found.low, found.high))


def test_equal_repetitions_have_an_interval_of_no_width() -> None:
    found = mean_interval([2.0, 2.0, 2.0])
    assert (found.low, found.high, found.deviation) == (2.0, 2.0, 0.0)
