"""What training may say about a run, and to whom: the only face of tracking that training sees."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.figure import Figure


class RunStatus(StrEnum):
    """How a run stands.

    HANDED_ON: this writer is done, the run goes on in other processes.
    PRUNED: a sweep's pruner ended it.
    PREEMPTED: a scheduler took its machine; the run waits to be taken up again.
    """

    RUNNING = "running"
    HANDED_ON = "handed_on"
    FINISHED = "finished"
    PRUNED = "pruned"
    PREEMPTED = "pre-empted"
    FAILED = "failed"
    INTERRUPTED = "interrupted"


class Recorder(Protocol):
    """Takes down what happens in a run; safe to call from several threads.

    Every method may raise StorageError when the record cannot be written.
    """

    def metrics(self, values: Mapping[str, float], step: int) -> None:
        """Record numbers at `step`; NaN and infinities are kept.

        A (name, step) that is already on record is skipped: a resumed run repeats the steps since
        its last checkpoint, with the same values.
        """

    def params(self, values: Mapping[str, object]) -> None:
        """Record settings, each as its `str`."""

    def tags(self, values: Mapping[str, str]) -> None:
        """Record labels; the last value of a label counts."""

    def image(self, key: str, pixels: np.ndarray[Any, np.dtype[np.uint8]], step: int) -> None:
        """Record a picture of a series, uint8 (height, width) or (height, width, 3).

        A (key, step) that is already on record is skipped.
        """

    def figure(self, path: str, figure: Figure) -> None:
        """Record a matplotlib figure as PNG under `figures/PATH`; the same path replaces it."""

    def file(self, path: Path, artifact_path: str) -> None:
        """Record a file under `artifact_path` (its name included).

        A file outside the run directory is copied into it; one that lies there is only named, and
        is shipped as it is at that moment.
        """

    def text(self, artifact_path: str, content: str) -> None:
        """Record `content` as a UTF-8 file under `artifact_path`; the same path replaces it."""

    def dataset(self, name: str, digest: str, source: str, profile: Mapping[str, object]) -> None:
        """Record what the run learns from; the same again is skipped.

        Args:
            name: of the data set.
            digest: of its content.
            source: where it came from.
            profile: its sizes.
        """

    def model(self, directory: Path, name: str) -> None:
        """Record an exported model: a directory below the run's, shipped as it is at that moment.

        Args:
            directory: what `models.exported` wrote.
            name: of the model within the run; the same again replaces it.
        """

    def status(self, status: RunStatus) -> None:
        """Record how the run stands, and make the record durable."""

    def flush(self) -> None:
        """Make everything recorded so far survive a power cut; called with each checkpoint."""

    def close(self) -> None:
        """Make the record durable and end it."""


class NoRecorder:
    """Takes nothing down: of several ranks one records."""

    def metrics(self, values: Mapping[str, float], step: int) -> None:
        """Pass."""

    def params(self, values: Mapping[str, object]) -> None:
        """Pass."""

    def tags(self, values: Mapping[str, str]) -> None:
        """Pass."""

    def image(self, key: str, pixels: np.ndarray[Any, np.dtype[np.uint8]], step: int) -> None:
        """Pass."""

    def figure(self, path: str, figure: Figure) -> None:
        """Pass."""

    def file(self, path: Path, artifact_path: str) -> None:
        """Pass."""

    def text(self, artifact_path: str, content: str) -> None:
        """Pass."""

    def dataset(self, name: str, digest: str, source: str, profile: Mapping[str, object]) -> None:
        """Pass."""

    def model(self, directory: Path, name: str) -> None:
        """Pass."""

    def status(self, status: RunStatus) -> None:
        """Pass."""

    def flush(self) -> None:
        """Pass."""

    def close(self) -> None:
        """Pass."""
