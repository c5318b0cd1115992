"""The queue: n trials, whatever dies, on a journal file."""

import multiprocessing
import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import optuna
import pytest
from optuna.storages.journal import JournalFileBackend
from optuna.trial import FrozenTrial, TrialState

from latentsweep.errors import ConfigError
from latentsweep.sweep import lease
from latentsweep.sweep.attributes import (
    ATTEMPT,
    CONTINUES,
    FAILURE,
    LEASE,
    N_TRIALS,
    SLOT,
    STINTS,
    STOPPED,
)
from latentsweep.sweep.empty_slots import EmptySlots
from latentsweep.sweep.failures import failures_in
from latentsweep.sweep.lease import WorkerIdentity
from latentsweep.sweep.limits import Limits
from latentsweep.sweep.queue import Queue
from latentsweep.sweep.slot import slots_of

LIMITS = Limits(lease_seconds=30.0, max_resumptions=2, max_failure_rate=0.5)
STUDY = "study"
FAR = {"host": "another machine", "pid": 1, "started": 0, "beat": 0}
DEAD = {"host": WorkerIdentity.of_this_process().host, "pid": 2**30, "started": 0, "beat": 0}


def storage(directory: Path) -> optuna.storages.JournalStorage:
    return optuna.storages.JournalStorage(JournalFileBackend(str(directory / "study.log")))


def study(directory: Path, n_trials: int) -> optuna.Study:
    made = optuna.create_study(study_name=STUDY, storage=storage(directory), load_if_exists=True)
    made.set_user_attr(N_TRIALS, n_trials)
    return made


def queue(directory: Path, limits: Limits = LIMITS, workers: int = 1) -> Queue:
    return Queue(storage(directory), STUDY, limits, workers)


def finish(queue: Queue, trial_id: int, value: float = 1.0) -> None:
    queue.let_go()
    queue.storage.set_trial_state_values(trial_id, TrialState.COMPLETE, [value])


def work_to_the_end(queue: Queue) -> list[int]:
    done = []
    while not queue.is_finished():
        trial = queue.claim()
        if trial is not None:
            finish(queue, trial._trial_id)
            done.append(trial.user_attrs[SLOT])
    return done


def abandoned(queue: Queue, lease: Mapping[str, Any]) -> FrozenTrial:
    """A trial that this queue has claimed, as one with such a lease would leave it that dies."""
    claimed = queue.claim()
    assert claimed is not None
    queue.let_go()
    queue.storage.set_trial_user_attr(claimed._trial_id, LEASE, lease)
    return claimed


def test_slots_are_claimed_in_their_order_and_exactly_n_trials_are_run(tmp_path: Path) -> None:
    made = study(tmp_path, 40)
    worker = queue(tmp_path)
    worker.open_slots()
    assert work_to_the_end(worker) == list(range(40))
    assert worker.claim() is None
    assert len(made.trials) == 40


def test_values_to_try_first_come_first(tmp_path: Path) -> None:
    study(tmp_path, 3)
    worker = queue(tmp_path)
    worker.open_slots(({"x": 0.25}, {"x": 0.75}))
    first = worker.claim()
    assert first is not None
    assert first.system_attrs["fixed_params"] == {"x": 0.25}


def test_values_given_later_are_tried_next_and_only_once(tmp_path: Path) -> None:
    study(tmp_path, 4)
    worker = queue(tmp_path)
    worker.open_slots(({"x": 0.25},))
    first = worker.claim()
    assert first is not None
    finish(worker, first._trial_id)
    worker.open_slots(({"x": 0.25}, {"x": 0.5}))
    second, third = worker.claim(), worker.claim()
    assert second is not None
    assert third is not None
    assert second.system_attrs["fixed_params"] == {"x": 0.5}
    assert third.system_attrs == {}


def test_values_for_which_no_trial_is_left_are_refused(tmp_path: Path) -> None:
    study(tmp_path, 1)
    worker = queue(tmp_path)
    worker.open_slots()
    work_to_the_end(worker)
    with pytest.raises(ConfigError, match="no trial is left"):
        worker.open_slots(({"x": 0.25},))


def test_trial_set_aside_is_left_to_others_and_costs_no_resumption(tmp_path: Path) -> None:
    study(tmp_path, 2)
    worker = queue(tmp_path)
    worker.open_slots()
    first = worker.claim()
    assert first is not None
    worker.set_aside(first._trial_id, "busy")
    second = worker.claim()
    assert second is not None
    assert second.user_attrs[SLOT] != first.user_attrs[SLOT], "it does something else meanwhile"
    other = queue(tmp_path).claim()
    assert other is not None
    assert (other.user_attrs[CONTINUES], other.user_attrs[ATTEMPT]) == (first.number, 0)


def test_sweep_ends_though_every_failure_is_tolerated(tmp_path: Path) -> None:
    made = study(tmp_path, 3)
    limits = Limits(lease_seconds=30.0, max_resumptions=2, max_failure_rate=1.0)
    worker = queue(tmp_path, limits)
    worker.open_slots()
    while (trial := worker.claim()) is not None:
        worker.fail(trial._trial_id, "NaN")
    assert len(failures_in(made.trials)) == 10


def test_starting_again_opens_no_slot_twice_and_a_larger_total_extends(tmp_path: Path) -> None:
    made = study(tmp_path, 3)
    worker = queue(tmp_path)
    worker.open_slots()
    worker.open_slots()
    assert len(made.trials) == 3
    work_to_the_end(worker)
    made.set_user_attr(N_TRIALS, 5)
    worker.open_slots()
    assert work_to_the_end(worker) == [3, 4]


def test_trial_of_a_dead_worker_is_taken_up_with_its_parameters_and_reports(
    tmp_path: Path,
) -> None:
    made = study(tmp_path, 1)
    queue(tmp_path).open_slots()
    context = multiprocessing.get_context("fork")
    ready = context.Event()

    def die() -> None:
        doomed = queue(tmp_path)
        claimed = doomed.claim()
        assert claimed is not None
        trial = optuna.Trial(optuna.load_study(study_name=STUDY, storage=doomed.storage), 0)
        trial.suggest_float("x", 0, 1)
        trial.report(7.0, 1)
        ready.set()
        signal.pause()

    process = context.Process(target=die)
    process.start()
    assert ready.wait(30)
    survivor = queue(tmp_path)
    assert survivor.claim() is None, "the worker lives"
    os.kill(process.pid or 0, signal.SIGKILL)
    process.join()
    taken_up = survivor.claim()
    assert taken_up is not None
    lost = made.trials[0]
    assert taken_up.user_attrs[CONTINUES] == 0
    assert taken_up.params == lost.params
    assert taken_up.intermediate_values == {1: 7.0}
    assert lost.state == TrialState.FAIL
    assert failures_in(made.trials) == [], "to be taken up is no failure"


def test_worker_out_of_sight_loses_its_trial_when_its_lease_is_over(tmp_path: Path) -> None:
    study(tmp_path, 1)
    elsewhere = queue(tmp_path)
    elsewhere.open_slots()
    claimed = abandoned(elsewhere, FAR)
    limits = Limits(lease_seconds=0.2, max_resumptions=1, max_failure_rate=0.5)
    observer = queue(tmp_path, limits)
    taken_up = None
    claims = 0
    while taken_up is None:
        taken_up = observer.claim()
        claims += 1
    assert claims > 1, "a lease counts from when it was first seen"
    assert taken_up.user_attrs[CONTINUES] == claimed.number


def test_living_worker_in_sight_keeps_a_trial_whose_lease_is_old(tmp_path: Path) -> None:
    study(tmp_path, 1)
    limits = Limits(lease_seconds=0.1, max_resumptions=1, max_failure_rate=0.5)
    busy, observer = queue(tmp_path), queue(tmp_path, limits)
    busy.open_slots()
    abandoned(busy, busy.worker.lease(1))
    began = time.monotonic()
    assert observer.claim() is None
    while observer.claim() is None:
        pass
    assert time.monotonic() - began > 5 * limits.lease_seconds, "a hung worker loses it at last"


def test_trial_that_kills_every_worker_fails_and_its_slot_is_opened_again(tmp_path: Path) -> None:
    made = study(tmp_path, 4)
    worker = queue(tmp_path)
    worker.open_slots()
    for _ in range(LIMITS.max_resumptions + 1):
        abandoned(worker, DEAD)
    fresh = worker.claim()
    assert fresh is not None
    assert CONTINUES not in fresh.user_attrs
    (failure,) = failures_in(made.trials)
    assert failure.user_attrs[FAILURE] == "its worker died 3 times"


def test_failure_counts_once_though_its_worker_dies_while_it_says_so(tmp_path: Path) -> None:
    made = study(tmp_path, 2)
    worker = queue(tmp_path)
    worker.open_slots()
    claimed = abandoned(worker, DEAD)
    worker.storage.set_trial_user_attr(claimed._trial_id, FAILURE, "NaN in the loss")
    assert sorted(work_to_the_end(worker)) == [0, 1]
    assert [trial.user_attrs[FAILURE] for trial in failures_in(made.trials)] == ["NaN in the loss"]
    assert not any(CONTINUES in trial.user_attrs for trial in made.trials)


def test_trial_handed_back_is_gone_on_with_by_the_next(tmp_path: Path) -> None:
    made = study(tmp_path, 1)
    leaver = queue(tmp_path)
    leaver.open_slots()
    claimed = leaver.claim()
    assert claimed is not None
    leaver.hand_back(claimed._trial_id)
    leaver.hand_back(claimed._trial_id)  # by the way out of a worker that is stopped twice
    again = queue(tmp_path).claim()
    assert again is not None
    assert again.number == claimed.number
    ((begin, end),) = made.trials[0].user_attrs[STINTS]
    assert 0 <= end - begin < 60, "the time that was worked on it is not forgotten"
    assert len(made.trials) == 1


def test_worker_whose_trial_was_taken_notices_and_cannot_end_it(tmp_path: Path) -> None:
    study(tmp_path, 1)
    worker = queue(tmp_path, Limits(lease_seconds=0.2, max_resumptions=1, max_failure_rate=0.5))
    worker.open_slots()
    told = threading.Event()
    claimed = worker.claim(on_lost=told.set)
    assert claimed is not None
    storage(tmp_path).set_trial_state_values(claimed._trial_id, TrialState.FAIL)
    assert told.wait(10)
    with pytest.raises(optuna.exceptions.UpdateFinishedTrialError):
        finish(worker, claimed._trial_id)


def test_living_worker_keeps_its_trial_beyond_its_first_lease(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study(tmp_path, 1)
    monkeypatch.setattr(lease, "_is_here", lambda _: False)  # as for workers elsewhere
    limits = Limits(lease_seconds=0.5, max_resumptions=1, max_failure_rate=0.5)
    worker, observer = queue(tmp_path, limits), queue(tmp_path, limits)
    worker.open_slots()
    claimed = worker.claim()
    assert claimed is not None
    until = time.monotonic() + 4 * limits.lease_seconds
    while time.monotonic() < until:
        assert observer.claim() is None
    assert storage(tmp_path).get_trial(claimed._trial_id).state == TrialState.RUNNING


def test_time_in_which_the_storage_was_away_makes_nobody_lost(tmp_path: Path) -> None:
    study(tmp_path, 1)
    limits = Limits(lease_seconds=1.0, max_resumptions=1, max_failure_rate=0.5)
    elsewhere, observer = queue(tmp_path), queue(tmp_path, limits)
    elsewhere.open_slots()
    claimed = abandoned(elsewhere, FAR)
    assert observer.claim() is None
    seen = observer._watch._seen
    seen.update({key: (beat, at - 10.0) for key, (beat, at) in seen.items()})
    with pytest.raises(ConnectionError), observer._contact.asking():
        raise ConnectionError  # as a storage does that is away
    assert observer.claim() is None, "its worker has had no chance since"
    taken_up = None
    while taken_up is None:
        taken_up = observer.claim()
    assert taken_up.user_attrs[CONTINUES] == claimed.number


def test_failed_trial_is_replaced_until_too_many_fail(tmp_path: Path) -> None:
    made = study(tmp_path, 20)
    worker = queue(tmp_path)
    worker.open_slots()
    failures = 0
    while (trial := worker.claim()) is not None:
        worker.fail(trial._trial_id, "NaN")
        failures += 1
    assert failures == 6, "more than half of the first ten"
    assert made.user_attrs[STOPPED] == "6 of 6 trials failed, the last one: NaN"


def test_one_failure_among_many_leaves_n_trials_finished(tmp_path: Path) -> None:
    made = study(tmp_path, 6)
    worker = queue(tmp_path)
    worker.open_slots()
    trial = worker.claim()
    assert trial is not None
    worker.fail(trial._trial_id, "NaN")
    assert sorted(work_to_the_end(worker)) == list(range(6))
    assert Counter(t.state for t in made.trials) == {TrialState.COMPLETE: 6, TrialState.FAIL: 1}


def test_larger_total_is_open_to_all_workers_at_once(tmp_path: Path) -> None:
    made = study(tmp_path, 30)
    worker = queue(tmp_path)
    worker.open_slots()
    work_to_the_end(worker)
    made.set_user_attr(N_TRIALS, 50)
    queue(tmp_path, workers=2).open_slots()
    waiting = [t for t in made.trials if t.state == TrialState.WAITING]
    assert len(waiting) == 18
    assert work_to_the_end(worker) == list(range(30, 50))


def test_slot_that_nobody_opened_is_opened_by_others_once_they_have_waited(tmp_path: Path) -> None:
    made = study(tmp_path, 3)
    limits = Limits(lease_seconds=0.2, max_resumptions=1, max_failure_rate=0.5)
    worker = queue(tmp_path, limits)
    worker._open(1, {})
    began = time.monotonic()
    assert worker.claim() is not None
    assert worker.claim() is None
    assert len(made.trials) == 1, "whoever is to open it may be slow"
    worker.let_go()
    worker.storage.set_trial_state_values(made.trials[0]._trial_id, TrialState.COMPLETE, [1.0])
    assert sorted(work_to_the_end(worker)) == [0, 2]
    assert time.monotonic() - began > limits.lease_seconds
    assert len(made.trials) == 3


def test_slot_is_left_to_whoever_claims_the_one_that_opens_it(tmp_path: Path) -> None:
    made = study(tmp_path, 40)
    worker, other = queue(tmp_path), queue(tmp_path)
    worker.open_slots()
    assert len(made.trials) == 17, "as many as are kept ahead, and one a worker"
    for claimant in (worker, other):
        assert claimant.claim() is not None
        claimant.let_go()
    observer = EmptySlots(LIMITS.lease_seconds, random.Random(0), workers=2)
    slots = slots_of(made.trials)
    assert list(slots) == list(range(18))
    assert observer.due(slots, 40, now=0.0) is None
    assert observer.due(slots, 40, now=1e6) is None


def test_second_trial_of_a_slot_is_never_run(tmp_path: Path) -> None:
    made = study(tmp_path, 2)
    worker = queue(tmp_path)
    worker.open_slots()
    worker._open(0, {})
    worker._open(1, {})
    assert sorted(work_to_the_end(worker)) == [0, 1]
    assert worker.claim() is None
    assert [trial.state for trial in made.trials[2:]] == [TrialState.WAITING] * 2


def work(directory: Path) -> None:
    work_to_the_end(queue(directory, workers=6))


def test_many_workers_run_every_trial_once(tmp_path: Path) -> None:
    made = study(tmp_path, 60)
    queue(tmp_path, workers=6).open_slots()
    context = multiprocessing.get_context("fork")
    workers = [context.Process(target=work, args=(tmp_path,)) for _ in range(6)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
        assert worker.exitcode == 0
    complete = [t.user_attrs[SLOT] for t in made.trials if t.state == TrialState.COMPLETE]
    assert sorted(complete) == list(range(60))
