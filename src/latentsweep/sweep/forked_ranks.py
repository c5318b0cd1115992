"""The ranks of a worker of this machine: forks of it, which share what it has read."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from latentsweep.training.parent_process import end_with
from latentsweep.training.ranks.placement import MEETING_FILE


@contextmanager
def forked_ranks(count: int) -> Iterator[int]:
    """Go on in `count` processes: this one is rank 0, and the others end with the context.

    Args:
        count: how many ranks; 1: this process alone.

    Yields:
        the rank of the process that goes on.
    """
    if count == 1:
        yield 0
        return
    directory = Path(tempfile.mkdtemp(prefix="latentsweep-ranks-"))
    leader, others = os.getpid(), []
    for rank in range(1, count):
        child = os.fork()
        if child:
            others.append(child)
            continue
        code = 1
        try:
            end_with(leader, signal.SIGKILL)
            _place(rank, count, directory)
            yield rank
            code = 0
        except SystemExit as ending:
            code = ending.code if isinstance(ending.code, int) else 1
        finally:
            with suppress(OSError, ValueError):  # the terminal may be gone
                sys.stdout.flush()
                sys.stderr.flush()
            os._exit(code)
    try:
        _place(0, count, directory)
        yield 0
    finally:
        for child in others:
            os.waitpid(child, 0)
        shutil.rmtree(directory, ignore_errors=True)


def _place(rank: int, count: int, directory: Path) -> None:
    os.environ |= {
        **{"RANK": str(rank), "WORLD_SIZE": str(count)},
        **{"LOCAL_RANK": str(rank), "LOCAL_WORLD_SIZE": str(count)},
        MEETING_FILE: str(directory / "ranks"),
    }
