"""Signals that ask to stop: the handler only sets a flag; training stops between two steps."""

import signal
from pathlib import Path
from types import FrameType

from latentsweep.errors import InterruptedTrainingError

_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interruption:
    """Whether training has been asked to stop.

    Args:
        warnings: further signals that ask to stop: a scheduler's, before it ends a job. It sends
            others after it, so that none ends the process at once.

    Attributes:
        signal: the first one that came, or None.
    """

    def __init__(self, warnings: tuple[signal.Signals, ...] = ()) -> None:
        self._warnings = warnings
        self.signal: int | None = None
        self._abandoned = False

    @property
    def requested(self) -> bool:
        """Whether a signal came, or the run is to be left alone."""
        return self.signal is not None or self._abandoned

    def is_warning(self, number: int) -> bool:
        """Whether a signal is a scheduler's, that takes the machine and will give another."""
        return number in self._warnings

    def abandon(self) -> None:
        """Ask to leave this run alone, as if a signal had come; the process need not end."""
        self._abandoned = True

    def withdraw(self) -> None:
        """Forget that the last run was to be left alone."""
        self._abandoned = False

    def listen(self) -> None:
        """Take over the signals that ask to stop; without a scheduler a second one ends at once.

        One that is ignored stays ignored, as `nohup` wants it.
        """
        if self.signal is not None and not self._warnings:
            return  # the next one ends the process at once
        for number in (*_STOP_SIGNALS, *self._warnings):
            if signal.getsignal(number) != signal.SIG_IGN:
                signal.signal(number, self._handle)

    def stop_if_requested(self, saved: Path, mend: str) -> None:
        """Leave training, at a place whose state has been saved.

        Args:
            saved: the checkpoint that holds the state.
            mend: how to go on from it.

        Raises:
            InterruptedTrainingError: that is so.
        """
        if self.requested:
            raise InterruptedTrainingError(self.signal or signal.SIGTERM, str(saved), mend)

    def _handle(self, number: int, _: FrameType | None) -> None:
        self.signal = self.signal or number
        if not self._warnings:
            for stop_signal in _STOP_SIGNALS:
                signal.signal(stop_signal, signal.SIG_DFL)
