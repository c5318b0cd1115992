import pytest
import torch

from latentsweep.metrics.disentanglement.explicitness import explicitness
from latentsweep.verification.factor_grid import factor_grid, noise, turned

FACTORS = factor_grid(4, 3, repeats=30)


def test_a_latent_a_value_scores_1() -> None:
    codes = torch.cat([torch.nn.functional.one_hot(factor) for factor in FACTORS.T], dim=1)
    assert explicitness(codes.float(), FACTORS) == pytest.approx(1)


def test_it_does_not_matter_that_latents_are_mixed() -> None:
    codes = FACTORS.float() + 0.5 * noise(360, 2)
    assert explicitness(turned(codes), FACTORS) == pytest.approx(
        explicitness(codes, FACTORS), abs=0.01
    )


def test_values_that_lie_between_others_cannot_be_read_linearly() -> None:
    two = factor_grid(2, 2, repeats=30)
    assert explicitness(two.float(), two) == 1
    assert explicitness(FACTORS.float(), FACTORS) < 0.95


def test_codes_that_do_not_vary_score_a_half() -> None:
    assert explicitness(torch.full((360, 3), 0.7), FACTORS) == 0.5


def test_one_factor_is_enough() -> None:
    assert explicitness(noise(360, 2), FACTORS[:, :1]) == pytest.approx(0.5, abs=0.1)
