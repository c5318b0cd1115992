"""What many workers ask of PostgreSQL, against Optuna's own answers from the same tables."""

import math
import threading
from collections.abc import Iterator
from pathlib import Path

import optuna
import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.exceptions import UpdateFinishedTrialError
from optuna.storages import BaseStorage, RDBStorage
from optuna.trial import FrozenTrial, TrialState, create_trial

from latentsweep.config.sweep import PostgreSQLStorageConfig
from latentsweep.sweep.storage import open_storage

from .postgresql import PostgreSQL

SPACE = {
    "size": IntDistribution(2, 64, log=True),
    "beta": FloatDistribution(0.1, 32, log=True),
    "rate": FloatDistribution(0, 1),
    "network": CategoricalDistribution(("mlp", "conv")),
}
VALUES = {"size": 7, "beta": 2.0, "rate": 0.1 + 0.2, "network": "conv"}
AWKWARD = "50% of 'them' \\ \"é\" $1 :x %s"


@pytest.fixture
def config(postgresql: PostgreSQL) -> PostgreSQLStorageConfig:
    return PostgreSQLStorageConfig(url=postgresql.create_database())


@pytest.fixture
def storage(config: PostgreSQLStorageConfig, tmp_path: Path) -> BaseStorage:
    opened = open_storage(config, tmp_path)
    optuna.create_study(study_name="other", storage=opened).ask()
    optuna.create_study(study_name="study", storage=opened, directions=["maximize", "minimize"])
    return opened


@pytest.fixture
def optunas(config: PostgreSQLStorageConfig) -> Iterator[RDBStorage]:
    """Optuna's storage without a cache, on the same tables."""
    assert config.url is not None
    plain = RDBStorage(config.url.replace("postgresql://", "postgresql+psycopg://"))
    yield plain
    plain.engine.dispose()


def study_id(storage: BaseStorage) -> int:
    return storage.get_study_id_from_name("study")


def a_trial(state: TrialState) -> FrozenTrial:
    return create_trial(
        state=state,
        values=[math.inf, -2.5] if state == TrialState.COMPLETE else None,
        params=VALUES,
        distributions=SPACE,
        user_attrs={"slot": 3, "text": AWKWARD, "lease": None},
        system_attrs={"fixed_params": {"size": 7}},
        intermediate_values={2: math.nan, 1: -math.inf, 3: 1e-300, 5: 2.0},
    )


def assert_same(ours: list[FrozenTrial], theirs: list[FrozenTrial]) -> None:
    """Equal, where NaN equals NaN and what has no order is put in one."""
    for trial in (*ours, *theirs):
        trial.intermediate_values = dict(sorted(trial.intermediate_values.items()))
        trial.user_attrs = dict(sorted(trial.user_attrs.items()))
        trial.system_attrs = dict(sorted(trial.system_attrs.items()))
    assert [repr(trial) for trial in ours] == [repr(trial) for trial in theirs]


@pytest.mark.parametrize("states", [None, *([state] for state in TrialState)], ids=str)
def test_trials_are_those_that_optuna_reads(
    storage: BaseStorage, optunas: RDBStorage, states: list[TrialState] | None
) -> None:
    study = study_id(storage)
    ids = [storage.create_new_trial(study, a_trial(state)) for state in TrialState]
    for _ in range(2):
        theirs = optunas.get_all_trials(study, states=states)
        assert_same(storage.get_all_trials(study, states=states), theirs)
        assert theirs
        storage.set_trial_intermediate_value(ids[TrialState.RUNNING], 4, 0.25)
        storage.set_trial_user_attr(ids[TrialState.RUNNING], "text", AWKWARD * 2)
        storage.set_trial_system_attr(ids[TrialState.WAITING], "new", [1, {"a": AWKWARD}])
    for trial_id in ids:
        assert_same([storage.get_trial(trial_id)], [optunas.get_trial(trial_id)])


def test_trial_that_was_not_asked_for_is_there_when_it_is(
    storage: BaseStorage, optunas: RDBStorage
) -> None:
    study = study_id(storage)
    first, second, third = (storage.create_new_trial(study) for _ in range(3))
    assert storage.get_all_trials(study, states=[TrialState.COMPLETE]) == []
    optunas.set_trial_state_values(third, TrialState.COMPLETE, [1.0, 2.0])
    assert len(storage.get_all_trials(study, states=[TrialState.COMPLETE])) == 1
    optunas.set_trial_state_values(first, TrialState.FAIL)
    optunas.set_trial_user_attr(second, "slot", 1)
    assert_same(storage.get_all_trials(study), optunas.get_all_trials(study))


def test_blank_trial_is_added_as_optuna_adds_it(storage: BaseStorage, optunas: RDBStorage) -> None:
    study = study_id(storage)
    blank = create_trial(
        state=TrialState.WAITING,
        user_attrs={"slot": 0, "text": AWKWARD},
        system_attrs={"fixed_params": {"beta": 0.5}, "text": AWKWARD},
    )
    for adding in (storage, optunas):
        adding.create_new_trial(study, blank)
    ours, theirs = optunas.get_all_trials(study)
    assert (ours.number, theirs.number) == (0, 1)
    ours.number, ours._trial_id = theirs.number, theirs._trial_id
    assert ours == theirs


def test_trials_added_at_once_have_numbers_of_their_own(
    storage: BaseStorage, config: PostgreSQLStorageConfig, tmp_path: Path
) -> None:
    study, together = study_id(storage), threading.Barrier(4)
    blank = create_trial(state=TrialState.WAITING, user_attrs={"slot": 0})

    def add() -> None:
        own = open_storage(config, tmp_path)
        together.wait()
        for _ in range(25):
            own.create_new_trial(study, blank)

    threads = [threading.Thread(target=add) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    trials = storage.get_all_trials(study)
    assert [trial.number for trial in trials] == list(range(100))
    assert sorted(trial._trial_id for trial in trials) == [trial._trial_id for trial in trials]


def test_finished_trial_stays_as_it_is(storage: BaseStorage) -> None:
    study = study_id(storage)
    ended = storage.create_new_trial(study, a_trial(TrialState.COMPLETE))
    before = repr(storage.get_trial(ended))
    with pytest.raises(UpdateFinishedTrialError):
        storage.set_trial_user_attr(ended, "text", "late")
    with pytest.raises(UpdateFinishedTrialError):
        storage.set_trial_system_attr(ended, "text", "late")
    with pytest.raises(UpdateFinishedTrialError):
        storage.set_trial_intermediate_value(ended, 1, 0.0)
    assert repr(storage.get_trial(ended)) == before


def test_trial_that_is_not_there_is_a_key_error(storage: BaseStorage) -> None:
    with pytest.raises(KeyError):
        storage.get_trial(2**30)
    with pytest.raises(KeyError):
        storage.set_trial_user_attr(2**30, "text", "nowhere")
