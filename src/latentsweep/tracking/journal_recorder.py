"""The recorder that writes a run's journal and the files it speaks of."""

from __future__ import annotations

import re
import shutil
import threading
import time
import uuid
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from latentsweep.errors import CheckpointError, LatentsweepError
from latentsweep.tracking.files import storage_error, write_whole
from latentsweep.tracking.journal import JOURNAL_NAME, Journal, read_journal
from latentsweep.tracking.recorded_steps import RecordedSteps
from latentsweep.tracking.recorder import RunStatus
from latentsweep.tracking.records import (
    Dataset,
    File,
    Image,
    Metrics,
    Model,
    Params,
    Record,
    Started,
    Status,
    Tags,
)

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.figure import Figure

_SOURCE: dict[str, Any] = {"fontsize": 7, "color": "#777777"}
_EPOCH = "epoch"  # beside every metric of a step of training
_IMAGE_KEY = re.compile(r"[a-zA-Z0-9_\-./ ]+")


class JournalRecorder:
    """Writes `RUN_DIR/journal.jsonl`, `images/`, `figures/` and `files/`; see `Recorder`.

    On an existing journal it goes on: points that are on record are not recorded again.

    Args:
        run_dir: the run's directory; created if missing.
        run_uid: the run's identity; None: the journal's, or a new one for a new journal.

    Attributes:
        run_dir: the run's directory, absolute.
        run_uid: the run's identity.
        earlier_status: how the run stood on record before this recorder; None for a new journal.
        models: names of the exported models on record.
        earlier_step: the last step on record then, of any metric of a step of training.

    Raises:
        CheckpointError: if the journal there belongs to another run.
        RunBusyError: if another process writes it.
        StorageError: if it cannot be written.
    """

    def __init__(self, run_dir: Path, run_uid: str | None = None) -> None:
        self.run_dir = run_dir.absolute()
        self._journal = Journal(self.run_dir / JOURNAL_NAME)
        self._lock = threading.Lock()
        self._metric_steps = RecordedSteps()
        self._image_steps: defaultdict[str, set[int]] = defaultdict(set)
        self._params: dict[str, str] = {}
        self._datasets: set[tuple[str, str]] = set()
        self.models: set[str] = set()
        self.run_uid = ""
        self.earlier_status: RunStatus | None = None
        self.earlier_step = 0
        try:
            self._go_on(run_uid)
        except LatentsweepError:
            self._journal.close()
            raise

    @property
    def latest_step(self) -> int:
        """The last step on record, of any metric of a step of training."""
        with self._lock:
            return self._metric_steps.last(_EPOCH) or 0

    def metrics(self, values: Mapping[str, float], step: int) -> None:
        """See `Recorder.metrics`."""
        with self._lock:
            known = self._metric_steps.among(tuple(values), step)
            fresh = {name: float(value) for name, value in values.items() if name not in known}
            if fresh:
                self._append(Metrics(_now(), int(step), fresh))

    def params(self, values: Mapping[str, object]) -> None:
        """See `Recorder.params`."""
        with self._lock:
            fresh = {
                name: str(value)
                for name, value in values.items()
                if self._params.get(name) != str(value)
            }
            if fresh:
                self._append(Params(_now(), fresh))

    def tags(self, values: Mapping[str, str]) -> None:
        """See `Recorder.tags`."""
        with self._lock:
            self._append(Tags(_now(), dict(values)))

    def image(self, key: str, pixels: np.ndarray[Any, np.dtype[np.uint8]], step: int) -> None:
        """See `Recorder.image`.

        Raises:
            ValueError: if the key or the array is not of the form that the dashboard shows.
        """
        from PIL import Image as Picture

        if not _IMAGE_KEY.fullmatch(key):
            raise ValueError(f"image key {key!r}: letters, digits and _ - . / space only")
        if pixels.dtype != "uint8" or pixels.shape[2:] not in ((), (3,)):
            raise ValueError(f"image {key}: {pixels.dtype} {pixels.shape}, not uint8 (h, w[, 3])")
        with self._lock:
            if step in self._image_steps[key]:
                return
            moment = _now()
            # The name that MLflow's log_image would give, chosen here once: it holds a random
            # part, so a name chosen at shipping would be another one at each replay.
            series = key.replace("/", "~")
            name = f"{series}+step+{step}+timestamp+{moment}+{uuid.uuid4()}"
            picture = Picture.fromarray(pixels)
            write_whole(
                self.run_dir / "images" / f"{name}.png",
                lambda file: picture.save(file, format="PNG"),
            )
            self._append(Image(moment, key, int(step), name))

    def figure(self, path: str, figure: Figure) -> None:
        """See `Recorder.figure`."""
        target = _inside("figures", path)
        # Below the figure, which the tight box then includes: it may be taken out of its place.
        figure.text(1, -0.01, f"run {self.run_dir.name}", ha="right", va="top", **_SOURCE)
        with self._lock:
            write_whole(
                self.run_dir / target,
                lambda file: figure.savefig(file, format="png", bbox_inches="tight"),
            )
            self._append(File(_now(), target, target))

    def file(self, path: Path, artifact_path: str) -> None:
        """See `Recorder.file`."""
        target = _inside("", artifact_path)
        source = path.absolute()
        with self._lock:
            if not source.is_relative_to(self.run_dir):
                copy = self.run_dir / "files" / target
                try:
                    original = source.open("rb")
                except OSError as error:
                    raise storage_error(source, error) from error
                with original:
                    write_whole(copy, lambda file: shutil.copyfileobj(original, file))
                source = copy
            self._append(File(_now(), source.relative_to(self.run_dir).as_posix(), target))

    def text(self, artifact_path: str, content: str) -> None:
        """See `Recorder.text`."""
        target = _inside("", artifact_path)
        try:
            encoded = content.encode(errors="surrogateescape")  # bytes that were no UTF-8
        except UnicodeEncodeError:
            encoded = content.encode(errors="backslashreplace")
        with self._lock:
            write_whole(self.run_dir / "files" / target, lambda file: file.write(encoded))
            self._append(File(_now(), f"files/{target}", target))

    def dataset(self, name: str, digest: str, source: str, profile: Mapping[str, object]) -> None:
        """See `Recorder.dataset`."""
        with self._lock:
            if (name, digest) not in self._datasets:
                self._append(Dataset(_now(), name, digest, source, dict(profile)))

    def model(self, directory: Path, name: str) -> None:
        """See `Recorder.model`."""
        relative = directory.absolute().relative_to(self.run_dir)
        with self._lock:
            self._append(Model(_now(), name, relative.as_posix()))

    def status(self, status: RunStatus) -> None:
        """See `Recorder.status`."""
        with self._lock:
            self._append(Status(_now(), status))
            self._journal.flush()

    def flush(self) -> None:
        """See `Recorder.flush`."""
        with self._lock:
            self._journal.flush()

    def close(self) -> None:
        """See `Recorder.close`."""
        with self._lock:
            self._journal.close()

    def next_step(self, metric: str) -> int:
        """The step after the last one on record for `metric`; 0 if there is none."""
        with self._lock:
            last = self._metric_steps.last(metric)
            return 0 if last is None else last + 1

    def _go_on(self, run_uid: str | None) -> None:
        for record, _ in read_journal(self._journal.path):
            self._remember(record)
            if isinstance(record, Status):
                self.earlier_status = record.status
            elif isinstance(record, Metrics) and _EPOCH in record.values:
                self.earlier_step = max(self.earlier_step, record.step)
        if not self.run_uid:
            self._append(Started(_now(), run_uid or uuid.uuid4().hex))
        elif run_uid not in (None, self.run_uid):
            raise CheckpointError(
                f"run directory {self.run_dir} holds another run",
                found=f"run {self.run_uid}",
                expected=f"run {run_uid}",
                mend="resume that run with its own configuration, or use another directory",
            )

    def _append(self, record: Record) -> None:
        self._journal.append(record)
        self._remember(record)

    def _remember(self, record: Record) -> None:
        if isinstance(record, Metrics):
            self._metric_steps.add(tuple(record.values), record.step)
        elif isinstance(record, Image):
            self._image_steps[record.key].add(record.step)
        elif isinstance(record, Params):
            self._params.update(record.values)
        elif isinstance(record, Dataset):
            self._datasets.add((record.name, record.digest))
        elif isinstance(record, Model):
            self.models.add(record.name)
        elif isinstance(record, Started):
            self.run_uid = self.run_uid or record.run_uid


def _now() -> int:
    """Milliseconds since 1970."""
    return time.time_ns() // 1_000_000


def _inside(folder: str, path: str) -> str:
    """`path` below `folder` as a relative POSIX path.

    Raises:
        ValueError: if it would lead out of there.
    """
    pure = PurePosixPath(path)
    if pure.is_absolute() or ".." in pure.parts or not pure.name:
        raise ValueError(f"artifact path {path!r}: a relative path without '..' is expected")
    return str(PurePosixPath(folder) / pure)
