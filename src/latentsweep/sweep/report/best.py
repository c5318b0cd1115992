"""Which trials are the best."""

import numpy as np
import optuna
from optuna.trial import FrozenTrial

from latentsweep.sweep.attributes import SLOT
from latentsweep.sweep.report.pareto import pareto_front
from latentsweep.sweep.report.snapshot import objectives_of


def best_trials(study: optuna.Study, n: int) -> list[FrozenTrial]:
    """The best of the sweep's own finished trials, at most `n`.

    With one objective they are sorted by its value. With several they are those of the Pareto
    front, sorted by the first objective; of more than `n` the two ends and some between them.
    """
    finished = [
        trial
        for trial in study.get_trials(deepcopy=False, states=(optuna.trial.TrialState.COMPLETE,))
        if SLOT in trial.user_attrs and np.isfinite(trial.values).all()
    ]
    # Everything is to be minimised from here on.
    signs = [-1.0 if objective.maximize else 1.0 for objective in objectives_of(study)]
    costs = (
        np.array([trial.values for trial in finished]).reshape(len(finished), len(signs)) * signs
    )
    order = np.argsort(costs[:, 0], kind="stable")
    if len(signs) == 1:
        return [finished[index] for index in order[:n]]
    front = set(pareto_front(costs))
    chosen = [index for index in order if index in front]
    if len(chosen) > n:
        chosen = [chosen[round(place)] for place in np.linspace(0, len(chosen) - 1, n)]
    return [finished[index] for index in chosen]
