"""The objective by epoch, and where trials were pruned."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from latentsweep.sweep.report.labels import axis_label
from latentsweep.sweep.report.plots.points import crosses, scatter, usable
from latentsweep.sweep.report.plots.theme import (
    BEST,
    FINISHED,
    PRUNED,
    RUNNING,
    blank,
    focus,
    style_axes,
)
from latentsweep.sweep.report.snapshot import Entry, Snapshot, State

if TYPE_CHECKING:
    import plotly.graph_objects as go


def curves(sweep: Snapshot) -> go.Figure | None:
    """One line a trial; None where no trial reported anything."""
    objective = sweep.objectives[0]
    reported = [entry for entry in sweep.entries if entry.curve]
    if not reported:
        return None
    figure = blank()
    # Many lines are one trace with gaps, since a page with 2,000 traces does not draw.
    opacity = max(0.15, min(0.8, 30 / len(reported)))
    for state, colour in (
        (State.PRUNED, PRUNED),
        (State.FINISHED, FINISHED),
        (State.RUNNING, RUNNING),
    ):
        entries = [entry for entry in reported if entry.state == state]
        if entries:
            line = {
                "color": colour,
                "width": 1.2,
                "dash": "dot" if state == State.RUNNING else "solid",
            }
            figure.add_trace(_lines(entries, line, opacity, state.value))
    pruned = [entry for entry in reported if entry.state == State.PRUNED]
    ends = [list(entry.curve.items())[-1] for entry in pruned]
    if pruned:
        x, y = zip(*ends, strict=True)
        figure.add_trace(scatter(pruned, sweep, x, y, crosses(len(pruned)), "pruned here"))
    finished = [entry for entry in usable(reported) if entry.state == State.FINISHED]
    if finished:
        pick = max if objective.maximize else min
        best = pick(finished, key=lambda entry: entry.values[0])
        figure.add_trace(_lines([best], {"color": BEST, "width": 2.5}, 1.0, "best"))
    every = [value for entry in reported for value in entry.curve.values()]
    figure.update_xaxes(title_text="epoch", rangemode="tozero")
    limits = focus(every, maximize=objective.maximize)
    figure.update_yaxes(title_text=axis_label(objective.name), range=limits)
    style_axes(figure)
    return figure


def _lines(entries: Sequence[Entry], line: dict[str, Any], opacity: float, name: str) -> go.Scatter:
    import plotly.graph_objects as go

    x: list[int | None] = []
    y: list[float | None] = []
    numbers: list[int | None] = []
    for entry in entries:
        x += [*entry.curve.keys(), None]
        y += [*entry.curve.values(), None]
        numbers += [entry.trial.number] * (len(entry.curve) + 1)
    return go.Scatter(
        x=x,
        y=y,
        mode="lines" if max(len(entry.curve) for entry in entries) > 1 else "markers",
        line=line,
        opacity=opacity,
        name=name,
        customdata=numbers,
        hovertemplate="trial %{customdata}, epoch %{x}: %{y:.2f}<extra></extra>",
    )
