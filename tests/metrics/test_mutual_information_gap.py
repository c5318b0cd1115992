import pytest
import torch
from torch import Tensor

from latentsweep.metrics.mutual_information_gap import mutual_information_gap
from latentsweep.verification.disentanglement_lib import their_mig


def drawn(n: int = 4000, seed: int = 0) -> Tensor:
    """Three independent factors of 5, 7 and 3 values."""
    generator = torch.Generator().manual_seed(seed)
    return torch.stack([torch.randint(k, (n,), generator=generator) for k in (5, 7, 3)], dim=1)


def rotated(codes: Tensor) -> Tensor:
    """The first two codes turned by 45 degrees."""
    turn = torch.eye(codes.shape[1])
    turn[:2, :2] = torch.tensor([[1.0, -1.0], [1.0, 1.0]]) / 2**0.5
    return codes @ turn


def test_one_latent_a_factor_scores_1() -> None:
    factors = drawn()
    assert mutual_information_gap(factors.float(), factors) >= 0.98


def test_codes_that_do_not_vary_score_0() -> None:
    assert mutual_information_gap(torch.full((4000, 3), 0.7), drawn()) == 0


def test_codes_of_something_else_score_next_to_0() -> None:
    assert mutual_information_gap(drawn(seed=1).float(), drawn()) < 0.01


def test_a_factor_told_by_two_latents_has_no_gap() -> None:
    factors = drawn()
    assert mutual_information_gap(factors.float().repeat(1, 2), factors) == pytest.approx(0)


def test_turning_a_code_lowers_its_score() -> None:
    factors = drawn()
    aligned = factors.float()
    assert mutual_information_gap(rotated(aligned), factors) < 0.75 * mutual_information_gap(
        aligned, factors
    )


def test_neither_order_nor_scale_nor_offset_of_latents_matters() -> None:
    factors = drawn()
    noise = torch.randn(4000, 3, generator=torch.Generator().manual_seed(2))
    codes = rotated(factors.float()) + 0.1 * noise
    score = mutual_information_gap(codes, factors)
    assert mutual_information_gap(codes[:, [2, 0, 1]], factors) == pytest.approx(score)
    assert mutual_information_gap(codes * torch.tensor([4.0, 0.5, 100.0]), factors) == (
        pytest.approx(score, abs=1e-3)
    )
    assert mutual_information_gap(codes + 8, factors) == pytest.approx(score, abs=1e-3)
    # The other way round the bins' edges fall elsewhere between discrete values.
    assert mutual_information_gap(-codes, factors) == pytest.approx(score, abs=0.02)


def test_one_latent_is_compared_with_nothing() -> None:
    factors = drawn()[:, :1]
    assert mutual_information_gap(factors.float(), factors) == pytest.approx(1)


def test_the_score_is_that_of_disentanglement_lib() -> None:
    factors = drawn()
    noise = torch.randn(4000, 6, generator=torch.Generator().manual_seed(2))
    codes = noise + torch.cat([factors, rotated(factors.float())], dim=1)
    expected = their_mig(codes.double().numpy(), factors.numpy())
    assert mutual_information_gap(codes, factors) == pytest.approx(expected, abs=1e-9)


def test_a_factor_that_does_not_vary_is_left_out() -> None:
    factors = drawn()
    codes = factors.float()
    still = torch.cat([factors, torch.full((4000, 1), 2)], dim=1)
    assert mutual_information_gap(codes, still) == mutual_information_gap(codes, factors)
    assert mutual_information_gap(codes, torch.zeros(4000, 2, dtype=torch.int64)) == 0


def test_latents_that_are_not_finite_tell_nothing() -> None:
    factors = drawn()
    codes = factors.float()
    codes[7, 0] = torch.nan
    codes[9, 1] = torch.inf
    whole = mutual_information_gap(factors.float(), factors)
    assert mutual_information_gap(codes, factors) == pytest.approx(whole / 3, abs=0.01)


def test_of_many_sorted_samples_some_of_all_kinds_count() -> None:
    factors = torch.arange(12).repeat_interleave(2500).reshape(-1, 1)
    assert mutual_information_gap(factors.float(), factors) >= 0.98
