"""A sweep from outside, by whoever stands in its project: how it stands, and how to stop it."""

from __future__ import annotations

import signal
import threading
import time
from pathlib import Path

import optuna
from optuna.trial import TrialState
from rich.console import Console
from rich.table import Table

from latentsweep.errors import LatentsweepError
from latentsweep.sweep.cluster import SlurmTask, cancel, jobs_of, status
from latentsweep.sweep.ending import close_sweep
from latentsweep.sweep.follow import follow, view
from latentsweep.sweep.launching_process import ask_to_stop
from latentsweep.sweep.study import has_ended
from latentsweep.sweep.whereabouts import find_study, find_tracking

_SECONDS_TO_LEAVE = 40.0  # Slurm kills after 30 s, by default
_SECONDS_BETWEEN_QUESTIONS = 30.0  # to Slurm, whose controller serves everyone


def show_status(directory: Path) -> None:
    """Print how the trials stand, and each worker that Slurm knows.

    Args:
        directory: the sweep's.

    Raises:
        LatentsweepError: the storage or Slurm cannot be reached.
    """
    console = Console(highlight=False)
    workers = status(directory) if jobs_of(directory) else []
    study = _study(directory)
    console.print(view(study, max(1, _running(workers))))
    if workers:
        _print_workers(directory, workers)
    running = study.get_trials(deepcopy=False, states=[TrialState.RUNNING])
    if not running and not has_ended(study):
        print("no trial is running; the sweep's own command goes on with it")


def follow_sweep(directory: Path) -> None:
    """Show how the sweep stands until it ends or its workers have left; Ctrl-C changes nothing.

    Args:
        directory: the sweep's.

    Raises:
        LatentsweepError: the storage or Slurm cannot be reached.
    """
    study = _study(directory)
    ended: list[int] = []
    workers = 1
    if jobs_of(directory):
        workers = max(1, _running(status(directory)))
        threading.Thread(target=_watch_workers, args=(directory, ended), daemon=True).start()
    signal.signal(signal.SIGINT, lambda number, _: ended.append(number))
    follow(study, workers, ended)
    show_status(directory)


def cancel_workers(directory: Path) -> None:
    """Stop the workers: those on Slurm, and those of a launching process on this machine.

    Args:
        directory: the sweep's.

    Raises:
        LatentsweepError: Slurm cannot be reached, or the workers are not this user's to stop.
    """
    on_slurm = bool(jobs_of(directory))
    cancelled = len(cancel(directory)) if on_slurm else 0
    asked = ask_to_stop(directory)
    if asked:
        stopped = "asked to stop"
    else:
        stopped = f"{cancelled} workers cancelled" if cancelled else "no worker runs or waits"
    print(f"{directory.name}: {stopped}; the command that started it goes on with it")
    if on_slurm and not asked:  # nobody is left to put it on record
        _wait_until_left(directory)
        study, tracking = _study(directory), find_tracking(directory)
        problem = ""
        if tracking and not has_ended(study):  # or a worker was quicker
            problem = close_sweep(study, directory, tracking)
        if problem:
            print(f"{'not synced:':<12}{problem}")


def _wait_until_left(directory: Path) -> None:
    """Give the workers their time to hand back their trials."""
    until = time.monotonic() + _SECONDS_TO_LEAVE
    while time.monotonic() < until and any(worker.alive for worker in status(directory)):
        time.sleep(1.0)


def _running(workers: list[SlurmTask]) -> int:
    return sum(worker.state == "RUNNING" for worker in workers)


def _study(directory: Path) -> optuna.Study:
    return find_study(directory.name, str(directory.parent))


def _watch_workers(directory: Path, ended: list[int]) -> None:
    """Have the following end once Slurm has none of the workers any more."""
    pause = threading.Event()
    while not ended and not pause.wait(_SECONDS_BETWEEN_QUESTIONS):
        try:
            if not any(worker.alive for worker in status(directory)):
                ended.append(0)
        except LatentsweepError:
            continue  # a controller that is away says nothing about the workers


def _print_workers(directory: Path, workers: list[SlurmTask]) -> None:
    table = Table(box=None, pad_edge=False, header_style="dim")
    for name in ("worker", "state", "time", "node", "waits for"):
        table.add_column(name)
    for worker in workers:
        waits = worker.reason if worker.state == "PENDING" else ""
        table.add_row(worker.task, worker.state, worker.elapsed, worker.node, waits)
    console = Console(highlight=False, soft_wrap=True)
    console.print(table)
    if any(worker.state == "FAILED" for worker in workers):
        console.print(f"why a worker failed: {directory}/slurm/*_log.err", markup=False)
