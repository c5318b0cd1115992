"""The process that ships a run's journal to MLflow: `python -m latentsweep.tracking.synchroniser`.

Started by the trainer, whose end it notices by the end of its standard input; run by hand with
`< /dev/null` it ships what is missing and ends. It can be killed at any time and started again.
"""

import argparse
import fcntl
import logging
import os
import select
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from latentsweep.errors import LatentsweepError, RunBusyError
from latentsweep.tracking.link import Link
from latentsweep.tracking.uri import resolve_uri, without_credentials

POLL_SECONDS = 1.0
LONGEST_BACK_OFF_SECONDS = 10.0
# Longer than a predecessor's patience, after which it leaves.
_BEYOND_PATIENCE = 10.0

_log = logging.getLogger(__name__)


class TrainerPipe:
    """The standard input, which ends when the trainer ends, however it ends."""

    def __init__(self) -> None:
        # A person who starts this by hand is no trainer.
        self._open = not os.isatty(0)

    def gone(self, wait: float = 0.0) -> bool:
        """Whether the trainer has ended; waits up to `wait` seconds for that."""
        if self._open and select.select([0], [], [], wait)[0]:
            self._open = os.read(0, 4096) != b""
        return not self._open


def synchronise(link: Link, trainer: TrainerPipe, patience: float) -> bool:
    """Ship the journal until the trainer has ended and MLflow holds everything.

    Args:
        link: from the journal to MLflow.
        trainer: tells when the trainer has ended.
        patience: seconds without progress after which the rest is left, once it has ended.

    Returns:
        Whether MLflow holds everything.
    """
    end: int | None = None
    failures = 0
    last_progress = time.monotonic()
    while True:
        if end is None and trainer.gone():
            # What a later trainer appends is its own synchroniser's business.
            end = link.journal_size()
            last_progress = time.monotonic()
        problem, more = link.advance(end)
        if not problem:
            failures, last_progress = 0, time.monotonic()
            if more:
                continue
            if end is not None:
                return True
            trainer.gone(wait=POLL_SECONDS)
            continue
        failures += 1
        if end is not None and time.monotonic() - last_progress > patience:
            _log.error("gave up after %.0f s without progress", patience)
            return False
        back_off = min(LONGEST_BACK_OFF_SECONDS, 0.25 * 2 ** min(failures, 10))
        if end is None:
            trainer.gone(wait=back_off)
        else:
            time.sleep(back_off)


@contextmanager
def only_one(run_dir: Path, trainer: TrainerPipe, seconds: float) -> Iterator[None]:
    """Hold the run directory's lock, waiting for the synchroniser of an earlier trainer to end.

    Raises:
        RunBusyError: if it has not ended `seconds` after this one's own trainer.
    """
    with (run_dir / "sync.lock").open("w") as lock:
        deadline: float | None = None
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError as error:
                if deadline is None and trainer.gone():
                    deadline = time.monotonic() + seconds
                if deadline and time.monotonic() > deadline:
                    raise RunBusyError(
                        f"{run_dir} is being shipped by another synchroniser"
                    ) from error
                time.sleep(0.1)
        yield


class _Discreet(logging.Formatter):
    """Keeps credentials out of the log, tracebacks included."""

    def format(self, record: logging.LogRecord) -> str:
        return without_credentials(super().format(record))


def _set_up_process() -> None:
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
    parser = argparse.ArgumentParser(description="Ship a run's journal to MLflow.")
    parser.add_argument("run_dir", type=Path)
    parser.add_argument("--uri", default=os.environ.get("MLFLOW_TRACKING_URI", ""))
    parser.add_argument("--experiment", required=True)
    parser.add_argument("--patience", type=float, default=60.0, help="seconds without progress")
    arguments = parser.parse_args()
    _set_up_process()
    run_dir = arguments.run_dir.absolute()
    trainer = TrainerPipe()
    try:
        uri = resolve_uri(arguments.uri)
        with only_one(run_dir, trainer, arguments.patience + _BEYOND_PATIENCE):
            link = Link(run_dir, uri, arguments.experiment, live=not trainer.gone())
            return 0 if synchronise(link, trainer, arguments.patience) else 1
    except LatentsweepError as error:
        _log.error("%s", error)
        return error.exit_code


if __name__ == "__main__":
    sys.exit(main())
