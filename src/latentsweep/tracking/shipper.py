"""The synchroniser's process as the trainer sees it: start it, wait for it, ask what it shipped."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from latentsweep.config.tracking import TrackingConfig
from latentsweep.tracking.files import storage_error
from latentsweep.tracking.journal import JOURNAL_NAME
from latentsweep.tracking.progress import read_identity, read_progress
from latentsweep.tracking.uri import resolve_uri

LOG_NAME = "synchroniser.log"
_STARTS = 3
_LEAST_PATIENCE = 10.0


@dataclass(frozen=True)
class SyncReport:
    """What MLflow holds of a run.

    Attributes:
        complete: whether that is everything; True also where there is no MLflow (tracking=off).
        run_id: the MLflow run; None if it is not known (yet).
        experiment_id: its experiment.
        problem: why something is missing, in one line; empty if nothing is.
    """

    complete: bool
    run_id: str | None = None
    experiment_id: str | None = None
    problem: str = ""


class Shipper:
    """Ships one run's journal, in a process that outlives this one if it must.

    Args:
        run_dir: the run's directory.
        config: where the record goes.

    Raises:
        ConfigError: if `config.uri` is no address.
        StorageError: if its log cannot be written.
    """

    def __init__(self, run_dir: Path, config: TrackingConfig) -> None:
        self._run_dir = run_dir.absolute()
        self._experiment = config.experiment
        self._patience = max(_LEAST_PATIENCE, config.wait_seconds)
        self._uri = None if config.uri is None else resolve_uri(config.uri)
        self._process = self._start() if self._uri else None

    def finish(self, seconds: float) -> SyncReport:
        """Let it ship the rest, and wait for that.

        One that was killed is replaced, since the journal is whole and another one can go on.

        Args:
            seconds: how long to wait; after that it goes on by itself.
        """
        if self._process is None:
            return SyncReport(complete=True)
        deadline = time.monotonic() + seconds
        if self._process.poll() is not None:
            self._process = self._start()
        for start in range(1, _STARTS + 1):
            assert self._process.stdin is not None
            self._process.stdin.close()
            try:
                status = self._process.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                return self._report(
                    f"MLflow does not hold everything after {seconds:g} s; shipping goes on in the "
                    "background"
                )
            if status >= 0 or start == _STARTS:  # it ended by itself and said why, or never will
                break
            self._process = self._start()
        return self._report("")

    def _start(self) -> subprocess.Popen[bytes]:
        """Start it in a session of its own, so that Ctrl-C in the terminal does not reach it."""
        command = [sys.executable, "-P", "-m", "latentsweep.tracking.synchroniser"]
        command += [str(self._run_dir), "--experiment", self._experiment]
        command += ["--patience", str(self._patience)]
        log_path = self._run_dir / LOG_NAME
        try:
            with log_path.open("ab") as log:
                return subprocess.Popen(
                    command,
                    stdin=subprocess.PIPE,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                    # By the environment, for a command line shows its password to everyone.
                    env={**os.environ, "MLFLOW_TRACKING_URI": self._uri or ""},
                )
        except OSError as error:
            raise storage_error(log_path, error) from error

    def _report(self, problem: str) -> SyncReport:
        progress = read_progress(self._run_dir)
        identity = read_identity(self._run_dir)
        whole = progress.offset == (self._run_dir / JOURNAL_NAME).stat().st_size
        complete = whole and progress.settled and progress.refused == 0
        if progress.problem:
            problem = progress.problem
        elif progress.refused:
            problem = f"{progress.refused} things were refused or gone"
        elif not complete and not problem:
            problem = "the synchroniser ended early"
        return SyncReport(
            complete=complete,
            run_id=identity.run_id if identity else None,
            experiment_id=identity.experiment_id if identity else None,
            problem="" if complete else f"{problem} (see {self._run_dir / LOG_NAME})",
        )
