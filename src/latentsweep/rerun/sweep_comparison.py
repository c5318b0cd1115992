"""Two sweeps held against each other, trial by trial."""

from __future__ import annotations

from collections.abc import Sequence

from latentsweep.rerun.comparison import Comparison, compare
from latentsweep.rerun.facts import CONFIG, Difference, Effect, differences, facts
from latentsweep.rerun.record import Record
from latentsweep.rerun.recorded_sweep import RecordedSweep

_STATE = "optuna.trial.state"


def compare_sweeps(first: RecordedSweep, second: RecordedSweep) -> tuple[list[str], bool]:
    """Hold two sweeps against each other, trial by trial.

    Returns:
        The verdict for people, and whether all trials are the same.
    """
    numbers = sorted(first.trials.keys() | second.trials.keys())
    points = 0
    for same, number in enumerate(numbers):
        mine, other = first.trials.get(number), second.trials.get(number)
        if mine is None or other is None:
            return _parted(first, second, same, number, "is there on one side only"), False
        found = [each for each in _found(mine, other) if each.name.startswith(CONFIG)]
        if found:
            told = ", ".join(
                f"{d.name.removeprefix(CONFIG)}={d.first} on record, {d.second} again"
                for d in found
            )
            return _parted(first, second, same, number, told), False
        if _ended(mine) != _ended(other):
            how = f"{_ended(mine)} on record, {_ended(other)} again"
            return _parted(first, second, same, number, how), False
        compared = _compared(mine, other)
        if not compared.identical:
            point = next(iter(compared.different), None)
            told = f"{point.metric} at step {point.step}" if point else "its weights"
            return _parted(first, second, same, number, f"first differs in {told}"), False
        points += compared.points
    line = (
        f"IDENTICAL: {len(numbers)} trials in the same order, {points} numbers the same to the bit"
    )
    return [line], True


def _parted(
    first: RecordedSweep, second: RecordedSweep, same: int, number: int, how: str
) -> list[str]:
    """The verdict where two sweeps went different ways."""
    total = len(first.trials)
    lines = [f"DIFFERENT: {same} of {total} trials are the same, from the first on"]
    lines.append(f"  trial {number}: {how}")
    lines.append(f"  {_same_parameters(first, second)} trials have the same parameters")
    if first.workers != 1:
        lines.append(
            f"  may be due to: {first.workers or 'several'} workers on record, 1 again: what the "
            "sampler had seen, and who was pruned, depended on who was first"
        )
    mine, other = first.trials[min(first.trials)], second.trials[min(second.trials)]
    reasons = [d for d in _found(mine, other) if d.effect is not Effect.NOTHING]
    reasons = [d for d in reasons if not d.name.startswith(CONFIG)]
    if reasons:
        told = "; ".join(
            f"{d.name} ({d.first or 'none'}, now {d.second or 'none'})" for d in reasons
        )
        lines.append(f"  may be due to: {told}")
    return [*lines, "  each trial by itself: make rerun RUN=<id of the trial's run>"]


def _ended(trial: Record) -> str:
    return f"{trial.run.tags.get(_STATE, 'unknown').lower()} at step {trial.run.last_step}"


def _same_parameters(first: RecordedSweep, second: RecordedSweep) -> int:
    """How many trials have the same config on both sides, in whatever way they ended."""
    both = first.trials.keys() & second.trials.keys()
    return sum(
        not any(d.name.startswith(CONFIG) for d in _found(first.trials[n], second.trials[n]))
        for n in both
    )


def _told_of_keys(found: Sequence[Difference]) -> str:
    keys = ((each.name.removeprefix(CONFIG), each) for each in found)
    return ", ".join(f"{key}={each.first} on record, {each.second} again" for key, each in keys)


def _found(first: Record, second: Record) -> Sequence[Difference]:
    return differences(
        facts(first.origin, first.values, first.diff),
        facts(second.origin, second.values, second.diff),
    )


def _compared(first: Record, second: Record) -> Comparison:
    until = max(first.run.last_step, second.run.last_step)
    mine, other = first.weights(), second.weights()
    weights = mine == other if mine and other else None
    return compare(first.run.metrics, second.run.metrics, until, weights=weights)
