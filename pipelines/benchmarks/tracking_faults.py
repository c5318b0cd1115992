"""What training feels of a fault: steps with the record and without, in turns, while it lasts.

The server gives way, as if it were on another machine: what one on the same cores takes for itself
is measured in `tracking_cost`.
"""

import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

from rich.table import Table

from benchmarks.mlflow_server import MlflowServer, wait_until
from benchmarks.tracked_run import TrackedRun, kept, record_ahead, tracked_run
from benchmarks.training_steps import METRICS, TrainingSteps
from latentsweep.errors import LatentsweepError
from latentsweep.tracking.progress import PROGRESS_NAME, read_progress

_STEPS = 100  # of a block
_AWAY_SECONDS = 20.0
_SMALL_DISK = "4m"
_LARGE_DISK = "512m"
_REPLAYED_STEPS = 5000
_FIRST_PROBLEM_SECONDS = 60.0


class NoDiskError(LatentsweepError):
    """There is no small disk to fill: mounting one takes root."""


@dataclass
class Scene:
    """A run at work, and the server that a fault happens to.

    Attributes:
        run: the run.
        steps: what it trains.
        server: its server, not yet started.
        place: the server's directory.
        quick: whether to train just long enough to see that it works.
    """

    run: TrackedRun
    steps: TrainingSteps
    server: MlflowServer
    place: Path
    quick: bool

    def begin(self) -> None:
        """Bring everything up; nothing of it is measured."""
        self.server.start()
        self.run.begin()
        self.run.wait_for_first_points()

    def train(self, seconds: float) -> None:
        """Train about `seconds` with the record, and as long without."""
        size = 5 if self.quick else _STEPS
        block = self.steps.seconds(size, None)
        self.run.train(self.steps, size, 1 if self.quick else max(2, round(seconds / block)))


def measure(directory: Path, quick: bool) -> Iterator[Table]:
    """Measure each fault.

    Args:
        directory: an empty one, on a disk.
        quick: a few steps of the first fault.

    Yields:
        a table a fault.
    """
    for number, (name, fault) in enumerate(FAULTS.items()):
        if quick and number:
            break
        place = directory / str(number)
        place.mkdir()
        yield _measure(name, fault, place, quick)


def _measure(name: str, fault: Callable[[Scene], None], place: Path, quick: bool) -> Table:
    """Train through a fault, then let the run end with a server that is well."""
    table = Table("figure", "value", "goal", title=f"{METRICS} metrics of every step: {name}")
    steps = TrainingSteps([])
    steps.seconds(5 if quick else _STEPS, None)  # warms up
    with ExitStack() as ending:
        store = place / "store"
        store.mkdir()
        server = MlflowServer(store, gives_way=True)  # its own work is no fault's
        ending.callback(_unmount, store)
        ending.callback(server.kill)
        run = ending.enter_context(tracked_run(place / "run", server.address, server))
        try:
            fault(Scene(run, steps, server, store, quick))
        except NoDiskError as error:
            table.add_row("not measured", str(error), "")
            return table
        if server.leader is None:
            server.start()
        run.finish()
        whole = kept(run.run_dir, server.database)
    table.add_row("training slower by, median (quartiles)", run.turns.median(), "< 2 %")
    table.add_row("training slower by, whole (95 %)", run.turns.whole(), "< 2 %")
    table.add_row("noise, off against off (quartiles)", run.turns.noise(), "")
    on = sum(run.turns.seconds_on)
    table.add_row("synchroniser, of a core", f"{run.processor['synchroniser'] / on:.1%}", "")
    table.add_row("turns", str(len(run.turns.on)), "")
    table.add_row("blocks taken again, others were at work", str(run.disturbed), "")
    table.add_row("points recorded", f"{whole.points:,}", "")
    table.add_row("points lost", str(whole.lost), "0")
    table.add_row("points twice", str(whole.twice), "0")
    return table


def _down_from_the_start(scene: Scene) -> None:
    scene.run.begin()
    _wait_for_problem(scene)
    scene.train(30.0)


def _killed_and_back(scene: Scene) -> None:
    scene.begin()
    scene.server.kill()
    scene.train(_AWAY_SECONDS)
    scene.server.start()  # its own start is no work of tracking's, and not measured
    scene.train(_AWAY_SECONDS)


def _killed_for_good(scene: Scene) -> None:
    scene.begin()
    scene.server.kill()
    scene.train(60.0)


def _killed_in_a_replay(scene: Scene) -> None:
    record_ahead(scene.run, 100 if scene.quick else _REPLAYED_STEPS)
    scene.server.start()
    scene.run.begin()
    scene.run.wait_for_progress()
    scene.server.kill()
    scene.train(10.0)
    scene.server.start()
    scene.train(_AWAY_SECONDS)


def _disk_full(scene: Scene) -> None:
    _mount(scene.place, f"size={_SMALL_DISK}")
    scene.begin()
    record_ahead(scene.run, _REPLAYED_STEPS)  # more than the disk takes
    _wait_for_problem(scene)
    scene.train(30.0)
    _mount(scene.place, f"remount,size={_LARGE_DISK}")


def _cursor_lost(scene: Scene) -> None:
    scene.begin()
    record_ahead(scene.run, 100 if scene.quick else _REPLAYED_STEPS)
    scene.train(10.0)
    scene.run.kill_synchroniser()
    (scene.run.run_dir / PROGRESS_NAME).unlink()
    scene.run.begin()
    scene.train(30.0)


def _synchroniser_killed(scene: Scene) -> None:
    scene.begin()
    scene.run.kill_synchroniser()
    scene.train(10.0)
    scene.run.begin()
    scene.train(_AWAY_SECONDS)


FAULTS: dict[str, Callable[[Scene], None]] = {
    "server down from the start": _down_from_the_start,
    "server killed, back after 20 s": _killed_and_back,
    "server killed, never back": _killed_for_good,
    "server killed in the middle of a replay": _killed_in_a_replay,
    "server's disk full": _disk_full,
    "cursor lost, synchroniser killed": _cursor_lost,
    "synchroniser killed, replaced after 10 s": _synchroniser_killed,
}


def _wait_for_problem(scene: Scene) -> None:
    wait_until(
        lambda: read_progress(scene.run.run_dir).problem != "",
        _FIRST_PROBLEM_SECONDS,
        "the synchroniser notices the fault",
    )


def _mount(place: Path, options: str) -> None:
    if os.getuid() != 0:
        raise NoDiskError("mounting a small disk takes root")
    command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(place)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise NoDiskError(f"no small disk could be mounted: {done.stderr.strip()}")


def _unmount(place: Path) -> None:
    if place.is_mount():
        with suppress(OSError):
            subprocess.run(["umount", "--lazy", str(place)], capture_output=True)
