"""The loss of a whole split, where it is a mean over images and where it couples them."""

import pytest
import torch

from latentsweep.models.ae import AE
from latentsweep.models.kl_schedules import Pressure
from latentsweep.training.evaluation import SplitSums
from tests.models.small_models import MODELS, batch, built

HALF = Pressure(0.5, None)


def evaluated(model: AE, evaluation_batch: int, training_batch: int) -> float:
    x, noise = batch(model, 50)
    sums = SplitSums()
    with torch.no_grad():
        for rows in torch.arange(50).split(evaluation_batch):
            posterior = model.posterior(x[rows])
            sums.add(model.terms_of(posterior, x[rows], noise[rows]), posterior.mean)
    return sums.metrics(model, HALF, training_batch)["loss"]


@pytest.mark.parametrize("config", MODELS, ids=lambda config: config.name)
def test_loss_does_not_depend_on_the_evaluations_batches(config) -> None:
    model = built(config)
    expected = evaluated(model, 50, 16)
    assert evaluated(model, 7, 16) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("config", MODELS, ids=lambda config: config.name)
def test_coupling_loss_is_the_mean_over_trainings_batches_in_the_splits_order(config) -> None:
    model = built(config)
    x, noise = batch(model, 50)
    size = 16 if model.couples_images else 50
    batches = [(x[i : i + size], noise[i : i + size]) for i in range(0, 50, size)]
    with torch.no_grad():
        total = sum(float(model(part, drawn, HALF)) * len(part) for part, drawn in batches)
    assert evaluated(model, 50, 16) == pytest.approx(total / 50, rel=1e-12)
