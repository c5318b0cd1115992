"""Signals that ask to stop: the handler only sets a flag; training stops between two steps."""

import signal
from pathlib import Path
from types import FrameType

from latentsweep.errors import InterruptedTrainingError

_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
# By which schedulers tell a job that its time is nearly over.
WARNINGS = (signal.SIGUSR1, signal.SIGUSR2)
_ABANDONED = 1000  # beyond any signal's number


class Interruption:
    """Whether training has been asked to stop.

    Args:
        patient: whether no further signal ends the process at once: a scheduler, or a launcher of
            ranks, sends several, and kills in the end.

    Attributes:
        signal: the first one that came, or None.
    """

    def __init__(self, *, patient: bool = False) -> None:
        self.patient = patient
        self.signal: int | None = None
        self._abandoned = False

    @property
    def requested(self) -> bool:
        """Whether a signal came, or the run is to be left alone."""
        return self.level > 0

    @property
    def level(self) -> int:
        """What was asked for as a number, of which the greatest counts: 0 for nothing."""
        return _ABANDONED if self._abandoned else int(self.signal or 0)

    def adopt(self, level: int) -> None:
        """Take over what was asked of another rank.

        Args:
            level: the greatest of all ranks' levels.
        """
        if level == _ABANDONED:
            self._abandoned = True
        elif level and self.signal is None:
            self.signal = level

    @staticmethod
    def is_warning(number: int | None) -> bool:
        """Whether a signal is a scheduler's, that takes the machine and will give another."""
        return number in WARNINGS

    def abandon(self) -> None:
        """Ask to leave this run alone, as if a signal had come; the process need not end."""
        self._abandoned = True

    def withdraw(self) -> None:
        """Forget that the last run was to be left alone."""
        self._abandoned = False

    def listen(self) -> None:
        """Take over the signals that ask to stop; without `patient` a second one ends at once.

        One that is ignored stays ignored, as `nohup` wants it.
        """
        if self.signal is not None and not self.patient:
            return  # the next one ends the process at once
        for number in (*_STOP_SIGNALS, *WARNINGS):
            if signal.getsignal(number) != signal.SIG_IGN:
                signal.signal(number, self._handle)

    def stop(self, level: int, saved: Path, mend: str) -> None:
        """Leave training if that is asked for, at a place whose state has been saved.

        Args:
            level: what is asked for; of several ranks, what they have agreed on.
            saved: the checkpoint that holds the state.
            mend: how to go on from it.

        Raises:
            InterruptedTrainingError: that is so.
        """
        self.adopt(level)
        if level:
            raise InterruptedTrainingError(self.signal or signal.SIGTERM, str(saved), mend)

    def _handle(self, number: int, _: FrameType | None) -> None:
        self.signal = self.signal or number
        if not self.patient:
            for stop_signal in _STOP_SIGNALS:
                signal.signal(stop_signal, signal.SIG_DFL)
