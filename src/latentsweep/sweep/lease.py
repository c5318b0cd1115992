"""Signs of life: how a worker keeps a trial, and how others see that it has died."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import optuna
import psutil
from optuna.exceptions import UpdateFinishedTrialError
from optuna.trial import FrozenTrial

from latentsweep.sweep.attributes import LEASE
from latentsweep.training.process_name import host, started

# Signs of life within one lease: some may come late without anyone taking the trial.
_BEATS_A_LEASE = 5
# After so many without any, a worker whose process is there is taken for hung.
_LEASES_OF_A_LIVING_WORKER = 10

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class WorkerIdentity:
    """Who holds a lease; the same for a whole process, and for no other.

    Attributes:
        host: the machine, as far as its process ids go.
        pid: process id.
        started: when that process began, in the kernel's ticks since its boot, since process ids
            are used again and clocks are set.
    """

    host: str
    pid: int
    started: int

    @classmethod
    def of_this_process(cls) -> WorkerIdentity:
        """The identity of the calling process."""
        return cls(host(), os.getpid(), started(os.getpid()) or 0)

    def lease(self, beat: int) -> dict[str, Any]:
        """What a lease says at its n-th sign of life."""
        lease = {"host": self.host, "pid": self.pid, "started": self.started, "beat": beat}
        return {**lease, "at": time.time()}  # for whoever reads how long it took; clocks differ


@dataclass
class Contact:
    """Since when the storage has answered this process whenever it was asked.

    While it does not answer nobody can give a sign of life, so that time counts for nobody.

    Attributes:
        longest_wait: seconds for an answer after which the storage counts as having been away.
    """

    longest_wait: float
    since: float = field(default_factory=time.monotonic)
    _failed: bool = False

    @contextmanager
    def asking(self) -> Iterator[None]:
        """Ask the storage for something within this context."""
        began = time.monotonic()
        try:
            yield
        except UpdateFinishedTrialError:  # which is an answer, too
            raise
        except Exception:
            self._failed = True
            raise
        if self._failed or time.monotonic() - began > self.longest_wait:
            self.since, self._failed = time.monotonic(), False


class Heartbeat:
    """Renews the lease of one trial, in a thread of its own, from its making until `end`.

    Args:
        storage: where the trial is.
        trial_id: the storage's id of the trial.
        worker: who holds it.
        lease_seconds: how long a lease lasts.
        contact: sees whether the storage answers.
        look: called after each sign of life, for a look at those of others.
        on_lost: called once, in that thread, when someone else has ended the trial.
    """

    def __init__(
        self,
        storage: optuna.storages.BaseStorage,
        trial_id: int,
        worker: WorkerIdentity,
        lease_seconds: float,
        contact: Contact,
        look: Callable[[], object],
        on_lost: Callable[[], None],
    ) -> None:
        self._look = look
        self._storage = storage
        self._trial_id = trial_id
        self._worker = worker
        self._pause = lease_seconds / _BEATS_A_LEASE
        self._contact = contact
        self._on_lost = on_lost
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="heartbeat", daemon=True)
        self._thread.start()

    def end(self) -> None:
        """Give no more signs of life."""
        self._ended.set()
        self._thread.join()

    def _beat(self) -> None:
        beat = 0
        while not self._ended.is_set():
            try:
                lease = self._worker.lease(beat)
                with self._contact.asking():
                    self._storage.set_trial_user_attr(self._trial_id, LEASE, lease)
                beat += 1
                self._look()
            except UpdateFinishedTrialError:
                if not self._ended.is_set():
                    self._on_lost()
                return
            except Exception as error:  # whatever the storage raises: out of reach, or full
                _log.warning("no sign of life could be given: %s", error)
            self._ended.wait(self._pause)


@dataclass
class LeaseWatch:
    """What one observer has seen of others' leases.

    Clocks of machines differ, so a lease's age is counted from when this observer first saw its
    newest sign of life.

    Attributes:
        lease_seconds: how long a lease lasts.
        contact: this observer's with the storage.
    """

    lease_seconds: float
    contact: Contact
    _seen: dict[int, tuple[object, float]] = field(default_factory=dict)

    def is_lost(self, trial: FrozenTrial) -> bool:
        """Whether the worker of a running trial has died."""
        lease = trial.user_attrs.get(LEASE)
        known = self._seen.get(trial._trial_id)
        if known is None or known[0] != lease:
            known = (lease, time.monotonic())
            self._seen[trial._trial_id] = known
        if lease is not None and _is_here(lease) and not _is_alive(lease):
            return True
        # Where a worker can be seen to live, a late sign of life tells of a busy machine, or of a
        # storage that many wait for. But a process may also hang.
        seen = lease is not None and _is_here(lease)
        leases = _LEASES_OF_A_LIVING_WORKER if seen else 1
        unchanged_since = max(known[1], self.contact.since)
        return time.monotonic() - unchanged_since > leases * self.lease_seconds

    def forget_all_but(self, running: set[int]) -> None:
        """Keep no memory of trials that do not run any more."""
        self._seen = {key: value for key, value in self._seen.items() if key in running}


def _is_here(lease: dict[str, Any]) -> bool:
    """Whether its worker runs, or ran, where this process could see it."""
    return bool(lease["host"] == host())


def _is_alive(lease: dict[str, Any]) -> bool:
    try:
        dead = psutil.Process(lease["pid"]).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
    return not dead and (started(lease["pid"]) or 0) == lease["started"]
