"""What is on record of a run, read back: from its directory, or by others from its store."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from latentsweep.errors import ConfigError
from latentsweep.tracking.journal import JOURNAL_NAME, read_journal
from latentsweep.tracking.progress import Identity, read_identity
from latentsweep.tracking.recorder import RunStatus
from latentsweep.tracking.records import Metrics, Started, Status, Tags

Curve = dict[int, float]  # value by step
# What the machine did meanwhile, and what an evaluation found out afterwards.
_NOT_TRAINING = ("system/", "test/")


@dataclass(frozen=True)
class RecordedRun:
    """A run as its record tells of it.

    Attributes:
        name: of its directory.
        uid: the run's own id.
        status: how it stands.
        tags: by name.
        metrics: of training and validation: the first value on record of each step, by name.
        text: the content of one of its text files; None where it is not on record.
        file: fetches one of its files; None where it is not on record.
        directory: the run's, where it lies on this machine.
        identity: where it is found in MLflow.
    """

    name: str
    uid: str
    status: RunStatus
    tags: Mapping[str, str]
    metrics: Mapping[str, Curve]
    text: Callable[[str], str | None] = field(repr=False)
    file: Callable[[str], Path | None] = field(repr=False)
    directory: Path | None = None
    identity: Identity | None = None

    @property
    def last_step(self) -> int:
        """The last optimiser step of which something is on record."""
        return max((max(curve) for curve in self.metrics.values() if curve), default=0)

    @property
    def id(self) -> str:
        """Its id in MLflow; its own where it is in no store."""
        return self.identity.run_id if self.identity else self.uid

    @property
    def reference(self) -> str:
        """By what a person names it."""
        if self.directory:
            return str(self.directory)
        return self.identity.run_id if self.identity else self.name


def read_bytes(path: Path) -> str:
    """A text file's content; line ends and bytes that are no UTF-8 can be written as they were."""
    return path.read_bytes().decode(errors="surrogateescape")


def is_of_training(metric: str) -> bool:
    """Whether a metric tells of what a run computes, and not of its machine."""
    return not metric.startswith(_NOT_TRAINING)


def read_recorded(run_dir: Path) -> RecordedRun:
    """The record in a run's directory.

    Raises:
        ConfigError: there is none.
    """
    uid, status = "", RunStatus.RUNNING
    tags: dict[str, str] = {}
    metrics: dict[str, Curve] = {}
    try:
        for record, _ in read_journal(run_dir / JOURNAL_NAME):
            if isinstance(record, Started):
                uid = uid or record.run_uid
            elif isinstance(record, Status):
                status = record.status
            elif isinstance(record, Tags):
                tags |= record.values
            elif isinstance(record, Metrics):
                for name, value in record.values.items():
                    if is_of_training(name):
                        metrics.setdefault(name, {}).setdefault(record.step, value)
    except OSError as error:
        raise ConfigError(
            f"the journal of {run_dir} cannot be read", found=error.strerror or str(error)
        ) from None

    def file(name: str) -> Path | None:
        places = (run_dir / "files" / name, run_dir / name)
        return next((path for path in places if path.is_file()), None)

    def text(name: str) -> str | None:
        path = file(name)
        return read_bytes(path) if path else None

    return RecordedRun(
        name=run_dir.name,
        uid=uid,
        status=status,
        tags=tags,
        metrics=metrics,
        text=text,
        file=file,
        directory=run_dir,
        identity=read_identity(run_dir),
    )
