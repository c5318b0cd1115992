"""One run on its way into MLflow, as the synchroniser sees it: a step at a time, never waiting."""

import fcntl
import logging
import time
from pathlib import Path
from typing import TextIO

from latentsweep.tracking.journal import JOURNAL_NAME, journal_size
from latentsweep.tracking.link import Link

# A call costs as much as 150 points: at once a second the default run's ten records a second took
# twice the processor time. A server closes a connection that is idle for 5 s, and a call at that
# moment fails. The end of a run does not wait for it.
POLL_SECONDS = 4.0
LONGEST_BACK_OFF_SECONDS = 10.0
_BUSY_SECONDS = 0.1
LOCK_NAME = "sync.lock"

_log = logging.getLogger(__name__)


class Delivery:
    """Ships one run's journal while it holds the run's `sync.lock`.

    Args:
        run_dir: the run's directory.
        uri: absolute address of the store.
        experiment: name of the experiment for a new run.
        end: bytes of the journal that count; None: the run is at work and its journal grows.

    Attributes:
        due: when the next step is to be taken, on the monotonic clock.
        busy: whether another synchroniser ships this run at present.
        done: whether there is nothing left to do.
        complete: whether MLflow then holds everything.
        tried: whether a step was taken at all.
    """

    def __init__(self, run_dir: Path, uri: str, experiment: str, end: int | None) -> None:
        self._run_dir = run_dir
        self._uri = uri
        self._experiment = experiment
        self._end = end
        self._lock: TextIO | None = None
        self._link: Link | None = None
        self._failures = 0
        self.due = time.monotonic()
        self.busy = False
        self.done = False
        self.complete = False
        self.tried = False

    def begin_again(self) -> None:
        """The run is at work again."""
        self._end = None
        self._link = None  # a new one marks the run as running
        self.due = time.monotonic()

    def end(self, size: int | None = None) -> None:
        """The run's trainer has left; what a later one appends is its own synchroniser's business.

        Args:
            size: bytes of the journal at that moment; None: what it has now, unless told before.
        """
        if size is None:
            size = journal_size(self._run_dir) if self._end is None else self._end
        self._end = size
        self.due = time.monotonic()

    def step(self) -> bool:
        """Take the next step.

        Returns:
            Whether it got on.
        """
        self.tried = True
        if not (self._run_dir / JOURNAL_NAME).exists():
            _log.error("gone: %s", self._run_dir / JOURNAL_NAME)
            self._let_go()
            self.done = True
            return False
        try:
            self.busy = not self._hold()
            if self.busy:
                self.due = time.monotonic() + _BUSY_SECONDS
                return False
            problem, more = self._advance()
        except Exception:
            # Each kind of artifact store has errors of its own, and whatever it is that happens to
            # this run must not stop the others.
            _log.exception("%s", self._run_dir)
            problem, more = "unexpected", False
        if problem:
            self._back_off()
            return False
        self._failures = 0
        self.done = self.complete = self._end is not None and not more
        if self.done:
            self._let_go()
        self.due = time.monotonic() + (0.0 if more else POLL_SECONDS)
        return True

    def give_up(self, seconds: float) -> None:
        """Leave the rest, for there was no progress for `seconds`."""
        reason = "it is being shipped by another synchroniser" if self.busy else "no progress"
        _log.error("gave up on %s after %.0f s: %s", self._run_dir, seconds, reason)
        self._let_go()

    def _advance(self) -> tuple[str, bool]:
        if self._link is None:
            self._link = Link(self._run_dir, self._uri, self._experiment, live=self._end is None)
        return self._link.advance(self._end)

    def _back_off(self) -> None:
        """Try again later, and leave the run to others until then."""
        self._failures += 1
        wait = min(LONGEST_BACK_OFF_SECONDS, 0.25 * 2 ** min(self._failures, 10))
        self.due = time.monotonic() + wait
        self._let_go()

    def _hold(self) -> bool:
        """Hold the run's lock; False if another synchroniser does."""
        if self._lock is None:
            lock = (self._run_dir / LOCK_NAME).open("w")
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                lock.close()
                return False
            self._lock = lock
        return True

    def _let_go(self) -> None:
        self._link = None
        if self._lock is not None:
            self._lock.close()
            self._lock = None
