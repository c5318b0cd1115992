"""The launcher on a real two-node Slurm: submits and returns; its workers survive what befalls."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from latentsweep.config.project import CONFIG_DIRECTORY, ROOT
from latentsweep.errors import LatentsweepError
from latentsweep.sweep import cluster
from latentsweep.training.slurm import check_partition

from .slurm import NODES, Cluster, wait_until

APP = ROOT / "tests" / "integration" / "small_app.py"
OTHER = {"0": "1", "1": "0"}


def run_app(directory: Path, *overrides: str) -> None:
    done = subprocess.run(
        [sys.executable, str(APP), "--multirun", "+worker=0,1", *overrides],
        cwd=directory,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


class Sweep:
    """Two workers of the small app on a cluster, one a node."""

    def __init__(self, slurm: Cluster, directory: Path, partition: str, *overrides: str) -> None:
        self.slurm, self.directory = slurm, directory
        run_app(
            directory,
            f"hydra.searchpath=[file://{CONFIG_DIRECTORY}]",
            *("hydra/launcher=latentsweep_slurm", f"hydra.launcher.partition={partition}"),
            *(f"hydra.sweep.dir={directory}", "hydra.launcher.cpus_per_task=2"),
            *overrides,
        )
        self.job = cluster.jobs_of(directory)[-1]

    def events(self) -> list[tuple[str, str, str, str]]:
        """What the workers said: worker, word, node, number of restarts."""
        path = self.directory / "events"
        lines = path.read_text().splitlines() if path.exists() else []
        return [(worker, word, node, n) for worker, word, node, n in map(str.split, lines)]

    def said(self, worker: str, word: str) -> list[str]:
        """On which nodes a worker said that, in order."""
        return [node for who, what, node, _ in self.events() if (who, what) == (worker, word)]

    def end(self) -> None:
        """Let the workers end, and wait for it."""
        (self.directory / "end").touch()
        wait_until(lambda: set(self.slurm.states(self.job).values()) == {"COMPLETED"}, 60)


@pytest.fixture
def submit(tmp_path: Path) -> Callable[..., Sweep]:
    def make(slurm: Cluster, partition: str, *overrides: str) -> Sweep:
        sweep = Sweep(slurm, tmp_path, partition, *overrides)
        wait_until(lambda: all(sweep.said(worker, "starts") for worker in "01"), 60)
        return sweep

    return make


def preempt(slurm: Cluster, sweep: Sweep) -> str:
    """Have another job take a node of the sweep's; the worker that has to go."""
    known = len(sweep.events())
    slurm.run("sbatch", "-p", "high", "-c2", "-o", "/dev/null", "--wrap", "sleep 1")
    wait_until(lambda: len(sweep.events()) > known, 60)
    return sweep.events()[-1][0]


def test_launcher_returns_while_the_workers_run(
    slurm: Cluster, submit: Callable[..., Sweep]
) -> None:
    sweep = submit(slurm, "normal")
    assert sweep.slurm.states(sweep.job) == {
        f"{sweep.job}_0": "RUNNING",
        f"{sweep.job}_1": "RUNNING",
    }
    assert {sweep.said(worker, "starts")[0] for worker in "01"} == set(NODES)
    workers = cluster.status(sweep.directory)
    assert [(worker.task, worker.state) for worker in workers] == [
        (f"{sweep.job}_0", "RUNNING"),
        (f"{sweep.job}_1", "RUNNING"),
    ]
    sweep.end()
    assert not any(worker.alive for worker in cluster.status(sweep.directory))


def test_second_submission_is_noted_beside_the_first(
    slurm: Cluster, submit: Callable[..., Sweep], tmp_path: Path
) -> None:
    submit(slurm, "normal").end()
    again = submit(slurm, "normal")
    assert len(cluster.jobs_of(tmp_path)) == 2
    again.end()
    assert len(cluster.status(tmp_path)) == 4


def test_cancelled_workers_end_and_stay_away(slurm: Cluster, submit: Callable[..., Sweep]) -> None:
    sweep = submit(slurm, "low", "+heeds=[SIGUSR2,SIGTERM]")
    assert cluster.cancel(sweep.directory) == [f"{sweep.job}_0", f"{sweep.job}_1"]
    wait_until(lambda: set(slurm.states(sweep.job).values()) == {"CANCELLED"}, 60)
    assert [sweep.said(worker, "leaves") != [] for worker in "01"] == [True, True]
    assert [sweep.said(worker, "requeues") for worker in "01"] == [[], []]
    assert cluster.cancel(sweep.directory) == []


def test_worker_of_a_crashed_node_goes_on_elsewhere(
    slurm: Cluster, submit: Callable[..., Sweep]
) -> None:
    sweep = submit(slurm, "normal", "hydra.launcher.cpus_per_task=1")
    node = sweep.said("0", "starts")[0]
    there = [worker for worker in "01" if sweep.said(worker, "starts") == [node]]
    slurm.crash_node(node)
    try:
        wait_until(lambda: all(len(sweep.said(w, "starts")) == 2 for w in there), 120)
        assert all(sweep.said(worker, "starts")[1] != node for worker in there)
        sweep.end()
    finally:
        slurm.start_node(node)
    crashed = [state for task, state in slurm.accounts(sweep.job) if task[-1] in there]
    assert sorted(crashed) == sorted(["COMPLETED", "NODE_FAIL"] * len(there))


def test_worker_that_fails_is_shown_as_failed(slurm: Cluster, tmp_path: Path) -> None:
    sweep = Sweep(slurm, tmp_path, "normal", "+heeds=[NO_SIGNAL]")
    wait_until(lambda: set(slurm.states(sweep.job).values()) == {"FAILED"}, 60)
    said = [path.read_text() for path in (tmp_path / "slurm").glob("*_log.err")]
    assert all("NO_SIGNAL" in text for text in said)
    assert len(said) == 2


def test_preempted_worker_is_told_and_queued_again(
    slurm: Cluster, submit: Callable[..., Sweep]
) -> None:
    sweep = submit(slurm, "low")
    gone = preempt(slurm, sweep)
    wait_until(lambda: len(sweep.said(gone, "starts")) == 2, 120)
    assert len(sweep.said(gone, "requeues")) == 1
    assert sweep.said(OTHER[gone], "requeues") == []
    assert [n for who, what, _, n in sweep.events() if (who, what) == (gone, "starts")] == [
        "0",
        "1",
    ]
    sweep.end()


def test_preempted_worker_that_is_told_by_sigterm_alone_is_queued_again(
    slurm_without_user_signal: Cluster, submit: Callable[..., Sweep]
) -> None:
    sweep = submit(slurm_without_user_signal, "low", "+heeds=[SIGUSR2,SIGTERM]")
    gone = preempt(slurm_without_user_signal, sweep)
    wait_until(lambda: len(sweep.said(gone, "starts")) == 2, 120)
    assert sweep.said(gone, "SIGUSR2") == []
    assert len(sweep.said(gone, "requeues")) == 1
    sweep.end()


def test_worker_whose_time_is_over_is_queued_again(
    slurm: Cluster, submit: Callable[..., Sweep]
) -> None:
    # Of a minute, 55 s: Slurm warns at its next look, within seconds of the start.
    limits = ["hydra.launcher.timeout_min=1", "hydra.launcher.signal_delay_s=55"]
    sweep = submit(slurm, "normal", *limits)
    wait_until(lambda: all(len(sweep.said(w, "starts")) >= 2 for w in "01"), 120)
    assert all(sweep.said(worker, "requeues") for worker in "01")
    sweep.end()


def test_workers_that_squeue_has_forgotten_are_known_from_accounting(
    slurm: Cluster,
    submit: Callable[..., Sweep],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sweep = submit(slurm, "normal")
    sweep.end()
    ended = [(f"{sweep.job}_{n}", "COMPLETED") for n in (0, 1)]
    wait_until(lambda: sorted(slurm.accounts(sweep.job)) == ended, 60)
    forgetful = tmp_path / "squeue"
    forgetful.write_text("#!/bin/sh\n")
    forgetful.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    workers = cluster.status(sweep.directory)
    assert [(worker.task, worker.state) for worker in workers] == ended
    assert {worker.node for worker in workers} == set(NODES)


@pytest.mark.usefixtures("slurm")
def test_partition_that_does_not_exist_is_told_with_those_that_do() -> None:
    check_partition(None)
    check_partition("low")
    with pytest.raises(LatentsweepError, match="high, low, normal"):
        check_partition("fast")


def test_array_that_slurm_refuses_is_one_message(slurm: Cluster, tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="Slurm refuses the job"):
        Sweep(slurm, tmp_path, "nowhere")
    assert cluster.jobs_of(tmp_path) == []


@pytest.mark.usefixtures("slurm")
def test_stock_launcher_of_submitit_works_beside_it(tmp_path: Path) -> None:
    (tmp_path / "end").touch()
    overrides = ["hydra/launcher=submitit_slurm", "hydra.launcher.partition=normal"]
    run_app(tmp_path, f"hydra.sweep.dir={tmp_path}", *overrides)
    said = sorted(line.split()[:2] for line in (tmp_path / "events").read_text().splitlines())
    assert said == [["0", "ends"], ["0", "starts"], ["1", "ends"], ["1", "starts"]]
