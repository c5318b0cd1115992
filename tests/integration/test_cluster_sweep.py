"""A whole sweep on a real two-node Slurm with a real PostgreSQL, in which a node crashes."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from optuna.trial import FrozenTrial, TrialState

from latentsweep.sweep.attributes import CONTINUES, RUN, SLOT
from latentsweep.sweep.database_address import URL_VARIABLE
from latentsweep.sweep.slot import FINISHED

from .cluster_sweep import ClusterSweep, files_with, node_of, run
from .conftest import use
from .postgresql import PASSWORD, PostgreSQL
from .slurm import Cluster, wait_until

EPOCHS, TRIALS = 100, 8


@dataclass
class Survivor:
    """A sweep that has ended, and the trials during which something befell their workers."""

    sweep: ClusterSweep
    preempted: int
    crashed: int


@pytest.fixture(scope="module")
def survivor(
    session_cluster: Cluster, postgresql: PostgreSQL, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Survivor]:
    """Has a worker pre-empted in the middle of a trial, then crashes a node in another."""
    url = postgresql.socket_url(postgresql.create_database())
    with pytest.MonkeyPatch.context() as patch:
        use(session_cluster, patch)
        patch.setenv(URL_VARIABLE, url)
        sweep = ClusterSweep(tmp_path_factory.mktemp("sweep"), session_cluster)
        sweep.submit(
            *(f"trainer.max_epochs={EPOCHS}", f"sweep.n_trials={TRIALS}"),
            *("pruner=median", "sweep.pruner.n_startup_trials=2", "sweep.pruner.n_warmup_steps=60"),
        )
        wait_until(lambda: len(sweep.running(3, 40)) == 2, 120)
        preempted = min(sweep.running(3, EPOCHS), key=epochs)
        preempt(session_cluster, preempted)
        wait_until(lambda: "PENDING" in sweep.states(), 60)
        wait_until(lambda: sweep.states() == {"RUNNING"}, 120)
        wait_until(lambda: any(t.number != preempted.number for t in sweep.running(3, 60)), 60)
        (crashed,) = [t for t in sweep.running(3, EPOCHS) if t.number != preempted.number][:1]
        session_cluster.crash_node(node_of(crashed))
        wait_until(lambda: sweep.study.trials[crashed.number].state.is_finished(), 120)
        session_cluster.start_node(node_of(crashed))
        wait_until(sweep.has_left, 240)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(URL_VARIABLE, url)
        yield Survivor(sweep, preempted.number, crashed.number)
        session_cluster.cancel_all()


def parent_in(runs: list[dict[str, Any]]) -> dict[str, Any]:
    """The sweep's own run."""
    (parent,) = [run for run in runs if run["tags"].get("latentsweep.kind") == "sweep"]
    return parent


def parent_status(sweep: ClusterSweep) -> str:
    return str(parent_in(sweep.runs())["status"])


def epochs(trial: FrozenTrial) -> int:
    return len(trial.intermediate_values)


def preempt(slurm: Cluster, trial: FrozenTrial) -> None:
    """Have an urgent job take the node on which a trial runs."""
    urgent = ("-p", "high", "-c2", "-w", node_of(trial), "-o", "/dev/null")
    slurm.run("sbatch", *urgent, "--wrap", "sleep 1")


def test_every_slot_is_filled_once(survivor: Survivor) -> None:
    finished = survivor.sweep.trials(*FINISHED)
    assert sorted(trial.user_attrs[SLOT] for trial in finished) == list(range(TRIALS))


def test_trial_of_a_crashed_node_is_taken_up_from_its_checkpoint(survivor: Survivor) -> None:
    trials = survivor.sweep.study.trials
    crashed = trials[survivor.crashed]
    assert crashed.state == TrialState.FAIL
    (again,) = [t for t in trials if t.user_attrs.get(CONTINUES) == crashed.number]
    assert again.params == crashed.params
    assert again.user_attrs[RUN] == crashed.user_attrs[RUN]
    assert again.state in FINISHED
    assert any("last.ckpt" in attempt for attempt in survivor.sweep.attempts(again))


def test_preempted_worker_hands_its_trial_back(survivor: Survivor) -> None:
    # The same trial goes on; only one that was lost is followed by another.
    preempted = survivor.sweep.study.trials[survivor.preempted]
    assert preempted.state in FINISHED
    first, *_, last = survivor.sweep.attempts(preempted)
    assert "last.ckpt" not in first
    assert "last.ckpt" in last
    assert "pre-empted" in survivor.sweep.chain(preempted)


def test_every_trial_is_in_mlflow_once_under_the_one_parent(survivor: Survivor) -> None:
    runs = survivor.sweep.runs()
    parent = parent_in(runs)
    children = [run for run in runs if run is not parent]
    assert len(children) == TRIALS
    assert {run["tags"]["mlflow.parentRunId"] for run in children} == {parent["id"]}
    assert {run["status"] for run in runs} == {"FINISHED"}
    finished = survivor.sweep.trials(*FINISHED)
    told = {run["tags"]["optuna.trial.number"]: run["tags"] for run in children}
    assert {number: tags["optuna.trial.state"] for number, tags in told.items()} == {
        str(trial.number): trial.state.name for trial in finished
    }


def test_every_validation_is_in_mlflow_once(survivor: Survivor) -> None:
    reported = {str(t.number): epochs(t) for t in survivor.sweep.trials(*FINISHED)}
    for held in survivor.sweep.runs():
        points = Counter(tuple(point) for point in held["points"])
        assert set(points.values()) <= {1}
        if "optuna.trial.number" in held["tags"]:
            validations = [point for point in points if point[0] == "val/elbo"]
            assert len(validations) == reported[held["tags"]["optuna.trial.number"]]


def test_last_worker_ends_the_parent_run_with_its_report(survivor: Survivor) -> None:
    parent = parent_in(survivor.sweep.runs())
    assert {"report.html", "best.yaml", "sweep.yaml"} <= set(parent["artifacts"])
    assert (survivor.sweep.sweep / "report.html").exists()


def test_password_is_nowhere_on_disk(survivor: Survivor) -> None:
    assert (survivor.sweep.directory / "mlflow.db").exists()
    assert files_with(PASSWORD, survivor.sweep.directory) == []


@pytest.mark.usefixtures("slurm")
@pytest.mark.parametrize("action", ["status", "follow"])
def test_ended_sweep_is_shown_with_its_workers(survivor: Survivor, action: str) -> None:
    done = run(survivor.sweep.directory, "sweep_control.py", action)
    assert done.returncode == 0, done.stderr
    assert f"{TRIALS} of {TRIALS} trials finished" in done.stdout
    assert done.stdout.count("COMPLETED") >= 1


def test_cancelled_sweep_goes_on_by_the_same_command(
    slurm: Cluster, postgresql: PostgreSQL, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(URL_VARIABLE, postgresql.socket_url(postgresql.create_database()))
    sweep = ClusterSweep(tmp_path, slurm)
    # Long enough for three commands to start on a busy machine before the trials are over.
    overrides = ("trainer.max_epochs=500", "sweep.n_trials=2", "pruner=none")
    sweep.submit(*overrides)
    wait_until(lambda: len(sweep.running(1, 500)) == 2, 120)
    assert parent_status(sweep) == "RUNNING"
    assert "2 running" in run(tmp_path, "sweep_control.py", "status").stdout
    assert "2 workers cancelled" in run(tmp_path, "sweep_control.py", "cancel").stdout
    wait_until(sweep.has_left, 60)
    assert sweep.states() == {"CANCELLED"}
    assert [trial.state for trial in sweep.study.trials] == [TrialState.WAITING] * 2
    assert parent_status(sweep) == "KILLED"
    sweep.submit(*overrides)
    wait_until(sweep.has_left, 240)
    assert [trial.state for trial in sweep.study.trials] == [TrialState.COMPLETE] * 2
    assert all("last.ckpt" in sweep.attempts(trial)[1] for trial in sweep.study.trials)
    assert {run["status"] for run in sweep.runs()} == {"FINISHED"}


def test_worker_that_is_preempted_by_sigterm_alone_comes_back(
    slurm_without_user_signal: Cluster,
    postgresql: PostgreSQL,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(URL_VARIABLE, postgresql.socket_url(postgresql.create_database()))
    sweep = ClusterSweep(tmp_path, slurm_without_user_signal)
    sweep.submit("trainer.max_epochs=250", "sweep.n_trials=2", "pruner=none", "tracking=off")
    wait_until(lambda: len(sweep.running(3, 250)) == 2, 120)
    urgent = ("-p", "high", "-c2", "-N2", "-o", "/dev/null")
    slurm_without_user_signal.run("sbatch", *urgent, "--wrap", "sleep 1")
    wait_until(lambda: sweep.states() == {"PENDING"}, 60)
    assert [trial.state for trial in sweep.study.trials] == [TrialState.WAITING] * 2
    wait_until(sweep.has_left, 120)
    assert [trial.state for trial in sweep.study.trials] == [TrialState.COMPLETE] * 2
