"""What a change of the config did to the metrics: one table beside the other."""

from __future__ import annotations

from latentsweep.rerun.facts import CONFIG, differences, facts
from latentsweep.rerun.record import Record
from latentsweep.rerun.tables import away_told, last_value, metric_names, table_told


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


def last_values(first: Record, second: Record) -> dict[str, tuple[float | None, float | None]]:
    """The last value of each metric of both runs; None where one has none."""
    return {
        name: (
            last_value(first.run, name) if name in first.run.metrics else None,
            last_value(second.run, name) if name in second.run.metrics else None,
        )
        for name in metric_names(first.run, second.run)
    }


def _shown(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"


def _away(first: float | None, second: float | None) -> str:
    return "" if first is None or second is None else away_told(first, second)
