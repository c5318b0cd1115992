"""The mean of the parts' gradients is the gradient of the whole batch's loss."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
import torch
from torch import Tensor

from latentsweep.config.model import ModelConfig
from latentsweep.models.kl_schedules import Pressure
from latentsweep.training.ranks.ranks import Ranks
from latentsweep.training.ranks.shared_batch import SharedBatch
from tests.models.small_models import MODELS, batch, built


class Threads(Ranks):
    """Ranks that are threads of this process."""

    def __init__(self, rank: int, size: int, held: list[Tensor], barrier: Barrier) -> None:
        self.rank, self.size, self._held, self._barrier = rank, size, held, barrier

    def parts(self, values: Tensor) -> list[Tensor]:
        assert not values.requires_grad
        self._held[self.rank] = values.clone()
        self._barrier.wait(20)
        found = list(self._held)
        self._barrier.wait(20)
        return found

    def mean(self, values: Tensor) -> Callable[[], Tensor]:
        parts = self.parts(values.detach())
        return lambda: torch.stack(parts).mean(0)


def loss_and_gradients(
    config: ModelConfig, pressure: Pressure, ranks: int
) -> tuple[Tensor, list[Tensor]]:
    """Those of a batch of 8, on so many ranks, as DDP would have them."""
    x, noise = batch(built(config), 8)
    held, barrier = [x] * ranks, Barrier(ranks)

    def of(rank: int) -> tuple[Tensor, list[Tensor]]:
        model = models[rank]
        here = Threads(rank, ranks, held, barrier)
        rows = slice(rank * 8 // ranks, (rank + 1) * 8 // ranks)
        loss = model.loss(model.terms(x[rows], noise[rows]), pressure, SharedBatch(here))
        return loss.detach(), list(torch.autograd.grad(loss, list(model.parameters())))

    models = [built(config) for _ in range(ranks)]
    with ThreadPoolExecutor(ranks) as pool:
        losses, gradients = zip(*pool.map(of, range(ranks)), strict=True)
    means = [torch.stack(each).mean(0) for each in zip(*gradients, strict=True)]
    return torch.stack(losses).mean(), means


@pytest.mark.parametrize("ranks", [2, 4])
@pytest.mark.parametrize("config", MODELS[2:], ids=lambda config: config.name)
def test_ranks_give_loss_and_gradient_of_the_whole_batch(config: ModelConfig, ranks: int) -> None:
    pressure = Pressure(0.5, 3.0 if config.name == "beta_vae" else None)
    model = built(config)
    loss = model(*batch(model, 8), pressure)
    expected = torch.autograd.grad(loss, list(model.parameters()))
    found, gradients = loss_and_gradients(config, pressure, ranks)
    torch.testing.assert_close(found, loss.detach())
    torch.testing.assert_close(gradients, list(expected))


def test_rows_keep_every_bit() -> None:
    values = torch.randn(6, 3, requires_grad=True)
    assert torch.equal(SharedBatch(Ranks()).rows(values), values)
