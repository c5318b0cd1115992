"""Which worker ran which trial when: no worker should wait for another."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from latentsweep.sweep.attributes import LEASE
from latentsweep.sweep.durations import ended
from latentsweep.sweep.report.labels import duration
from latentsweep.sweep.report.plots.points import hover
from latentsweep.sweep.report.plots.theme import (
    BEST,
    FINISHED,
    INK,
    PRUNED,
    RUNNING,
    blank,
    style_axes,
)
from latentsweep.sweep.report.snapshot import Entry, Snapshot, State

if TYPE_CHECKING:
    import plotly.graph_objects as go

_COLOURS = {
    "finished": FINISHED,
    "pruned": PRUNED,
    "failed": INK,
    "running": RUNNING,
    "lost": BEST,
}
_MOST_NAMES = 24
_MANY_BARS = 200


@dataclass(frozen=True)
class _Stretch:
    """One attempt at a trial, on the worker that made it."""

    worker: tuple[str, int, float]
    begin: datetime
    end: datetime
    outcome: str
    entry: Entry


def timeline(sweep: Snapshot) -> go.Figure | None:
    """One lane a worker, one bar an attempt; None where no trial says who ran it."""
    stretches = _stretches(sweep)
    if not stretches:
        return None
    began = min(stretch.begin for stretch in stretches)
    workers = list(_by_worker(stretches))
    gap = 0.5 if len(stretches) < _MANY_BARS else 0
    figure = blank()
    for outcome, colour in _COLOURS.items():
        bars = [stretch for stretch in stretches if stretch.outcome == outcome]
        if bars:
            figure.add_bar(
                base=[(bar.begin - began).total_seconds() / 60 for bar in bars],
                x=[(bar.end - bar.begin).total_seconds() / 60 for bar in bars],
                y=[workers.index(bar.worker) for bar in bars],
                orientation="h",
                name=outcome,
                marker={"color": colour, "line": {"width": gap, "color": "white"}},
                customdata=[bar.entry.trial.number for bar in bars],
                hovertext=[hover(bar.entry, sweep) for bar in bars],
                hovertemplate="%{hovertext}<extra></extra>",
            )
    figure.update_layout(barmode="overlay", bargap=0.25)
    figure.update_layout(height=max(230, min(420, 120 + 26 * len(workers))))
    figure.update_xaxes(title_text="minutes since the start")
    named = len(workers) <= _MOST_NAMES
    names = [f"{host.partition(' ')[0]} {pid}" for host, pid, _ in workers]
    figure.update_yaxes(
        title_text="worker" if not named else None,
        tickvals=list(range(len(workers))) if named else None,
        ticktext=names if named else None,
        autorange="reversed",
    )
    style_axes(figure)
    return figure


def usage(sweep: Snapshot) -> str:
    """How much of the workers' time trials fill."""
    lanes = _by_worker(_stretches(sweep)).values()
    training = sum((bar.end - bar.begin).total_seconds() for lane in lanes for bar in lane)
    alive = sum(
        (max(bar.end for bar in lane) - min(bar.begin for bar in lane)).total_seconds()
        for lane in lanes
    )
    if not alive:
        return ""
    share = min(1.0, training / alive)
    return (
        f"Trials fill {100 * share:.1f} % of the {duration(alive)} that the workers spent between "
        "their first trial's start and their last one's end."
    )


def _stretches(sweep: Snapshot) -> list[_Stretch]:
    found = []
    for entry in sweep.entries:
        for trial in entry.tries:
            lease = trial.user_attrs.get(LEASE)
            if lease and trial.datetime_start:
                worker = (str(lease["host"]), int(lease["pid"]), float(lease["started"]))
                lost = trial is not entry.trial or entry.state == State.WAITING
                end = ended(trial, sweep.taken)
                outcome = "lost" if lost else entry.state.value
                found.append(_Stretch(worker, trial.datetime_start, end, outcome, entry))
    return sorted(found, key=lambda stretch: stretch.begin)


def _by_worker(stretches: list[_Stretch]) -> dict[tuple[str, int, float], list[_Stretch]]:
    """The stretches of each worker, the worker that began first at the front."""
    lanes: defaultdict[tuple[str, int, float], list[_Stretch]] = defaultdict(list)
    for stretch in stretches:
        lanes[stretch.worker].append(stretch)
    return dict(lanes)
