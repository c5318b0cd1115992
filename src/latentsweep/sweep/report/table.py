"""The table of the best trials that a sweep ends with in the terminal."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import optuna

from latentsweep.sweep.report.best import best_trials
from latentsweep.sweep.report.columns import columns
from latentsweep.sweep.report.snapshot import snapshot

if TYPE_CHECKING:
    from rich.table import Table


# Folded where they must be, since the table is to fit into 80 columns.
_FOLDED = {"reconstruction": "recon- struction"}
_FEW = 3
_METRICS = ("KL", "reconstruction", "active units")


def final_table(study: optuna.Study, n: int = 10) -> Table:
    """The best `n` trials, the best first; of several objectives those of the Pareto front."""
    from rich.box import SIMPLE_HEAD
    from rich.markup import escape
    from rich.table import Table

    sweep = snapshot(study, Path())
    by_number = {entry.trial.number: entry for entry in sweep.entries}
    best = [trial for trial in best_trials(study, n) if trial.number in by_number]
    title = "best trials" if len(sweep.objectives) == 1 else "Pareto front"
    table = Table(
        title=title, title_justify="left", box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0)
    )
    # All are finished; and of many parameters' trials the report shows the rest.
    left_out = {"state"} if len(sweep.parameters) <= _FEW else {"state", *_METRICS, "time"}
    shown = [column for column in columns(sweep) if column.title not in left_out]
    rows = [[column.text(by_number[t.number]) for column in shown] for t in best]
    for index, column in enumerate(shown):
        table.add_column(
            escape(_FOLDED.get(column.title, column.title)),
            justify="left" if column.title == "trial" else "right",
            overflow="fold",
            # In a narrow terminal headings are folded, numbers are not.
            min_width=max([len(row[index]) for row in rows], default=1),
        )
    for row in rows:
        table.add_row(*map(escape, row))
    return table
