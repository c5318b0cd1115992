"""Sixteen runs that log to one server at once: what arrives, and how often the server is called."""

import re
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from rich.table import Table

from benchmarks.background import kill, processor_seconds, synchronisers
from benchmarks.mlflow_server import MlflowServer
from benchmarks.tracked_run import kept, tracking_config
from benchmarks.training_steps import METRICS
from latentsweep.tracking.journal_recorder import JournalRecorder
from latentsweep.tracking.recorder import RunStatus
from latentsweep.tracking.report import SyncReport
from latentsweep.tracking.shipper import Shipper

_SECONDS_TO_END = 300.0
_COMPLAINT = re.compile(r" (?:WARNING|ERROR) ")


@dataclass(frozen=True)
class Load:
    """What the runs record.

    Attributes:
        runs: each with a synchroniser of its own, as in jobs of their own.
        steps: of each run, with ten metrics.
        steps_a_second: of each run.
    """

    runs: int
    steps: int
    steps_a_second: float


def measure(directory: Path, quick: bool) -> Iterator[Table]:
    """Run all at once against one server.

    Args:
        directory: an empty one, on a disk.
        quick: two runs of 20 steps.

    Yields:
        one table.
    """
    load = Load(2, 20, 10.0) if quick else Load(16, 600, 10.0)
    server = MlflowServer(directory)
    with ExitStack() as ending:
        ending.callback(lambda: kill(synchronisers()))
        ending.callback(server.kill)
        server.start()
        yield _table(directory, server, load)


def _table(directory: Path, server: MlflowServer, load: Load) -> Table:
    run_dirs = [directory / f"run-{number}" for number in range(load.runs)]
    recorders = [JournalRecorder(run_dir) for run_dir in run_dirs]
    config = tracking_config(server.address)
    shippers = [Shipper(run_dir, config) for run_dir in run_dirs]
    started = time.perf_counter()
    for recorder, shipper in zip(recorders, shippers, strict=True):
        recorder.status(RunStatus.RUNNING)
        shipper.begin()
    _record(recorders, load)
    at_work, calls_at_work = time.perf_counter() - started, len(server.calls())
    processor = processor_seconds(synchronisers())
    with ThreadPoolExecutor(load.runs) as pool:
        reports = list(pool.map(_end, recorders, shippers))
    seconds = time.perf_counter() - started
    calls = server.calls()
    whole = [kept(run_dir, server.database) for run_dir in run_dirs]
    points = sum(each.points for each in whole)
    said = sum(
        len(_COMPLAINT.findall((run_dir / "synchroniser.log").read_text())) for run_dir in run_dirs
    )
    rate = load.steps_a_second
    title = f"{load.runs} runs, {load.steps} steps of {METRICS} metrics each, {rate:g} steps/s"
    table = Table("figure", "value", "goal", title=title)
    table.add_row("points recorded", f"{points:,}", "")
    table.add_row("points lost", str(sum(each.lost for each in whole)), "0")
    table.add_row("points twice", str(sum(each.twice for each in whole)), "0")
    refused = Counter(name for name, status in calls if status >= 400 and status != 404)
    table.add_row("calls that the server refused or failed", _counted(refused), "0")
    table.add_row("lines of complaint by synchronisers", str(said), "0")
    table.add_row("runs not whole at the end", str(sum(not r.complete for r in reports)), "0")
    table.add_row("server calls", f"{len(calls):,}", "")
    table.add_row("server calls per second while training", f"{calls_at_work / at_work:.1f}", "")
    naive = load.runs * load.steps
    table.add_row("calls against one a step", f"{len(calls) / naive:.1%} of {naive:,}", "")
    table.add_row("seconds while training", f"{at_work:.1f}", "")
    table.add_row("seconds from there until all is held", f"{seconds - at_work:.1f}", "")
    table.add_row("a synchroniser's processor time", f"{processor / load.runs:.1f} s", "")
    return table


def _counted(names: Counter[str]) -> str:
    """How many there are, and of which kind: two runs may create one experiment at once."""
    kinds = [f"{count} {name}" for name, count in names.items()]
    return f"{names.total()} ({', '.join(kinds)})" if kinds else "0"


def _record(recorders: list[JournalRecorder], load: Load) -> None:
    """All steps of all runs, at their pace."""
    begun = time.perf_counter()
    for step in range(1, 1 + load.steps):
        for number, recorder in enumerate(recorders):
            values = {f"train/metric_{i}": number + i / step for i in range(METRICS)}
            recorder.metrics(values, step)
        time.sleep(max(0.0, begun + step / load.steps_a_second - time.perf_counter()))


def _end(recorder: JournalRecorder, shipper: Shipper) -> SyncReport:
    recorder.status(RunStatus.FINISHED)
    recorder.close()
    return shipper.finish(_SECONDS_TO_END)
