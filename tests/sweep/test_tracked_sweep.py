"""A sweep in which a worker was killed, as MLflow's store shows it."""

import json
import os
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from optuna.trial import TrialState

from latentsweep.config.project import ROOT
from latentsweep.sweep.attributes import RUN

from .conftest import SMALL, Sweep, begin, study_in
from .test_sweep import at_epoch, finished, wait_for, workers_of

OVERRIDES = (
    "tracking=local",
    "trainer.max_epochs=30",
    "sweep.n_trials=5",
    "pruner=median",
    "sweep.pruner.n_startup_trials=1",
    "sweep.pruner.n_warmup_steps=10",
)


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where a sweep ended, one of whose workers was killed."""
    where = tmp_path_factory.mktemp("sweep")
    process = begin(where, *(text for text in SMALL if text not in ("tracking=off",)), *OVERRIDES)
    study = wait_for(where, at_epoch(3, 2))
    os.kill(workers_of(study)[1], signal.SIGKILL)
    output, errors = process.communicate(timeout=300)
    assert process.returncode == 0, errors
    assert "not synced" not in output
    return where


@pytest.fixture(scope="module")
def runs(directory: Path) -> list[dict[str, Any]]:
    """What MLflow holds."""
    return stored_in(directory / "mlflow.db")


def stored_in(database: Path) -> list[dict[str, Any]]:
    """The runs of a store, read in a process of its own."""
    probe = Path(__file__).parents[1] / "training" / "read_store.py"
    done = subprocess.run(
        [sys.executable, str(probe), f"sqlite:///{database}"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: list[dict[str, Any]] = json.loads(done.stdout.splitlines()[-1])
    return found


def test_each_trial_is_in_mlflow_once_under_the_one_parent(
    directory: Path, runs: list[dict[str, Any]]
) -> None:
    (parent,) = [run for run in runs if run["tags"].get("latentsweep.kind") == "sweep"]
    children = [run for run in runs if "mlflow.parentRunId" in run["tags"]]
    assert len(runs) == 6
    assert len(children) == 5
    assert {run["tags"]["mlflow.parentRunId"] for run in children} == {parent["id"]}
    assert {run["status"] for run in runs} == {"FINISHED"}
    states = Counter(run["tags"]["optuna.trial.state"] for run in children)
    trials = finished(study_in(directory))
    assert states == Counter(trial.state.name for trial in trials)
    numbers = {run["tags"]["optuna.trial.number"] for run in children}
    assert numbers == {str(trial.number) for trial in trials}


def test_every_validation_is_on_record_once(runs: list[dict[str, Any]]) -> None:
    for run in runs:
        points = Counter(tuple(point) for point in run["points"])
        assert set(points.values()) <= {1}
    complete = [run for run in runs if run["tags"].get("optuna.trial.state") == "COMPLETE"]
    assert all(len([p for p in run["points"] if p[0] == "val/elbo"]) == 30 for run in complete)


def test_parent_holds_report_note_and_the_best_config(runs: list[dict[str, Any]]) -> None:
    (parent,) = [run for run in runs if run["tags"].get("latentsweep.kind") == "sweep"]
    assert {"report.html", "best.yaml", "sweep.yaml"} <= set(parent["artifacts"])
    assert "| trial" in parent["tags"]["mlflow.note.content"]


def test_best_config_trains_the_best_trial_again(directory: Path) -> None:
    best = study_in(directory).best_trial
    assert best.state == TrialState.COMPLETE
    config = directory / "sweeps" / "small"
    command = [sys.executable, str(ROOT / "pipelines" / "train.py"), "--config-path", str(config)]
    done = subprocess.run(
        [*command, "--config-name", "best", "trainer.progress_bar=false"],
        cwd=directory,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    (summary,) = directory.glob("runs/*/summary.json")
    assert json.loads(summary.read_text())["validation"]["elbo"] == best.value


def test_sweep_that_knew_no_store_is_nested_in_one_later(sweep: Sweep, tmp_path: Path) -> None:
    done = sweep("sweep.n_trials=2", "pruner=none")
    assert done.returncode == 0, done.stderr
    store = tmp_path / "later.db"
    command = [sys.executable, str(ROOT / "pipelines" / "sync.py"), "--uri", f"sqlite:///{store}"]
    synced = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert synced.returncode == 0, synced.stderr
    assert synced.stdout.splitlines()[0] == "3 runs shipped"
    runs = stored_in(store)
    (parent,) = [run for run in runs if run["tags"].get("latentsweep.kind") == "sweep"]
    trials = [run for run in runs if run is not parent]
    assert [run["tags"]["mlflow.parentRunId"] for run in trials] == [parent["id"]] * 2
    assert {run["status"] for run in runs} == {"FINISHED"}
    assert "report.html" in parent["artifacts"]
    best = study_in(tmp_path).best_trial
    assert parent["tags"]["latentsweep.best_run"] == f"sweeps/small/{best.user_attrs[RUN]}"
