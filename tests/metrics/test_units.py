import pytest
import torch
from torch import Tensor

from latentsweep.metrics.units import correlation_ratio, effects, overlap, variance_shares


def codes(*deviations: float) -> Tensor:
    generator = torch.Generator().manual_seed(0)
    return torch.randn(4000, len(deviations), generator=generator) * torch.tensor(deviations)


def test_shares_of_a_linear_decoder_are_those_of_its_columns() -> None:
    weight = torch.tensor([[2.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 1.0, 0.0]])
    alone, together = variance_shares(
        lambda z: (z @ weight.T).reshape(-1, 1, 1, 3), codes(1.0, 1.0, 1.0)
    )
    expected = torch.tensor([4 / 6, 2 / 6, 0.0], dtype=torch.float64)
    torch.testing.assert_close(alone, expected, rtol=0, atol=0.04)
    torch.testing.assert_close(together, alone)
    assert together[2] == 0.0


def test_what_latents_do_together_is_in_the_total_share_only() -> None:
    alone, together = variance_shares(
        lambda z: (z[:, :1] * z[:, 1:]).reshape(-1, 1, 1, 1), codes(1.0, 1.0)
    )
    assert float(alone.max()) < 0.1  # E[z0 z1 | z0] = 0
    assert float(together.min()) > 0.85


@pytest.mark.parametrize("seed", range(4))
def test_shares_of_small_units_are_near_the_integrals(seed: int) -> None:
    def decode(z: Tensor) -> Tensor:
        pixels = (2 * z[:, 0] + 0.3 * z[:, 1] ** 2, z[:, 1] + 0.5 * z[:, 0] * z[:, 2], z[:, 3])
        return torch.stack(pixels, dim=1).reshape(-1, 1, 1, 3)

    # By hand, of normal latents: 4 + 2 0.3^2, 1 + 0.5^2 and 0.1^2 of the three pixels' variances.
    alone, together = variance_shares(decode, codes(1.0, 1.0, 1.0, 0.1), seed)
    whole = 4.18 + 1.25 + 0.01
    for found, expected in ((alone, (4, 1.18, 0, 0.01)), (together, (4.25, 1.18, 0.25, 0.01))):
        wanted = torch.tensor(expected, dtype=torch.float64) / whole
        torch.testing.assert_close(found[:1], wanted[:1], rtol=0, atol=0.08)
        torch.testing.assert_close(found[1:], wanted[1:], rtol=0.15, atol=0.005)
    assert bool((alone <= together).all())


def test_effects_overlap_where_latents_move_the_same_pixels() -> None:
    weight = torch.tensor([[1.0, 0.0, 3.0], [0.0, 1.0, 0.0]])
    moved = effects(lambda z: (z @ weight.T).reshape(-1, 1, 1, 2), codes(1.0, 1.0, 1.0))
    assert moved.shape == (3, 1, 1, 2)
    expected = torch.tensor([[1.0, 0.0, 1.0], [0.0, 1.0, 0.0], [1.0, 0.0, 1.0]])
    torch.testing.assert_close(overlap(moved).float(), expected)


def test_a_latent_that_moves_nothing_overlaps_with_none() -> None:
    moved = effects(lambda z: (z[:, :1] + 0 * z[:, 1:]).reshape(-1, 1, 1, 1), codes(1.0, 1.0))
    assert overlap(moved).tolist() == [[pytest.approx(1.0), 0.0], [0.0, 0.0]]


def test_correlation_ratio_is_the_share_between_classes() -> None:
    labels = torch.tensor([0, 0, 1, 1])
    found = correlation_ratio(torch.tensor([[0.0, 1, 5], [0, 3, 5], [2, 1, 5], [2, 3, 5]]), labels)
    assert found.tolist() == [1.0, 0.0, 0.0]
    half = correlation_ratio(torch.tensor([[0.0], [2.0], [2.0], [4.0]]), labels)
    assert float(half) == pytest.approx(0.5)  # by hand: 4 between, 4 within
