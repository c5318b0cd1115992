"""The objective against each parameter alone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from latentsweep.sweep.report.labels import axis_label, number, parameter_label
from latentsweep.sweep.report.plots.points import crosses, scatter, usable
from latentsweep.sweep.report.plots.theme import (
    FINISHED,
    bad_end,
    blank,
    focus,
    interval_axis,
    style_axes,
)
from latentsweep.sweep.report.snapshot import Entry, Parameter, Snapshot, State

if TYPE_CHECKING:
    import plotly.graph_objects as go

_COLUMNS = 3
_ROW = 300


def slices(sweep: Snapshot) -> go.Figure | None:
    """One panel a parameter, one group of rows an objective; None without a finished trial."""
    from plotly.subplots import make_subplots

    parameters = [parameter for parameter in sweep.parameters if parameter.varies]
    finished = usable(sweep.of(State.FINISHED))
    if not parameters or not finished:
        return None
    columns = min(_COLUMNS, len(parameters))
    rows_each = -(-len(parameters) // columns)
    rows = rows_each * len(sweep.objectives)
    figure = blank(60 + _ROW * rows)
    gaps = {"horizontal_spacing": 0.06, "vertical_spacing": min(0.1, 0.3 / rows)}
    make_subplots(rows=rows, cols=columns, figure=figure, **gaps)
    for index, objective in enumerate(sweep.objectives):
        values = [entry.values[index] for entry in finished]
        limits = focus(values, maximize=objective.maximize)
        for place, parameter in enumerate(parameters):
            row, column = index * rows_each + place // columns + 1, place % columns + 1
            for trace in _traces(sweep, parameter, index, limits):
                trace.update(showlegend=row == 1 and column == 1)
                figure.add_trace(trace, row=row, col=column)
            title = axis_label(objective.name) if column == 1 else None
            figure.update_yaxes(title_text=title, range=limits, row=row, col=column)
            figure.update_xaxes(_axis(parameter), row=row, col=column)
    style_axes(figure)
    return figure


def _traces(
    sweep: Snapshot, parameter: Parameter, index: int, limits: tuple[float, float]
) -> Iterator[go.Scatter]:
    finished, pruned = (
        [entry for entry in sweep.of(state) if parameter.name in entry.trial.params]
        for state in (State.FINISHED, State.PRUNED)
    )
    if pruned:
        x = [_value(entry, parameter) for entry in pruned]
        # What they reached after a few epochs does not compare with the others' values.
        y = [bad_end(limits, maximize=sweep.objectives[index].maximize)] * len(pruned)
        yield scatter(pruned, sweep, x, y, crosses(len(pruned)), "pruned")
    finished = usable(finished)
    marker = {"size": 7, "color": FINISHED, "opacity": 0.75}
    x = [_value(entry, parameter) for entry in finished]
    y = [entry.values[index] for entry in finished]
    yield scatter(finished, sweep, x, y, marker, "finished")


def _axis(parameter: Parameter) -> dict[str, Any]:
    axis: dict[str, Any] = {"title_text": parameter_label(parameter.name)}
    if parameter.is_numeric:
        return axis | interval_axis(*parameter.interval, log=parameter.is_log)
    return axis | {"type": "category"}


def _value(entry: Entry, parameter: Parameter) -> object:
    value = entry.trial.params[parameter.name]
    return value if parameter.is_numeric else number(value)
