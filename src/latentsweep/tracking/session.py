"""Tracking of one run, as the trainer uses it: start, record, finish."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from latentsweep.config.tracking import TrackingConfig
from latentsweep.tracking.destination import write_destination
from latentsweep.tracking.journal_recorder import JournalRecorder
from latentsweep.tracking.recorder import RunStatus
from latentsweep.tracking.report import SyncReport
from latentsweep.tracking.shipper import Shipper
from latentsweep.tracking.system_metrics import SystemMetrics
from latentsweep.tracking.uri import resolve_uri

_WAIT_AFTER_A_FAILURE = 2.0


class Shipping(Protocol):
    """Has one run's journal shipped to MLflow."""

    def begin(self) -> None:
        """The journal is there and the run is at work: ship what it gets, as it comes."""

    def finish(self, seconds: float) -> SyncReport:
        """The journal is closed: ship the rest and how the run ended.

        Args:
            seconds: how long to wait for that at most.
        """


class Tracking:
    """The record of a run at work; made by `start`, ended by `finish` or the end of `with`.

    Attributes:
        recorder: takes down what happens.
    """

    def __init__(
        self,
        run_dir: Path,
        config: TrackingConfig,
        run_uid: str | None,
        shipper: Shipping | None,
    ) -> None:
        uri = None if config.uri is None else resolve_uri(config.uri)  # before anything is written
        self._run_dir = run_dir.absolute()
        self._config = config
        self._report: SyncReport | None = None
        self.recorder = JournalRecorder(self._run_dir, run_uid)
        try:
            self.recorder.status(RunStatus.RUNNING)
            if uri is not None:
                write_destination(self._run_dir, uri, config.experiment)
            self._shipper = shipper or Shipper(self._run_dir, config)
            self._shipper.begin()
        except BaseException:
            self.recorder.close()
            raise
        self._sampler: SystemMetrics | None = None
        if config.system_metrics_every_seconds > 0:
            self._sampler = SystemMetrics(
                self.recorder, config.system_metrics_every_seconds, self._run_dir
            )
            self._sampler.start()

    @classmethod
    def start(
        cls,
        run_dir: Path,
        config: TrackingConfig,
        run_uid: str | None = None,
        shipper: Shipping | None = None,
    ) -> Self:
        """Open the journal, mark the run as running and have it shipped.

        Args:
            run_dir: the run's directory; an existing journal there is gone on with.
            config: where the record goes.
            run_uid: the run's identity; None: the journal's, or a new one.
            shipper: ships the journal, such as a `Courier`'s; None: a process of the run's own.

        Raises:
            ConfigError: if `config.uri` is no address.
            CheckpointError: if the directory holds another run.
            RunBusyError: if another process writes the journal.
            StorageError: if it cannot be written.
        """
        return cls(run_dir, config, run_uid, shipper)

    def finish(self, status: RunStatus) -> SyncReport:
        """Record how the run ended and, unless a courier does so later, wait for MLflow to hold it.

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
                self._report = self._shipper.finish(self._patience(status))
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

    def _patience(self, status: RunStatus) -> float:
        """Seconds to wait: whoever pressed Ctrl-C or reads of a failure wants the terminal."""
        wait = self._config.wait_seconds
        return (
            wait
            if status in (RunStatus.FINISHED, RunStatus.PRUNED)
            else min(wait, _WAIT_AFTER_A_FAILURE)
        )
