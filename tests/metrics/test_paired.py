import math

import numpy as np
import pytest
from scipy import stats

from latentsweep.metrics.paired import holm, paired_t_test


def test_p_value_is_that_of_scipy() -> None:
    drawn = np.random.default_rng(0)
    for n in (2, 5, 30):
        a, b = drawn.normal(size=n), drawn.normal(0.5, 1, size=n)
        assert paired_t_test(a, b) == pytest.approx(stats.ttest_rel(a, b).pvalue, rel=1e-9)


def test_pairs_without_spread_have_no_p_value() -> None:
    assert math.isnan(paired_t_test([1.0, 2.0], [1.0, 2.0]))
    assert math.isnan(paired_t_test([10.0, 10.0], [9.0, 9.0]))  # two counts prove nothing
    assert math.isnan(paired_t_test([1.0], [2.0]))


def test_pairs_of_unlike_number_are_refused() -> None:
    with pytest.raises(ValueError, match="zip"):
        paired_t_test([1.0, 2.0], [1.0])


def test_holm_by_hand() -> None:
    # 0.01 * 4, then max(that, 0.02 * 3), then max(0.06, 0.03 * 2), then 0.5
    assert holm([0.02, 0.5, 0.01, 0.03]) == pytest.approx([0.06, 0.5, 0.04, 0.06])
    assert holm([0.4, 0.9]) == pytest.approx([0.8, 0.9])


def test_holm_leaves_out_what_is_unknown() -> None:
    found = holm([0.02, math.nan, 0.03])
    assert found[0] == pytest.approx(0.04)
    assert math.isnan(found[1])
