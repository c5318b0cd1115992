import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from latentsweep.tracking.destination import Destination, read_destination, write_destination
from latentsweep.tracking.journal_recorder import JournalRecorder
from latentsweep.tracking.progress import PROGRESS_NAME, read_identity, read_progress
from latentsweep.tracking.recorder import RunStatus
from latentsweep.tracking.report import sync_report
from latentsweep.tracking.sync import ship_leftovers, show, sync

Tell = Callable[..., Any]


def left_behind(run_dir: Path, uri: str | None, status: RunStatus | None) -> Path:
    """A run whose trainer and synchroniser are gone, of which nothing was shipped."""
    recorder = JournalRecorder(run_dir)
    recorder.status(RunStatus.RUNNING)
    for step in range(40):
        recorder.metrics({"train/loss": 1 / (step + 1), "epoch": 0.0}, step)
    recorder.image("prior", np.zeros((4, 4), np.uint8), 0)
    recorder.dataset("digits", "d" * 64, "a wheel", {"training_images": 3})
    if status:
        recorder.status(status)
    recorder.close()
    if uri:
        write_destination(run_dir, uri, "tests")
    return run_dir


@pytest.mark.parametrize(
    ("status", "shown", "told"),
    [
        (RunStatus.FINISHED, "FINISHED", "finished"),
        (RunStatus.PRUNED, "FINISHED", "pruned"),
        (RunStatus.PREEMPTED, "SCHEDULED", "pre-empted"),
        (RunStatus.FAILED, "FAILED", "failed"),
        (RunStatus.INTERRUPTED, "KILLED", "interrupted"),
        (None, "KILLED", "interrupted"),
    ],
)
def test_a_run_that_was_left_behind_is_shipped_whole_and_closed_as_what_it_was(
    tmp_path: Path,
    uri: str,
    status: RunStatus | None,
    shown: str,
    told: str,
    told_by_journal: Tell,
    told_by_mlflow: Tell,
) -> None:
    from mlflow.tracking import MlflowClient

    run_dir = left_behind(tmp_path / "run", uri, status)
    outcome = sync([run_dir])
    assert outcome.shipped == [run_dir]
    assert not outcome.left
    run_id = read_progress(run_dir).run_id
    run = MlflowClient(uri).get_run(run_id)
    assert (run.info.status, run.data.tags["status"]) == (shown, told)
    assert told_by_mlflow(uri, run_id) == told_by_journal(run_dir)
    assert sync([run_dir]).shipped == []  # nothing is left to do


def test_replaying_whole_journals_again_and_again_changes_nothing(
    tmp_path: Path, uri: str, told_by_mlflow: Tell
) -> None:
    from mlflow.tracking import MlflowClient

    run_dir = left_behind(tmp_path / "run", uri, RunStatus.FINISHED)
    sync([run_dir])
    run_id = read_progress(run_dir).run_id
    before = told_by_mlflow(uri, run_id)
    for _ in range(3):
        (run_dir / PROGRESS_NAME).unlink()  # the cursor is lost
        assert sync([run_dir], again=True).shipped == [run_dir]
        assert read_progress(run_dir).run_id == run_id
    assert told_by_mlflow(uri, run_id) == before
    inputs = MlflowClient(uri).get_run(run_id).inputs.dataset_inputs
    assert [each.dataset.name for each in inputs] == ["digits"]


def test_a_run_at_work_is_left_to_its_own_process(tmp_path: Path, uri: str) -> None:
    recorder = JournalRecorder(tmp_path)
    write_destination(tmp_path, uri, "tests")
    assert sync([tmp_path]).at_work == [tmp_path]
    assert read_identity(tmp_path) is None
    recorder.close()


def test_a_run_without_a_store_finds_one_later(
    tmp_path: Path, uri: str, told_by_journal: Tell, told_by_mlflow: Tell
) -> None:
    run_dir = left_behind(tmp_path / "run", None, RunStatus.FINISHED)
    assert sync([run_dir]).homeless == [run_dir]
    to = Destination(uri, "tests")
    assert sync([run_dir], to).shipped == [run_dir]
    assert read_destination(run_dir) == to
    run_id = read_progress(run_dir).run_id
    assert told_by_mlflow(uri, run_id) == told_by_journal(run_dir)


def test_what_cannot_be_shipped_is_named_and_does_not_hold_up_the_rest(
    tmp_path: Path, uri: str, capsys: pytest.CaptureFixture[str]
) -> None:
    away = left_behind(tmp_path / "away", "http://127.0.0.1:9", RunStatus.FINISHED)
    near = left_behind(tmp_path / "near", uri, RunStatus.FINISHED)
    outcome = sync([away, near], patience=0.5)
    assert outcome.shipped == [near]
    assert list(outcome.left) == [away]
    show(outcome)
    said = capsys.readouterr().out
    assert "1 run shipped" in said
    assert f"not synced: {away}: the server at http://127.0.0.1:9 refuses the connection" in said


def test_the_next_training_ships_what_earlier_ones_left(tmp_path: Path, uri: str) -> None:
    left = left_behind(tmp_path / "left", uri, None)
    elsewhere = left_behind(tmp_path / "elsewhere", "http://127.0.0.1:9", RunStatus.FINISHED)
    ship_leftovers(tmp_path, uri, own=tmp_path / "own")
    deadline = time.monotonic() + 60
    while not sync_report(left).complete:
        assert time.monotonic() < deadline, (tmp_path / ".sync.log").read_text()
    assert read_identity(elsewhere) is None
    assert (tmp_path / ".sync.log").read_text() == ""


def test_without_leftovers_no_process_is_started(tmp_path: Path, uri: str) -> None:
    left_behind(tmp_path / "off", None, RunStatus.FINISHED)
    ship_leftovers(tmp_path, uri)
    assert not (tmp_path / ".sync.log").exists()


def test_by_hand_it_tells_by_its_exit_code(
    tmp_path: Path, child_environment: dict[str, str]
) -> None:
    away = left_behind(tmp_path / "away", "http://127.0.0.1:9", RunStatus.FINISHED)
    command = [sys.executable, "-m", "latentsweep.tracking.sync", str(away)]
    done = subprocess.run(command, env=child_environment, capture_output=True, text=True)
    assert done.returncode == 1
    assert "gave up" in done.stderr
    assert not read_progress(away).settled
