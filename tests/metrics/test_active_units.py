import torch

from latentsweep.metrics.active_units import active_units


def test_latents_that_vary_more_than_the_threshold_are_counted() -> None:
    spread = torch.tensor([1.0, 0.11, 0.09, 0.0])
    means = torch.tensor([[1.0], [-1.0]]).repeat(50, 1) * spread + 7
    assert active_units(means) == 2


def test_neither_order_nor_offset_of_latents_matters() -> None:
    means = torch.randn(200, 5, generator=torch.Generator().manual_seed(0))
    means = means * torch.tensor([1.0, 0.0, 0.5, 0.001, 2.0])
    assert active_units(means) == active_units(means.flip(1) + 3) == 3
