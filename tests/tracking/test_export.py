import csv
import json
import math
from pathlib import Path

import pytest

from latentsweep.errors import ConfigError
from latentsweep.tracking.export import COLUMNS, Format, export_journal
from latentsweep.tracking.journal import read_journal
from latentsweep.tracking.journal_recorder import JournalRecorder
from latentsweep.tracking.recorder import RunStatus
from latentsweep.tracking.records import Metrics

Row = tuple[str, int, float, int]


@pytest.fixture
def run_dir(tmp_path: Path) -> Path:
    recorder = JournalRecorder(tmp_path / "run", "uid")
    recorder.params({"seed": 1})
    recorder.tags({"mlflow.runName": "näme, with a comma"})
    recorder.metrics({"val/elbo": -1 / 3, "a,b": 2.0}, 5)
    recorder.metrics({"odd": math.nan, "high": math.inf, "low": -math.inf}, 6)
    recorder.dataset("digits", "d" * 64, "wheel", {})
    recorder.text("config.yaml", "x")
    recorder.status(RunStatus.PRUNED)
    recorder.close()
    return tmp_path / "run"


def read(path: Path) -> list[Row]:
    if path.suffix == ".csv":
        with path.open(newline="", encoding="utf-8") as file:
            heading, *rows = csv.reader(file)
        assert tuple(heading) == COLUMNS
        return [(row[0], int(row[1]), float(row[2]), int(row[3])) for row in rows]
    from pyarrow import parquet

    table = parquet.read_table(path)
    assert tuple(table.column_names) == COLUMNS
    return [tuple(row.values()) for row in table.to_pylist()]


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_a_table_holds_every_point_to_the_last_bit(run_dir: Path, form: Format) -> None:
    table, about = export_journal(run_dir, run_dir / "export", form)
    expected = [
        (name, record.step, repr(value), record.time)
        for record, _ in read_journal(run_dir / "journal.jsonl")
        if isinstance(record, Metrics)
        for name, value in record.values.items()
    ]
    assert [(a, b, repr(c), d) for a, b, c, d in read(table)] == expected
    content = json.loads(about.read_text())
    assert content["run_uid"] == "uid"
    assert content["status"] == "pruned"
    assert content["params"] == {"seed": "1"}
    assert content["datasets"][0]["digest"] == "d" * 64
    assert content["files"] == ["files/config.yaml"]


def test_a_torn_journal_is_exported_up_to_the_tear(run_dir: Path) -> None:
    whole = len(read(export_journal(run_dir, run_dir / "a", "csv")[0]))
    with (run_dir / "journal.jsonl").open("ab") as journal:
        journal.write(b'{"kind":"metrics","ti')
    assert len(read(export_journal(run_dir, run_dir / "b", "csv")[0])) == whole


def test_exporting_into_the_run_s_own_directory_harms_nothing(run_dir: Path) -> None:
    (run_dir / "run.json").write_text("the run's identity")
    export_journal(run_dir, run_dir, "csv")
    assert (run_dir / "run.json").read_text() == "the run's identity"


def test_a_directory_without_a_journal_is_told_of(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no journal"):
        export_journal(tmp_path, tmp_path / "export", "csv")
