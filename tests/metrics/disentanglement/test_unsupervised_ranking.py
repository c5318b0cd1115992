import pytest
import torch
from torch import Tensor

from latentsweep.errors import MetricError
from latentsweep.metrics.disentanglement.unsupervised_ranking import (
    unsupervised_disentanglement_ranking as udr,
)
from latentsweep.verification.factor_grid import factor_grid, noise, turned

# Independent to the last digit, so that correlations are 0 and 1.
ALIGNED = factor_grid(5, 5, 5).float()
KL = torch.ones(3)


def test_models_with_the_same_latents_agree_whatever_order_sign_and_scale() -> None:
    codes = [ALIGNED, -3 * ALIGNED[:, [2, 0, 1]], ALIGNED * torch.tensor([1.0, -5.0, 0.1])]
    assert udr(codes, [KL] * 3) == pytest.approx([1, 1, 1])
    # Lasso takes alpha off every weight of 1.
    assert udr(codes, [KL] * 3, "lasso") == pytest.approx([0.9] * 3, abs=1e-5)


def test_a_model_with_mixed_latents_agrees_less() -> None:
    models = [ALIGNED, turned(ALIGNED), ALIGNED[:, [1, 2, 0]]]
    for similarity in ("spearman", "lasso"):
        first, mixed, third = udr(models, [KL] * 3, similarity)  # type: ignore[arg-type]
        assert first > mixed + 0.05
        assert third == pytest.approx(first)


def test_a_latent_with_two_counterparts_halves_their_strength() -> None:
    one, twice = ALIGNED[:, :1], ALIGNED[:, [0, 0]]
    # 1^2 / 2 for the one latent, 1 for each of the two; the mean of both models.
    assert udr([one, twice], [KL[:1], KL[:2]]) == pytest.approx([0.75, 0.75])


def test_it_is_the_median_over_the_other_models() -> None:
    one, twice = ALIGNED[:, :1], ALIGNED[:, [0, 0]]
    other = ALIGNED[:, 1:2]
    kl = [KL[:1], KL[:1], KL[:2], KL[:1]]
    # Of 1, 3/4 and 0 for the first.
    assert udr([one, -one, twice, other], kl)[0] == pytest.approx(0.75)


def test_lasso_weights_are_of_the_prediction_of_the_model_that_is_scored() -> None:
    a, b, _ = ALIGNED.T
    askew, apart = torch.stack([a, a + b], dim=1), torch.stack([a, b], dim=1)
    # By hand, of standardised latents: the correlation of a + b with a and with b is 1 / sqrt(2).
    # From `apart`, whose latents are independent, each weight is a correlation less alpha.
    weight = 0.5**0.5 - 0.1
    to_askew = (0.81 / (0.9 + weight) + weight) / 2, (0.9 + weight / 2) / 2
    # From `askew`: a needs a alone; b is a + b less a, with alpha taken off either.
    of_a, of_sum = 2 * (weight * 0.5**0.5 - 0.1), 2 * (weight - 0.1 * 0.5**0.5)
    to_apart = (0.81 / (0.9 + of_a) + of_sum) / 2, (0.9 + of_sum**2 / (of_a + of_sum)) / 2
    scores = udr([askew, apart], [KL[:2]] * 2, "lasso")
    assert scores == pytest.approx([sum(to_askew) / 2, sum(to_apart) / 2], abs=1e-3)


def test_uninformative_latents_do_not_count_wherever_they_lie() -> None:
    def padded(seed: int, order: list[int]) -> tuple[Tensor, Tensor]:
        codes = torch.cat([ALIGNED, noise(125, 2, seed)], dim=1)
        return codes[:, order], torch.tensor([1.0, 1.0, 1.0, 0.009, 0.0])[order]

    first, second = padded(1, [0, 1, 2, 3, 4]), padded(2, [4, 1, 3, 0, 2])
    codes, kl = zip(first, second, strict=True)
    assert udr(codes, kl) == pytest.approx([1, 1])
    assert max(udr(codes, [torch.ones(5)] * 2)) < 0.9


def test_a_collapsed_model_agrees_with_none() -> None:
    codes = [ALIGNED, ALIGNED, torch.zeros(125, 3)]
    for similarity in ("spearman", "lasso"):
        scores = udr(codes, [KL, KL, 0 * KL], similarity)  # type: ignore[arg-type]
        assert scores[2] == 0
    assert udr(codes, [KL] * 3)[2] == 0


def test_what_cannot_be_compared_is_refused() -> None:
    with pytest.raises(MetricError, match="two of them at least"):
        udr([ALIGNED], [KL])
    with pytest.raises(ValueError, match="codes of the same points"):
        udr([ALIGNED, ALIGNED[1:]], [KL, KL])
    with pytest.raises(ValueError, match=r"kl: expected \(3,\), found \(2,\)"):
        udr([ALIGNED, ALIGNED], [KL, KL[:2]])
