import numpy as np
import pytest
import torch

from latentsweep.errors import MetricError
from latentsweep.metrics.disentanglement.points import Points
from latentsweep.verification.factor_grid import factor_grid, noise


def points(n: int) -> Points:
    factors = torch.arange(n).reshape(-1, 1) % 3
    return Points.of(noise(n, 2), factors)


@pytest.mark.parametrize(
    ("n", "train", "test"), [(300, 200, 100), (15_000, 10_000, 5_000), (40_000, 10_000, 5_000)]
)
def test_points_are_split_as_the_protocol_says(n: int, train: int, test: int) -> None:
    parts = points(n).split(seed=0)
    assert [len(part) for part in parts] == [train, test]


def test_no_point_is_in_both_parts() -> None:
    train, test = points(300).split(seed=0)
    assert len(np.unique(np.concatenate([train.codes, test.codes]), axis=0)) == 300


def test_the_seed_decides_on_the_split() -> None:
    first, again, other = (points(300).split(seed)[0].codes for seed in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


def test_codes_and_factors_stay_together() -> None:
    factors = factor_grid(4, 3, repeats=10)
    train, _ = Points.of(factors.double(), factors).split(seed=0)
    for latent in train.codes.T:
        assert any(len(set(zip(latent, factor, strict=True))) <= 4 for factor in train.factors.T)


def test_so_few_points_that_nothing_can_be_tested_are_refused() -> None:
    with pytest.raises(MetricError, match="4 points, of which 2 to test"):
        Points.of(noise(4, 2), torch.tensor([[0], [0], [1], [1]])).split(seed=1)
