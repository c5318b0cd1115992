import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest

from latentsweep.tracking.destination import Destination, read_destination, write_destination
from latentsweep.tracking.journal_recorder import JournalRecorder
from latentsweep.tracking.link import Link
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
    assert f"not synced: {away}: the server at http://127.0.0.1:9 does not answer" in said


def test_the_next_training_ships_what_earlier_ones_left(tmp_path: Path, uri: str) -> None:
    left = left_behind(tmp_path / "left", uri, None)
    elsewhere = left_behind(tmp_path / "elsewhere", "http://127.0.0.1:9", RunStatus.FINISHED)
    ship_leftovers(tmp_path, uri, own=tmp_path / "own")
    deadline = time.monotonic() + 400  # it gives way to everything else on the machine
    while not sync_report(left).complete:
        assert time.monotonic() < deadline, (tmp_path / ".sync.log").read_text()
    assert read_identity(elsewhere) is None
    assert (tmp_path / ".sync.log").read_text() == ""


def test_without_leftovers_no_process_is_started(tmp_path: Path, uri: str) -> None:
    left_behind(tmp_path / "off", None, RunStatus.FINISHED)
    ship_leftovers(tmp_path, uri)
    assert not (tmp_path / ".sync.log").exists()


def test_a_run_that_cannot_be_shipped_does_not_keep_one_of_the_same_store_from_being_tried(
    tmp_path: Path, uri: str
) -> None:
    damaged = left_behind(tmp_path / "damaged", uri, RunStatus.FINISHED)
    (damaged / "journal.jsonl").write_text('{"kind":"tags","time":1,"values":{}}\n')
    good = left_behind(tmp_path / "good", uri, RunStatus.FINISHED)
    outcome = sync([damaged, good], patience=1.0)
    assert outcome.shipped == [good]
    assert "does not tell which run it is of" in outcome.left[damaged]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("destination.json", "garbage{{", "destination.json is damaged"),
        ("destination.json", '{"uri": null, "experiment": 5}', "destination.json is damaged"),
        ("journal.jsonl", None, "journal.jsonl cannot be read"),
    ],
)
def test_a_run_whose_files_are_damaged_is_named_and_the_others_are_shipped(
    tmp_path: Path, uri: str, name: str, content: str | None, said: str
) -> None:
    damaged = left_behind(tmp_path / "damaged", uri, RunStatus.FINISHED)
    (damaged / name).unlink()
    if content is None:
        (damaged / name).mkdir()
    else:
        (damaged / name).write_text(content)
    good = left_behind(tmp_path / "good", uri, RunStatus.FINISHED)
    outcome = sync([damaged, good])
    assert outcome.shipped == [good]
    assert said in outcome.left[damaged]


@pytest.mark.parametrize("name", ["sync.json", "mlflow.json"])
@pytest.mark.parametrize("content", ["", "null", "garbage{{", '{"offset": -5, "run_id": 7}'])
def test_a_damaged_memory_of_what_was_shipped_mends_itself(
    tmp_path: Path, uri: str, told_by_mlflow: Tell, name: str, content: str
) -> None:
    run_dir = left_behind(tmp_path / "run", uri, RunStatus.FINISHED)
    sync([run_dir])
    run_id = read_progress(run_dir).run_id
    before = told_by_mlflow(uri, run_id)
    (run_dir / name).write_text(content)
    assert sync([run_dir]).shipped == [run_dir]
    assert read_progress(run_dir).run_id == run_id
    assert told_by_mlflow(uri, run_id) == before
    identity = read_identity(run_dir)
    assert identity
    assert identity.run_id == run_id


def test_a_journal_in_which_nothing_was_written_is_no_problem(tmp_path: Path, uri: str) -> None:
    run_dir = left_behind(tmp_path / "run", uri, RunStatus.FINISHED)
    (run_dir / "journal.jsonl").write_bytes(b"")
    assert not sync([run_dir]).left


def test_runs_from_another_machine_make_no_store_there(tmp_path: Path) -> None:
    foreign = f"sqlite:///{tmp_path}/no/such/place/mlflow.db"
    run_dir = left_behind(tmp_path / "run", foreign, RunStatus.FINISHED)
    assert "no/such/place on this machine" in sync([run_dir]).left[run_dir]
    assert not (tmp_path / "no").exists()


def test_each_run_goes_into_its_own_experiment_of_another_store(tmp_path: Path, uri: str) -> None:
    run_dir = left_behind(tmp_path / "run", "sqlite:////nowhere/mlflow.db", RunStatus.FINISHED)
    assert sync([run_dir], Destination(uri, "")).shipped == [run_dir]
    assert read_destination(run_dir) == Destination(uri, "tests")


def test_a_description_that_a_person_wrote_survives_replays(tmp_path: Path, uri: str) -> None:
    from mlflow.tracking import MlflowClient

    recorder = JournalRecorder(tmp_path / "run")
    recorder.tags({"mlflow.note.content": "ours", "colour": "red"})
    recorder.status(RunStatus.FINISHED)
    recorder.close()
    to = Destination(uri, "tests")
    sync([tmp_path / "run"], to)
    run_id = read_progress(tmp_path / "run").run_id
    client = MlflowClient(uri)
    assert client.get_run(run_id).data.tags["mlflow.note.content"] == "ours"
    client.set_tag(run_id, "mlflow.note.content", "a reviewer's")
    client.set_tag(run_id, "colour", "blue")
    (tmp_path / "run" / PROGRESS_NAME).unlink()
    sync([tmp_path / "run"], to)
    tags = client.get_run(run_id).data.tags
    assert (tags["mlflow.note.content"], tags["colour"]) == ("a reviewer's", "red")


def test_trials_are_nested_under_their_sweep_in_whichever_store(tmp_path: Path, uri: str) -> None:
    from mlflow.tracking import MlflowClient

    sweep = left_behind(tmp_path / "sweep", None, RunStatus.FINISHED)
    trial = tmp_path / "sweep" / "trials" / "0000" / "run"
    recorder = JournalRecorder(trial)
    recorder.tags({"mlflow.parentRunId": "the id in another store"})
    recorder.status(RunStatus.FINISHED)
    recorder.close()
    assert sync([sweep, trial], Destination(uri, "tests")).shipped == [sweep, trial]
    stored = MlflowClient(uri).get_run(read_progress(trial).run_id)
    assert stored.data.tags["mlflow.parentRunId"] == read_progress(sweep).run_id


def test_a_trial_that_was_shipped_alone_is_nested_once_its_sweep_is_there(
    tmp_path: Path, uri: str
) -> None:
    from mlflow.tracking import MlflowClient

    sweep = left_behind(tmp_path / "sweep", None, RunStatus.FINISHED)
    trial = tmp_path / "sweep" / "trials" / "0000" / "run"
    recorder = JournalRecorder(trial)
    recorder.tags({"mlflow.parentRunId": ""})  # what a sweep with tracking=off knows
    recorder.status(RunStatus.FINISHED)
    recorder.close()
    to = Destination(uri, "tests")
    assert sync([trial], to).shipped == [trial]
    client, run_id = MlflowClient(uri), read_progress(trial).run_id
    assert "mlflow.parentRunId" not in client.get_run(run_id).data.tags
    assert sync([trial, sweep], to).shipped == [sweep, trial]
    parent = client.get_run(run_id).data.tags["mlflow.parentRunId"]
    assert parent == read_progress(sweep).run_id
    assert sync([trial, sweep], to).shipped == []


def test_a_run_in_a_place_without_a_sweep_is_shipped(uri: str) -> None:
    with TemporaryDirectory(dir="/tmp") as shallow:
        run_dir = left_behind(Path(shallow), uri, None)
        recorder = JournalRecorder(run_dir)
        recorder.tags({"mlflow.parentRunId": "a sweep's"})
        recorder.close()
        assert sync([run_dir]).shipped == [run_dir]


def test_what_one_store_holds_is_not_taken_for_anothers(
    tmp_path: Path, uri: str, told_by_mlflow: Tell
) -> None:
    run_dir = left_behind(tmp_path / "run", uri, RunStatus.FINISHED)
    sync([run_dir])
    first = read_progress(run_dir).run_id
    before = told_by_mlflow(uri, first)
    away = Destination("http://127.0.0.1:9", "tests")
    assert list(sync([run_dir], away, patience=0.5).left) == [run_dir]
    assert not sync_report(run_dir, uri=away.uri).complete
    link = Link(run_dir, away.uri, "tests", live=False)
    problem, _ = link.advance(None)
    assert "refuses the connection" in problem
    assert not sync_report(run_dir, uri=away.uri).complete
    assert "refuses" in sync_report(run_dir, uri=away.uri).problem
    assert sync([run_dir], Destination(uri, "tests")).shipped == [run_dir]
    assert read_progress(run_dir).run_id == first
    assert told_by_mlflow(uri, first) == before


def test_what_is_recorded_after_the_end_does_not_move_it(tmp_path: Path, uri: str) -> None:
    from mlflow.tracking import MlflowClient

    run_dir = left_behind(tmp_path / "run", uri, RunStatus.FINISHED)
    with (run_dir / "journal.jsonl").open("ab") as journal:
        journal.write(b'{"kind":"tags","time":9999999999999,"values":{"late":"yes"}}\n')
    sync([run_dir])
    run = MlflowClient(uri).get_run(read_progress(run_dir).run_id)
    assert run.data.tags["late"] == "yes"
    assert run.info.end_time < 9999999999999


@pytest.mark.parametrize("tail", [b'{"kind":"met', b"\0\0\n", b'{"kind":"tags","values":null}\n'])
def test_a_journals_damaged_end_counts_for_nothing(tmp_path: Path, uri: str, tail: bytes) -> None:
    run_dir = left_behind(tmp_path / "run", uri, RunStatus.FINISHED)
    with (run_dir / "journal.jsonl").open("ab") as journal:
        journal.write(tail)
    assert sync([run_dir]).shipped == [run_dir]
    outcome = sync([run_dir])
    assert not outcome.shipped
    assert not outcome.left


@pytest.mark.parametrize("offset", ["1e999", "60", "1"])
def test_a_cursor_that_fits_no_line_is_not_believed(
    tmp_path: Path, uri: str, offset: str, told_by_journal: Tell, told_by_mlflow: Tell
) -> None:
    run_dir = left_behind(tmp_path / "run", uri, RunStatus.FINISHED)
    first = json.dumps({"run_id": "a" * 32, "experiment_id": "1", "uri": uri})
    (run_dir / "mlflow.json").write_text(first)
    (run_dir / PROGRESS_NAME).write_text(
        f'{{"run_id":"","offset":{offset},"refused":0,"settled":false,"problem":""}}'
    )
    assert sync([run_dir]).shipped == [run_dir]
    run_id = read_progress(run_dir).run_id
    assert told_by_mlflow(uri, run_id) == told_by_journal(run_dir)


def test_a_store_that_was_deleted_is_filled_again(tmp_path: Path, told_by_mlflow: Tell) -> None:
    store = f"sqlite:///{tmp_path}/mlflow.db"
    run_dir = left_behind(tmp_path / "run", store, RunStatus.FINISHED)
    sync([run_dir])
    (tmp_path / "mlflow.db").unlink()
    assert sync([run_dir]).shipped == [run_dir]
    assert len(told_by_mlflow(store, read_progress(run_dir).run_id).points) == 80


def test_an_unusable_log_of_the_leftovers_stops_nothing(tmp_path: Path, uri: str) -> None:
    left_behind(tmp_path / "left", uri, None)
    (tmp_path / ".sync.log").mkdir()
    ship_leftovers(tmp_path, uri)


def test_by_hand_it_tells_by_its_exit_code(
    tmp_path: Path, child_environment: dict[str, str]
) -> None:
    away = left_behind(tmp_path / "away", "http://127.0.0.1:9", RunStatus.FINISHED)
    command = [sys.executable, "-m", "latentsweep.tracking.sync", str(away)]
    done = subprocess.run(command, env=child_environment, capture_output=True, text=True)
    assert done.returncode == 1
    assert not read_progress(away).settled
