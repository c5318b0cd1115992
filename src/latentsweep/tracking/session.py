"""Tracking of one run, as the trainer uses it: start, record, finish."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from latentsweep.config.tracking import TrackingConfig
from latentsweep.tracking.files import storage_error
from latentsweep.tracking.journal import JOURNAL_NAME
from latentsweep.tracking.journal_recorder import JournalRecorder
from latentsweep.tracking.progress import read_identity, read_progress
from latentsweep.tracking.recorder import RunStatus
from latentsweep.tracking.system_metrics import SystemMetrics
from latentsweep.tracking.uri import resolve_uri

LOG_NAME = "synchroniser.log"
_WAIT_AFTER_A_FAILURE = 2.0


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


class Tracking:
    """The record of a run at work; made by `start`, ended by `finish` or the end of `with`.

    Attributes:
        recorder: takes down what happens.
    """

    def __init__(self, run_dir: Path, config: TrackingConfig, run_uid: str | None) -> None:
        self._run_dir = run_dir.absolute()
        self._config = config
        self._uri = None if config.uri is None else resolve_uri(config.uri)
        self._report: SyncReport | None = None
        self.recorder = JournalRecorder(self._run_dir, run_uid)
        self.recorder.status(RunStatus.RUNNING)
        self._synchroniser = self._start_synchroniser() if self._uri else None
        self._sampler: SystemMetrics | None = None
        if config.system_metrics_every_seconds > 0:
            self._sampler = SystemMetrics(
                self.recorder, config.system_metrics_every_seconds, self._run_dir
            )
            self._sampler.start()

    @classmethod
    def start(cls, run_dir: Path, config: TrackingConfig, run_uid: str | None = None) -> Self:
        """Open the journal, mark the run as running and start the synchroniser.

        Args:
            run_dir: the run's directory; an existing journal there is gone on with.
            config: where the record goes.
            run_uid: the run's identity; None: the journal's, or a new one.

        Raises:
            ConfigError: if `config.uri` is no address.
            CheckpointError: if the directory holds another run.
            RunBusyError: if another process writes the journal.
            StorageError: if it cannot be written.
        """
        return cls(run_dir, config, run_uid)

    def finish(self, status: RunStatus) -> SyncReport:
        """Record how the run ended and wait until MLflow holds everything.

        The wait is up to `wait_seconds` for a finished run, short for any other; where that is not
        enough the synchroniser goes on by itself. Finishing again changes nothing and returns the
        first report.

        Raises:
            StorageError: if the end cannot be written to the journal; MLflow still gets the rest.
        """
        if self._report is None:
            if self._sampler:
                self._sampler.stop()
            try:
                self.recorder.status(status)
                self.recorder.close()
            finally:
                self._report = self._wait(self._patience(status))
        return self._report

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._report is None:
            status = RunStatus.FINISHED
            if kind is not None:
                status = RunStatus.FAILED if issubclass(kind, Exception) else RunStatus.INTERRUPTED
            self.finish(status)

    def _start_synchroniser(self) -> subprocess.Popen[bytes]:
        """Start it in a session of its own, so that Ctrl-C in the terminal does not reach it."""
        command = [sys.executable, "-P", "-m", "latentsweep.tracking.synchroniser"]
        command += [str(self._run_dir), "--experiment", self._config.experiment]
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

    def _patience(self, status: RunStatus) -> float:
        """Seconds to wait: whoever pressed Ctrl-C or reads of a failure wants the terminal."""
        wait = self._config.wait_seconds
        return wait if status is RunStatus.FINISHED else min(wait, _WAIT_AFTER_A_FAILURE)

    def _wait(self, seconds: float) -> SyncReport:
        if self._synchroniser is None:
            return SyncReport(complete=True)
        if self._synchroniser.poll() is not None:
            # It was killed, or could not go on; the journal is whole, so another one can.
            self._synchroniser = self._start_synchroniser()
        assert self._synchroniser.stdin is not None
        self._synchroniser.stdin.close()
        try:
            self._synchroniser.wait(seconds)
        except subprocess.TimeoutExpired:
            return self._sync_report(
                f"MLflow does not hold everything after {seconds:g} s; "
                "shipping goes on in the background"
            )
        return self._sync_report("")

    def _sync_report(self, problem: str) -> SyncReport:
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
