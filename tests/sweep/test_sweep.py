"""Whole sweeps: n trials, whatever happens to the workers."""

import os
import re
import signal
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import optuna
import pytest
from optuna.trial import FrozenTrial, TrialState

from latentsweep.errors import ConfigError
from latentsweep.sweep.attributes import CONTINUES, FAILURE, LEASE, METRICS, RUN, SLOT
from latentsweep.sweep.slot import slots_of
from latentsweep.tracking.journal import JOURNAL_NAME, read_journal
from latentsweep.tracking.records import Metrics

from .conftest import Sweep, begin, study_in

LONG = ("trainer.max_epochs=60", "sweep.n_trials=2", "pruner=none")


def finished(study: optuna.Study) -> list[FrozenTrial]:
    return [t for t in study.trials if t.state in (TrialState.COMPLETE, TrialState.PRUNED)]


def wait_for(directory: Path, happens: Callable[[optuna.Study], bool]) -> optuna.Study:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        try:
            study = study_in(directory)
        except (ConfigError, KeyError):
            continue
        if happens(study):
            return study
    raise TimeoutError(f"{[(t.number, t.state, t.user_attrs) for t in study_in(directory).trials]}")


def at_epoch(epoch: int, trials: int) -> Callable[[optuna.Study], bool]:
    def reached(study: optuna.Study) -> bool:
        running = [t for t in study.trials if t.state == TrialState.RUNNING]
        return len(running) == trials and all(len(t.intermediate_values) >= epoch for t in running)

    return reached


def workers_of(study: optuna.Study) -> list[int]:
    """Process ids of those who run a trial; which trials these are is left to chance."""
    running = [trial for trial in study.trials if trial.state == TrialState.RUNNING]
    return [trial.user_attrs[LEASE]["pid"] for trial in running]


def recorded_epochs(directory: Path, trial: FrozenTrial) -> Counter[int]:
    journal = directory / "sweeps" / "small" / trial.user_attrs[RUN] / JOURNAL_NAME
    points = [record for record, _ in read_journal(journal) if isinstance(record, Metrics)]
    return Counter(point.step for point in points if "val/elbo" in point.values)


def test_sweep_runs_exactly_n_trials_and_shows_the_best(sweep: Sweep, tmp_path: Path) -> None:
    done = sweep()
    assert done.returncode == 0, done.stderr
    study = study_in(tmp_path)
    assert len(finished(study)) == 4
    assert {t.user_attrs[SLOT] for t in finished(study)} == set(range(4))
    best = study.best_trial
    assert best.value == best.user_attrs[METRICS]["val/elbo"]
    assert f"{best.value:.2f}" in done.stdout
    assert (tmp_path / "sweeps" / "small" / "report.html").exists()
    assert (tmp_path / "sweeps" / "small" / "best.yaml").exists()
    assert "Warning" not in done.stderr
    assert not list(tmp_path.glob("runs")), "trials lie in the sweep's own directory"


def test_same_command_goes_on_and_a_larger_total_extends(sweep: Sweep, tmp_path: Path) -> None:
    assert sweep("sweep.n_trials=2").returncode == 0
    first = [t.params for t in study_in(tmp_path).trials]
    assert sweep("sweep.n_trials=2").returncode == 0
    assert [t.params for t in study_in(tmp_path).trials] == first
    assert sweep("sweep.n_trials=3").returncode == 0
    assert [t.params for t in study_in(tmp_path).trials][:2] == first
    assert len(finished(study_in(tmp_path))) == 3


def test_one_worker_with_one_seed_searches_the_same(sweep: Sweep, tmp_path: Path) -> None:
    alone = ("sweep.workers=1", "sweep.sampler.n_startup_trials=2")
    for name in ("a", "b"):
        assert sweep(*alone, f"sweep.study={name}").returncode == 0
    values = [[(t.params, t.value) for t in study_in(tmp_path, name).trials] for name in ("a", "b")]
    assert values[0] == values[1]


def test_trial_of_a_killed_worker_goes_on_from_its_checkpoint(tmp_path: Path) -> None:
    process = begin(tmp_path, *LONG)
    study = wait_for(tmp_path, at_epoch(5, 2))
    killed = study.trials[0]
    os.kill(killed.user_attrs[LEASE]["pid"], signal.SIGKILL)
    output, errors = process.communicate(timeout=300)
    assert process.returncode == 0, errors
    assert len(finished(study)) == 2, output
    (again,) = [t for t in study.trials if t.user_attrs.get(CONTINUES) == killed.number]
    assert again.params == killed.params
    assert again.user_attrs[RUN] == study.trials[0].user_attrs[RUN]
    assert set(recorded_epochs(tmp_path, again).values()) == {1}
    assert len(recorded_epochs(tmp_path, again)) == 60
    (provenance,) = [
        tmp_path / "sweeps" / "small" / again.user_attrs[RUN] / "files" / "provenance-2.json"
    ]
    assert "last.ckpt" in provenance.read_text(), "the second attempt began from a checkpoint"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_sweep_asked_to_stop_hands_its_trials_back_and_goes_on(
    sweep: Sweep, tmp_path: Path, number: signal.Signals
) -> None:
    process = begin(tmp_path, *LONG)
    wait_for(tmp_path, at_epoch(3, 2))
    process.send_signal(number)
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 128 + number
    assert "the same command goes on" in errors
    assert "Traceback" not in errors
    states = [
        slot.current.state for slot in slots_of(study_in(tmp_path).trials).values() if slot.current
    ]
    assert states == [TrialState.WAITING] * 2
    done = sweep(*LONG)
    assert done.returncode == 0, done.stderr
    trials = finished(study_in(tmp_path))
    assert len(study_in(tmp_path).trials) == 2
    assert all(set(recorded_epochs(tmp_path, t).values()) == {1} for t in trials)


def test_sweep_whose_every_process_was_killed_goes_on(sweep: Sweep, tmp_path: Path) -> None:
    process = begin(tmp_path, *LONG)
    study = wait_for(tmp_path, at_epoch(3, 2))
    for pid in [process.pid, *workers_of(study)]:
        os.kill(pid, signal.SIGKILL)
    process.communicate(timeout=60)
    done = sweep(*LONG)
    assert done.returncode == 0, done.stderr
    trials = finished(study_in(tmp_path))
    assert len(trials) == 2
    assert all(CONTINUES in t.user_attrs for t in trials)


def test_frozen_worker_keeps_no_other_from_working(tmp_path: Path) -> None:
    three = ("sweep.n_trials=3", "trainer.max_epochs=30", "sweep.lease_seconds=1", "pruner=none")
    process = begin(tmp_path, *three)
    study = wait_for(tmp_path, at_epoch(2, 2))
    (pid, _) = workers_of(study)
    os.kill(pid, signal.SIGSTOP)
    try:
        wait_for(tmp_path, lambda study: len(finished(study)) == 2)
    finally:
        os.kill(pid, signal.SIGCONT)
    _, errors = process.communicate(timeout=300)
    assert process.returncode == 0, errors
    assert len(finished(study)) == 3
    assert all(set(recorded_epochs(tmp_path, t).values()) == {1} for t in finished(study))


def test_second_request_to_stop_ends_at_once(tmp_path: Path) -> None:
    process = begin(tmp_path, *LONG)
    study = wait_for(tmp_path, at_epoch(2, 2))
    pids = workers_of(study)
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)  # so that the first request cannot end it
    process.send_signal(signal.SIGINT)
    assert process.stderr is not None
    assert process.stderr.readline().startswith("stopping: ")
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 128 + signal.SIGINT
    assert "the same command goes on" in errors
    assert not any(Path(f"/proc/{pid}").exists() for pid in pids)


def test_stop_is_passed_on_though_the_terminal_is_gone(tmp_path: Path) -> None:
    process = begin(tmp_path, *LONG)
    wait_for(tmp_path, at_epoch(2, 2))
    assert process.stderr is not None
    assert process.stdout is not None
    process.stderr.close()
    process.stdout.close()
    process.send_signal(signal.SIGHUP)
    process.wait(timeout=120)
    current = [slot.current for slot in slots_of(study_in(tmp_path).trials).values()]
    assert [trial.state for trial in current if trial] == [TrialState.WAITING] * 2


def test_failing_trials_are_told_and_stop_the_sweep(sweep: Sweep, tmp_path: Path) -> None:
    done = sweep("optimizer.learning_rate=1e20", "sweep.n_trials=12")
    assert done.returncode == 1
    assert "too many trials fail" in done.stderr
    assert "Traceback" not in done.stderr
    failures = [t for t in study_in(tmp_path).trials if t.state == TrialState.FAIL]
    assert 6 <= len(failures) <= 8
    assert all("no finite number" in t.user_attrs[FAILURE] for t in failures)
    run = tmp_path / "sweeps" / "small" / failures[0].user_attrs[RUN]
    assert "NonFiniteLossError" in (run / "files" / "traceback.txt").read_text()


def test_bad_trials_are_pruned_and_count(sweep: Sweep, tmp_path: Path) -> None:
    done = sweep(
        "sweep.n_trials=8",
        "trainer.max_epochs=6",
        "pruner=median",
        "sweep.pruner.n_startup_trials=1",
        "model.beta=choice(0.1,30)",
        "likelihood=gaussian",
    )
    assert done.returncode == 0, done.stderr
    trials = finished(study_in(tmp_path))
    pruned = [t for t in trials if t.state == TrialState.PRUNED]
    assert len(trials) == 8
    assert pruned
    assert all(max(recorded_epochs(tmp_path, t).values()) == 1 for t in pruned)
    assert re.search(rf"{len(pruned)} pruned", done.stdout)


def test_study_that_searches_something_else_is_refused(sweep: Sweep, tmp_path: Path) -> None:
    assert sweep("sweep.n_trials=1").returncode == 0
    before = [t.params for t in study_in(tmp_path).trials]
    done = sweep("model.beta=interval(1,2)")
    assert done.returncode == 2
    assert "model.beta" in done.stderr
    assert [t.params for t in study_in(tmp_path).trials] == before
