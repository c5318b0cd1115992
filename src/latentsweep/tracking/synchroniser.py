"""The process that ships journals to MLflow: `python -m latentsweep.tracking.synchroniser`.

Started by a trainer or a sweep's worker, which names its runs on the standard input as they begin
and end, and whose own end is noticed by the end of that input: everything is then shipped, and a
run whose trainer left without a word is marked as interrupted. It can be killed at any time and
started again. What nobody ships any more, `sync` ships.
"""

import argparse
import logging
import os
import signal
import sys
import time
from pathlib import Path
from typing import Protocol

from latentsweep.errors import LatentsweepError
from latentsweep.tracking.delivery import Delivery
from latentsweep.tracking.gentle_thread import GentleThread
from latentsweep.tracking.instructions import Begin, Instruction
from latentsweep.tracking.trainer_pipe import TrainerPipe
from latentsweep.tracking.uri import resolve_uri, without_credentials

# Seconds that a gentle step rests at most, before which it rests as long as it took. A step takes
# 0.1 s where a core is free; beside training that never leaves a core 1,000 points take 20 s.
_LONGEST_REST = 15.0
# After a gentle step that took so many seconds the next one is not: the dashboard stays alive.
_STARVED = 10.0
# Longer than a predecessor's patience, after which it leaves.
_BEYOND_PATIENCE = 10.0

_log = logging.getLogger(__name__)


class Trainer(Protocol):
    """Whoever tells of runs.

    Attributes:
        gone: whether it has ended.
    """

    gone: bool

    def instructions(self, wait: float | None) -> list[Instruction]:
        """What it has to say; waits up to `wait` seconds for it, without a bound if None."""


class Synchroniser:
    """Ships the runs that it is told of, a step of one and then a step of the next.

    Args:
        trainer: tells of runs, and when it has ended.
        uri: absolute address of the store.
        experiment: name of the experiment for new runs.
        patience: seconds without any progress after which the rest is left, once the trainer has
            ended.
    """

    def __init__(self, trainer: Trainer, uri: str, experiment: str, patience: float) -> None:
        self._trainer = trainer
        self._uri = uri
        self._experiment = experiment
        self._patience = patience
        self._deliveries: dict[Path, Delivery] = {}
        self._complete = True
        self._has_shipped = False
        self._gentle = GentleThread()
        self._rests_until = 0.0
        self._starves = False

    def add(self, run_dir: Path, end: int | None) -> None:
        """Ship a run's journal up to byte `end`; None: as it grows."""
        self._deliveries[run_dir] = Delivery(run_dir, self._uri, self._experiment, end)

    def run(self) -> bool:
        """Go on until the trainer has ended and MLflow holds everything.

        Returns:
            Whether it does.
        """
        while not self._trainer.gone:
            for instruction in self._trainer.instructions(self._idle_seconds()):
                self._carry_out(instruction)
            self._step()
        for delivery in self._deliveries.values():
            delivery.end()
        last_progress = time.monotonic()
        while self._deliveries:
            time.sleep(self._idle_seconds() or 0.0)
            if self._step():
                last_progress = time.monotonic()
            elif time.monotonic() - last_progress > self._last_patience() and all(
                delivery.tried for delivery in self._deliveries.values()
            ):
                for delivery in self._deliveries.values():
                    delivery.give_up(time.monotonic() - last_progress)
                return False
        return self._complete

    def _carry_out(self, instruction: Instruction) -> None:
        run_dir = instruction.run_dir
        end = None if isinstance(instruction, Begin) else instruction.size
        known = self._deliveries.get(run_dir)
        if known is None:
            self.add(run_dir, end)
        elif end is None:
            known.begin_again()
        else:
            known.end(end)

    def _step(self) -> bool:
        """Take one step of the run that has waited longest, if one is due; whether it got on."""
        run_dir = min(self._deliveries, key=self._due, default=None)
        if run_dir is None or self._idle_seconds():
            return False
        delivery = self._deliveries[run_dir]
        gentle = self._is_gentle() and not self._starves
        began = time.monotonic()
        progress = self._gentle.call(delivery.step) if gentle else delivery.step()
        seconds = time.monotonic() - began
        self._starves = gentle and seconds > _STARVED
        self._rests_until = began + seconds + min(seconds, _LONGEST_REST)
        self._has_shipped |= progress
        if delivery.done:
            self._complete &= delivery.complete
            del self._deliveries[run_dir]
        return progress

    def _due(self, run_dir: Path) -> float:
        return self._deliveries[run_dir].due

    def _idle_seconds(self) -> float | None:
        """How long nothing is due; None: until a run begins."""
        if not self._deliveries:
            return None
        due = min(map(self._due, self._deliveries))
        if self._is_gentle():
            due = max(due, self._rests_until)
        return max(0.0, due - time.monotonic())

    def _is_gentle(self) -> bool:
        """Whether to be out of training's way: it is at work, and the dashboard shows something.

        The first step imports mlflow, four seconds of a core, which would take many minutes beside
        training that never leaves one.
        """
        return self._has_shipped and not self._trainer.gone

    def _last_patience(self) -> float:
        busy = all(delivery.busy for delivery in self._deliveries.values())
        return self._patience + (_BEYOND_PATIENCE if busy else 0.0)


class _Discreet(logging.Formatter):
    """Keeps credentials out of the log, tracebacks included."""

    def format(self, record: logging.LogRecord) -> str:
        return without_credentials(super().format(record))


def set_up_process() -> None:
    """Be deaf to the signals of a job, out of training's way, and discreet."""
    for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2"):
        # A scheduler's warning goes to all processes of a job; it is the trainer who ends the
        # run, and its last words must still be shipped.
        signal.signal(getattr(signal, name), signal.SIG_IGN)
    os.nice(5)
    handler = logging.StreamHandler()
    handler.setFormatter(_Discreet("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=logging.WARNING, handlers=[handler])


def main() -> int:
    """Run the synchroniser; the exit code is 0 if MLflow holds everything."""
    parser = argparse.ArgumentParser(description="Ship runs' journals to MLflow.")
    parser.add_argument("--uri", default=os.environ.get("MLFLOW_TRACKING_URI", ""))
    parser.add_argument("--experiment", required=True)
    parser.add_argument("--patience", type=float, default=60.0, help="seconds without progress")
    arguments = parser.parse_args()
    set_up_process()
    try:
        uri = resolve_uri(arguments.uri)
    except LatentsweepError as error:
        _log.error("%s", error)
        return error.exit_code
    synchroniser = Synchroniser(TrainerPipe(), uri, arguments.experiment, arguments.patience)
    return 0 if synchroniser.run() else 1


if __name__ == "__main__":
    sys.exit(main())
