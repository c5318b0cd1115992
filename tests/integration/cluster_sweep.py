"""Small real sweeps on a test cluster, by the commands that users give."""

import json
import shlex
import subprocess
import sys
from functools import cached_property
from pathlib import Path
from typing import Any

import optuna
from optuna.trial import FrozenTrial, TrialState

from latentsweep.config.project import ROOT
from latentsweep.sweep.attributes import LEASE, RUN
from latentsweep.sweep.cluster import ALIVE, jobs_of
from latentsweep.sweep.whereabouts import find_study

from .slurm import Cluster

SMALL = (
    *("data=digits", "batch_size=128", "trainer=cpu", "trainer.threads=1", "storage=postgresql"),
    *("tracking.system_metrics_every_seconds=0", "model.latent_size=range(2,9)"),
    *("sweep.study=small", "sweep.workers=2", "sweep.lease_seconds=10"),
)


def run(directory: Path, name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run one of the pipelines in `directory`."""
    return subprocess.run(
        [sys.executable, str(ROOT / "pipelines" / name), *arguments],
        cwd=directory,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def made(*variables: str) -> list[str]:
    """The overrides that `make sweep` gives the command for these variables."""
    done = subprocess.run(
        ["make", "-n", "sweep", *variables], cwd=ROOT, capture_output=True, text=True, check=True
    )
    (line,) = [line for line in done.stdout.splitlines() if "pipelines/sweep.py" in line]
    return shlex.split(line)[2:]


class ClusterSweep:
    """The sweep `small` of two workers, one a node, submitted from `directory`."""

    def __init__(self, directory: Path, slurm: Cluster) -> None:
        self.directory, self.slurm = directory, slurm
        self.sweep = directory / "sweeps" / "small"

    def submit(self, *overrides: str) -> None:
        """Submit it as `make sweep` does; the command returns."""
        cluster = made("CLUSTER=slurm", "PARTITION=low", "WORKERS=2", "TIME=30")
        cluster.append("hydra.launcher.cpus_per_task=2")
        done = run(self.directory, "sweep.py", *SMALL, *cluster, *overrides)
        assert done.returncode == 0, done.stdout + done.stderr
        assert "2 workers are queued" in done.stdout

    @cached_property
    def study(self) -> optuna.Study:
        """Its study, which shows how it stands at each look."""
        return find_study("small", str(self.directory / "sweeps"))

    def trials(self, *states: TrialState) -> list[FrozenTrial]:
        """Its trials in these states."""
        return [trial for trial in self.study.trials if trial.state in states]

    def running(self, first: int, last: int) -> list[FrozenTrial]:
        """Running trials that have reported so many epochs."""
        return [
            trial
            for trial in self.trials(TrialState.RUNNING)
            if first <= len(trial.intermediate_values) <= last and trial.user_attrs.get(LEASE)
        ]

    def states(self) -> set[str]:
        """States of the workers that were submitted last."""
        return set(self.slurm.states(jobs_of(self.sweep)[-1]).values())

    def has_left(self) -> bool:
        """Whether no worker runs or waits any more."""
        return not self.states() & ALIVE

    def attempts(self, trial: FrozenTrial) -> list[str]:
        """What each attempt at a trial's run began with."""
        files = sorted((self.sweep / trial.user_attrs[RUN] / "files").glob("provenance*.json"))
        return [str(json.loads(file.read_text())) for file in files]

    def chain(self, trial: FrozenTrial) -> list[str]:
        """How each attempt at a trial's run ended, as its record tells."""
        file = self.sweep / trial.user_attrs[RUN] / "files" / "attempts.json"
        return [str(attempt["ended"]) for attempt in json.loads(file.read_text())]

    def runs(self) -> list[dict[str, Any]]:
        """What MLflow holds, read in a process of its own."""
        probe = ROOT / "tests" / "training" / "read_store.py"
        done = subprocess.run(
            [sys.executable, str(probe), f"sqlite:///{self.directory / 'mlflow.db'}"],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        found: list[dict[str, Any]] = json.loads(done.stdout.splitlines()[-1])
        return found


def node_of(trial: FrozenTrial) -> str:
    """The node whose worker holds a running trial."""
    return str(trial.user_attrs[LEASE]["host"].split()[0])


def files_with(text: str, directory: Path) -> list[Path]:
    """Files below `directory` that hold `text`."""
    files = [path for path in directory.rglob("*") if path.is_file()]
    return [path for path in files if text.encode() in path.read_bytes()]
