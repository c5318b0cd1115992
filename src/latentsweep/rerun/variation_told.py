"""What a change of the config did to the metrics: one table beside the other."""

from __future__ import annotations

from latentsweep.rerun.facts import CONFIG, differences, facts
from latentsweep.rerun.record import Record


def show_variation(first: Record, second: Record) -> None:
    """Print the keys that differ, all else that does, and the last value of each metric.

    Args:
        first: the recorded run.
        second: its variation.
    """
    from rich.console import Console
    from rich.table import Table

    found = differences(
        facts(first.origin, first.values, first.diff),
        facts(second.origin, second.values, second.diff),
    )
    console = Console(highlight=False)
    table = Table(title="what differs", title_justify="left")
    for heading in ("", "on record", "this one"):
        table.add_column(heading, overflow="fold")
    for each in found:
        name = each.name.removeprefix(CONFIG)
        table.add_row(name, each.first or "none", each.second or "none")
    console.print(table)
    table = Table(title="metrics, at their last step", title_justify="left")
    for heading in ("", "on record", "this one", "difference"):
        table.add_column(heading, justify="right" if heading else "left")
    for name, (mine, other) in last_values(first, second).items():
        away = "" if mine is None or other is None else f"{other - mine:+.4f}"
        table.add_row(name, _shown(mine), _shown(other), away)
    console.print(table)


def last_values(first: Record, second: Record) -> dict[str, tuple[float | None, float | None]]:
    """The last value of each metric of both runs; None where one has none."""
    names = sorted(first.run.metrics.keys() | second.run.metrics.keys())
    return {name: (_last(first, name), _last(second, name)) for name in names if name != "epoch"}


def _last(record: Record, name: str) -> float | None:
    curve = record.run.metrics.get(name)
    return curve[max(curve)] if curve else None


def _shown(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"
