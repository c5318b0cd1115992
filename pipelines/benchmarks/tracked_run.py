"""A run on record whose training steps are taken in turns: with the record, and without."""

from __future__ import annotations

import sqlite3
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.background import (
    foreign_seconds,
    freeze,
    kill,
    processor_seconds,
    synchronisers,
    thaw,
)
from benchmarks.mlflow_server import MlflowServer, wait_until
from benchmarks.paired import Turns
from benchmarks.training_steps import METRICS, TrainingSteps
from latentsweep.config.tracking import TrackingConfig
from latentsweep.tracking.courier import Courier
from latentsweep.tracking.journal import JOURNAL_NAME, read_journal
from latentsweep.tracking.journal_recorder import JournalRecorder
from latentsweep.tracking.progress import read_progress
from latentsweep.tracking.recorder import RunStatus
from latentsweep.tracking.records import Metrics

_SECONDS_TO_BEGIN = 120.0
_SECONDS_TO_END = 300.0
_FOREIGN = 0.1  # of a core: more makes steps of two threads much longer
_MOST_AGAIN = 3  # times the blocks that are wanted


@dataclass(frozen=True)
class Kept:
    """What the store holds of a run's points, against its journal.

    Attributes:
        points: in the journal.
        lost: of these not in the store.
        twice: in the store more than once.
    """

    points: int
    lost: int
    twice: int


class TrackedRun:
    """One run, its journal and its synchroniser, as training has them.

    In a block without the record nothing is recorded, and synchroniser and server are stopped
    (SIGSTOP): what they have to do falls into the blocks with it, where it belongs. Their clocks
    go on in the meantime, so that they ask, and rest, more often than in a run: the cost is rather
    too high than too low.

    A block during which other programs took a tenth of a core is taken again, three times the
    wanted number at most.

    Args:
        run_dir: an empty directory.
        uri: address of the store.
        server: the server behind it; None where it is a file.

    Attributes:
        recorder: takes down the numbers.
        turns: what was measured.
        processor: seconds of a core that synchroniser and server took in blocks with the record.
        disturbed: blocks that were taken again.
    """

    def __init__(self, run_dir: Path, uri: str, server: MlflowServer | None = None) -> None:
        self.run_dir = run_dir
        self._server = server
        self.recorder = JournalRecorder(run_dir)
        self.recorder.status(RunStatus.RUNNING)
        self._courier = Courier(tracking_config(uri), run_dir / "synchroniser.log")
        self.turns = Turns()
        self.processor = {"synchroniser": 0.0, "server": 0.0}
        self.disturbed = 0

    def begin(self) -> None:
        """Have the journal shipped; again: by a new process, where the last one was killed."""
        self._courier.begin(self.run_dir)

    def wait_for_first_points(self) -> None:
        """Wait until the store holds some, so that starting is not measured."""
        self.recorder.metrics({"begun": 1.0}, 0)
        self.wait_for_progress()

    def wait_for_progress(self) -> None:
        """Wait until something was shipped."""
        wait_until(
            lambda: read_progress(self.run_dir).offset > 0, _SECONDS_TO_BEGIN, "points arrive"
        )

    def train(self, steps: TrainingSteps, size: int, turns: int) -> None:
        """Take blocks of `size` steps in turns; see `Turns.take`."""
        again = _MOST_AGAIN * turns

        def block(on: bool) -> float:
            nonlocal again
            while True:
                foreign = foreign_seconds()
                seconds = self._block(steps, size, on)
                if again == 0 or foreign_seconds() - foreign < _FOREIGN * seconds:
                    return seconds
                again -= 1
                self.disturbed += 1

        try:
            self.turns.take(turns, block)
        finally:
            thaw(self._leaders())

    def kill_synchroniser(self) -> None:
        """End the synchroniser with SIGKILL."""
        kill(synchronisers())

    @property
    def behind(self) -> int:
        """Points in the journal that are not known to be in the store."""
        offset = read_progress(self.run_dir).offset
        records = read_journal(self.run_dir / JOURNAL_NAME, offset)
        return sum(len(record.values) for record, _ in records if isinstance(record, Metrics))

    def finish(self) -> float:
        """End the run and wait until the store holds it; seconds that took."""
        started = time.perf_counter()
        self.recorder.status(RunStatus.FINISHED)
        self.recorder.close()
        self._courier.end(self.run_dir)
        self._courier.close(_SECONDS_TO_END)
        return time.perf_counter() - started

    def abandon(self) -> None:
        """Leave nothing behind, whatever happened."""
        kill(synchronisers())
        self._courier.close(0.0)

    def _block(self, steps: TrainingSteps, size: int, on: bool) -> float:
        leaders = self._leaders()
        if not on:
            freeze(leaders)
            return steps.seconds(size, None)
        before = self._processor()
        thaw(leaders)
        seconds = steps.seconds(size, self.recorder.metrics)
        for name, spent in self._processor().items():
            self.processor[name] += max(0.0, spent - before[name])
        return seconds

    def _leaders(self) -> list[int]:
        server = self._server.leader if self._server else None
        return [*synchronisers(), *([server] if server else [])]

    def _processor(self) -> dict[str, float]:
        server = self._server.leader if self._server else None
        return {
            "synchroniser": processor_seconds(synchronisers()),
            "server": processor_seconds([server] if server else []),
        }


@contextmanager
def tracked_run(run_dir: Path, uri: str, server: MlflowServer | None) -> Iterator[TrackedRun]:
    """A run whose processes end with the block."""
    run = TrackedRun(run_dir, uri, server)
    try:
        yield run
    finally:
        run.abandon()


def tracking_config(uri: str) -> TrackingConfig:
    """Ten metrics a step and nothing else."""
    return TrackingConfig(
        name="server" if uri.startswith("http") else "local",
        uri=uri,
        experiment="benchmark",
        every_n_steps=1,
        images_every_n_epochs=0,
        system_metrics_every_seconds=0.0,
        log_model=False,
        wait_seconds=60.0,
    )


def kept(run_dir: Path, database: Path) -> Kept:
    """Compare a journal with the database of its store, read past MLflow."""
    recorded = Counter(
        (name, record.step)
        for record, _ in read_journal(run_dir / JOURNAL_NAME)
        if isinstance(record, Metrics)
        for name in record.values
    )
    run_id = read_progress(run_dir).run_id
    with sqlite3.connect(database) as connection:
        rows = connection.execute("SELECT key, step FROM metrics WHERE run_uuid = ?", [run_id])
        stored = Counter((str(key), int(step)) for key, step in rows)
    return Kept(
        points=recorded.total(),
        lost=(recorded - stored).total(),
        twice=(stored - recorded).total(),
    )


def record_ahead(run: TrackedRun, steps: int) -> None:
    """Put numbers on record at once, for a synchroniser to replay."""
    for step in range(1, 1 + steps):
        run.recorder.metrics({f"ahead/{index}": step / 7 for index in range(METRICS)}, step)
