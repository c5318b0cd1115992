"""Two sweeps held against each other, trial by trial."""

from __future__ import annotations

from itertools import zip_longest

from latentsweep.rerun.comparison import Comparison, compare
from latentsweep.rerun.facts import CONFIG, Effect, told_reasons
from latentsweep.rerun.record import Record, differences_of
from latentsweep.rerun.recorded_sweep import RecordedSweep

_STATE = "optuna.trial.state"


def compare_sweeps(first: RecordedSweep, second: RecordedSweep) -> tuple[list[str], bool]:
    """Hold two sweeps against each other, trial by trial in the order of their numbers.

    Trials that had not ended on record are left out.

    Returns:
        The verdict for people, and whether all trials are the same.
    """
    pairs = list(zip_longest(first.ended, second.ended))
    points = 0
    for number, (mine, other) in enumerate(pairs):
        how, compared = _held_together(mine, other)
        if how:
            return _parted(first, second, number, how), False
        points += compared
    same = f"{points} numbers the same to the bit"
    return [f"IDENTICAL: {len(pairs)} trials in the same order, {same}"], True


def _held_together(mine: Record | None, other: Record | None) -> tuple[str, int]:
    """What tells two trials apart, empty where nothing does, and how many numbers were compared."""
    if mine is None or other is None:
        return "is there on one side only", 0
    keys = [each for each in differences_of(mine, other) if each.name.startswith(CONFIG)]
    if keys:
        return told_reasons(keys), 0
    if _ended(mine) != _ended(other):
        return f"{_ended(mine)} on record, {_ended(other)} again", 0
    compared = _compared(mine, other)
    if compared.different:
        point = compared.different[0]
        return f"first differs in {point.metric} at step {point.step}", compared.points
    return "its weights differ" if compared.weights is False else "", compared.points


def _parted(first: RecordedSweep, second: RecordedSweep, same: int, how: str) -> list[str]:
    """The verdict where two sweeps went different ways."""
    lines = [f"DIFFERENT: {same} of {len(first.ended)} trials are the same, from the first on"]
    lines.append(f"  the next:  {how}")
    lines.append(f"  {_same_parameters(first, second)} trials have the same parameters")
    if first.workers != 1:
        lines.append(
            f"  may be due to: {first.workers or 'several'} workers on record, 1 again: what the "
            "sampler had seen, and who was pruned, depended on who was first"
        )
    at = min(same, len(first.ended) - 1, len(second.ended) - 1)
    if at >= 0:
        found = differences_of(first.ended[at], second.ended[at])
        reasons = [d for d in found if d.effect is not Effect.NOTHING]
        reasons = [d for d in reasons if not d.name.startswith(CONFIG)]
        if reasons:
            lines.append(f"  may be due to: {told_reasons(reasons)}")
    return [*lines, "  each trial by itself: make rerun RUN=<id of the trial's run>"]


def _ended(trial: Record) -> str:
    return f"{trial.run.tags.get(_STATE, 'unknown').lower()} at step {trial.run.last_step}"


def _same_parameters(first: RecordedSweep, second: RecordedSweep) -> int:
    """How many trials have the same config on both sides, in whatever way they ended."""
    return sum(
        not any(each.name.startswith(CONFIG) for each in differences_of(mine, other))
        for mine, other in zip(first.ended, second.ended, strict=False)
    )


def _compared(first: Record, second: Record) -> Comparison:
    until = max(first.run.last_step, second.run.last_step)
    mine, other = first.weights(), second.weights()
    weights = mine == other if mine and other else None
    return compare(first.run.metrics, second.run.metrics, until, weights=weights)
