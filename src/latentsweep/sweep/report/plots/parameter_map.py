"""Two parameters against each other, with the objective as colour: latent size and KL weight."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from latentsweep.sweep.report.labels import (
    BETA,
    LATENT_SIZE,
    axis_label,
    metric_unit,
    parameter_label,
)
from latentsweep.sweep.report.plots.points import behind, crosses, scatter, usable
from latentsweep.sweep.report.plots.theme import (
    BEST,
    RUNNING,
    blank,
    colour_bar,
    interval_axis,
    style_axes,
)
from latentsweep.sweep.report.snapshot import Entry, Parameter, Snapshot, State

if TYPE_CHECKING:
    import plotly.graph_objects as go


def mapped(sweep: Snapshot) -> tuple[Parameter, Parameter] | None:
    """The two numeric parameters to draw: latent size and KL weight where both are searched."""
    numeric = [each for each in sweep.parameters if each.is_numeric and each.varies]
    wanted = [each for each in numeric if each.name in (LATENT_SIZE, BETA)]
    wanted.sort(key=lambda each: each.name == BETA)
    chosen = wanted + [each for each in numeric if each not in wanted]
    return (chosen[0], chosen[1]) if len(chosen) > 1 else None


def compares_by_epoch(sweep: Snapshot) -> bool:
    """Whether pruned trials are coloured, too: by how far they were behind at their last epoch."""
    return len(sweep.objectives) == 1 and any(entry.curve for entry in sweep.of(State.PRUNED))


def parameter_map(sweep: Snapshot, index: int) -> go.Figure | None:
    """The map of one objective; None without two numeric parameters or a finished trial.

    Args:
        sweep: the sweep.
        index: which objective.
    """
    pair = mapped(sweep)
    if pair is None:
        return None
    here = [entry for entry in sweep.entries if all(p.name in entry.trial.params for p in pair)]
    finished = [entry for entry in usable(here) if entry.state == State.FINISHED]
    if not finished:
        return None
    objective = sweep.objectives[index]
    # The best are drawn last, on top.
    finished.sort(key=lambda entry: entry.values[index], reverse=not objective.maximize)
    figure = blank(420)
    pruned = [entry for entry in here if entry.state == State.PRUNED]
    running = [entry for entry in here if entry.state == State.RUNNING]
    if compares_by_epoch(sweep):
        pruned = [entry for entry in pruned if entry.curve]
        cross, marker = _coloured_by_epoch(pruned, finished, sweep)
    else:
        cross, marker = crosses(len(pruned)), _coloured(finished, sweep, index)
    for entries, name, look in (
        (pruned, "pruned", cross),
        (running, "running", _RING),
        (finished, "finished", marker),
    ):
        if entries:
            figure.add_trace(scatter(entries, sweep, *_places(entries, pair), look, name))
    if len(sweep.objectives) == 1:
        ring = {"symbol": "circle-open", "size": 19, "line": {"width": 2.5}, "color": BEST}
        figure.add_trace(scatter(finished[-1:], sweep, *_places(finished[-1:], pair), ring, "best"))
    figure.update_xaxes(_axis(pair[0]))
    figure.update_yaxes(_axis(pair[1]))
    style_axes(figure)
    return figure


_DOT = {"size": 12, "line": {"width": 1, "color": "white"}}
_CROSS = {"size": 8, "symbol": "x", "line": {"width": 0}}
_RING = {"symbol": "circle-open", "size": 10, "color": RUNNING, "line": {"width": 2}}


def _coloured(finished: list[Entry], sweep: Snapshot, index: int) -> dict[str, Any]:
    """Dots by their objective's value."""
    objective = sweep.objectives[index]
    values = [entry.values[index] for entry in finished]
    worst, best = np.quantile(values, 0.1 if objective.maximize else 0.9), values[-1]
    limits = {"cmin": min(worst, best), "cmax": max(worst, best)} if worst != best else {}
    colours = colour_bar(values, axis_label(objective.name))
    return {**_DOT, **colours, **limits, "reversescale": not objective.maximize}


def _coloured_by_epoch(
    pruned: list[Entry], finished: list[Entry], sweep: Snapshot
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Crosses and dots by how far each trial was behind the best one at its last epoch."""
    far = behind([*pruned, *finished], sweep)
    unit = metric_unit(sweep.objectives[0].name).partition(" ")[0]
    title = f"{unit} behind the best at the same epoch".strip()
    limits = {"cmin": 0.0, "cmax": float(np.quantile(far, 0.8)) or 1.0}
    cross, dot = (
        {**look, **colour_bar(each, title), **limits, "reversescale": True}
        for look, each in ((_CROSS, far[: len(pruned)]), (_DOT, far[len(pruned) :]))
    )
    return cross | {"showscale": False}, dot


def _places(entries: list[Entry], pair: tuple[Parameter, Parameter]) -> tuple[list[Any], list[Any]]:
    x, y = ([entry.trial.params[each.name] for entry in entries] for each in pair)
    return x, y


def _axis(parameter: Parameter) -> dict[str, Any]:
    title = {"title": {"text": parameter_label(parameter.name)}}
    return title | interval_axis(*parameter.interval, log=parameter.is_log)
