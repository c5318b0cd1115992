import pytest
import torch

from latentsweep.metrics.disentanglement.factor_vae_score import factor_vae_score, uncollapsed
from latentsweep.verification.factor_grid import factor_grid, noise

FACTORS = factor_grid(4, 3, 5, repeats=5)


def test_one_latent_a_factor_scores_1() -> None:
    assert factor_vae_score(FACTORS.float(), FACTORS) == 1


def test_codes_that_do_not_vary_score_0() -> None:
    assert factor_vae_score(torch.full((300, 3), 0.7), FACTORS) == 0


def test_one_latent_stands_for_one_factor() -> None:
    score = factor_vae_score(FACTORS[:, :1].float(), FACTORS)
    assert score == pytest.approx(1 / 3, abs=0.02)


def test_a_factor_without_a_latent_costs_its_votes() -> None:
    score = factor_vae_score(FACTORS[:, :2].float(), FACTORS)
    assert score == pytest.approx(2 / 3, abs=0.02)


def test_latents_that_are_not_active_do_not_vote_wherever_they_lie() -> None:
    codes = torch.cat([FACTORS, FACTORS[:, 2:]], dim=1).float()
    codes[:, 2] *= 1e-3
    active = uncollapsed(codes)
    assert active.tolist() == [True, True, False, True]
    # Without the mask the latent would tell as much as if it were not scaled.
    assert factor_vae_score(codes[:, :3], FACTORS) == 1
    without = factor_vae_score(codes[:, :2], FACTORS)
    for order in ([0, 1, 2], [2, 0, 1], [1, 2, 0]):
        some = codes[:, order]
        assert factor_vae_score(some, FACTORS, active=uncollapsed(some)) == without
    assert factor_vae_score(codes, FACTORS, active=torch.zeros(4, dtype=torch.bool)) == 0


def test_the_threshold_is_of_the_variance() -> None:
    codes = noise(300, 1)
    codes = codes / codes.std(dim=0) * torch.tensor([0.2, 0.22361, 0.3])
    assert uncollapsed(codes).tolist() == [False, True, True]


def test_a_mask_of_another_form_is_refused() -> None:
    with pytest.raises(ValueError, match=r"active: expected bool \(3,\)"):
        factor_vae_score(FACTORS.float(), FACTORS, active=torch.ones(2, dtype=torch.bool))
