"""The queue: n slots for n trials, in Optuna's storage, around which equal workers gather.

A slot is filled when one of its trials is complete or pruned. Its trials follow each other: one
that failed is followed by a fresh one, one whose worker died by one that takes it up. Claiming a
trial (WAITING to RUNNING) and ending it are atomic in every storage of Optuna's, and all else is
made so that doing it twice does no harm: of several unfinished trials of one slot only the oldest
is ever claimed.
"""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

import optuna
from optuna.exceptions import UpdateFinishedTrialError
from optuna.trial import FrozenTrial, TrialState

from latentsweep.errors import ConfigError
from latentsweep.sweep.additions import VALUES, continuation, fresh
from latentsweep.sweep.attributes import (
    ATTEMPT,
    FAILURE,
    FORGIVEN,
    LEASE,
    N_TRIALS,
    SLOT,
    STINTS,
    STOPPED,
)
from latentsweep.sweep.durations import spans
from latentsweep.sweep.empty_slots import AHEAD, EmptySlots, empty_slots
from latentsweep.sweep.failures import too_many_failures
from latentsweep.sweep.lease import Contact, Heartbeat, LeaseWatch, WorkerIdentity
from latentsweep.sweep.limits import Limits
from latentsweep.sweep.slot import Slot, all_filled, slots_of

_MOST_TIMES_ASIDE = 10


class Queue:
    """One worker's hold on the queue.

    Args:
        storage: where the study is; not shared with another process.
        study_name: name of the study.
        limits: what to bear.
        workers: about how many workers there are; they begin to look at different places.
    """

    def __init__(
        self, storage: optuna.storages.BaseStorage, study_name: str, limits: Limits, workers: int
    ) -> None:
        self.storage = storage
        self.limits = limits
        self.worker = WorkerIdentity.of_this_process()
        self._study_id = storage.get_study_id_from_name(study_name)
        self._workers = workers
        self._contact = Contact(limits.lease_seconds / 2)
        self._watch = LeaseWatch(limits.lease_seconds, self._contact)
        self._heartbeat: Heartbeat | None = None
        self._random = random.Random(f"{self.worker}")
        self._empty_slots = EmptySlots(limits.lease_seconds, self._random, workers)
        self._set_aside: dict[int, float] = {}
        self._times_set_aside: Counter[int] = Counter()

    def open_slots(self, values: tuple[Mapping[str, Any], ...] = ()) -> None:
        """Open the first slots; called by whoever starts the sweep, again at each start.

        Args:
            values: parameters of trials to try first; those that were queued before are not
                queued again.

        Raises:
            ConfigError: no trial is left to try them with.
        """
        known = [trial.system_attrs.get(VALUES) for trial in self._trials()]
        self._enqueue([each for each in values if dict(each) not in known])
        slots = slots_of(self._trials())
        waiting = sum(slot.is_waiting for slot in slots.values())
        empty = [index for index, _ in empty_slots(slots, self.n_trials)]
        for index in empty[: max(0, AHEAD + self._workers - waiting)]:
            self._reopen(index, slots)

    def _enqueue(self, values: Sequence[Mapping[str, Any]]) -> None:
        """Have these tried next: in new slots, then in slots whose trials are still open."""
        slots = slots_of(self._trials())
        wanted = self.n_trials
        new = [index for index in range(wanted) if index not in slots]
        still_open = [
            slot.current
            for slot in slots.values()
            if slot.index < wanted and slot.is_waiting and slot.current
            if not slot.current.params and VALUES not in slot.current.system_attrs
        ]
        if len(values) > len(new) + len(still_open):
            raise ConfigError(
                "sweep.enqueue: no trial is left to try this with",
                found=f"{len(values)} new entries, {len(new) + len(still_open)} open trials",
                mend=f"sweep.n_trials={wanted + len(values)}",
            )
        rest = list(values)
        for trial in still_open:
            if rest and self._take(trial, on_lost=lambda: None):  # or a worker would, meanwhile
                values_of_it = rest.pop(0)
                self.storage.set_trial_system_attr(trial._trial_id, VALUES, dict(values_of_it))
                self.hand_back(trial._trial_id)
        for index, each in zip(new, rest, strict=False):
            self._open(index, each)

    def claim(self, on_lost: Callable[[], None] = lambda: None) -> FrozenTrial | None:
        """Take a waiting trial, which is this worker's until `let_go`; None: there is none now.

        Args:
            on_lost: called, in another thread, when others have taken this worker for dead and the
                trial from it.
        """
        attributes = self._attributes()
        if attributes.get(STOPPED):
            return None
        wanted = int(attributes.get(N_TRIALS, 0))
        slots = slots_of(self._reap(self._trials()))
        waiting = [
            slot.current
            for slot in slots.values()
            if slot.index < wanted and slot.current and slot.is_waiting
            if self._set_aside.get(slot.index, 0.0) < time.monotonic()
        ]
        due = self._empty_slots.due(slots, wanted, time.monotonic())
        if due is not None:
            self._reopen(due, slots)
        # Those that were begun come first; then about in the order of their slots, for workers that
        # all want the same one hold each other up.
        waiting.sort(key=lambda trial: (not trial.params, trial.user_attrs[SLOT]))
        while waiting:
            near = sum(bool(trial.params) for trial in waiting) or min(len(waiting), self._workers)
            trial = waiting.pop(self._random.randrange(near))
            if self._take(trial, on_lost):
                ahead = trial.user_attrs[SLOT] + AHEAD
                if ahead < wanted and ahead not in slots:
                    self._open(ahead, {})
                return trial
        return None

    def let_go(self) -> None:
        """Give no more signs of life for the trial that was claimed last."""
        if self._heartbeat:
            self._heartbeat.end()
            self._heartbeat = None

    @property
    def n_trials(self) -> int:
        """How many trials are wanted; it may grow while the sweep runs."""
        return int(self._attributes().get(N_TRIALS, 0))

    @property
    def stopped(self) -> str:
        """Why no more trials are started, or nothing."""
        return str(self._attributes().get(STOPPED, ""))

    def is_finished(self) -> bool:
        """Whether all trials that are wanted are complete or pruned."""
        return all_filled(self._trials(), self.n_trials)

    def hand_back(self, trial_id: int) -> None:
        """Give a trial back, for anyone to go on with; it costs none of its resumptions."""
        self.let_go()
        try:
            # The next owner begins to count anew.
            worked = spans([self.storage.get_trial(trial_id)], datetime.now())
            self.storage.set_trial_user_attr(trial_id, STINTS, worked)
            # Without it, so that nobody takes the next owner for the one that leaves.
            self.storage.set_trial_user_attr(trial_id, LEASE, None)
        except UpdateFinishedTrialError:
            return
        self._end_quietly(trial_id, TrialState.WAITING)

    def set_aside(self, trial_id: int, reason: str) -> None:
        """Leave a trial that cannot be run now, and do not take it again within a lease's time.

        It goes on as another trial, since a storage may take one that this process has claimed
        before for claimed by it again. One that cannot be run again and again fails.
        """
        self.let_go()
        trial = self.storage.get_trial(trial_id)
        slot = trial.user_attrs[SLOT]
        self._times_set_aside[slot] += 1
        if self._times_set_aside[slot] > _MOST_TIMES_ASIDE:
            self.fail(trial_id, reason)
            return
        self._set_aside[slot] = time.monotonic() + self.limits.lease_seconds
        if self._end_quietly(trial_id, TrialState.FAIL):
            self._take_up_again(trial, attempt=trial.user_attrs.get(ATTEMPT, 0))

    def fail(self, trial_id: int, reason: str) -> None:
        """End a trial that failed by itself; its slot is opened again, unless too many fail."""
        self.let_go()
        try:
            self.storage.set_trial_user_attr(trial_id, FAILURE, reason)
        except UpdateFinishedTrialError:
            return
        if self._end_quietly(trial_id, TrialState.FAIL):
            self._follow_failure(self.storage.get_trial(trial_id))

    def stop(self, reason: str) -> None:
        """Start no more trials."""
        self.storage.set_study_user_attr(self._study_id, STOPPED, reason)

    def _take(self, trial: FrozenTrial, on_lost: Callable[[], None]) -> bool:
        """Claim one trial; False if another worker has it."""
        trial_id = trial._trial_id
        try:
            if not self.storage.set_trial_state_values(trial_id, TrialState.RUNNING):
                return False
        except UpdateFinishedTrialError:
            return False
        self._heartbeat = Heartbeat(
            self.storage,
            trial_id,
            self.worker,
            self.limits.lease_seconds,
            self._contact,
            self._look,
            on_lost,
        )
        return True

    def _reap(self, trials: list[FrozenTrial]) -> list[FrozenTrial]:
        """End the trials whose workers died and have them taken up; returns how things stand."""
        lost = self._lost(trials)
        for trial in lost:
            if FAILURE in trial.user_attrs:  # its worker died while it said so
                self.fail(trial._trial_id, trial.user_attrs[FAILURE])
            elif trial.user_attrs.get(ATTEMPT, 0) >= self.limits.max_resumptions:
                again = f"its worker died {self.limits.max_resumptions + 1} times"
                self.fail(trial._trial_id, again)
            elif self._end_quietly(trial._trial_id, TrialState.FAIL):
                self._take_up_again(self.storage.get_trial(trial._trial_id))
        return self._trials() if lost else trials

    def _lost(self, trials: list[FrozenTrial]) -> list[FrozenTrial]:
        """The trials whose workers have died."""
        running = [
            trial
            for trial in trials
            if trial.state == TrialState.RUNNING and SLOT in trial.user_attrs
        ]
        self._watch.forget_all_but({trial._trial_id for trial in running})
        return [trial for trial in running if self._watch.is_lost(trial)]

    def _look(self) -> None:
        """See others' signs of life while a trial runs, so that the dead are known after it."""
        self._lost(self._trials())

    def _reopen(self, index: int, slots: Mapping[int, Slot]) -> None:
        """Add what is missing in an empty slot."""
        last = slots[index].trials[-1] if index in slots else None
        if last is None or FAILURE in last.user_attrs:
            self._open(index, {})
        else:
            self._take_up_again(last)

    def _open(self, index: int, values: Mapping[str, Any]) -> None:
        """Add a trial to be claimed; what `values` leaves out is sampled then."""
        self.storage.create_new_trial(self._study_id, template_trial=fresh(index, values))

    def _take_up_again(self, lost: FrozenTrial, attempt: int | None = None) -> None:
        """Add a trial that goes on with one whose worker died."""
        if attempt is None:
            attempt = lost.user_attrs.get(ATTEMPT, 0) + 1
        self.storage.create_new_trial(self._study_id, template_trial=continuation(lost, attempt))

    def _follow_failure(self, failed: FrozenTrial) -> None:
        """Open its slot again, unless too many fail."""
        rate, forgiven = self.limits.max_failure_rate, int(self._attributes().get(FORGIVEN, 0))
        too_many = too_many_failures(self._trials(), self.n_trials, rate, forgiven)
        if too_many:
            self.stop(f"{too_many}, the last one: {failed.user_attrs[FAILURE]}")
        else:
            self._open(failed.user_attrs[SLOT], {})

    def _end_quietly(self, trial_id: int, state: TrialState) -> bool:
        """Change a trial's state; False if someone else has ended it."""
        try:
            return self.storage.set_trial_state_values(trial_id, state)
        except UpdateFinishedTrialError:
            return False

    def _trials(self) -> list[FrozenTrial]:
        with self._contact.asking():
            return self.storage.get_all_trials(self._study_id, deepcopy=False)

    def _attributes(self) -> dict[str, Any]:
        return self.storage.get_study_user_attrs(self._study_id)
