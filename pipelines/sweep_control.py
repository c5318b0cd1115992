"""How a sweep stands, or its end: `python pipelines/sweep_control.py status|cancel [STUDY]`."""

import time
from argparse import ArgumentParser
from pathlib import Path

from latentsweep.command import errors_to_terminal


def main() -> None:
    """Show a sweep's trials and its workers on Slurm, or have its workers stop."""
    parser = ArgumentParser(description="Show how a sweep stands, or stop its workers.")
    parser.add_argument("action", choices=("status", "cancel"))
    parser.add_argument("study", nargs="?", default="", help="its name; default: the newest sweep")
    parser.add_argument("--directory", default="sweeps", help="holds the sweeps' directories")
    arguments = parser.parse_args()

    from latentsweep.sweep.whereabouts import find_sweep

    directory = find_sweep(arguments.study, arguments.directory)
    if arguments.action == "status":
        show_status(directory)
    else:
        cancel_workers(directory)


def show_status(directory: Path) -> None:
    """Print how the trials stand, and each worker that Slurm knows."""
    from rich.console import Console
    from rich.table import Table

    from latentsweep.sweep.cluster import jobs_of, status
    from latentsweep.sweep.follow import view
    from latentsweep.sweep.whereabouts import find_study

    console = Console(highlight=False)
    workers = status(directory) if jobs_of(directory) else []
    study = find_study(directory.name, str(directory.parent))
    console.print(view(study, max(1, sum(worker.alive for worker in workers)), time.monotonic()))
    if workers:
        table = Table(box=None, pad_edge=False, header_style="dim")
        for name in ("worker", "state", "time", "node", "waits for"):
            table.add_column(name)
        for worker in workers:
            waits = worker.reason if worker.state == "PENDING" else ""
            table.add_row(worker.task, worker.state, worker.elapsed, worker.node, waits)
        console.print(table)


def cancel_workers(directory: Path) -> None:
    """Stop the workers: those on Slurm, and those of a launching process on this machine."""
    from latentsweep.sweep.cluster import cancel, jobs_of
    from latentsweep.sweep.launching_process import ask_to_stop

    if jobs_of(directory):
        count = len(cancel(directory))
        stopped = f"{count} workers cancelled" if count else "no worker runs or waits"
    else:
        stopped = "asked to stop" if ask_to_stop(directory) else "it does not run"
    print(f"{directory.name}: {stopped}; the command that started it goes on with it")


if __name__ == "__main__":
    with errors_to_terminal():
        main()
