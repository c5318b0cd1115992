"""What a change of the config did to the metrics: one table beside the other."""

from __future__ import annotations

from collections.abc import Sequence

from latentsweep.rerun.facts import CONFIG, differences, facts
from latentsweep.rerun.record import Record


def variation_told(first: Record, second: Record) -> str:
    """The keys that differ, all else that does, and the last value of each metric, as tables.

    Args:
        first: the recorded run.
        second: its variation.
    """
    found = differences(
        facts(first.origin, first.values, first.diff),
        facts(second.origin, second.values, second.diff),
    )
    rows = [
        (each.name.removeprefix(CONFIG), each.first or "none", each.second or "none")
        for each in found
    ]
    metrics = [
        (name, _shown(mine), _shown(other), _away(mine, other))
        for name, (mine, other) in last_values(first, second).items()
    ]
    return "\n".join(
        [
            table_told("what differs", ("", "on record", "this one"), rows),
            table_told(
                "metrics, at their last step",
                ("", "on record", "this one", "difference"),
                metrics,
                numbers=True,
            ),
        ]
    )


def table_told(
    title: str,
    headings: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    numbers: bool = False,
) -> str:
    """A table as text.

    Args:
        title: above it.
        headings: of its columns.
        rows: their cells.
        numbers: whether all columns but the first hold numbers.
    """
    from rich.console import Console
    from rich.table import Table

    table = Table(title=title, title_justify="left")
    for number, heading in enumerate(headings):
        justify = "right" if numbers and number else "left"
        table.add_column(heading, overflow="fold", justify=justify)  # type: ignore[arg-type]
    for row in rows:
        table.add_row(*row)
    console = Console(highlight=False)
    with console.capture() as captured:
        console.print(table)
    return captured.get()


def last_values(first: Record, second: Record) -> dict[str, tuple[float | None, float | None]]:
    """The last value of each metric of both runs; None where one has none."""
    names = sorted(first.run.metrics.keys() | second.run.metrics.keys())
    return {name: (_last(first, name), _last(second, name)) for name in names if name != "epoch"}


def _last(record: Record, name: str) -> float | None:
    curve = record.run.metrics.get(name)
    return curve[max(curve)] if curve else None


def _shown(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"


def _away(first: float | None, second: float | None) -> str:
    return "" if first is None or second is None else f"{second - first:+.4f}"
