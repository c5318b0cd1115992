"""Samplers keep all that they know in the storage: a fresh one a trial samples as well."""

import math
from pathlib import Path
from typing import Any

import optuna
import pytest
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import TrialState, create_trial
from scipy.stats import qmc

from latentsweep.sweep.attributes import FAILURE, SLOT
from latentsweep.sweep.samplers import SHARED_SEED, build_sampler
from latentsweep.sweep.space import SearchSpace

from .search_spaces import space_of

NUMBERS = space_of(
    {
        "model.beta": "tag(log,interval(0.1,32))",
        "optimizer.learning_rate": "tag(log,interval(0.0001,0.1))",
    }
)
GRID = space_of({"model.latent_size": "2,4,8", "model.beta": "range(0.5,2,0.5)"})


class Sweep:
    """A study whose trials are each sampled by a sampler of their own."""

    def __init__(self, path: Path, name: str, space: SearchSpace, objectives: int = 1) -> None:
        self.name, self.space, self.objectives = name, space, objectives
        self.storage = JournalStorage(JournalFileBackend(str(path)))
        optuna.create_study(
            study_name="s", storage=self.storage, directions=["minimize"] * objectives
        )

    def ask(self, slot: int) -> optuna.Trial:
        seed = 7 if self.name in SHARED_SEED else 1000 + slot
        sampler = build_sampler({"name": self.name}, seed, self.space, self.objectives)
        study = optuna.load_study(study_name="s", storage=self.storage, sampler=sampler)
        template = create_trial(state=TrialState.RUNNING, user_attrs={SLOT: slot})
        trial = optuna.Trial(study, study._storage.create_new_trial(study._study_id, template))
        self.space.suggest(trial)
        return trial

    def run(self, slot: int) -> dict[str, Any]:
        trial = self.ask(slot)
        value = sum((math.log(float(one)) + 1) ** 2 for one in trial.params.values())
        values = [value, trial.params["model.beta"]][: self.objectives]
        trial.study.tell(trial, values)
        return trial.params


@pytest.mark.parametrize(("name", "trials"), [("tpe", 40), ("cma_es", 60), ("gp", 18)])
def test_fresh_samplers_learn_from_each_other(name: str, trials: int, tmp_path: Path) -> None:
    sweep = Sweep(tmp_path / "study.log", name, NUMBERS)
    for slot in range(trials):
        sweep.run(slot)
    study = optuna.load_study(study_name="s", storage=sweep.storage)
    values = [trial.value for trial in study.trials if trial.value is not None]
    third = trials // 3
    assert sum(values[-third:]) < 0.7 * sum(values[:third])


def test_generations_of_nsga_ii_go_on_from_sampler_to_sampler(tmp_path: Path) -> None:
    sweep = Sweep(tmp_path / "study.log", "nsga_ii", NUMBERS, objectives=2)
    for slot in range(101):
        sweep.run(slot)
    study = optuna.load_study(study_name="s", storage=sweep.storage)
    (key,) = {key for key in study.trials[0].system_attrs if "generation" in key}
    generations = [trial.system_attrs[key] for trial in study.trials]
    assert [generations.count(number) for number in (0, 1, 2)] == [50, 50, 1]


def test_grid_gives_each_slot_its_own_point_whatever_the_order(tmp_path: Path) -> None:
    sweep = Sweep(tmp_path / "study.log", "grid", GRID)
    points = [tuple(sweep.run(slot).values()) for slot in (4, 0, 8, 1, 7, 2, 6, 3, 5)]
    assert len(set(points)) == 9


def test_point_that_failed_is_not_tried_again(tmp_path: Path) -> None:
    sweep = Sweep(tmp_path / "study.log", "grid", GRID)
    failed = sweep.ask(0)
    failed.set_user_attr(FAILURE, "NaN")
    failed.study.tell(failed, state=TrialState.FAIL)
    assert sweep.ask(0).params != failed.params


@pytest.mark.parametrize("kind", ["sobol", "halton"])
def test_low_discrepancy_points_are_numbered_by_slot(kind: str) -> None:
    space = space_of({"model.beta": "interval(0,1)", "model.free_bits": "interval(0,1)"})
    engine = (qmc.Sobol if kind == "sobol" else qmc.Halton)(2, scramble=False)
    expected = engine.random(8)
    sampler = build_sampler({"name": "qmc", "qmc_type": kind}, 7, space, 1)
    study = optuna.create_study(sampler=sampler)
    for slot in (5, 0, 7):
        template = create_trial(state=TrialState.RUNNING, user_attrs={SLOT: slot})
        trial = optuna.Trial(study, study._storage.create_new_trial(study._study_id, template))
        params = space.suggest(trial)
        assert sorted(params.values()) == pytest.approx(sorted(expected[slot]))  # type: ignore[type-var]


@pytest.mark.parametrize("name", ["tpe", "random", "cma_es", "nsga_ii"])
def test_trial_is_a_function_of_its_seed(name: str, tmp_path: Path) -> None:
    one = Sweep(tmp_path / "one.log", name, NUMBERS)
    other = Sweep(tmp_path / "other.log", name, NUMBERS)
    for slot in range(14):
        assert one.run(slot) == other.run(slot)
