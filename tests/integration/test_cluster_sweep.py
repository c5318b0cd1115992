"""A whole sweep on a real two-node Slurm with a real PostgreSQL, in which nodes crash and go."""

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import optuna
import pytest
from optuna.trial import FrozenTrial, TrialState

from latentsweep.config.project import ROOT
from latentsweep.errors import ConfigError
from latentsweep.sweep.attributes import ATTEMPT, CONTINUES, LEASE, SLOT
from latentsweep.sweep.cluster import jobs_of
from latentsweep.sweep.database_storage import URL_VARIABLE
from latentsweep.sweep.slots import FINISHED
from latentsweep.sweep.whereabouts import find_study

from .postgresql import PASSWORD, PostgreSQL
from .slurm import NODES, Cluster, wait_until

EPOCHS, TRIALS = 60, 8
SMALL = (
    *("data=digits", "batch_size=128", "trainer=cpu", "trainer.threads=1"),
    *(f"trainer.max_epochs={EPOCHS}", f"sweep.n_trials={TRIALS}", "sweep.study=small"),
    *("tracking.system_metrics_every_seconds=0", "model.latent_size=range(2,9)"),
    *(
        "sweep.lease_seconds=10",
        "pruner=median",
        "sweep.pruner.n_startup_trials=2",
        "sweep.pruner.n_warmup_steps=20",
    ),
)
CLUSTER = (
    *("hydra/launcher=latentsweep_slurm", "hydra.launcher.partition=low"),
    *("hydra.launcher.cpus_per_task=2", "storage=postgresql", "sweep.workers=2"),
)


class ClusterSweep:
    """A sweep of two workers, one a node, that was submitted from `directory`."""

    def __init__(self, directory: Path, slurm: Cluster) -> None:
        self.directory, self.slurm = directory, slurm
        self.sweep = directory / "sweeps" / "small"

    def submit(self, *overrides: str) -> subprocess.CompletedProcess[str]:
        return self.run("sweep.py", *SMALL, *CLUSTER, *overrides)

    def run(self, name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a command as a user on the login node does."""
        return subprocess.run(
            [sys.executable, str(ROOT / "pipelines" / name), *arguments],
            cwd=self.directory,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )

    @property
    def study(self) -> optuna.Study:
        return find_study("small", str(self.directory / "sweeps"))

    def trials(self, *states: TrialState) -> list[FrozenTrial]:
        return [trial for trial in self.study.trials if trial.state in states]

    def node_of(self, trial: FrozenTrial) -> str:
        """The node that holds a running trial."""
        return str(self.study.trials[trial.number].user_attrs[LEASE]["host"].split()[0])

    def at_work(self, workers: int) -> bool:
        """Whether so many trials run and have got somewhere."""
        running = self.trials(TrialState.RUNNING)
        return len(running) == workers and all(
            len(t.intermediate_values) >= 3 and t.user_attrs.get(LEASE) for t in running
        )

    def left(self) -> bool:
        """Whether all workers have left Slurm."""
        return all(
            set(self.slurm.states(job).values()) <= {"COMPLETED"} for job in jobs_of(self.sweep)
        )

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
