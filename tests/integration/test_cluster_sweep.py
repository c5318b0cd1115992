"""A whole sweep on a real two-node Slurm with a real PostgreSQL, in which a node crashes."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from optuna.trial import TrialState

from latentsweep.sweep.attributes import ATTEMPT, CONTINUES, RUN, SLOT
from latentsweep.sweep.database_storage import URL_VARIABLE
from latentsweep.sweep.slots import FINISHED

from .cluster_sweep import ClusterSweep, files_with, node_of, run
from .conftest import use
from .postgresql import PASSWORD, PostgreSQL
from .slurm import NODES, Cluster, wait_until

EPOCHS, TRIALS = 60, 8


@dataclass
class Survivor:
    """A sweep that has ended, and the trials during which something befell their workers."""

    sweep: ClusterSweep
    crashed: int
    preempted: int


@pytest.fixture(scope="module")
def survivor(
    session_cluster: Cluster, postgresql: PostgreSQL, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Survivor]:
    """Crashes a node in the middle of a trial, then has a worker pre-empted in another."""
    with pytest.MonkeyPatch.context() as patch:
        use(session_cluster, patch)
        patch.setenv(URL_VARIABLE, postgresql.socket_url(postgresql.create_database()))
        sweep = ClusterSweep(tmp_path_factory.mktemp("sweep"), session_cluster)
        sweep.submit(
            *(f"trainer.max_epochs={EPOCHS}", f"sweep.n_trials={TRIALS}"),
            *("pruner=median", "sweep.pruner.n_startup_trials=2", "sweep.pruner.n_warmup_steps=30"),
        )
        wait_until(lambda: len(sweep.running(3, EPOCHS)) == 2, 120)
        crashed = min(sweep.running(3, EPOCHS), key=lambda trial: len(trial.intermediate_values))
        session_cluster.crash_node(node_of(crashed))
        wait_until(lambda: "PENDING" in sweep.states(), 120)
        session_cluster.start_node(node_of(crashed))
        wait_until(lambda: {*map(node_of, sweep.running(1, EPOCHS))} == set(NODES), 120)
        wait_until(lambda: bool(sweep.running(3, 20)), 60)
        (preempted, *_) = sweep.running(3, 20)
        urgent = ("-p", "high", "-c2", "-w", node_of(preempted), "-o", "/dev/null")
        session_cluster.run("sbatch", *urgent, "--wrap", "sleep 1")
        wait_until(sweep.has_left, 240)
        yield Survivor(sweep, crashed.number, preempted.number)
        session_cluster.cancel_all()


def test_every_slot_is_filled_once(survivor: Survivor) -> None:
    finished = survivor.sweep.trials(*FINISHED)
    assert sorted(trial.user_attrs[SLOT] for trial in finished) == list(range(TRIALS))
    assert survivor.sweep.states() == {"COMPLETED"}


def test_trial_of_a_crashed_node_is_taken_up_from_its_checkpoint(survivor: Survivor) -> None:
    trials = survivor.sweep.study.trials
    crashed = trials[survivor.crashed]
    assert crashed.state == TrialState.FAIL
    (again,) = [t for t in trials if t.user_attrs.get(CONTINUES) == crashed.number]
    assert again.params == crashed.params
    assert again.user_attrs[RUN] == crashed.user_attrs[RUN]
    assert again.state in FINISHED
    assert "last.ckpt" in survivor.sweep.attempts(again)[1]


def test_preempted_worker_hands_its_trial_back(survivor: Survivor) -> None:
    preempted = survivor.sweep.study.trials[survivor.preempted]
    assert preempted.state in FINISHED
    assert len(survivor.sweep.attempts(preempted)) == 2 + preempted.user_attrs.get(ATTEMPT, 0)
    assert "last.ckpt" in survivor.sweep.attempts(preempted)[-1]
    assert not [
        t for t in survivor.sweep.study.trials if t.user_attrs.get(CONTINUES) == preempted.number
    ]


def test_every_trial_is_in_mlflow_once_under_the_one_parent(survivor: Survivor) -> None:
    runs = survivor.sweep.runs()
    (parent,) = [run for run in runs if run["tags"].get("latentsweep.kind") == "sweep"]
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
    epochs = {str(t.number): len(t.intermediate_values) for t in survivor.sweep.trials(*FINISHED)}
    for held in survivor.sweep.runs():
        points = Counter(tuple(point) for point in held["points"])
        assert set(points.values()) <= {1}
        if "optuna.trial.number" in held["tags"]:
            validations = [point for point in points if point[0] == "val/elbo"]
            assert len(validations) == epochs[held["tags"]["optuna.trial.number"]]


def test_last_worker_ends_the_parent_run_with_its_report(survivor: Survivor) -> None:
    (parent,) = [r for r in survivor.sweep.runs() if r["tags"].get("latentsweep.kind") == "sweep"]
    assert {"report.html", "best.yaml", "sweep.yaml"} <= set(parent["artifacts"])
    assert (survivor.sweep.sweep / "report.html").exists()


def test_password_is_nowhere_on_disk(survivor: Survivor) -> None:
    assert (survivor.sweep.directory / "mlflow.db").exists()
    assert files_with(PASSWORD, survivor.sweep.directory) == []


@pytest.mark.usefixtures("slurm")
@pytest.mark.parametrize("action", ["status", "follow"])
def test_ended_sweep_is_shown_with_its_workers(
    survivor: Survivor, postgresql: PostgreSQL, monkeypatch: pytest.MonkeyPatch, action: str
) -> None:
    del postgresql, monkeypatch
    done = run(survivor.sweep.directory, "sweep_control.py", action)
    assert done.returncode == 0, done.stderr
    assert f"{TRIALS} of {TRIALS} trials finished" in done.stdout
    assert done.stdout.count("COMPLETED") == 2


def test_cancelled_sweep_goes_on_by_the_same_command(
    slurm: Cluster, postgresql: PostgreSQL, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(URL_VARIABLE, postgresql.socket_url(postgresql.create_database()))
    sweep = ClusterSweep(tmp_path, slurm)
    overrides = ("trainer.max_epochs=80", "sweep.n_trials=2", "pruner=none", "tracking=off")
    sweep.submit(*overrides)
    wait_until(lambda: len(sweep.running(3, 80)) == 2, 120)
    assert "2 running" in run(tmp_path, "sweep_control.py", "status").stdout
    assert "2 workers cancelled" in run(tmp_path, "sweep_control.py", "cancel").stdout
    wait_until(sweep.has_left, 60)
    assert sweep.states() == {"CANCELLED"}
    assert [trial.state for trial in sweep.study.trials] == [TrialState.WAITING] * 2
    sweep.submit(*overrides)
    wait_until(sweep.has_left, 120)
    assert [trial.state for trial in sweep.study.trials] == [TrialState.COMPLETE] * 2
    assert all("last.ckpt" in sweep.attempts(trial)[1] for trial in sweep.study.trials)


def test_worker_that_is_preempted_by_sigterm_alone_comes_back(
    slurm_without_user_signal: Cluster,
    postgresql: PostgreSQL,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(URL_VARIABLE, postgresql.socket_url(postgresql.create_database()))
    sweep = ClusterSweep(tmp_path, slurm_without_user_signal)
    sweep.submit("trainer.max_epochs=80", "sweep.n_trials=2", "pruner=none", "tracking=off")
    wait_until(lambda: len(sweep.running(3, 80)) == 2, 120)
    urgent = ("-p", "high", "-c2", "-N2", "-o", "/dev/null")
    slurm_without_user_signal.run("sbatch", *urgent, "--wrap", "sleep 1")
    wait_until(lambda: sweep.states() == {"PENDING"}, 60)
    assert [trial.state for trial in sweep.study.trials] == [TrialState.WAITING] * 2
    wait_until(sweep.has_left, 120)
    assert [trial.state for trial in sweep.study.trials] == [TrialState.COMPLETE] * 2
