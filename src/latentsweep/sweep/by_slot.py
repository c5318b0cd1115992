"""Samplers for which a trial's place in the queue settles its parameters.

Optuna's own grid and low-discrepancy samplers count trials: several workers that count at once run
some points twice, and the grid's ends the search by `Study.stop`, which a queue of slots cannot
use. Here the point is a function of the slot, so that each is run once whoever runs it.
"""

import itertools
import random
from collections.abc import Mapping, Sequence
from typing import Any

from optuna import Study
from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler, QMCSampler
from optuna.trial import FrozenTrial

from latentsweep.sweep.attributes import SLOT
from latentsweep.sweep.failures import failures_in
from latentsweep.sweep.parameter import Scalar

# A trial whose point failed takes one from further along the sequence.
_FURTHER = 1 << 16


class SlotGridSampler(BaseSampler):
    """Every combination of values once, in shuffled order.

    Args:
        values: of each parameter.
        distributions: of each parameter.
        seed: shuffles the order; the same in all workers.
    """

    def __init__(
        self,
        values: Mapping[str, Sequence[Scalar]],
        distributions: Mapping[str, BaseDistribution],
        seed: int,
    ) -> None:
        self._distributions = dict(distributions)
        self._points = [
            dict(zip(values, point, strict=True)) for point in itertools.product(*values.values())
        ]
        random.Random(seed).shuffle(self._points)

    def infer_relative_search_space(
        self, study: Study, trial: FrozenTrial
    ) -> dict[str, BaseDistribution]:
        """All parameters."""
        return self._distributions

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """The slot's point; where it failed, that of a slot behind it."""
        place = _slot(trial) + _failures(study, trial)
        return self._points[place % len(self._points)]

    def sample_independent(
        self,
        study: Study,
        trial: FrozenTrial,
        param_name: str,
        param_distribution: BaseDistribution,
    ) -> Any:
        """The slot's value of one parameter."""
        return self.sample_relative(study, trial, {})[param_name]


class SlotQMCSampler(QMCSampler):
    """Optuna's low-discrepancy sampler, with the slot as the number of the point.

    Args:
        distributions: of each parameter.
        arguments: of `optuna.samplers.QMCSampler`; the same seed in all workers.
    """

    def __init__(self, distributions: Mapping[str, BaseDistribution], **arguments: Any) -> None:
        super().__init__(**arguments)
        self._distributions = {name: one for name, one in distributions.items() if not one.single()}
        self._number = 0

    def infer_relative_search_space(
        self, study: Study, trial: FrozenTrial
    ) -> dict[str, BaseDistribution]:
        """All parameters that vary, from the first trial on."""
        return self._distributions

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """The slot's point."""
        self._number = _slot(trial) + _FURTHER * _failures(study, trial)
        return super().sample_relative(study, trial, search_space)

    def _find_sample_id(self, study: Study, search_space: dict[str, BaseDistribution]) -> int:
        return self._number


def _slot(trial: FrozenTrial) -> int:
    return int(trial.user_attrs.get(SLOT, trial.number))


def _failures(study: Study, trial: FrozenTrial) -> int:
    """How many trials of the same slot failed by themselves before this one."""
    # Not `study.get_trials`, which under Hyperband shows those of one bracket alone.
    trials = study._storage.get_all_trials(study._study_id, deepcopy=False)
    return sum(
        failed.number < trial.number and _slot(failed) == _slot(trial)
        for failed in failures_in(trials)
    )
