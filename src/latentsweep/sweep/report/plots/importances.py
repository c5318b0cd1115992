"""How much each parameter matters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from latentsweep.sweep.report.labels import metric_label, parameter_label
from latentsweep.sweep.report.plots.points import usable
from latentsweep.sweep.report.plots.theme import FINISHED, MUTED, blank, style_axes
from latentsweep.sweep.report.snapshot import Snapshot, State

if TYPE_CHECKING:
    import plotly.graph_objects as go

FEWEST = 8  # below this a forest fits the noise


def importances(sweep: Snapshot, index: int) -> dict[str, float] | str:
    """Share of one objective's variance by parameter (fANOVA, Hutter et al. 2014), the most first.

    Parameters that only some trials have are left out. Where there is nothing to tell, the reason.

    Args:
        sweep: the sweep.
        index: which objective.
    """
    import optuna
    from optuna.importance import FanovaImportanceEvaluator, get_param_importances

    finished = usable(sweep.of(State.FINISHED))
    if len(finished) < FEWEST:
        return f"Too few trials to tell: {len(finished)} finished, {FEWEST} are needed."
    if len({entry.values[index] for entry in finished}) == 1:
        return "All finished trials have the same value."
    everywhere = [
        each.name
        for each in sweep.parameters
        if each.varies and all(each.name in entry.trial.params for entry in finished)
    ]
    if len(everywhere) < 2:
        return "There are not two parameters that all finished trials share."
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
                value=entry.values[index],
            )
            for entry in finished
        ]
    )
    return get_param_importances(study, evaluator=FanovaImportanceEvaluator(seed=0))


def importance_bars(sweep: Snapshot, found: Sequence[tuple[int, dict[str, float]]]) -> go.Figure:
    """Bars by parameter, one panel an objective.

    Args:
        sweep: the sweep.
        found: index of each objective, and what `importances` found for it.
    """
    from plotly.subplots import make_subplots

    figure = blank()
    make_subplots(rows=len(found), cols=1, figure=figure)
    for row, (index, shares) in enumerate(found, start=1):
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
        figure.update_xaxes(title_text=label, range=[0, 108], row=row, col=1)
        figure.update_yaxes(autorange="reversed", row=row, col=1)
    figure.update_layout(height=90 + sum(60 + 44 * len(shares) for _, shares in found))
    style_axes(figure)
    figure.update_yaxes(ticks="", showgrid=False, tickfont={"color": MUTED})
    return figure
