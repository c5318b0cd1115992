import pytest
import torch

from latentsweep.errors import MetricError
from latentsweep.metrics.disentanglement.modularity import modularity
from latentsweep.verification.factor_grid import factor_grid

FACTORS = factor_grid(2, 4, 3, repeats=10)


def test_one_latent_a_factor_scores_1() -> None:
    assert modularity(FACTORS.float(), FACTORS) == pytest.approx(1)


def test_a_latent_of_two_factors_loses_the_square_of_the_lesser_share() -> None:
    a, b, _ = FACTORS.T
    # It tells ln 2 of the first, ln 4 of the second, nothing of the third: 1 - (1/4) / 2.
    both = torch.stack([a + 2 * b], dim=1).float()
    assert modularity(both, FACTORS) == pytest.approx(7 / 8)
    assert modularity(torch.cat([both, FACTORS], dim=1), FACTORS) == pytest.approx(31 / 32)


def test_a_latent_that_does_not_vary_counts_as_0() -> None:
    codes = torch.cat([FACTORS, torch.full((240, 1), 3)], dim=1).float()
    assert modularity(codes, FACTORS) == pytest.approx(3 / 4)


def test_rounding_of_frequencies_is_no_information() -> None:
    # The shares of these 11 values have a sum next to 1, and the latents information of -4e-16.
    eleven = torch.randint(11, (107,), generator=torch.Generator().manual_seed(107))
    factors = torch.stack([eleven, torch.arange(107) % 2], dim=1)
    assert modularity(torch.full((107, 2), 0.7), factors) == 0


def test_of_many_points_10000_count() -> None:
    factors = factor_grid(2, 4, 3, repeats=1000)
    assert modularity(factors.float(), factors) == pytest.approx(1, abs=1e-4)


def test_one_factor_alone_is_refused() -> None:
    with pytest.raises(MetricError, match=r"1 of 1 factors vary"):
        modularity(FACTORS.float(), FACTORS[:, :1])
