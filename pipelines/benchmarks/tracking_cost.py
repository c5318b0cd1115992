"""What the record costs training: one entry of ten numbers, and ten numbers of every step.

Noise between two processes is ten times what is looked for, so steps with the record and without
are taken in turns within one process; see `paired` and `tracked_run`.
"""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from rich.table import Table

from benchmarks.mlflow_server import MlflowServer
from benchmarks.paired import spread
from benchmarks.tracked_run import tracked_run
from benchmarks.training_steps import METRICS, TrainingSteps
from latentsweep.tracking.journal_recorder import JournalRecorder

_ENTRIES = 20_000
_REPEATS = 7
_TURNS = 40


@dataclass(frozen=True)
class Case:
    """What is trained, and where its record goes.

    Attributes:
        name: shown.
        overrides: what is not as in the default run.
        steps: of a block.
        server: whether it goes to a server; None: to a sqlite file.
        gives_way: whether that server's own work only takes time that nobody wants.
    """

    name: str
    overrides: tuple[str, ...]
    steps: int
    server: bool
    gives_way: bool = False


_CONV = ("network=conv",)
_CASES = (
    Case("mlp, sqlite file", (), 150, server=False),
    Case("mlp, server here", (), 150, server=True),
    Case("mlp, server here that gives way", (), 150, server=True, gives_way=True),
    Case("conv, sqlite file", _CONV, 15, server=False),
    Case("conv, server here that gives way", _CONV, 15, server=True, gives_way=True),
)


def measure(directory: Path, quick: bool) -> Iterator[Table]:
    """Measure an entry and each case.

    Args:
        directory: an empty one, on a disk.
        quick: a few entries, and two turns of the first case.

    Yields:
        a table of entries, and one of each case.
    """
    yield entries_table(directory, 200 if quick else _ENTRIES)
    for number, case in enumerate(_CASES[: 1 if quick else None]):
        place = directory / str(number)
        place.mkdir()
        yield _measure(case, place, 5 if quick else case.steps, 2 if quick else _TURNS)


def entries_table(directory: Path, entries: int) -> Table:
    """What an entry of ten numbers takes, beside the bare writing of as many bytes."""
    recorder = JournalRecorder(directory / "entries")
    values = {f"train/metric_{index}": 1234.5678 / (index + 1) for index in range(METRICS)}
    step = 0

    def append() -> None:
        nonlocal step
        step += 1
        recorder.metrics(values, step)

    append()
    line = (directory / "entries/journal.jsonl").read_bytes().splitlines()[-1] + b"\n"
    descriptor = os.open(directory / "bytes", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    appended, written = [], []
    for _ in range(_REPEATS):
        appended += _microseconds(append, entries // _REPEATS)
        written += _microseconds(lambda: os.write(descriptor, line), entries // _REPEATS)
    os.close(descriptor)
    recorder.close()
    table = Table(title=f"an entry of {METRICS} metrics, {_REPEATS} repeats, {entries} in all")
    for heading in ("what", "median (quartiles), us", "99 of 100 below, us", "ratio", "goal"):
        table.add_column(heading, justify="left" if heading == "what" else "right")
    bare, _, _ = spread(written)
    for name, times, goal in (
        ("recorder.metrics", appended, "< 50 us"),
        (f"bare write of its {len(line)} bytes", written, ""),
    ):
        middle, low, high = spread(times)
        most = sorted(times)[len(times) * 99 // 100]
        shown = f"{middle:.1f} ({low:.1f} to {high:.1f})"
        table.add_row(name, shown, f"{most:.1f}", f"{middle / bare:.1f}", goal)
    return table


def _microseconds(call: Callable[[], object], times: int) -> list[float]:
    taken = []
    for _ in range(times):
        before = time.perf_counter_ns()
        call()
        taken.append((time.perf_counter_ns() - before) / 1e3)
    return taken


def _measure(case: Case, place: Path, size: int, turns: int) -> Table:
    """Train with the record and without, in turns, and end the run."""
    steps = TrainingSteps([*case.overrides])
    steps.seconds(size, None)  # warms up
    with ExitStack() as ending:
        server = None
        uri = f"sqlite:///{place / 'mlflow.db'}"
        if case.server:
            server = MlflowServer(place, gives_way=case.gives_way)
            ending.callback(server.kill)
            server.start()
            uri = server.address
        run = ending.enter_context(tracked_run(place / "run", uri, server))
        run.begin()
        run.wait_for_first_points()
        run.train(steps, size, turns)
        behind, ended = run.behind, run.finish()
    taken = run.turns
    on, off = sum(taken.seconds_on), sum(taken.seconds_off)
    title = f"{METRICS} metrics of every step: {case.name} ({turns} turns of {size} steps)"
    table = Table("figure", "value", "goal", title=title)
    table.add_row("a step without the record", f"{off / size / turns * 1e3:.2f} ms", "")
    table.add_row("the record adds, median (quartiles)", taken.median(), "< 1 %")
    table.add_row("the record adds to the whole (95 %)", taken.whole(), "< 1 %")
    table.add_row("noise, off against off (quartiles)", taken.noise(), "")
    table.add_row("synchroniser, of a core", f"{run.processor['synchroniser'] / on:.1%}", "")
    if case.server:
        table.add_row("server, of a core", f"{run.processor['server'] / on:.1%}", "")
    table.add_row("blocks taken again, others were at work", str(run.disturbed), "")
    table.add_row("points recorded", f"{turns * size * METRICS:,}", "")
    table.add_row("points on their way at the end", f"{behind:,}", "")
    table.add_row("seconds until they are held", f"{ended:.1f}", "")
    return table
