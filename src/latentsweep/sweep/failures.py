"""Trials that fail by themselves, and when there are too many of them."""

from __future__ import annotations

from optuna.trial import FrozenTrial, TrialState

from latentsweep.sweep.attributes import FAILURE, SLOT
from latentsweep.sweep.slot import FINISHED

# Fewer trials than this say nothing about the share that fails.
_TRIALS_THAT_TELL = 10


def failures_in(trials: list[FrozenTrial]) -> list[FrozenTrial]:
    """The trials that failed by themselves, and were not taken up again."""
    return [
        trial for trial in trials if trial.state == TrialState.FAIL and FAILURE in trial.user_attrs
    ]


def too_many_failures(
    trials: list[FrozenTrial], wanted: int, max_failure_rate: float, forgiven: int
) -> str:
    """How many trials fail, in words, if they are too many; else nothing.

    Args:
        trials: all of the study.
        wanted: trials that the sweep wants.
        max_failure_rate: share of the ended trials that may have failed.
        forgiven: failures before the sweep was started again, which do not count.
    """
    finished = sum(trial.state in FINISHED and SLOT in trial.user_attrs for trial in trials)
    failures = len(failures_in(trials)) - forgiven
    ended = finished + failures
    tolerated = max_failure_rate * max(ended, min(wanted, _TRIALS_THAT_TELL))
    hopeless = failures >= max(wanted, _TRIALS_THAT_TELL) and not finished
    return f"{failures} of {ended} trials failed" if failures > tolerated or hopeless else ""
