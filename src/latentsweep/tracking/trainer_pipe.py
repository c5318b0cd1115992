"""The synchroniser's standard input: instructions, and the end of the trainer however it ends."""

import logging
import os
import select
import time

from latentsweep.tracking.instructions import Instruction, from_line

_log = logging.getLogger(__name__)


class TrainerPipe:
    """The standard input, which ends when the trainer ends.

    Attributes:
        gone: whether it has ended, as far as `instructions` has read.
    """

    def __init__(self) -> None:
        # A person who starts this by hand is no trainer.
        self.gone = os.isatty(0)
        self._torn = b""

    def instructions(self, wait: float | None) -> list[Instruction]:
        """What has come; waits up to `wait` seconds for it, without a bound if None."""
        if self.gone:
            time.sleep(wait or 0.0)
            return []
        received = self._torn
        while not self.gone and select.select([0], [], [], wait)[0]:
            block = os.read(0, 65536)
            self.gone = block == b""
            received += block
            wait = 0.0
        *lines, self._torn = received.split(b"\n")
        found: list[Instruction] = []
        for line in lines:
            try:
                found.append(from_line(line))
            except ValueError as error:
                _log.error("%s", error)
        return found
