"""Sweeps whose every process was killed do not look as if they ran for ever."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from latentsweep.config.project import ROOT
from latentsweep.sweep.attributes import LEASE
from latentsweep.tracking.progress import read_identity

from .conftest import SMALL, begin
from .test_sweep import at_epoch, wait_for

OVERRIDES = ("tracking=local", "trainer.max_epochs=200", "sweep.n_trials=3", "pruner=none")


def make_sync(directory: Path) -> str:
    done = subprocess.run(
        [sys.executable, str(ROOT / "pipelines" / "sync.py")],
        cwd=directory,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr + done.stdout
    return done.stdout


def status(directory: Path) -> str:
    from mlflow.tracking import MlflowClient

    identity = read_identity(directory / "sweeps" / "small")
    assert identity
    client = MlflowClient(f"sqlite:///{directory}/mlflow.db")
    return str(client.get_run(identity.run_id).info.status)


def test_a_sweep_at_work_is_left_alone_and_a_killed_one_is_closed(tmp_path: Path) -> None:
    process = begin(tmp_path, *(text for text in SMALL if text != "tracking=off"), *OVERRIDES)
    study = wait_for(tmp_path, at_epoch(2, 2))
    make_sync(tmp_path)
    assert status(tmp_path) == "RUNNING"
    workers = {
        trial.user_attrs[LEASE]["pid"] for trial in study.trials if LEASE in trial.user_attrs
    }
    for pid in (process.pid, *workers):
        os.kill(pid, signal.SIGKILL)
    process.communicate()
    make_sync(tmp_path)
    assert status(tmp_path) == "KILLED"
    assert (tmp_path / "sweeps" / "small" / "report.html").exists()
    assert "nothing to ship" in make_sync(tmp_path)
