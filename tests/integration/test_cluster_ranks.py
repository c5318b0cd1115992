"""One run on two nodes of a real Slurm: pre-empted, a rank killed, a node crashed, and the same."""

import json
import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from latentsweep.config.project import ROOT
from latentsweep.tracking.journal import JOURNAL_NAME
from tests.training.kill_and_resume import outcome

from .cluster_sweep import run
from .conftest import use
from .slurm import Cluster, wait_until

SMALL = (
    *("data=digits", "batch_size=128", "model.latent_size=3", "network.hidden_sizes=[32]"),
    *("trainer.max_epochs=300", "trainer.threads=1", "trainer.checkpoint_every_n_steps=20"),
    *("tracking.every_n_steps=1", "tracking.images_every_n_epochs=0"),
    *("tracking.system_metrics_every_seconds=0", "tracking.log_model=false"),
)


def made(*variables: str) -> list[str]:
    """The arguments that `make train` gives the command for these variables."""
    done = subprocess.run(
        ["make", "-n", "train", *variables], cwd=ROOT, capture_output=True, text=True, check=True
    )
    (line,) = [line for line in done.stdout.splitlines() if "pipelines/launch.py" in line]
    return shlex.split(line)[2:]


@dataclass
class ClusterRun:
    """A run of two ranks, one a node."""

    directory: Path
    slurm: Cluster
    job: str = ""

    def submit(self, *variables: str) -> None:
        arguments = made("CLUSTER=slurm", "NODES=2", "DEVICES=1", "CPUS=2", *variables)
        # A job that is queued again is the same command: also resume=never is asked for but once.
        done = run(self.directory, "launch.py", *arguments, *SMALL, "resume=never")
        assert done.returncode == 0, done.stdout + done.stderr
        assert "2 ranks are queued" in done.stdout
        self.job = done.stdout.split()[1].rstrip(":")

    @property
    def state(self) -> str:
        return self.slurm.states(self.job)[self.job]

    def steps(self) -> int:
        """Steps on record."""
        journals = self.directory.glob(f"runs/*/{JOURNAL_NAME}")
        return sum(path.read_bytes().count(b'"train/loss"') for path in journals)

    def wait_for_more(self, steps: int = 30) -> None:
        known = self.steps()
        wait_until(lambda: self.steps() > known + steps, 120)

    def attempts(self) -> list[dict[str, Any]]:
        (file,) = self.directory.glob("runs/*/files/attempts.json")
        found: list[dict[str, Any]] = json.loads(file.read_text())
        return found

    def said(self) -> str:
        """What the ranks printed."""
        folder = self.directory / "runs" / "slurm"
        return "".join(path.read_text() for path in sorted(folder.glob(f"{self.job}_*_log.*")))

    def kill_rank(self, node: str) -> None:
        """SIGKILL the rank on a node."""
        namespace = (self.slurm.directory / f"{node}.namespace").read_text()
        for process in Path("/proc").glob("[0-9]*"):
            try:
                command = (process / "cmdline").read_bytes().split(b"\0")
                here = str((process / "ns" / "uts").readlink()) == namespace
            except (FileNotFoundError, ProcessLookupError, PermissionError):
                continue
            if here and any(part.endswith(b"pipelines/train.py") for part in command):
                os.kill(int(process.name), signal.SIGKILL)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the same run comes to on this machine."""
    directory = tmp_path_factory.mktemp("undisturbed")
    done = run(directory, "launch.py", "--devices", "2", *SMALL, "tracking=off")
    assert done.returncode == 0, done.stdout + done.stderr
    return outcome(directory)


@pytest.fixture(scope="module")
def survivor(
    session_cluster: Cluster, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ClusterRun]:
    """A run that was pre-empted, whose rank was killed and whose node crashed."""
    with pytest.MonkeyPatch.context() as patch:
        use(session_cluster, patch)
        cluster_run = ClusterRun(tmp_path_factory.mktemp("run"), session_cluster)
        cluster_run.submit("PARTITION=low", "TIME=30")
        cluster_run.wait_for_more()
        urgent = ("-p", "high", "-c2", "-w", "n2", "-o", "/dev/null", "--wrap", "sleep 1")
        session_cluster.run("sbatch", *urgent)
        wait_until(lambda: cluster_run.state == "PENDING", 60)
        cluster_run.wait_for_more()
        cluster_run.kill_rank("n2")
        wait_until(lambda: cluster_run.state == "PENDING", 40)
        cluster_run.wait_for_more()
        session_cluster.crash_node("n2")
        wait_until(lambda: cluster_run.state == "PENDING", 120)
        session_cluster.start_node("n2")
        wait_until(lambda: cluster_run.state not in ("PENDING", "RUNNING", "COMPLETING"), 300)
        yield cluster_run
        session_cluster.cancel_all()


def test_run_ends_well(survivor: ClusterRun) -> None:
    assert survivor.state == "COMPLETED", survivor.said()


def test_each_interruption_is_one_attempt_of_the_one_run(survivor: ClusterRun) -> None:
    ended = [attempt["ended"] for attempt in survivor.attempts()]
    assert ended[0] == "pre-empted"
    assert ended[-1] == "finished"
    # Four at least: a node that comes back at once is sent what was meant for its earlier life.
    assert len(ended) >= 4
    assert set(ended) <= {"pre-empted", "killed", "interrupted", "finished"}
    assert len(list(survivor.directory.glob("runs/*/journal.jsonl"))) == 1


def test_it_equals_the_run_of_two_undisturbed_ranks_to_the_bit(
    survivor: ClusterRun, undisturbed: dict[str, Any]
) -> None:
    got = outcome(survivor.directory)
    assert [key for key in undisturbed if got[key] != undisturbed[key]] == []


def test_mlflow_holds_one_run(survivor: ClusterRun) -> None:
    probe = ROOT / "tests" / "training" / "read_store.py"
    store = f"sqlite:///{survivor.directory / 'mlflow.db'}"
    done = subprocess.run(
        [sys.executable, str(probe), store], capture_output=True, text=True, check=True
    )
    (only,) = json.loads(done.stdout.splitlines()[-1])
    assert only["status"] == "FINISHED"


def test_no_rank_shows_a_traceback(survivor: ClusterRun) -> None:
    assert "Traceback" not in survivor.said()


def test_more_gpus_than_the_nodes_have_are_refused_before_anything_is_queued(
    slurm: Cluster, tmp_path: Path
) -> None:
    arguments = made("CLUSTER=slurm", "NODES=2", "GPUS=4")
    done = run(tmp_path, "launch.py", *arguments, *SMALL)
    assert done.returncode == 2
    assert "Slurm refuses the job" in done.stderr
    assert slurm.run("squeue", "-h") == ""


def test_cancelled_run_is_not_queued_again(slurm: Cluster, tmp_path: Path) -> None:
    cancelled = ClusterRun(tmp_path, slurm)
    cancelled.submit("TIME=30")
    cancelled.wait_for_more(5)
    slurm.run("scancel", cancelled.job)
    wait_until(lambda: cancelled.state not in ("RUNNING", "COMPLETING"), 60)
    assert cancelled.state == "CANCELLED"
    assert [attempt["ended"] for attempt in cancelled.attempts()] == ["interrupted"]
