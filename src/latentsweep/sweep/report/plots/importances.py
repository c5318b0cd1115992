"""How much each parameter matters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from latentsweep.sweep.report.labels import metric_label, parameter_label
from latentsweep.sweep.report.plots.points import usable
from latentsweep.sweep.report.plots.theme import FINISHED, MUTED, blank, style_axes
from latentsweep.sweep.report.snapshot import Entry, Snapshot, State

if TYPE_CHECKING:
    import plotly.graph_objects as go

FEWEST = 8  # below this a forest fits the noise


@dataclass(frozen=True)
class Importances:
    """How much of one objective's variance each parameter explains.

    Attributes:
        shares: by parameter, the most first.
        epoch: after which the trials are compared; None: each at its end.
    """

    shares: dict[str, float]
    epoch: int | None


def importances(sweep: Snapshot, index: int) -> Importances | str:
    """Share of one objective's variance by parameter (fANOVA, Hutter et al. 2014).

    Where pruning has left few finished trials, all are compared after the last epoch that enough of
    them have reached. Parameters that only some trials have are left out. Where there is nothing to
    tell, the reason.

    Args:
        sweep: the sweep.
        index: which objective.
    """
    import optuna
    from optuna.importance import FanovaImportanceEvaluator, get_param_importances

    compared, epoch = _compared(sweep, index)
    if len(compared) < FEWEST:
        return f"Too few trials to tell: {len(compared)} finished, {FEWEST} are needed."
    if len({value for _, value in compared}) == 1:
        return "All trials have the same value."
    everywhere = [
        each.name
        for each in sweep.parameters
        if each.varies and all(each.name in entry.trial.params for entry, _ in compared)
    ]
    if len(everywhere) < 2:
        return "There are not two parameters that all trials share."
    # A study of these trials alone, since the sweep's own also holds those of a warm start, and
    # may have grown since it was read.
    study = optuna.create_study()
    study.add_trials(
        [
            optuna.create_trial(
                params={name: entry.trial.params[name] for name in everywhere},
                distributions={
                    each.name: each.distribution
                    for each in sweep.parameters
                    if each.name in everywhere
                },
                value=value,
            )
            for entry, value in compared
        ]
    )
    shares = get_param_importances(study, evaluator=FanovaImportanceEvaluator(seed=0))
    return Importances(shares, epoch)


def _compared(sweep: Snapshot, index: int) -> tuple[list[tuple[Entry, float]], int | None]:
    """Trials with values that can be compared, and after which epoch."""
    finished = [(entry, entry.values[index]) for entry in usable(sweep.of(State.FINISHED))]
    if len(finished) < FEWEST and len(sweep.objectives) == 1:
        ended = sweep.of(State.FINISHED, State.PRUNED)
        for epoch in sorted({epoch for entry in ended for epoch in entry.curve}, reverse=True):
            there = [(entry, entry.curve[epoch]) for entry in ended if epoch in entry.curve]
            if len(there) >= FEWEST:
                return there, epoch
    return finished, None


def importance_bars(sweep: Snapshot, found: Sequence[tuple[int, Importances]]) -> go.Figure:
    """Bars by parameter, one panel an objective.

    Args:
        sweep: the sweep.
        found: index of each objective, and what `importances` found for it.
    """
    from plotly.subplots import make_subplots

    figure = blank()
    make_subplots(rows=len(found), cols=1, figure=figure)
    for row, (index, importance) in enumerate(found, start=1):
        shares = importance.shares
        names = [parameter_label(name) for name in shares]
        figure.add_bar(
            x=[100 * share for share in shares.values()],
            y=names,
            orientation="h",
            marker={"color": FINISHED},
            text=[f"{100 * share:.0f} %" for share in shares.values()],
            textposition="outside",
            cliponaxis=False,
            hoverinfo="skip",
            showlegend=False,
            width=0.55,
            row=row,
            col=1,
        )
        label = f"share of the variance of {metric_label(sweep.objectives[index].name)}, %"
        if importance.epoch is not None:
            label += f", after epoch {importance.epoch}"
        figure.update_xaxes(title_text=label, range=[0, 108], row=row, col=1)
        figure.update_yaxes(autorange="reversed", row=row, col=1)
    figure.update_layout(height=90 + sum(60 + 44 * len(each.shares) for _, each in found))
    style_axes(figure)
    figure.update_yaxes(ticks="", showgrid=False, tickfont={"color": MUTED})
    return figure
