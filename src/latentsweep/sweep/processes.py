"""Jobs as forked processes of this machine: started, stopped, replaced when one is killed."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import signal
import sys
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkProcess
from types import FrameType
from typing import Any

from hydra.core.utils import JobReturn, JobStatus, run_job, setup_globals
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig, open_dict

from latentsweep.errors import InterruptedSweepError, SweepError
from latentsweep.sweep.forked_ranks import forked_ranks
from latentsweep.training.device import one_gpu
from latentsweep.training.parent_process import become_own_group

_FORK = multiprocessing.get_context("fork")
# Of one job, each soon after the other: something that does that is no accident.
_MOST_REPLACEMENTS = 5
_SOON_SECONDS = 600.0
_STOPS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass
class Job:
    """One job and the process that runs it."""

    index: int
    config: DictConfig
    process: ForkProcess
    results: Connection
    replacements: int = 0
    started: float = field(default_factory=time.monotonic)


@dataclass
class Stopping:
    """Passes signals that ask to stop on to the jobs: the first gently, the second at once."""

    jobs: list[Job] = field(default_factory=list)
    signal: int | None = None
    at_once: bool = False
    _before: dict[int, Any] = field(default_factory=dict)

    def __enter__(self) -> Stopping:
        for number in _STOPS:
            if signal.getsignal(number) != signal.SIG_IGN:
                self._before[number] = signal.signal(number, self._handle)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _handle(self, number: int, _: FrameType | None) -> None:
        again = self.signal is not None
        self.signal = number
        self.at_once = again
        for job in self.jobs:
            with suppress(ProcessLookupError):
                if job.process.pid and job.process.is_alive():
                    os.kill(job.process.pid, signal.SIGKILL if again else number)
        if not again:
            say = "stopping: running trials save their state (once more: at once)\n"
            with suppress(OSError, ValueError):  # the terminal may be gone
                os.write(sys.stderr.fileno(), say.encode())


def run_jobs(
    context: HydraContext,
    task: TaskFunction,
    config: DictConfig,
    overrides: list[list[str]],
    first: int,
) -> list[JobReturn]:
    """Run one job for each list of overrides, all at once, and wait for them.

    A job whose process is killed from outside is started again.

    Raises:
        InterruptedSweepError: a second signal asked to stop at once.
    """
    setup_globals()
    with Stopping() as stopping:
        for index, job_overrides in enumerate(overrides, first):
            job_config = context.config_loader.load_sweep_config(config, job_overrides)
            with open_dict(job_config):
                job_config.hydra.job.id = index
                job_config.hydra.job.num = index
            with _held_back():
                stopping.jobs.append(_start(context, task, job_config, index))
        results: dict[int, JobReturn] = {}
        while len(results) < len(stopping.jobs):
            open_ends = {job.results: job for job in stopping.jobs if job.index not in results}
            for end in wait(list(open_ends)):
                assert isinstance(end, Connection)
                job = open_ends[end]
                result = _result(job)
                with _held_back():
                    again = result is None and stopping.signal is None
                    if again and job.replacements < _MOST_REPLACEMENTS:
                        new = _start(context, task, job.config, job.index)
                        soon = new.started - job.started < _SOON_SECONDS
                        new.replacements = job.replacements + 1 if soon else 1
                        stopping.jobs[stopping.jobs.index(job)] = new
                    else:
                        results[job.index] = result or _killed(job, stopping.signal)
    if stopping.at_once and stopping.signal is not None:
        raise InterruptedSweepError(stopping.signal, at_once=True)
    return [results[job.index] for job in stopping.jobs]


@contextmanager
def _held_back() -> Iterator[None]:
    """Keep signals that ask to stop waiting, so that each of them finds all jobs in the list."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _STOPS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _start(context: HydraContext, task: TaskFunction, config: DictConfig, index: int) -> Job:
    receiver, sender = _FORK.Pipe(duplex=False)
    process = _FORK.Process(target=_run, args=(context, task, config, index, sender, os.getpid()))
    process.start()
    sender.close()
    return Job(index, config, process, receiver)


def _run(
    context: HydraContext,
    task: TaskFunction,
    config: DictConfig,
    index: int,
    results: Connection,
    parent: int,
) -> None:
    """What a job's process does."""
    for number in _STOPS:
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _STOPS)
    become_own_group(parent, signal.SIGTERM)
    ranks = int(config.sweep.ranks) if "sweep" in config else 1
    with forked_ranks(ranks) as rank:
        _choose_gpu(index * ranks + rank)
        _do(context, task, config, results if rank == 0 else None)


def _do(
    context: HydraContext, task: TaskFunction, config: DictConfig, results: Connection | None
) -> None:
    """Run the job; rank 0 sends what came of it to the parent."""
    try:
        result = run_job(
            hydra_context=context,
            task_function=task,
            config=config,
            job_dir_key="hydra.sweep.dir",
            job_subdir_key="hydra.sweep.subdir",
            configure_logging=False,
        )
        if results is None:
            return
        sent = pickle.dumps((result.status, result.return_value))
    except Exception as error:  # of whatever kind: the parent is to hear of it, in words
        traceback.print_exception(error)
        sent = pickle.dumps((JobStatus.FAILED, SweepError(f"{type(error).__name__}: {error}")))
    if results:
        results.send_bytes(sent)
        results.close()


def _choose_gpu(index: int) -> None:
    """Give each job one of the GPUs that there are, in turn."""
    os.environ.update(one_gpu(index))


def _result(job: Job) -> JobReturn | None:
    """What the job's process sent before it ended; None if it was killed."""
    try:
        status, value = pickle.loads(job.results.recv_bytes())
    except (EOFError, OSError, pickle.UnpicklingError):
        return None
    finally:
        job.process.join()
        job.results.close()
    result = JobReturn(cfg=job.config, status=status)
    result.return_value = value
    return result


def _killed(job: Job, number: int | None) -> JobReturn:
    failed = JobReturn(cfg=job.config, status=JobStatus.FAILED)
    reason = f"worker {job.index} ended with {job.process.exitcode} again and again"
    failed.return_value = SweepError(reason) if number is None else InterruptedSweepError(number)
    return failed
