"""Where a rerun keeps what it has: `reruns/NAME-N/`, the run that it trains among it."""

from __future__ import annotations

import fcntl
import itertools
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from latentsweep.tracking.files import read_json, storage_error, write_json
from latentsweep.training import rundir
from latentsweep.training.rundir import RunDirectory

PLACE = Path("reruns")
_REQUEST = "request.json"
_DONE = "verdict.json"


@dataclass(frozen=True)
class RerunFolder:
    """One rerun's directory.

    Attributes:
        path: the directory.
    """

    path: Path

    @property
    def output(self) -> Path:
        """What the training command printed."""
        return self.path / "output.txt"

    @property
    def run(self) -> RunDirectory | None:
        """The run that was last trained in it; None before there is one."""
        return next(reversed(rundir.find(self.path)), None)

    def finish(self, verdict: Mapping[str, Any]) -> None:
        """Mark it as done.

        Raises:
            StorageError: the disk refuses.
        """
        write_json(self.path / _DONE, verdict)


@contextmanager
def rerun_folder(name: str, request: Mapping[str, Any]) -> Iterator[RerunFolder]:
    """The folder of an unfinished rerun that was asked for in the same way, or a new one; locked.

    Args:
        name: of the run.
        request: what is asked for.

    Raises:
        StorageError: the disk refuses.
    """
    # Runs have names in MLflow that are none for directories.
    plain = re.sub(r"[^\w.=-]+", "-", name).strip("-.")
    for path in (PLACE / f"{plain}-{number}" for number in itertools.count(1)):
        if (path / _DONE).exists():
            continue
        if path.exists() and read_json(path / _REQUEST) != request:
            continue
        try:
            path.mkdir(parents=True, exist_ok=True)
            lock = (path / "rerun.lock").open("w")
        except OSError as error:
            raise storage_error(path, error) from None
        with lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue  # another process trains the same at this moment
            if not (path / _DONE).exists():
                write_json(path / _REQUEST, request)
                yield RerunFolder(path)
                return
