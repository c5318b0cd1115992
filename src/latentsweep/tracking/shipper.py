"""A courier with one run: ships its journal in a process of the run's own."""

from __future__ import annotations

from pathlib import Path

from latentsweep.config.tracking import TrackingConfig
from latentsweep.tracking.courier import LOG_NAME, Courier
from latentsweep.tracking.report import SyncReport, sync_report


class Shipper:
    """Ships one run's journal, in a process that outlives this one if it must.

    Args:
        run_dir: the run's directory.
        config: where the record goes.
        patience: see `Courier`.

    Raises:
        ConfigError: if `config.uri` is no address.
        StorageError: if its log cannot be written.
    """

    def __init__(
        self, run_dir: Path, config: TrackingConfig, patience: float | None = None
    ) -> None:
        self._run_dir = run_dir.absolute()
        self._off = config.uri is None
        self._courier = Courier(config, self._run_dir / LOG_NAME, patience)

    def begin(self) -> None:
        """See `Shipping.begin` in `session`."""
        self._courier.begin(self._run_dir)

    def include(self, run_dir: Path) -> None:
        """Ship another run's record, too, which has ended; `finish` tells of it as well."""
        self._courier.end(run_dir)

    def finish(self, seconds: float) -> SyncReport:
        """See `Shipping.finish` in `session`; after `seconds` the process goes on by itself."""
        if self._off:
            return SyncReport(complete=True)
        self._courier.end(self._run_dir)
        left = self._courier.close(seconds, tell=True)
        others = next(iter(left.values()), None)
        return left.get(self._run_dir) or others or sync_report(self._run_dir)
