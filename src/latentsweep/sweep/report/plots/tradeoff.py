"""One metric against another with the Pareto front: rate and distortion, or two objectives."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite
from typing import TYPE_CHECKING, Any

from latentsweep.sweep.report.labels import (
    BETA,
    DISTORTION,
    LATENT_SIZE,
    RATE,
    axis_label,
    parameter_label,
)
from latentsweep.sweep.report.pareto import pareto_front
from latentsweep.sweep.report.plots.points import scatter, usable
from latentsweep.sweep.report.plots.theme import FINISHED, INK, MUTED, blank, colour_bar, style_axes
from latentsweep.sweep.report.snapshot import Entry, Objective, Snapshot, State

if TYPE_CHECKING:
    import plotly.graph_objects as go


def rate_distortion(sweep: Snapshot) -> go.Figure | None:
    """KL against reconstruction of the finished trials; None where no trial has both."""
    entries = [
        entry
        for entry in sweep.of(State.FINISHED)
        if all(isfinite(entry.metrics.get(name, float("nan"))) for name in (RATE, DISTORTION))
    ]
    if not entries:
        return None
    points = [(entry.metrics[RATE], entry.metrics[DISTORTION]) for entry in entries]
    axes = (Objective(RATE, maximize=False), Objective(DISTORTION, maximize=False))
    figure = _tradeoff(sweep, entries, points, axes)
    _add_line_of_best_elbo(figure, points)
    figure.update_xaxes(title_text=f"rate: {axis_label(RATE)}")
    figure.update_yaxes(title_text=f"distortion: {axis_label(DISTORTION)}")
    return figure


def objectives_against_each_other(sweep: Snapshot, x: int, y: int) -> go.Figure | None:
    """Two objectives of the finished trials; None without any.

    Args:
        sweep: the sweep.
        x: which objective lies along.
        y: which one upwards.
    """
    entries = usable(sweep.of(State.FINISHED))
    if not entries:
        return None
    points = [(entry.values[x], entry.values[y]) for entry in entries]
    return _tradeoff(sweep, entries, points, (sweep.objectives[x], sweep.objectives[y]))


def _tradeoff(
    sweep: Snapshot,
    entries: Sequence[Entry],
    points: Sequence[tuple[float, float]],
    axes: tuple[Objective, Objective],
) -> go.Figure:
    import plotly.graph_objects as go

    signs = [-1 if axis.maximize else 1 for axis in axes]
    front = [points[i] for i in pareto_front([[x * signs[0], y * signs[1]] for x, y in points])]
    figure = blank(420)
    x, y = zip(*front, strict=True)
    figure.add_trace(
        go.Scatter(
            x=x,
            y=y,
            mode="lines",
            # Along the first axis until the next trial is better in the second.
            line={"shape": "hv", "color": INK, "width": 1.5},
            name="Pareto front",
            hoverinfo="skip",
        )
    )
    marker = {"size": 10, "line": {"width": 1, "color": "white"}, **_colours(entries, sweep)}
    x, y = zip(*points, strict=True)
    figure.add_trace(scatter(entries, sweep, x, y, marker, "finished"))
    figure.update_xaxes(title_text=axis_label(axes[0].name))
    figure.update_yaxes(title_text=axis_label(axes[1].name))
    style_axes(figure)
    return figure


def _colours(entries: Sequence[Entry], sweep: Snapshot) -> dict[str, Any]:
    """By KL weight, else by latent size, where that is searched in all these trials."""
    for name in (BETA, LATENT_SIZE):
        for parameter in sweep.parameters:
            if parameter.name == name and all(name in entry.trial.params for entry in entries):
                numbers = [entry.trial.params[name] for entry in entries]
                return colour_bar(numbers, parameter_label(name), log=parameter.is_log)
    return {"color": FINISHED}


def _add_line_of_best_elbo(figure: go.Figure, points: Sequence[tuple[float, float]]) -> None:
    """Where rate and distortion add up to the least: every point on it has the best ELBO."""
    least = min(rate + distortion for rate, distortion in points)
    rates, distortions = zip(*points, strict=True)
    # Only as far as the points go, so that it does not stretch the axes.
    ends = [max(min(rates), least - max(distortions)), min(max(rates), least - min(distortions))]
    if ends[0] < ends[1]:
        figure.add_scatter(
            x=ends,
            y=[least - rate for rate in ends],
            mode="lines",
            line={"dash": "dot", "color": MUTED, "width": 1.2},
            name=f"ELBO {-least:.1f}, the best",
            hoverinfo="skip",
        )
