"""A sweep from outside: `python pipelines/sweep_control.py status|follow|cancel [STUDY]`."""

from __future__ import annotations

import signal
import threading
from argparse import ArgumentParser
from pathlib import Path
from typing import TYPE_CHECKING

from latentsweep.command import errors_to_terminal

if TYPE_CHECKING:
    from latentsweep.sweep.cluster import SlurmTask

_SECONDS_BETWEEN_QUESTIONS = 30.0  # to Slurm, whose controller serves everyone


def main() -> None:
    """Show how a sweep stands, once or until it ends, or have its workers stop."""
    parser = ArgumentParser(description="Show how a sweep stands, or stop its workers.")
    parser.add_argument("action", choices=("status", "follow", "cancel"))
    parser.add_argument("study", nargs="?", default="", help="its name; default: the newest sweep")
    parser.add_argument("--directory", default="sweeps", help="holds the sweeps' directories")
    arguments = parser.parse_args()

    from latentsweep.sweep.whereabouts import find_sweep

    directory = find_sweep(arguments.study, arguments.directory)
    actions = {"status": show_status, "follow": follow_sweep, "cancel": cancel_workers}
    actions[arguments.action](directory)


def show_status(directory: Path) -> None:
    """Print how the trials stand, and each worker that Slurm knows."""
    from rich.console import Console

    from latentsweep.sweep.cluster import jobs_of, status
    from latentsweep.sweep.follow import view
    from latentsweep.sweep.whereabouts import find_study

    console = Console(highlight=False)
    workers = status(directory) if jobs_of(directory) else []
    study = find_study(directory.name, str(directory.parent))
    console.print(view(study, max(1, sum(worker.alive for worker in workers))))
    if workers:
        _print_workers(directory, workers)


def follow_sweep(directory: Path) -> None:
    """Show how the sweep stands until it ends or its workers have left; Ctrl-C changes nothing."""
    from latentsweep.sweep.cluster import jobs_of, status
    from latentsweep.sweep.follow import follow
    from latentsweep.sweep.whereabouts import find_study

    study = find_study(directory.name, str(directory.parent))
    ended: list[int] = []
    workers = 1
    if jobs_of(directory):
        workers = max(1, sum(worker.alive for worker in status(directory)))
        threading.Thread(target=_watch_workers, args=(directory, ended), daemon=True).start()
    signal.signal(signal.SIGINT, lambda number, _: ended.append(number))
    follow(study, workers, ended)
    show_status(directory)


def cancel_workers(directory: Path) -> None:
    """Stop the workers: those on Slurm, and those of a launching process on this machine."""
    from latentsweep.sweep.cluster import cancel, jobs_of
    from latentsweep.sweep.launching_process import ask_to_stop

    cancelled = len(cancel(directory)) if jobs_of(directory) else 0
    if ask_to_stop(directory):
        stopped = "asked to stop"
    else:
        stopped = f"{cancelled} workers cancelled" if cancelled else "no worker runs or waits"
    print(f"{directory.name}: {stopped}; the command that started it goes on with it")


def _watch_workers(directory: Path, ended: list[int]) -> None:
    """Have the following end once Slurm has none of the workers any more."""
    from latentsweep.errors import LatentsweepError
    from latentsweep.sweep.cluster import status

    pause = threading.Event()
    while not ended and not pause.wait(_SECONDS_BETWEEN_QUESTIONS):
        try:
            if not any(worker.alive for worker in status(directory)):
                ended.append(0)
        except LatentsweepError:
            continue  # a controller that is away says nothing about the workers


def _print_workers(directory: Path, workers: list[SlurmTask]) -> None:
    from rich.console import Console
    from rich.table import Table

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


if __name__ == "__main__":
    with errors_to_terminal():
        main()
