import pytest
import torch

from latentsweep.errors import MetricError
from latentsweep.metrics.disentanglement.separated_attribute_predictability import (
    separated_attribute_predictability as sap,
)
from latentsweep.metrics.disentanglement.separated_attribute_predictability import (
    separated_attribute_predictability_continuous as sap_continuous,
)
from latentsweep.verification.factor_grid import factor_grid


def test_the_gap_is_that_of_the_accuracies_of_the_best_two_latents() -> None:
    factor, chance = factor_grid(2, 4, repeats=500).T
    # Right for all points, and for three quarters of them.
    codes = torch.stack([factor, (factor + (chance == 0)) % 2], dim=1).float()
    assert sap(codes, factor.reshape(-1, 1)) == pytest.approx(0.25, abs=0.02)


def test_a_duplicated_code_has_no_gap() -> None:
    factors = factor_grid(4, 3, repeats=30)
    codes = factors.float()
    assert sap(codes, factors) > 0.2
    assert sap(codes.repeat(1, 2), factors) == 0


def test_codes_that_do_not_vary_score_0() -> None:
    assert sap(torch.full((360, 3), 0.7), factor_grid(4, 3, repeats=30)) == 0


def test_one_latent_is_compared_with_a_guess() -> None:
    factors = factor_grid(2, 1, repeats=200)[:, :1]
    assert sap(factors.float(), factors) == pytest.approx(0.5, abs=0.05)


def test_of_continuous_factors_it_is_the_gap_of_squared_correlations() -> None:
    a, b = factor_grid(5, 5).T
    codes = torch.stack([a, a + b], dim=1).float()
    # The first factor has 1 and 1/2, the second 0 and 1/2.
    factors = torch.stack([a, b], dim=1).double()
    assert sap_continuous(codes, factors) == pytest.approx(0.5, abs=1e-5)
    # The first factor alone: a factor that does not vary is left out.
    factors[:, 1] = 3
    assert sap_continuous(codes, factors) == pytest.approx(0.5, abs=1e-5)
    assert sap_continuous(codes[:, :1], factors) == pytest.approx(1, abs=1e-5)


def test_continuous_factors_must_vary_and_be_of_the_same_points() -> None:
    codes = factor_grid(5, 5).float()
    with pytest.raises(MetricError, match="without a factor that varies"):
        sap_continuous(codes, torch.ones(25, 2))
    with pytest.raises(ValueError, match="expected 25 points, found 24"):
        sap_continuous(codes, codes[:24])
