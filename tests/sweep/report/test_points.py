"""What the plots say of a trial."""

from pathlib import Path

import pytest
from optuna.trial import TrialState

from latentsweep.sweep.report.plots.points import behind
from latentsweep.sweep.report.snapshot import snapshot
from tests.sweep.report.made_up import add, empty_study

SIZE = "model.latent_size"


@pytest.mark.parametrize(
    ("name", "direction"), [("val/elbo", "maximize"), ("val/loss", "minimize")]
)
def test_a_trial_is_compared_with_the_best_at_the_epoch_that_it_reached(
    tmp_path: Path, name: str, direction: str
) -> None:
    sign = -1.0 if direction == "maximize" else 1.0
    study = empty_study(objectives={name: direction})
    curves = [(300.0, 250.0), (299.0, 260.0), (310.0,), ()]
    for slot, curve in enumerate(curves):
        state = TrialState.COMPLETE if len(curve) == 2 else TrialState.PRUNED
        signed = [sign * value for value in curve]
        add(study, slot, state, {SIZE: 2}, curve=signed, values=signed[-1:])
    sweep = snapshot(study, tmp_path)
    assert behind(list(sweep.entries), sweep) == [0.0, 10.0, 11.0, 0.0]
