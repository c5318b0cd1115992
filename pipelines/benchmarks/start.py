"""From the command to the first training step, and to the help text, with warm caches."""

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.figure import Figure, Figures, Goal
from benchmarks.pipeline_run import INTERRUPTED, PIPELINES, start, wait_for_step
from benchmarks.terminal import CommandError
from latentsweep.config.project import ROOT

_PART = "start"


def measure(directory: Path, quick: bool) -> Iterator[Figures]:
    """Start the default run several times.

    Args:
        directory: an empty one, on a disk.
        quick: once.

    Yields:
        one table.
    """
    first = [_seconds_to_first_step(directory / str(turn)) for turn in range(2 if quick else 8)]
    helped = [_seconds_to_help() for _ in range(2 if quick else 8)]
    # The first of each warmed the caches.
    figures = (
        Figure(
            _PART, "from the command to the first step", "s", tuple(first[1:]), Goal(6.0, False)
        ),
        Figure(_PART, "train.py --help", "s", tuple(helped[1:]), Goal(1.0, False)),
    )
    yield Figures("start, the default run", figures)


def _seconds_to_first_step(place: Path) -> float:
    print(f"starting the default run, {place.name}", file=sys.stderr)
    command, run = start([], place)
    with command:
        wait_for_step(command, run, 1)
        command.process.send_signal(signal.SIGINT)
        command.wait(INTERRUPTED)
    return run.seconds_to_first_step()


def _seconds_to_help() -> float:
    """Raises CommandError where there is none."""
    started = time.perf_counter()
    done = subprocess.run(
        [sys.executable, str(PIPELINES / "train.py"), "--help"], cwd=ROOT, capture_output=True
    )
    if done.returncode:
        raise CommandError("train.py --help failed", found=done.stderr.decode()[-200:])
    return time.perf_counter() - started
