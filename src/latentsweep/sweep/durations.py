"""How long trials took: in epochs, and in time, without that in which nobody worked on them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from optuna.trial import FrozenTrial, TrialState

from latentsweep.sweep.attributes import EPOCHS, FAILURE, LEASE, SLOT, STINTS
from latentsweep.sweep.slot import FINISHED


def epochs_of(trial: FrozenTrial) -> int:
    """Epochs that were trained so far."""
    return int(trial.user_attrs.get(EPOCHS) or max(trial.intermediate_values, default=0))


def ended(trial: FrozenTrial, now: datetime) -> datetime:
    """When its worker ended it, or was last seen to work on it.

    Args:
        trial: one that was started.
        now: the present.
    """
    complete = trial.datetime_complete or now
    if trial.state in FINISHED or FAILURE in trial.user_attrs:
        return complete
    began = trial.datetime_start or complete
    seen = (trial.user_attrs.get(LEASE) or {}).get("at")
    return max(began, min(complete, datetime.fromtimestamp(seen))) if seen else began


def spans(trials: Iterable[FrozenTrial], now: datetime) -> list[tuple[float, float]]:
    """When workers were at the sweep's own trials: begin and end, in seconds since the epoch."""
    found = []
    for trial in trials:
        if SLOT in trial.user_attrs and trial.datetime_start:
            found += [(begin, end) for begin, end in trial.user_attrs.get(STINTS, ())]
            if trial.state != TrialState.WAITING:
                found.append((trial.datetime_start.timestamp(), ended(trial, now).timestamp()))
    return found


def covered(intervals: list[tuple[float, float]]) -> float:
    """Length of the union of intervals."""
    length, end = 0.0, float("-inf")
    for start, stop in sorted(intervals):
        length += max(0.0, stop - max(start, end))
        end = max(end, stop)
    return length
