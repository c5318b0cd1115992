"""Slots that nobody has opened: who is to open them, and when others do."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping

from optuna.trial import FrozenTrial, TrialState

from latentsweep.sweep.slot import Slot

# Open slots are kept this far ahead of the claimed ones, and are not all there from the start:
# samplers read every unfinished trial from a database, each time.
AHEAD = 16


def empty_slots(slots: Mapping[int, Slot], end: int) -> Iterator[tuple[int, FrozenTrial | None]]:
    """Slots before `end` in which nothing waits, runs or is finished, and their last trials."""
    for index in range(end):
        current = slots[index].current if index in slots else None
        if current is None or current.state == TrialState.FAIL:
            yield index, current


class EmptySlots:
    """What one worker has seen of slots that have long been empty: who was to open them has died.

    Everyone waits for another time and opens one only, so that few do it for the same slot.

    Args:
        lease_seconds: a slot is left empty for one to two of them.
        rng: differs from worker to worker.
        workers: about how many there are.
    """

    def __init__(self, lease_seconds: float, rng: random.Random, workers: int) -> None:
        self._lease_seconds = lease_seconds
        self._random = rng
        self._workers = workers
        # For each its last trial's number, and until when to wait.
        self._waits: dict[int, tuple[int | None, float]] = {}

    def due(self, slots: Mapping[int, Slot], wanted: int, now: float) -> int | None:
        """One to open now, if there is any.

        Args:
            slots: those that have trials.
            wanted: how many there are to be.
            now: seconds on a monotonic clock.
        """
        before = self._waits
        self._waits = {}
        for index, last in empty_slots(slots, wanted):
            opener = slots.get(index - AHEAD)
            if last is None and index >= AHEAD and (opener is None or opener.is_waiting):
                continue  # whoever claims that one opens this one
            number = last.number if last else None
            known = before.get(index)
            until = now + self._lease_seconds * self._random.uniform(1, 2)
            self._waits[index] = known if known and known[0] == number else (number, until)
        due = [index for index, (_, until) in self._waits.items() if until < now]
        return self._random.choice(due[: self._workers]) if due else None
