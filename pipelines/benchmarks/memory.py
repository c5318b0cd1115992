"""Memory of a run over the 737,280 sprites, and of a sweep with two workers over them.

Convolutions would take most of an hour for an epoch, so they are stopped after some steps; a whole
run, with its validation, its pictures and its exported model, is one of the MLP.
"""

import signal
import sys
from collections.abc import Iterator
from pathlib import Path

from benchmarks.figure import Figure, Figures, Goal
from benchmarks.peak_memory import Peak, PeakMemory
from benchmarks.pipeline_run import INTERRUPTED, start, wait_for_step

_PART = "memory"


def measure(directory: Path, quick: bool) -> Iterator[Figures]:
    """Measure a run, then a sweep.

    Args:
        directory: an empty one, on a disk.
        quick: ten steps over Fashion-MNIST, and no whole run.

    Yields:
        one table.
    """
    data = ["data=fashion_mnist"] if quick else ["data=sprites_rendered"]
    trained = data if quick else [*data, "network=conv"]
    steps, turns = (10, 1) if quick else (200, 3)
    runs, sweeps = [], []
    for turn in range(turns):
        print(f"turn {turn + 1} of {turns}", file=sys.stderr)
        runs.append(peak_of_run(trained, directory / f"run-{turn}", steps))
        sweeps.append(_of_sweep(trained, directory / f"sweep-{turn}", steps))
    alone = tuple(peak.gigabytes for peak in runs)
    more = tuple(sweep.gigabytes - run for sweep, run in zip(sweeps, alone, strict=True))
    name = "Fashion-MNIST" if quick else "737,280 sprites, conv"
    figures = [
        Figure(_PART, f"a run with its synchroniser: {name}", "GB", alone, Goal(1.5, False)),
        Figure(_PART, "a sweep with 2 workers: more than a run", "GB", more, Goal(0.5, False)),
    ]
    for whose, peaks in (("a run", runs), ("a sweep", sweeps)):
        resident = tuple(peak.resident for peak in peaks)
        figures.append(Figure(_PART, f"{whose}: RSS, shared pages in each process", "GB", resident))
    if not quick:
        name = "a whole run of one epoch with its synchroniser: 737,280 sprites, mlp"
        whole = _of_whole_run([*data, "network=mlp"], directory / "whole")
        figures.insert(1, Figure(_PART, name, "GB", (whole.gigabytes,), Goal(1.5, False)))
    figures += _parts("a run", runs) + _parts("a sweep", sweeps)
    yield Figures("greatest memory of all processes (PSS, shared pages once)", tuple(figures))


def peak_of_run(overrides: list[str], place: Path, steps: int) -> Peak:
    """The greatest memory of a run from its start until `steps` steps are on record."""
    command, run = start(overrides, place)
    with command, PeakMemory(command.process.pid) as memory:
        wait_for_step(command, run, steps)
        peak = memory.peak  # before it saves and leaves
        command.process.send_signal(signal.SIGINT)
        command.wait(INTERRUPTED)
    return peak


def _of_whole_run(overrides: list[str], place: Path) -> Peak:
    """The greatest memory of a run of one epoch, from its start to its end."""
    print("a whole run", file=sys.stderr)
    command, _ = start([*overrides, "trainer.max_epochs=1"], place)
    with command, PeakMemory(command.process.pid) as memory:
        command.wait()
        return memory.peak


def _of_sweep(overrides: list[str], place: Path, steps: int) -> Peak:
    """The same of a sweep, until both workers' trials are so far."""
    local = [*overrides, "sweep.workers=2", "sweep.study=memory", "trainer.threads=1"]
    command, run = start(local, place, ("sweep.py",))
    with command, PeakMemory(command.process.pid) as memory:
        wait_for_step(command, run, steps, runs=2)
        peak = memory.peak
        command.process.send_signal(signal.SIGINT)
        command.wait(INTERRUPTED)
    return peak


def _parts(whose: str, peaks: list[Peak]) -> list[Figure]:
    """What each process held at the peak of the first turn, the greatest first."""
    parts = sorted(peaks[0].parts, key=lambda part: -part[1])
    return [Figure(_PART, f"  of {whose}: {what}", "GB", (held,)) for what, held in parts]
