"""The real pipeline in processes of its own, and what its journal tells of the time it took."""

from __future__ import annotations

import itertools
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.terminal import Command, CommandError
from latentsweep.config.project import ROOT
from latentsweep.tracking.journal import JOURNAL_NAME, read_journal
from latentsweep.tracking.recorder import RunStatus
from latentsweep.tracking.records import Metrics, Status

PIPELINES = ROOT / "pipelines"
INTERRUPTED = 130  # the exit code of a run that SIGINT ended
_SECONDS_TO_A_STEP = 600.0


@dataclass(frozen=True)
class Step:
    """An optimiser step on record.

    Attributes:
        time: when it had ended, seconds since 1970.
        number: from 1.
        epoch: from 0.
    """

    time: float
    number: int
    epoch: int


@dataclass(frozen=True)
class Run:
    """A run that was started from the command line, or a sweep.

    Attributes:
        directory: that its run directory lies in, or those of a sweep, and no other ones.
        started: when the command was given, seconds since 1970.
    """

    directory: Path
    started: float

    def steps(self) -> list[Step]:
        """The training steps on record so far, of a run."""
        return [step for steps in self.steps_of_each() for step in steps]

    def steps_of_each(self) -> list[list[Step]]:
        """The training steps on record so far, of each run of a sweep."""
        return [list(_steps(path)) for path in self._journals()]

    def seconds_per_step(self, warm_up: int) -> float:
        """Mean seconds of the training steps after the first `warm_up` ones.

        Between two steps of different epochs lie a validation and pictures: left out.

        Raises:
            CommandError: no such steps are on record.
        """
        seconds, steps = 0.0, 0
        for before, after in itertools.pairwise(self.steps()):
            if before.number >= warm_up and before.epoch == after.epoch:
                seconds += after.time - before.time
                steps += after.number - before.number
        if not steps:
            raise CommandError(
                "no training step can be timed",
                found=f"{len(self.steps())} steps on record in {self.directory}",
                expected=f"several of one epoch after step {warm_up}",
            )
        return seconds / steps

    def seconds_to_first_step(self) -> float:
        """From the command to the end of the first training step."""
        return self.steps()[0].time - self.started

    def last(self, metric: str) -> float:
        """The metric's last value on record."""
        values = [
            record.values[metric]
            for path in self._journals()
            for record, _ in read_journal(path)
            if isinstance(record, Metrics) and metric in record.values
        ]
        return values[-1]

    def share_outside_of_steps(self, warm_up: int) -> float:
        """Of the time after step `warm_up`, to the run's end: validation, pictures, export."""
        steps = [step for step in self.steps() if step.number >= warm_up]
        whole = self._ended() - steps[0].time
        taken = self.seconds_per_step(warm_up) * (steps[-1].number - steps[0].number)
        return 1 - taken / whole

    def _ended(self) -> float:
        return max(
            record.time / 1000
            for path in self._journals()
            for record, _ in read_journal(path)
            if isinstance(record, Status) and record.status is RunStatus.FINISHED
        )

    def _journals(self) -> list[Path]:
        return list(self.directory.rglob(JOURNAL_NAME))


def start(
    overrides: list[str],
    directory: Path,
    script: tuple[str, ...] = ("train.py",),
    cores: set[int] | None = None,
) -> tuple[Command, Run]:
    """Start a run as a user does, with the progress bar drawn and tracked in a file.

    Args:
        overrides: of the config.
        directory: where the run is to lie; one of its own. Runs beside it share their store.
        script: of `pipelines/`, and its options.
        cores: those that it may use; None: all.
    """
    directory.mkdir(parents=True)
    words = [sys.executable, str(PIPELINES / script[0]), *script[1:]]
    words += [f"tracking.uri=sqlite:///{directory.parent}/mlflow.db", *overrides]
    if script[0] == "sweep.py":
        words.append(f"sweep.directory={directory}")
    else:
        words += [f"output_dir={directory}", "resume=never"]
    started = time.time()
    return Command(words, ROOT, cores=cores), Run(directory, started)


def run(
    overrides: list[str],
    directory: Path,
    script: tuple[str, ...] = ("train.py",),
    cores: set[int] | None = None,
) -> Run:
    """Like `start`, to the end.

    Raises:
        CommandError: it failed.
    """
    command, started = start(overrides, directory, script, cores)
    with command:
        command.wait()
    return started


def wait_for_step(command: Command, run: Run, number: int, runs: int = 1) -> None:
    """Wait until `runs` runs have step `number` on record.

    Raises:
        CommandError: it ended before, or takes too long.
    """
    deadline = time.monotonic() + _SECONDS_TO_A_STEP
    while sum(_reached(steps, number) for steps in run.steps_of_each()) < runs:
        if command.process.poll() is not None:
            command.wait()
            raise CommandError(f"the run ended before step {number}")
        if time.monotonic() > deadline:
            raise CommandError(f"step {number} is not on record after {_SECONDS_TO_A_STEP:g} s")
        time.sleep(0.1)


def _reached(steps: list[Step], number: int) -> bool:
    return bool(steps) and steps[-1].number >= number


def _steps(journal: Path) -> Iterator[Step]:
    for record, _ in read_journal(journal):
        if isinstance(record, Metrics) and "train/loss" in record.values:
            # Records are in milliseconds.
            yield Step(record.time / 1000, record.step, int(record.values["epoch"]))
