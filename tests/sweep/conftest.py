"""Small real sweeps on scikit-learn's digits, by the command that users give."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import optuna
import pytest

from latentsweep.config.project import ROOT
from latentsweep.sweep.whereabouts import find_study

COMMAND = [sys.executable, str(ROOT / "pipelines" / "sweep.py")]
SMALL = (
    "data=digits",
    "batch_size=128",
    "trainer=cpu",
    "trainer.threads=1",
    "trainer.max_epochs=2",
    "tracking=off",
    "tracking.system_metrics_every_seconds=0",
    "model.latent_size=range(2,9)",
    "sweep.study=small",
    "sweep.workers=2",
    "sweep.n_trials=4",
)
Sweep = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def sweep(tmp_path: Path) -> Sweep:
    """Runs a small sweep, with overrides, in the test's own directory."""

    def run(*overrides: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*COMMAND, *SMALL, *overrides],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )

    return run


def begin(directory: Path, *overrides: str) -> subprocess.Popen[str]:
    """Start a small sweep and do not wait for it."""
    return subprocess.Popen(
        [*COMMAND, *SMALL, *overrides],
        cwd=directory,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )


def study_in(directory: Path, name: str = "small") -> optuna.Study:
    """The study of a sweep that was run in `directory`."""
    return find_study(name, str(directory / "sweeps"))
