"""Two recorded runs side by side: configs, code, environment, metrics."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

from latentsweep.config.checks import refuse_password
from latentsweep.errors import ConfigError
from latentsweep.rerun.code_diff import code_diff
from latentsweep.rerun.comparison import compare
from latentsweep.rerun.facts import CONFIG, Difference
from latentsweep.rerun.record import Record, differences_of, read_record
from latentsweep.rerun.recorded_sweep import is_sweep
from latentsweep.rerun.tables import SIDES, side_by_side
from latentsweep.tracking.files import write_whole
from latentsweep.tracking.find_recorded import find_recorded
from latentsweep.tracking.note import Note
from latentsweep.tracking.noting import put_on_record
from latentsweep.tracking.terminal_table import table_told

PLACE = Path("diffs")
_LINES = 40  # of the code's difference, on a terminal
METRIC_HEADINGS = (*SIDES, "A", "B", "B - A", "differs from")


@dataclass(frozen=True)
class RunDifference:
    """How two runs differ.

    Attributes:
        first: A.
        second: B.
        config: keys that decide numbers and differ.
        others: what else their numbers come from, and differs.
        code: the difference of their code, as text; empty: none; in parentheses: why not.
        metrics: rows by `METRIC_HEADINGS`.
    """

    first: Record
    second: Record
    config: list[Difference]
    others: list[Difference]
    code: str
    metrics: list[tuple[str, ...]]


def diff(first: str, second: str, uri: str) -> None:
    """Tell how two runs differ, on the terminal and as a page on both records.

    Args:
        first: a run's directory or name, the id of its MLflow run, or a registered model.
        second: likewise.
        uri: of the store to ask for what does not lie here; empty: this directory's own.

    Raises:
        LatentsweepError: one of them cannot be found or read.
    """
    from latentsweep.rerun.difference_page import difference_page

    refuse_password(uri, "URI")
    with tempfile.TemporaryDirectory() as directory:
        a, b = (_single(name, uri, Path(directory)) for name in (first, second))
        found = run_difference(a, b)
        _show(found)
        page = difference_page(found)
        path = PLACE / f"{_short(a)}-vs-{_short(b)}.html"
        write_whole(path, lambda file: file.write(page.encode(errors="replace")))
        note = Note(texts={f"diffs/{path.name}": page})
        told = [put_on_record(record.run, note) for record in (a, b)]
        print(f"page:       {path}{', also among the artifacts of both runs' if all(told) else ''}")


def _single(reference: str, uri: str, directory: Path) -> Record:
    run = find_recorded(reference, uri, directory)
    if is_sweep(run):
        raise ConfigError(
            f"{run.reference} is a sweep",
            expected="two single runs, such as trials of it",
            mend=f"A={run.reference}/trials/0000",
        )
    return read_record(run)


def run_difference(first: Record, second: Record) -> RunDifference:
    """How two runs differ."""
    found = differences_of(first, second)
    return RunDifference(
        first=first,
        second=second,
        config=[each for each in found if each.name.startswith(CONFIG)],
        others=[each for each in found if not each.name.startswith(CONFIG)],
        code=code_diff(first, second),
        metrics=_metrics(first, second),
    )


def _short(record: Record) -> str:
    """The beginning of the id by which a person knows a run."""
    return record.run.id[:8]


def _metrics(first: Record, second: Record) -> list[tuple[str, ...]]:
    until = min(first.run.last_step, second.run.last_step)
    compared = compare(first.run.metrics, second.run.metrics, until, weights=None)
    starts: dict[str, str] = {}
    for point in compared.different:
        starts.setdefault(point.metric, f"step {point.step}")
    return [(*row, starts.get(row[0], "")) for row in side_by_side(first.run, second.run)]


def _show(found: RunDifference) -> None:
    for label, record in (("A", found.first), ("B", found.second)):
        run = record.run
        print(f"{label}: {run.reference} ({run.status.value}, {run.last_step} steps)")
    for title, rows in (("config", found.config), ("code, packages, machine", found.others)):
        if rows:
            told = [(d.name.removeprefix(CONFIG), d.first or "none", d.second or "none")
                    for d in rows]  # fmt: skip
            print(table_told(title, ("", "A", "B"), told))
        else:
            print(f"{title}: the same")
    lines = found.code.splitlines()
    if lines:
        print("difference of the code" + (", its beginning:" if len(lines) > _LINES else ":"))
        print("\n".join(lines[:_LINES]))
    print(
        table_told(
            "metrics, at the last step of both", METRIC_HEADINGS, found.metrics, numbers=True
        )
    )
