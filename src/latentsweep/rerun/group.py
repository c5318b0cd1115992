"""A run of MLflow that others are nested below: its record lies in their common directory."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

from latentsweep.config.tracking import TrackingConfig
from latentsweep.tracking.destination import write_destination
from latentsweep.tracking.experiment import NOTE_TAG
from latentsweep.tracking.journal_recorder import JournalRecorder
from latentsweep.tracking.progress import read_identity
from latentsweep.tracking.recorder import RunStatus
from latentsweep.tracking.sync import sync
from latentsweep.tracking.uri import resolve_uri


class RunGroup:
    """The group's own run; those in `DIRECTORY/trials/NAME/` are below it in any store.

    Args:
        directory: of the group.
        tracking: where the record goes.
    """

    def __init__(self, directory: Path, tracking: TrackingConfig) -> None:
        self._directory = directory.absolute()
        self._tracking = tracking

    @property
    def run_id(self) -> str:
        """Its id in MLflow; empty while it has none."""
        identity = read_identity(self._directory)
        return identity.run_id if identity else ""

    def open(self, tags: Mapping[str, str]) -> None:
        """Begin it, or go on with it, and leave it running.

        Raises:
            StorageError: the record cannot be written.
        """
        with closing(JournalRecorder(self._directory)) as recorder:
            if self._tracking.uri:
                uri = resolve_uri(self._tracking.uri)
                write_destination(self._directory, uri, self._tracking.experiment)
            recorder.status(RunStatus.RUNNING)
            recorder.tags(tags)
            recorder.status(RunStatus.HANDED_ON)
        sync([self._directory])

    def close(
        self,
        status: RunStatus,
        metrics: Mapping[str, float] | None = None,
        texts: Mapping[str, str] | None = None,
        files: Mapping[str, Path] | None = None,
        note: str = "",
    ) -> None:
        """End it, for now.

        Args:
            status: how it ended.
            metrics: what it came to.
            texts: content of files by their names in MLflow.
            files: other files by their names in MLflow.
            note: markdown that the dashboard shows as its description.

        Raises:
            StorageError: the record cannot be written.
        """
        with closing(JournalRecorder(self._directory)) as recorder:
            recorder.metrics(metrics or {}, 0)
            for name, content in (texts or {}).items():
                recorder.text(name, content)
            for name, path in (files or {}).items():
                recorder.file(path, name)
            if note:
                recorder.tags({NOTE_TAG: note})
            recorder.status(status)
        sync([self._directory])
