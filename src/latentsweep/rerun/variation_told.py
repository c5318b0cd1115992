"""What a change of the config did to the metrics: one table beside the other."""

from __future__ import annotations

from latentsweep.rerun.facts import CONFIG
from latentsweep.rerun.record import Record, differences_of
from latentsweep.rerun.tables import SIDES, side_by_side
from latentsweep.tracking.terminal_table import table_told


def variation_told(first: Record, second: Record) -> str:
    """The keys that differ, all else that does, and the last value of each metric, as tables.

    Args:
        first: the recorded run.
        second: its variation.
    """
    rows = [
        (each.name.removeprefix(CONFIG), each.first or "none", each.second or "none")
        for each in differences_of(first, second)
    ]
    metrics = table_told(
        "metrics, at the last step of both",
        (*SIDES, "on record", "this one", "difference"),
        side_by_side(first.run, second.run),
        numbers=True,
    )
    return "\n".join([table_told("what differs", ("", "on record", "this one"), rows), metrics])
