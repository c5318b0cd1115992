"""How the objective's values came in, and the best so far."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np

from latentsweep.sweep.report.labels import axis_label
from latentsweep.sweep.report.plots.points import crosses, scatter, usable
from latentsweep.sweep.report.plots.theme import BEST, FINISHED, bad_end, blank, focus, style_axes
from latentsweep.sweep.report.snapshot import Snapshot, State

if TYPE_CHECKING:
    import plotly.graph_objects as go


def history(sweep: Snapshot, index: int) -> go.Figure | None:
    """Values of one objective in the order in which the trials ended; None without any.

    Args:
        sweep: the sweep.
        index: which objective.
    """
    import plotly.graph_objects as go

    objective = sweep.objectives[index]
    ended = sorted(
        [*usable(sweep.of(State.FINISHED)), *sweep.of(State.PRUNED)],
        key=lambda entry: entry.trial.datetime_complete or datetime.max,
    )
    places = {entry.trial.number: place for place, entry in enumerate(ended, start=1)}
    finished, pruned = (
        [entry for entry in ended if entry.state == state]
        for state in (State.FINISHED, State.PRUNED)
    )
    if not finished:
        return None
    values = [entry.values[index] for entry in finished]
    limits = focus(values, maximize=objective.maximize)
    figure = blank()
    if pruned:
        x = [places[entry.trial.number] for entry in pruned]
        y = [bad_end(limits, maximize=objective.maximize)] * len(pruned)
        figure.add_trace(scatter(pruned, sweep, x, y, crosses(len(pruned)), "pruned"))
    x = [places[entry.trial.number] for entry in finished]
    marker = {"size": 7, "color": FINISHED, "opacity": 0.85}
    figure.add_trace(scatter(finished, sweep, x, values, marker, "finished"))
    best = np.maximum if objective.maximize else np.minimum
    figure.add_trace(
        go.Scatter(
            x=[*x, len(ended)],
            y=[*best.accumulate(values), best.reduce(values)],
            mode="lines",
            line={"shape": "hv", "color": BEST, "width": 2},
            name="best so far",
            hoverinfo="skip",
        )
    )
    figure.update_xaxes(title_text="trials ended", rangemode="tozero")
    figure.update_yaxes(title_text=axis_label(objective.name), range=limits)
    style_axes(figure)
    return figure
