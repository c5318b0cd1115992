import json
from pathlib import Path

from latentsweep.tracking.journal_recorder import JournalRecorder
from latentsweep.tracking.recorder import RunStatus
from latentsweep.training.attempts import attempts_table, record_attempt, record_end


def begin(run_dir: Path, from_step: int, end: RunStatus | None) -> str:
    """One attempt of five steps; the table as it then stood."""
    recorder = JournalRecorder(run_dir, "uid")
    before, at_step = recorder.earlier_status, recorder.earlier_step
    recorder.status(RunStatus.RUNNING)
    attempts = record_attempt(recorder, run_dir, from_step, before, at_step)
    for step in range(from_step, from_step + 5):
        recorder.metrics({"train/loss": 1.0, "epoch": 0.0}, step)
    recorder.metrics({"system/cpu": 1.0}, 1000)
    if end:
        recorder.status(end)
    recorder.close()
    return attempts_table(attempts)


def test_the_chain_tells_how_each_attempt_ended_and_where_the_next_one_began(
    tmp_path: Path,
) -> None:
    assert begin(tmp_path, 0, None) == ""  # one attempt needs no table
    begin(tmp_path, 3, RunStatus.PREEMPTED)
    begin(tmp_path, 7, RunStatus.INTERRUPTED)
    table = begin(tmp_path, 11, RunStatus.FINISHED)
    content = json.loads((tmp_path / "files" / "attempts.json").read_text())
    assert [each["ended"] for each in content] == [
        "killed",
        "pre-empted",
        "interrupted",
        "running",
    ]
    assert [each["from_step"] for each in content] == [0, 3, 7, 11]
    assert [each["at_step"] for each in content] == [4, 7, 11, None]
    assert "| 2 |" in table
    assert "pre-empted at step 7" in table


def test_a_damaged_chain_begins_anew(tmp_path: Path) -> None:
    begin(tmp_path, 0, None)
    (tmp_path / "files" / "attempts.json").write_text("{torn")
    begin(tmp_path, 3, None)
    content = json.loads((tmp_path / "files" / "attempts.json").read_text())
    assert [each["number"] for each in content] == [1]


def test_the_end_of_an_attempt_is_on_record_before_there_is_another(tmp_path: Path) -> None:
    begin(tmp_path, 0, None)
    recorder = JournalRecorder(tmp_path, "uid")
    recorder.metrics({"train/loss": 1.0, "epoch": 0.0}, 9)
    record_end(recorder, tmp_path, RunStatus.INTERRUPTED, recorder.latest_step)
    recorder.close()
    begin(tmp_path, 9, RunStatus.FINISHED)
    content = json.loads((tmp_path / "files" / "attempts.json").read_text())
    assert [(each["ended"], each["at_step"]) for each in content] == [
        ("interrupted", 9),
        ("running", None),
    ]
