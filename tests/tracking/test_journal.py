from pathlib import Path

import pytest

from latentsweep.errors import CheckpointError, RunBusyError
from latentsweep.tracking.journal import Journal, read_journal
from latentsweep.tracking.journal_recorder import JournalRecorder
from latentsweep.tracking.records import Metrics, Started, Tags


def metrics_of(run_dir: Path) -> list[Metrics]:
    records = read_journal(run_dir / "journal.jsonl")
    return [record for record, _ in records if isinstance(record, Metrics)]


@pytest.mark.parametrize("torn", [b'{"kind":"met', b"x" * 200_000, b"\0" * 17])
def test_a_torn_last_line_is_cut_off_and_nothing_before_it(tmp_path: Path, torn: bytes) -> None:
    recorder = JournalRecorder(tmp_path)
    recorder.metrics({"a": 1.0}, 1)
    recorder.close()
    path = tmp_path / "journal.jsonl"
    whole = path.read_bytes()
    path.write_bytes(whole + torn)
    recorder = JournalRecorder(tmp_path)
    assert path.read_bytes() == whole
    recorder.metrics({"a": 2.0}, 2)
    recorder.close()
    assert [record.step for record in metrics_of(tmp_path)] == [1, 2]


def test_reading_ends_before_a_line_that_is_still_being_written(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    journal = Journal(path)
    journal.append(Started(1, "uid"))
    size = path.stat().st_size
    with path.open("ab") as file:
        file.write(b'{"kind":"tags","time":2')
    assert list(read_journal(path)) == [(Started(1, "uid"), size)]
    assert list(read_journal(path, size)) == []


def test_a_damaged_line_does_not_hide_what_follows_it(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    journal = Journal(path)
    journal.append(Started(1, "uid"))
    with path.open("ab") as file:
        file.write(b"\0\0\0\n")
    journal.append(Tags(2, {"a": "b"}))
    assert [record for record, _ in read_journal(path)] == [
        Started(1, "uid"),
        Tags(2, {"a": "b"}),
    ]


def test_reading_goes_on_from_every_offset_it_has_given(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.jsonl")
    for time in range(5):
        journal.append(Tags(time, {"ä": "ö"}))
    whole = list(read_journal(journal.path))
    for index, (_, offset) in enumerate(whole):
        assert list(read_journal(journal.path, offset)) == whole[index + 1 :]


def test_a_journal_has_one_writer_at_a_time(tmp_path: Path) -> None:
    first = JournalRecorder(tmp_path)
    with pytest.raises(RunBusyError, match="in use"):
        JournalRecorder(tmp_path)
    first.close()
    JournalRecorder(tmp_path).close()


def test_the_journal_of_another_run_is_refused_and_left_alone(tmp_path: Path) -> None:
    JournalRecorder(tmp_path, "one").close()
    before = (tmp_path / "journal.jsonl").read_bytes()
    with pytest.raises(CheckpointError, match="another run"):
        JournalRecorder(tmp_path, "two")
    assert (tmp_path / "journal.jsonl").read_bytes() == before
    recorder = JournalRecorder(tmp_path)
    assert recorder.run_uid == "one"
