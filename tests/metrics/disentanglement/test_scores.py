import random

import numpy as np
import pytest
import sklearn
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from latentsweep.errors import MetricError
from latentsweep.metrics.disentanglement.scores import disentanglement_scores, score_versions
from latentsweep.metrics.mutual_information_gap import mutual_information_gap
from latentsweep.verification.factor_grid import factor_grid, noise, turned

NAMES = [
    *("mig", "dci_disentanglement", "dci_completeness", "dci_informativeness", "sap"),
    *("beta_vae_score", "factor_vae_score", "modularity", "explicitness"),
]
FACTORS = factor_grid(4, 3, 2, repeats=10)
CODES = turned(FACTORS + 0.3 * noise(240, 3)).double()
SCORES = {}


def scores() -> dict[str, float]:
    """Of the codes as they are, computed once."""
    if not SCORES:
        SCORES.update(disentanglement_scores(CODES, FACTORS))
    return SCORES


def test_the_identity_scores_high_and_a_turn_of_it_lower() -> None:
    identity = disentanglement_scores(FACTORS.float(), FACTORS)
    assert list(identity) == NAMES
    assert all(type(score) is float for score in identity.values())
    for name in set(NAMES) - {"sap", "explicitness"}:  # a line does not tell 3 values apart
        assert identity[name] > 0.9, name
    for name in ("mig", "dci_disentanglement", "dci_completeness", "sap", "modularity"):
        assert scores()[name] < 0.8 * identity[name], name


def test_codes_that_do_not_vary_score_low() -> None:
    constant = disentanglement_scores(torch.full((240, 3), 0.7), FACTORS)
    for name in ("mig", "dci_disentanglement", "dci_completeness", "sap", "factor_vae_score"):
        assert constant[name] == 0, name
    assert constant["modularity"] == 0
    assert constant["beta_vae_score"] == pytest.approx(1 / 3, abs=0.02)
    assert constant["dci_informativeness"] < 0.5
    assert constant["explicitness"] == 0.5


@settings(max_examples=6, deadline=None)
@given(
    order=st.permutations(range(3)),
    signs=st.lists(st.sampled_from([-1.0, 1.0]), min_size=3, max_size=3),
    scales=st.lists(st.floats(1e-3, 1e3), min_size=3, max_size=3),
    factor_order=st.permutations(range(3)),
)
def test_neither_order_nor_sign_nor_scale_nor_order_of_factors_changes_a_score(
    order: list[int], signs: list[float], scales: list[float], factor_order: list[int]
) -> None:
    codes = CODES * torch.tensor(signs) * torch.tensor(scales).double()
    found = disentanglement_scores(codes[:, order], FACTORS[:, factor_order])
    expected = dict(scores())
    assert found.pop("mig") == pytest.approx(expected.pop("mig"), abs=1e-9)
    assert found == expected


def test_scores_come_from_their_seed_alone() -> None:
    np.random.seed(1)
    random.seed(1)
    torch.manual_seed(1)
    before = np.random.get_state()[1].tolist(), torch.get_rng_state().tolist()
    assert disentanglement_scores(CODES, FACTORS) == scores()
    assert (np.random.get_state()[1].tolist(), torch.get_rng_state().tolist()) == before
    assert disentanglement_scores(CODES, FACTORS, seed=1) != scores()


def test_mig_is_that_of_training() -> None:
    assert scores()["mig"] == mutual_information_gap(CODES, FACTORS)


def test_only_active_latents_vote_in_the_factor_vae_score() -> None:
    active = torch.tensor([True, False, False])
    found = disentanglement_scores(CODES, FACTORS, active=active)
    assert found.pop("factor_vae_score") == pytest.approx(1 / 3, abs=0.02)
    assert found == {name: scores()[name] for name in found}


@pytest.mark.parametrize(
    ("codes", "factors", "message"),
    [
        (CODES * torch.nan, FACTORS, "not finite"),
        (CODES, FACTORS[:, :0], "0 of 0 factors vary"),
        (CODES, 0 * FACTORS, "0 of 3 factors vary"),
        (CODES, FACTORS[:, :1], "1 of 1 factors vary"),
        (CODES, torch.arange(480).reshape(240, 2), "240 of its 240 values"),
        (CODES[:4], torch.tensor([[0, 0], [0, 1], [1, 0], [1, 1]]), "4 points"),
    ],
)
def test_points_that_support_no_score_are_refused(
    codes: torch.Tensor, factors: torch.Tensor, message: str
) -> None:
    with pytest.raises(MetricError, match=message):
        disentanglement_scores(codes, factors)


def test_the_version_of_scikit_learn_is_told() -> None:
    assert score_versions() == {"scikit-learn": sklearn.__version__}
