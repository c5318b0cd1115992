import pytest
import torch

from latentsweep.metrics.disentanglement.beta_vae_score import beta_vae_score
from latentsweep.verification.factor_grid import factor_grid, noise

FACTORS = factor_grid(4, 3, 5, repeats=5)


def test_one_latent_a_factor_scores_1() -> None:
    assert beta_vae_score(FACTORS.float(), FACTORS) == 1


def test_codes_of_nothing_score_as_a_guess() -> None:
    assert beta_vae_score(torch.full((300, 2), 0.7), FACTORS) == pytest.approx(1 / 3, abs=0.02)
    assert beta_vae_score(noise(300, 2), FACTORS) < 0.45


def test_a_code_of_one_factor_of_three_tells_that_one_and_guesses_the_others() -> None:
    score = beta_vae_score(FACTORS[:, :1].float(), FACTORS)
    assert score == pytest.approx(1 / 3 + 2 / 3 * 1 / 2, abs=0.02)


def test_the_seed_decides_on_the_draws() -> None:
    codes = FACTORS.float() @ torch.ones(3, 3) + noise(300, 3)
    first, again, other = (beta_vae_score(codes, FACTORS, seed) for seed in (0, 0, 1))
    assert first == again != other
