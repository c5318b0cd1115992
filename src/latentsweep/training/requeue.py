"""Leaving a cluster's job when the scheduler warns: the job is queued again, and goes on there."""

from __future__ import annotations

import signal
from typing import Any

from latentsweep.training.interruption import WARNINGS
from latentsweep.training.slurm import preempted


class Requeue:
    """Keeps what submitit does at a scheduler's warning until the worker has left its trial.

    submitit answers SIGUSR2 at once and wherever the program is: it queues the job again and ends
    the process. Within this context the signal is free for the worker, and `leave` has submitit
    do what it would have done.

    Attributes:
        in_job: whether this is one of submitit's jobs.
    """

    def __init__(self) -> None:
        self._submitit: Any = None
        self.in_job = False

    def __enter__(self) -> Requeue:
        handler = signal.getsignal(signal.SIGUSR2)
        if callable(handler):
            self._submitit = handler
            self.in_job = True
        return self

    def __exit__(self, *_: object) -> None:
        if self._submitit:
            signal.signal(signal.SIGUSR2, self._submitit)

    def leave(self, number: int) -> None:
        """Queue this job again, if that is what the signal asked for; then this does not return.

        Slurm tells a job that it is pre-empted by SIGUSR2 or, set up as most are, by the SIGTERM
        that it sends to a cancelled one, too.
        """
        if self._submitit and (number in WARNINGS or preempted()):
            self._submitit(signal.SIGUSR2, None)
