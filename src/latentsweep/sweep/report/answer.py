"""What the sweep says, in sentences: how large a latent space, how hard the KL term presses."""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite, log

from latentsweep.sweep.report.labels import (
    ACTIVE_UNITS,
    axis_label,
    duration,
    metric_label,
    metric_unit,
    metric_value,
    number,
    parameter_label,
    searched,
)
from latentsweep.sweep.report.snapshot import Entry, Parameter, Snapshot, State

_NEAR = 1.0  # nats per image
_EDGE = 0.03  # of an interval's length


def headline(sweep: Snapshot, best: list[Entry]) -> str:
    """The answer in one sentence.

    Args:
        sweep: the sweep.
        best: its best trials, the best first; of several objectives the Pareto front.
    """
    if not best:
        return "No trial has finished yet."
    if len(sweep.objectives) > 1:
        names = " against ".join(metric_label(each.name) for each in sweep.objectives)
        plural = "trials lie" if len(best) > 1 else "trial lies"
        return f"{names}: {len(best)} {plural} on the Pareto front."
    top = best[0]
    chosen = " and ".join(
        f"{parameter_label(name)} {number(value)}" for name, value in top.trial.params.items()
    )
    name = sweep.objectives[0].name
    reached = f"{metric_label(name)} {metric_value(top.values[0])} {metric_unit(name)}".strip()
    begin = "Best" if sweep.is_over else "Best so far"
    return f"{begin}: {chosen or 'no parameter'}, with {reached}."


def remarks(sweep: Snapshot, best: list[Entry]) -> list[str]:
    """What qualifies the answer: how sharp it is, and whether the space was wide enough."""
    if not best or len(sweep.objectives) > 1:
        return []
    found = []
    top, objective = best[0], sweep.objectives[0]
    active, size = top.metrics.get(ACTIVE_UNITS), top.trial.params.get("model.latent_size")
    if active is not None and size is not None:
        found.append(f"Its model uses {active:.0f} of its {size} latents.")
    if metric_unit(objective.name):
        found += _near(sweep, top)
    for parameter in sweep.parameters:
        edge = _edge(parameter, top)
        if edge:
            label = parameter_label(parameter.name)
            found.append(
                f"Its {label} lies at the {edge} end of what was searched: a wider interval may "
                "hold something better."
            )
    return found


def progress(sweep: Snapshot) -> str:
    """How many trials there are in each state, and how long they took."""
    counts = {state: len(sweep.of(state)) for state in State}
    of_all = f" of {sweep.wanted}" if sweep.wanted else ""
    ended = counts[State.FINISHED] + counts[State.PRUNED]
    parts = [f"{counts[state]} {state}" for state in State if state != State.WAITING]
    training = sum(entry.seconds for entry in sweep.entries)
    sentence = f"{ended}{of_all} trials done: {', '.join(parts)}."
    if training:
        sentence += (
            f" {duration(sweep.busy)} of wall time, {duration(training)} of training in all."
        )
    again = sum(entry.attempts > 1 for entry in sweep.entries)
    if again:
        sentence += f" {_trials(again)} taken up again after a worker was lost."
    if sweep.warm_start:
        sentence += (
            f" The sampler also learned from {_trials(sweep.warm_start)} of earlier studies."
        )
    return sentence


def space(sweep: Snapshot) -> str:
    """What was searched, for what."""
    goals = " and ".join(
        f"{'maximise' if each.maximize else 'minimise'} {axis_label(each.name)}"
        for each in sweep.objectives
    )
    if not sweep.parameters:
        return f"Goal: {goals}."
    return f"Searched: {'; '.join(map(searched, sweep.parameters))}. Goal: {goals}."


def method(sweep: Snapshot) -> str:
    """The sampler and the pruner, as far as they are on record."""
    parts = [f"{key}: {_setting(value)}" for key, value in sweep.method.items()]
    return f"{'; '.join(parts)}." if parts else ""


def _setting(value: object) -> str:
    if not isinstance(value, Mapping):
        return str(value)
    name = str(value.get("name", ""))
    others = ", ".join(
        f"{key}={each}" for key, each in value.items() if key != "name" and each is not None
    )
    return f"{name} ({others})" if name and others else name or others


def _near(sweep: Snapshot, top: Entry) -> list[str]:
    """Over what intervals finished trials are almost as good."""
    near = [
        entry
        for entry in sweep.of(State.FINISHED)
        if isfinite(entry.values[0]) and abs(entry.values[0] - top.values[0]) <= _NEAR
    ]
    if len(near) < 2:
        return []
    ranges = []
    for parameter in sweep.parameters:
        if parameter.is_numeric:
            has = [e.trial.params[parameter.name] for e in near if parameter.name in e.trial.params]
            if has:
                low, high = number(min(has)), number(max(has))
                span = low if low == high else f"{low} to {high}"
                ranges.append(f"{parameter_label(parameter.name)} {span}")
    if not ranges:
        return []
    others = "the other trial" if len(near) == 2 else f"the {len(near) - 1} other trials"
    return [f"Together with {others} within {_NEAR:g} nat of it: {', '.join(ranges)}."]


def _edge(parameter: Parameter, entry: Entry) -> str:
    """Which end of its interval a trial's value lies at; nothing where it lies inside."""
    value = entry.trial.params.get(parameter.name)
    if value is None or not parameter.is_numeric or not parameter.varies:
        return ""
    low, high = parameter.interval
    if parameter.is_log:
        low, high, value = log(low), log(high), log(value)
    place = (value - low) / (high - low)
    return "lower" if place < _EDGE else "upper" if place > 1 - _EDGE else ""


def _trials(count: int) -> str:
    return f"{count} trial{'' if count == 1 else 's'}"
