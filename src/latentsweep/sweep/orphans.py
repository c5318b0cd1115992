"""Sweeps that look as if they ran for ever, since all who worked on them were killed."""

from __future__ import annotations

import fcntl
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from latentsweep.errors import LatentsweepError
from latentsweep.sweep.launching_process import STARTING_LOCK, find_process
from latentsweep.sweep.whereabouts import WHEREABOUTS, find_study, find_tracking
from latentsweep.tracking.journal import JOURNAL_NAME, is_at_work, read_journal
from latentsweep.tracking.recorder import RunStatus
from latentsweep.tracking.records import Status
from latentsweep.tracking.records_on_disk import find_records

_OPEN = (RunStatus.RUNNING, RunStatus.HANDED_ON)


def close_orphaned_sweeps(places: Iterable[str | Path]) -> list[Path]:
    """Put on record how each sweep ended that nobody works on any more.

    A sweep that cannot be judged (its storage or Slurm does not answer, another machine launched
    it) is left as it is.

    Args:
        places: directories that hold sweeps' directories.

    Returns:
        Directories of the sweeps that were closed.
    """
    closed = []
    for place in places:
        for noted in sorted(Path(place).glob(f"*/{WHEREABOUTS}")):
            directory = noted.parent.absolute()
            if not _looks_open(directory):
                continue
            with suppress(LatentsweepError, BlockingIOError), _nobody_starts(directory):
                if _is_orphaned(directory) and _close(directory):
                    closed.append(directory)
    return closed


@contextmanager
def _nobody_starts(directory: Path) -> Iterator[None]:
    """Keep sweeps from being started at the same time.

    Raises:
        BlockingIOError: one is started at this moment.
    """
    with (directory.parent / STARTING_LOCK).open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield


def _looks_open(directory: Path) -> bool:
    """Whether the sweep's run is one that is still to be ended, on record."""
    journal = directory / JOURNAL_NAME
    if not journal.exists() or is_at_work(directory):
        return False
    status = None
    for record, _ in read_journal(journal):
        if isinstance(record, Status):
            status = record.status
    return status in _OPEN


def _is_orphaned(directory: Path) -> bool:
    """Whether nobody works on the sweep.

    Raises:
        LatentsweepError: that cannot be told from here.
    """
    if any(map(is_at_work, find_records([directory]))) or find_process(directory):
        return False
    from latentsweep.sweep.cluster import jobs_of, status

    return not jobs_of(directory) or not any(worker.alive for worker in status(directory))


def _close(directory: Path) -> bool:
    from latentsweep.sweep.ending import close_sweep

    tracking = find_tracking(directory)
    if tracking is None:
        return False
    close_sweep(find_study(directory.name, str(directory.parent)), directory, tracking)
    return True
