"""One of the n trials that are wanted, with all that was tried for it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from optuna.trial import FrozenTrial, TrialState

from latentsweep.sweep.attributes import SLOT

FINISHED = (TrialState.COMPLETE, TrialState.PRUNED)


@dataclass(frozen=True)
class Slot:
    """One of the n trials that are wanted, with all that was tried for it.

    Attributes:
        index: from 0.
        trials: in the order of their numbers.
    """

    index: int
    trials: tuple[FrozenTrial, ...]

    @property
    def current(self) -> FrozenTrial | None:
        """The trial that stands for the slot: finished, or unfinished, or the last that failed."""
        finished = [trial for trial in self.trials if trial.state in FINISHED]
        unfinished = [trial for trial in self.trials if not trial.state.is_finished()]
        return next(iter(finished + unfinished), self.trials[-1] if self.trials else None)

    @property
    def is_filled(self) -> bool:
        """Whether a trial of it is complete or pruned."""
        return self.current is not None and self.current.state in FINISHED

    @property
    def is_waiting(self) -> bool:
        """Whether a trial of it may be claimed."""
        return self.current is not None and self.current.state == TrialState.WAITING


def slots_of(trials: list[FrozenTrial]) -> dict[int, Slot]:
    """The slots that have trials, by index; trials without one (of a warm start) are left out."""
    by_index: defaultdict[int, list[FrozenTrial]] = defaultdict(list)
    for trial in trials:
        if SLOT in trial.user_attrs:
            by_index[trial.user_attrs[SLOT]].append(trial)
    return {index: Slot(index, tuple(by_index[index])) for index in sorted(by_index)}


def all_filled(trials: list[FrozenTrial], wanted: int) -> bool:
    """Whether a trial of each of the first `wanted` slots is complete or pruned."""
    slots = slots_of(trials).values()
    return sum(slot.is_filled and slot.index < wanted for slot in slots) >= wanted
