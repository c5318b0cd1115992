"""A journal as tables, for whoever wants its numbers without MLflow."""

import csv
import io
import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Literal

from latentsweep.errors import ConfigError
from latentsweep.tracking.files import write_json, write_whole
from latentsweep.tracking.journal import JOURNAL_NAME, read_journal
from latentsweep.tracking.records import (
    Dataset,
    File,
    Image,
    Metrics,
    Model,
    Params,
    Started,
    Status,
    Tags,
)

Format = Literal["csv", "parquet"]
Point = tuple[str, int, float, int]
COLUMNS = ("metric", "step", "value", "time_ms")
_ROWS_A_BATCH = 100_000


def export_journal(run_dir: Path, directory: Path, form: Format) -> list[Path]:
    """Write a run's points as `metrics.csv` or `metrics.parquet`, all else as `record.json`.

    One row a point: metric, step, value, time (ms since 1970); NaN and infinities are kept.

    Args:
        run_dir: the run's directory.
        directory: where the files go; created if missing.
        form: of the table.

    Returns:
        The files.

    Raises:
        ConfigError: there is no journal.
        StorageError: the disk refuses.
    """
    journal = run_dir / JOURNAL_NAME
    try:
        with journal.open("rb") as file:
            empty = not file.read(1)
    except OSError as error:
        raise ConfigError(
            f"there is no journal in {run_dir} that can be read",
            found=f"{journal.name}: {error.strerror}",
            expected=f"a run's directory, which holds {JOURNAL_NAME}",
            mend="RUN=runs/NAME",
        ) from None
    if empty:
        raise ConfigError(
            f"the journal in {run_dir} is empty", found="a run that was killed as it began"
        )
    table = directory / f"metrics.{form}"
    if form == "csv":
        _write_csv(table, _points(journal))
    else:
        _write_parquet(table, _points(journal))
    about = directory / "record.json"
    write_json(about, _description(journal))
    return [table, about]


def _points(journal: Path) -> Iterator[Point]:
    for record, _ in read_journal(journal):
        if isinstance(record, Metrics):
            for name, value in record.values.items():
                yield name, record.step, value, record.time


def _write_csv(path: Path, points: Iterator[Point]) -> None:
    def write(binary: BinaryIO) -> None:
        text = io.TextIOWrapper(binary, encoding="utf-8", newline="")
        writer = csv.writer(text)
        writer.writerow(COLUMNS)
        writer.writerows((name, step, repr(value), time) for name, step, value, time in points)
        text.detach()

    write_whole(path, write)


def _write_parquet(path: Path, points: Iterator[Point]) -> None:
    import pyarrow  # a third of a second, and CSV does without
    from pyarrow import parquet

    types = (pyarrow.string(), pyarrow.int64(), pyarrow.float64(), pyarrow.int64())
    schema = pyarrow.schema(list(zip(COLUMNS, types, strict=True)))

    def write(binary: BinaryIO) -> None:
        with parquet.ParquetWriter(binary, schema) as writer:
            while rows := list(itertools.islice(points, _ROWS_A_BATCH)):
                columns = [list(column) for column in zip(*rows, strict=True)]
                writer.write_table(pyarrow.table(columns, schema=schema))

    write_whole(path, write)


def _description(journal: Path) -> dict[str, object]:
    """Params, tags, files, data and how the run stands: everything but the points."""
    params: dict[str, str] = {}
    tags: dict[str, str] = {}
    about: dict[str, object] = {}
    files: set[str] = set()
    data: list[dict[str, object]] = []
    for record, _ in read_journal(journal):
        if isinstance(record, Started):
            about |= {"run_uid": record.run_uid, "started_ms": record.time}
        elif isinstance(record, Params):
            params |= record.values
        elif isinstance(record, Tags):
            tags |= record.values
        elif isinstance(record, File):
            files.add(record.source)
        elif isinstance(record, Image):
            files.add(f"images/{record.name}.png")
        elif isinstance(record, Model):
            files.add(record.directory)
        elif isinstance(record, Dataset):
            data.append({"name": record.name, "digest": record.digest, "source": record.source})
        elif isinstance(record, Status):
            about |= {"status": record.status.value, "status_ms": record.time}
    return {**about, "params": params, "tags": tags, "datasets": data, "files": sorted(files)}
