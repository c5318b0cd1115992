"""A run on the command line, killed and resumed, as MLflow's store shows it."""

import json
import os
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from latentsweep.tracking.destination import Destination, read_destination
from latentsweep.tracking.journal import JOURNAL_NAME, read_journal
from latentsweep.tracking.records import Metrics

from .conftest import SMALL
from .test_command_line import COMMAND, run, wait_for_step

OVERRIDES = [
    *(override for override in SMALL if override != "tracking=off"),
    "tracking.uri=sqlite:///mlflow.db",
    "trainer.max_epochs=12",
    "trainer.checkpoint_every_n_steps=7",
]


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where a run was killed twice with SIGKILL, then finished."""
    where = tmp_path_factory.mktemp("tracked")
    for step in (15, 40):
        process = subprocess.Popen([*COMMAND, *OVERRIDES], cwd=where, stdout=subprocess.DEVNULL)
        wait_for_step(where, step)
        os.kill(process.pid, signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
    done = run(where, *OVERRIDES)
    assert done.returncode == 0, done.stderr
    return where


@pytest.fixture(scope="module")
def stored(directory: Path) -> dict[str, Any]:
    """What MLflow holds, read in a process of its own."""
    probe = Path(__file__).with_name("read_store.py")
    done = subprocess.run(
        [sys.executable, str(probe), f"sqlite:///{directory / 'mlflow.db'}"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    runs: list[dict[str, Any]] = json.loads(done.stdout.splitlines()[-1])
    assert len(runs) == 1
    return runs[0]


def test_killed_and_resumed_run_is_one_finished_mlflow_run(stored: dict[str, Any]) -> None:
    assert stored["status"] == "FINISHED"
    assert stored["tags"]["status"] == "finished"


def test_mlflow_holds_every_point_once(directory: Path, stored: dict[str, Any]) -> None:
    (journal,) = directory.glob(f"runs/*/{JOURNAL_NAME}")
    points = Counter(
        (name, record.step)
        for record, _ in read_journal(journal)
        if isinstance(record, Metrics)
        for name in record.values
    )
    assert set(points.values()) == {1}
    assert Counter((name, step) for name, step in stored["points"]) == points
    assert sum(name == "train/loss" for name, _ in points) == 12 * 11


def test_a_person_can_filter_by_what_matters(stored: dict[str, Any]) -> None:
    expected = {"model": "beta_vae", "data": "digits", "latent_size": "3", "beta": "4"}
    assert expected.items() <= stored["tags"].items()
    assert stored["params"]["model.latent_size"] == "3"


def test_everything_promised_is_recorded(stored: dict[str, Any]) -> None:
    for name in (
        "config.yaml",
        "overrides.txt",
        "provenance-1.json",
        "provenance-3.json",
        "figures/kl_per_latent.png",
        "figures/overview.png",
        "checkpoints/best.ckpt",
        "checkpoints/last.ckpt",
    ):
        assert name in stored["artifacts"]
    for key in ("reconstructions", "samples", "traversals"):
        # The untrained model, then twelve epochs; a PNG and its small copy each.
        assert sum(name.startswith(f"images/{key}") for name in stored["artifacts"]) == 2 * 13


def test_finished_run_that_was_not_shipped_is_shipped_by_the_same_command(tmp_path: Path) -> None:
    overrides = [
        *(override for override in SMALL if override != "tracking=off"),
        "trainer.max_epochs=1",
    ]
    away = run(
        tmp_path,
        *overrides,
        "tracking=server",
        "tracking.uri=http://127.0.0.1:9",
        "tracking.wait_seconds=1",
    )
    assert away.returncode == 0, away.stderr
    assert "not synced" in away.stdout
    again = run(tmp_path, *overrides, "tracking.uri=sqlite:///mlflow.db")
    assert again.returncode == 0, again.stderr
    assert "not synced" not in again.stdout
    assert "MLflow run:" in again.stdout


def test_a_run_that_knew_no_store_goes_to_the_one_that_is_named_later(tmp_path: Path) -> None:
    overrides = ["trainer.max_epochs=1", *(text for text in SMALL if text != "tracking=off")]
    off = run(tmp_path, *overrides, "tracking=off")
    assert off.returncode == 0, off.stderr
    assert "make sync RUN=" in off.stdout
    (run_dir,) = tmp_path.glob("runs/*/")
    chain = json.loads((run_dir / "files" / "attempts.json").read_text())
    assert [each["ended"] for each in chain] == ["finished"]
    away = ("tracking=server", "tracking.uri=http://127.0.0.1:9", "tracking.wait_seconds=1")
    assert "not synced" in run(tmp_path, *overrides, *away).stdout
    assert read_destination(run_dir) == Destination("http://127.0.0.1:9", "latentsweep")
    assert "not synced" not in run(tmp_path, *overrides, "tracking=off").stdout
