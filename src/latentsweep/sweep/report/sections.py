"""Which plots a report holds, in which order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

from latentsweep.sweep.report.labels import direction, metric_label, parameter_label
from latentsweep.sweep.report.plots.curves import curves
from latentsweep.sweep.report.plots.history import history
from latentsweep.sweep.report.plots.importances import importance_bars, importances
from latentsweep.sweep.report.plots.parameter_map import compares_by_epoch, mapped, parameter_map
from latentsweep.sweep.report.plots.slices import slices
from latentsweep.sweep.report.plots.timeline import timeline, usage
from latentsweep.sweep.report.plots.tradeoff import objectives_against_each_other, rate_distortion
from latentsweep.sweep.report.snapshot import Snapshot, State

if TYPE_CHECKING:
    import plotly.graph_objects as go

_OUTSIDE = "Outliers lie outside the axes; a double click shows all."


@dataclass(frozen=True)
class Section:
    """A plot, or why there is none, with what to read from it.

    Attributes:
        title: its heading.
        caption: how it is read.
        figure: the plot; a text where there is none.
        wide: whether it takes the whole width.
    """

    title: str
    caption: str
    figure: go.Figure | str
    wide: bool = False


def sections(sweep: Snapshot) -> Iterator[Section]:
    """The plots that this sweep has something for."""
    several = len(sweep.objectives) > 1
    for x, y in combinations(range(len(sweep.objectives)), 2):
        figure = objectives_against_each_other(sweep, x, y)
        if figure:
            pair = [metric_label(sweep.objectives[index].name) for index in (x, y)]
            yield Section(
                f"{pair[0]} against {pair[1]}",
                "No trial is better than those on the front in both.",
                figure,
            )
    yield from _maps(sweep)
    rates = rate_distortion(sweep)
    if rates and not _is_rate_distortion(sweep):
        caption = "Finished trials, validation split. Lower left is better; the line is the front."
        yield Section("Rate and distortion", caption, rates)
    yield from _histories(sweep)
    by_epoch = None if several else curves(sweep)
    if by_epoch:
        yield Section("By epoch", f"Pruned trials end at a cross. {_OUTSIDE}", by_epoch)
    yield from _importances(sweep)
    busy = timeline(sweep)
    if busy:
        yield Section("Who trained when", usage(sweep), busy)
    sliced = slices(sweep)
    if sliced:
        caption = _on_axes(sweep)
        yield Section("Each parameter alone", caption, sliced, wide=True)


def _maps(sweep: Snapshot) -> Iterator[Section]:
    pair = mapped(sweep)
    for index, objective in enumerate(sweep.objectives):
        figure = parameter_map(sweep, index)
        if pair and figure:
            names = " and ".join(parameter_label(parameter.name) for parameter in pair)
            caption = f"Colour: {metric_label(objective.name)}, {direction(objective)}."
            if compares_by_epoch(sweep):
                caption = (
                    f"Colour: by how much {metric_label(objective.name)} was behind the best trial "
                    "at the same epoch, the trial's last. Crosses were pruned."
                )
            yield Section(f"Map of {names}", caption, figure)


def _histories(sweep: Snapshot) -> Iterator[Section]:
    for index, objective in enumerate(sweep.objectives):
        figure = history(sweep, index)
        if figure:
            name = f": {metric_label(objective.name)}" if len(sweep.objectives) > 1 else ""
            yield Section(
                f"The search so far{name}",
                f"{direction(objective).capitalize()}. {_on_axes(sweep)}",
                figure,
            )


def _importances(sweep: Snapshot) -> Iterator[Section]:
    found = {index: importances(sweep, index) for index in range(len(sweep.objectives))}
    shares = [(index, each) for index, each in found.items() if not isinstance(each, str)]
    title = "What matters most"
    if shares:
        caption = "Share of the objective's variance that each parameter explains (fANOVA)."
        yield Section(title, caption, importance_bars(sweep, shares))
    elif sweep.entries:
        yield Section(title, "", next(each for each in found.values() if isinstance(each, str)))


def _on_axes(sweep: Snapshot) -> str:
    pruned = "Crosses at the edge are pruned trials. " if sweep.of(State.PRUNED) else ""
    return pruned + _OUTSIDE


def _is_rate_distortion(sweep: Snapshot) -> bool:
    return {objective.name for objective in sweep.objectives} == {"val/kl", "val/reconstruction"}
