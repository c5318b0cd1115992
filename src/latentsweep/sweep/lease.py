"""Signs of life: how a worker keeps a trial, and how others see that it has died."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import optuna
import psutil
from optuna.trial import FrozenTrial

from latentsweep.sweep.attributes import LEASE

# Signs of life within one lease: some may come late without anyone taking the trial.
_BEATS_A_LEASE = 5


@dataclass(frozen=True)
class WorkerIdentity:
    """Who holds a lease; the same for a whole process, and for no other.

    Attributes:
        host: the machine, as far as its process ids go.
        pid: process id.
        started: when that process began, seconds since 1970, since ids are used again.
    """

    host: str
    pid: int
    started: float

    @classmethod
    def of_this_process(cls) -> WorkerIdentity:
        """The identity of the calling process."""
        return cls(_host(), os.getpid(), psutil.Process().create_time())

    def lease(self, beat: int) -> dict[str, Any]:
        """What a lease says at its n-th sign of life."""
        return {"host": self.host, "pid": self.pid, "started": self.started, "beat": beat}


class Heartbeat:
    """Renews the lease of one trial in a thread of its own; used as a context.

    Args:
        storage: where the trial is.
        trial_id: the storage's id of the trial.
        worker: who holds it.
        lease_seconds: how long a lease lasts.
        on_lost: called once, in that thread, when someone else has ended the trial.
    """

    def __init__(
        self,
        storage: optuna.storages.BaseStorage,
        trial_id: int,
        worker: WorkerIdentity,
        lease_seconds: float,
        on_lost: Callable[[], None],
    ) -> None:
        self._storage = storage
        self._trial_id = trial_id
        self._worker = worker
        self._pause = lease_seconds / _BEATS_A_LEASE
        self._on_lost = on_lost
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="heartbeat", daemon=True)
        self.lost = False

    def __enter__(self) -> Heartbeat:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _beat(self) -> None:
        beat = 1
        while not self._ended.wait(self._pause):
            try:
                lease = self._worker.lease(beat)
                self._storage.set_trial_user_attr(self._trial_id, LEASE, lease)
                beat += 1
            except optuna.exceptions.UpdateFinishedTrialError:
                self.lost = not self._ended.is_set()
                if self.lost:
                    self._on_lost()
                return
            except optuna.exceptions.StorageInternalError:
                continue  # out of reach for everyone, so nobody takes the trial meanwhile


@dataclass
class LeaseWatch:
    """What one observer has seen of others' leases.

    Clocks of machines differ, so a lease's age is counted from when this observer first saw its
    newest sign of life.

    Attributes:
        lease_seconds: how long a lease lasts.
    """

    lease_seconds: float
    _seen: dict[int, tuple[object, float]] = field(default_factory=dict)

    def is_lost(self, trial: FrozenTrial) -> bool:
        """Whether the worker of a running trial has died."""
        lease = trial.user_attrs.get(LEASE)
        known = self._seen.get(trial._trial_id)
        if known is None or known[0] != lease:
            known = (lease, time.monotonic())
            self._seen[trial._trial_id] = known
        if lease is not None and lease["host"] == _host():
            return not _is_alive(lease) or self._too_old(known[1])
        return self._too_old(known[1])

    def forget_all_but(self, running: set[int]) -> None:
        """Keep no memory of trials that do not run any more."""
        self._seen = {key: value for key, value in self._seen.items() if key in running}

    def _too_old(self, seen: float) -> bool:
        return time.monotonic() - seen > self.lease_seconds


def _is_alive(lease: dict[str, Any]) -> bool:
    try:
        process = psutil.Process(lease["pid"])
        return (
            abs(process.create_time() - lease["started"]) < 1.0
            and process.status() != psutil.STATUS_ZOMBIE
        )
    except psutil.NoSuchProcess:
        return False


def _host() -> str:
    """Name of this machine, boot and process namespace: where process ids mean the same."""
    boot = Path("/proc/sys/kernel/random/boot_id")
    namespace = Path("/proc/self/ns/pid")
    parts = [os.uname().nodename]
    if boot.exists():
        parts.append(boot.read_text().strip())
    if namespace.exists():
        parts.append(str(namespace.readlink()))
    return " ".join(parts)
