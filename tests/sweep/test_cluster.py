"""What needs no Slurm; the rest is in tests/integration."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from latentsweep.errors import ConfigError, LatentsweepError
from latentsweep.sweep import cluster
from latentsweep.sweep.launching_process import LAUNCHER_NAME, ask_to_stop
from latentsweep.training.slurm import check_partition


def test_machine_without_slurm_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ConfigError, match="no Slurm here"):
        check_partition("normal")


def test_every_submission_is_kept(tmp_path: Path) -> None:
    cluster.record_jobs(tmp_path, ["12_0", "12_1"])
    cluster.record_jobs(tmp_path, ["15"])
    assert cluster.jobs_of(tmp_path) == ["12", "15"]


def test_sweep_that_was_never_submitted_has_no_workers(tmp_path: Path) -> None:
    assert cluster.status(tmp_path) == []
    assert cluster.cancel(tmp_path) == []


def note(directory: Path, pid: int, host: str = os.uname().nodename) -> None:
    (directory / LAUNCHER_NAME).write_text(json.dumps({"pid": pid, "host": host}))


def test_launching_process_is_asked_to_stop(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"]) as launcher:
        note(tmp_path, launcher.pid)
        assert ask_to_stop(tmp_path)
        assert launcher.wait() < 0
    assert not ask_to_stop(tmp_path)


def test_process_that_got_the_number_later_is_left_alone(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"]) as other:
        note(tmp_path, other.pid)
        os.utime(tmp_path / LAUNCHER_NAME, (0, 0))
        assert not ask_to_stop(tmp_path)
        assert other.poll() is None
        other.terminate()


def test_sweep_of_another_machine_is_not_stopped_here(tmp_path: Path) -> None:
    note(tmp_path, os.getpid(), "elsewhere")
    with pytest.raises(LatentsweepError, match="another machine"):
        ask_to_stop(tmp_path)


def test_sweep_without_a_launching_process_does_not_run(tmp_path: Path) -> None:
    assert not ask_to_stop(tmp_path)
