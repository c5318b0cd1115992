import math

import numpy as np
import pytest
import torch

from latentsweep.errors import MetricError
from latentsweep.metrics.disentanglement import dci as module
from latentsweep.metrics.disentanglement.boosted_trees import importances
from latentsweep.metrics.disentanglement.dci import dci
from latentsweep.metrics.disentanglement.points import Points
from latentsweep.verification.factor_grid import factor_grid, noise, turned

FACTORS = factor_grid(4, 3, repeats=20)


def test_scores_are_entropies_of_importances(monkeypatch: pytest.MonkeyPatch) -> None:
    # Two latents for the first factor, two for the second, one for both.
    needed = np.array([[0.3, 0.0], [0.3, 0.0], [0.0, 0.5], [0.0, 0.1], [0.4, 0.4]])
    found = needed, np.array([0.5, 1.0])
    monkeypatch.setattr(module, "importances", lambda *_: found)
    scores = dci(noise(240, 5), FACTORS)
    # The latent that both need has two fifths of all weight, and disentanglement 0.
    assert scores.disentanglement == pytest.approx(0.6, abs=1e-8)
    entropies = [-sum(p * math.log(p, 5) for p in of) for of in ([0.3, 0.3, 0.4], [0.5, 0.1, 0.4])]
    assert scores.completeness == pytest.approx(1 - sum(entropies) / 2, abs=1e-8)
    assert scores.informativeness == 0.75


def test_one_latent_a_factor_scores_1() -> None:
    scores = dci(FACTORS.float(), FACTORS)
    assert scores.disentanglement > 0.99
    assert scores.completeness > 0.99
    assert scores.informativeness == 1


def test_turning_a_code_lowers_disentanglement_and_completeness() -> None:
    codes = FACTORS.float() + 0.1 * noise(240, 2)
    aligned, mixed = dci(codes, FACTORS), dci(turned(codes), FACTORS)
    assert mixed.disentanglement < aligned.disentanglement - 0.2
    assert mixed.completeness < aligned.completeness - 0.2


def test_codes_that_do_not_vary_score_0_and_guess() -> None:
    scores = dci(torch.full((240, 3), 0.7), FACTORS)
    assert scores.disentanglement == 0
    assert scores.completeness == 0
    assert scores.informativeness < 0.4


def test_one_latent_is_complete() -> None:
    assert dci(FACTORS[:, :1].float(), FACTORS).completeness == 1


def test_importances_are_those_of_the_latents_that_tell() -> None:
    codes = torch.cat([noise(240, 1), FACTORS], dim=1)
    train, test = Points.of(codes, FACTORS).split(seed=0)
    shares, accuracies = importances(train, test)
    np.testing.assert_allclose(shares.sum(axis=0), 1)
    places = train.order.tolist()
    told = shares[[places.index(1), places.index(2)]]
    assert sorted(told.argmax(axis=0)) == [0, 1]
    assert (told.max(axis=0) > 0.99).all()
    assert accuracies.tolist() == [1, 1]


def test_a_scikit_learn_without_gains_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    class Trees:
        def __init__(self, **_: object) -> None: ...

        def fit(self, *_: object) -> "Trees":
            return self

    monkeypatch.setattr("sklearn.ensemble.HistGradientBoostingClassifier", Trees)
    with pytest.raises(MetricError, match=r"scikit-learn \d.*does not keep them"):
        dci(FACTORS.float(), FACTORS)
