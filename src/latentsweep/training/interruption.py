"""Signals that ask to stop: the handler only sets a flag; training stops between two steps."""

import signal
from pathlib import Path
from types import FrameType

from latentsweep.errors import InterruptedTrainingError

_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interruption:
    """Whether training has been asked to stop."""

    def __init__(self) -> None:
        self._signal: int | None = None

    @property
    def requested(self) -> bool:
        """Whether a signal came."""
        return self._signal is not None

    def listen(self) -> None:
        """Take over the signals that ask to stop; a second one ends the process at once.

        One that is ignored stays ignored, as `nohup` wants it.
        """
        for number in _STOP_SIGNALS:
            if signal.getsignal(number) != signal.SIG_IGN:
                signal.signal(number, self._request)

    def stop_if_requested(self, saved: Path, mend: str) -> None:
        """Leave training, at a place whose state has been saved.

        Args:
            saved: the checkpoint that holds the state.
            mend: how to go on from it.

        Raises:
            InterruptedTrainingError: a signal came.
        """
        if self._signal is not None:
            raise InterruptedTrainingError(self._signal, str(saved), mend)

    def _request(self, number: int, _: FrameType | None) -> None:
        self._signal = number
        for stop_signal in _STOP_SIGNALS:
            signal.signal(stop_signal, signal.SIG_DFL)
