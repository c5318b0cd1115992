"""Sweeps by launchers and a storage that are not this project's own."""

import signal
import subprocess
import sys
from pathlib import Path

import optuna
import pytest
from optuna.trial import TrialState

from latentsweep.config.project import ROOT
from latentsweep.errors import ConfigError
from latentsweep.sweep.attributes import SLOT
from latentsweep.sweep.slot import FINISHED
from latentsweep.sweep.whereabouts import find_study

from .cluster_sweep import run
from .slurm import wait_until
from .test_storages import proxy

SMALL = (
    *("data=digits", "batch_size=128", "trainer=cpu", "trainer.threads=1", "tracking=off"),
    *("tracking.system_metrics_every_seconds=0", "model.latent_size=range(2,9)", "pruner=none"),
    *("sweep.study=small", "sweep.workers=2", "sweep.n_trials=3"),
)


def study_in(directory: Path) -> optuna.Study:
    return find_study("small", str(directory / "sweeps"))


@pytest.mark.parametrize("launcher", ["submitit_local", "basic"])
def test_any_launcher_runs_the_workers(tmp_path: Path, launcher: str) -> None:
    done = run(tmp_path, "sweep.py", *SMALL, "trainer.max_epochs=2", f"hydra/launcher={launcher}")
    assert done.returncode == 0, done.stderr
    trials = study_in(tmp_path).trials
    assert [trial.state for trial in trials] == [TrialState.COMPLETE] * 3
    assert {trial.user_attrs[SLOT] for trial in trials} == {0, 1, 2}


def test_hydras_own_launcher_stops_by_one_ctrl_c(tmp_path: Path) -> None:
    command = [sys.executable, str(ROOT / "pipelines" / "sweep.py"), *SMALL]
    process = subprocess.Popen(
        [*command, "trainer.max_epochs=400", "hydra/launcher=basic"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    wait_until(lambda: _reports(tmp_path) >= 3, 60)
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 128 + signal.SIGINT, output
    assert {trial.state for trial in study_in(tmp_path).trials} == {TrialState.WAITING}


def test_forked_workers_reach_the_study_through_the_proxy(tmp_path: Path) -> None:
    with proxy(f"--journal={tmp_path / 'study.log'}") as config:
        storage = ("storage=grpc", f"sweep.storage.port={config.port}")
        for total in (3, 4):
            overrides = (*SMALL, *storage, "trainer.max_epochs=2", f"sweep.n_trials={total}")
            done = run(tmp_path, "sweep.py", *overrides)
            assert done.returncode == 0, done.stderr
            assert len([t for t in study_in(tmp_path).trials if t.state in FINISHED]) == total


def test_sqlite_with_several_workers_is_refused(tmp_path: Path) -> None:
    done = run(tmp_path, "sweep.py", *SMALL, "storage=sqlite")
    assert done.returncode == 2
    assert "sqlite loses trials" in done.stderr
    assert not list(tmp_path.glob("sweeps/*"))


def _reports(directory: Path) -> int:
    try:
        return max((len(t.intermediate_values) for t in study_in(directory).trials), default=0)
    except (ConfigError, KeyError):
        return 0
