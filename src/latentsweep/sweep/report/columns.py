"""The columns of every table of trials: on the page, in the note, in the terminal."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from latentsweep.sweep.report.labels import (
    ACTIVE_UNITS,
    DISTORTION,
    RATE,
    duration,
    metric_label,
    metric_value,
    number,
    parameter_label,
)
from latentsweep.sweep.report.snapshot import Entry, Snapshot

Sortable = float | str | None


@dataclass(frozen=True)
class Column:
    """One column.

    Attributes:
        title: its heading.
        text: what it shows of a trial.
        key: what trials are sorted by; None sorts last.
    """

    title: str
    text: Callable[[Entry], str]
    key: Callable[[Entry], Sortable]


def columns(sweep: Snapshot) -> list[Column]:
    """Trial, state, objectives, parameters, rate, distortion, active units, epochs and time.

    Metrics that no trial has are left out, as are those that are objectives themselves.
    """
    names = [objective.name for objective in sweep.objectives]
    others = [
        name
        for name in (RATE, DISTORTION, ACTIVE_UNITS)
        if name not in names and any(name in entry.metrics for entry in sweep.entries)
    ]
    return [
        Column("trial", lambda entry: str(entry.trial.number), lambda entry: entry.trial.number),
        Column("state", lambda entry: str(entry.state), lambda entry: str(entry.state)),
        *(_objective(index, name) for index, name in enumerate(names)),
        *(_parameter(parameter.name) for parameter in sweep.parameters),
        *(_metric(name) for name in others),
        Column("epochs", lambda entry: _count(entry.epochs or None), lambda entry: entry.epochs),
        Column("time", lambda entry: duration(entry.seconds), lambda entry: entry.seconds),
    ]


def _objective(index: int, name: str) -> Column:
    def value(entry: Entry) -> float | None:
        return dict(enumerate(entry.latest)).get(index)

    return Column(metric_label(name), lambda entry: metric_value(value(entry)), value)


def _parameter(name: str) -> Column:
    def text(entry: Entry) -> str:
        return number(entry.trial.params[name]) if name in entry.trial.params else ""

    def key(entry: Entry) -> Sortable:
        value = entry.trial.params.get(name)
        return (
            value if isinstance(value, int | float) and not isinstance(value, bool) else text(entry)
        )

    return Column(parameter_label(name), text, key)


def _metric(name: str) -> Column:
    return Column(
        metric_label(name),
        lambda entry: metric_value(entry.metrics.get(name)),
        lambda entry: entry.metrics.get(name),
    )


def _count(value: int | None) -> str:
    return "" if value is None else str(value)
