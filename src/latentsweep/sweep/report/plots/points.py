"""Trials as the points of a plot: where they stand, what they say, where a click leads."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from math import isfinite
from typing import TYPE_CHECKING, Any

from latentsweep.sweep.report.labels import metric_label, metric_value, number, parameter_label
from latentsweep.sweep.report.plots.theme import PRUNED
from latentsweep.sweep.report.snapshot import Entry, Snapshot, State

if TYPE_CHECKING:
    import plotly.graph_objects as go


_MANY = 200


def behind(entries: list[Entry], sweep: Snapshot) -> list[float]:
    """How far each trial is behind the best one at the same epoch, the last that it has reached.

    So trials of different lengths can be compared. 0 where it has reported nothing.
    """
    better = max if sweep.objectives[0].maximize else min
    best: dict[int, float] = {}
    for entry in sweep.entries:
        for epoch, value in entry.curve.items():
            best[epoch] = better(value, best.get(epoch, value))
    last = [next(reversed(entry.curve.items()), None) for entry in entries]
    return [abs(best[each[0]] - each[1]) if each else 0.0 for each in last]


def crosses(count: int) -> dict[str, Any]:
    """The marker of pruned trials, fainter where there are very many of them."""
    size, opacity = (7, 1.0) if count <= _MANY else (5, 0.45)
    line = {"width": 1.4, "color": PRUNED}
    return {"symbol": "x-thin", "size": size, "opacity": opacity, "line": line}


def hover(entry: Entry, sweep: Snapshot) -> str:
    """What a point says of its trial."""
    lines = [f"<b>trial {entry.trial.number}</b>, {entry.state}"]
    if entry.state == State.PRUNED:
        lines[0] += f" after epoch {entry.epochs}"
    lines += [
        f"{escape(metric_label(objective.name))}: {metric_value(value)}"
        for objective, value in zip(sweep.objectives, entry.latest, strict=False)
    ]
    lines += [
        f"{escape(parameter_label(name))}: {escape(number(value))}"
        for name, value in entry.trial.params.items()
    ]
    return "<br>".join(lines)


def usable(entries: Sequence[Entry]) -> list[Entry]:
    """The finished trials whose objectives can be drawn."""
    return [entry for entry in entries if entry.values and all(map(isfinite, entry.values))]


def scatter(
    entries: Sequence[Entry],
    sweep: Snapshot,
    x: Sequence[Any],
    y: Sequence[Any],
    marker: dict[str, Any],
    name: str,
) -> go.Scatter:
    """Points that show their trial and lead to its MLflow run when they are clicked."""
    import plotly.graph_objects as go

    return go.Scatter(
        x=list(x),
        y=list(y),
        mode="markers",
        marker=marker,
        name=name,
        customdata=[entry.trial.number for entry in entries],
        text=[hover(entry, sweep) for entry in entries],
        hovertemplate="%{text}<extra></extra>",
    )
