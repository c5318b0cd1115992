"""How much memory a command and all that it started hold at most, together."""

from __future__ import annotations

import threading
from contextlib import suppress
from dataclasses import dataclass, field
from types import TracebackType

import psutil

_SECONDS_BETWEEN_SAMPLES = 0.1


@dataclass
class Peak:
    """The greatest sample.

    Attributes:
        gigabytes: proportional set size of all processes; memory that several share counts once.
        parts: the same of each process then, by what it runs.
    """

    gigabytes: float = 0.0
    parts: list[tuple[str, float]] = field(default_factory=list)


class PeakMemory:
    """Samples a tree of processes ten times a second within the context.

    Args:
        leader: process id at the root of the tree.

    Attributes:
        peak: the greatest sample so far.
    """

    def __init__(self, leader: int) -> None:
        self._leader = psutil.Process(leader)
        self._done = threading.Event()
        self._sampler = threading.Thread(target=self._sample_on, daemon=True)
        self.peak = Peak()

    def __enter__(self) -> PeakMemory:
        """Begin."""
        self._sampler.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Sample no more."""
        self._done.set()
        self._sampler.join()

    def _sample_on(self) -> None:
        while not self._done.wait(_SECONDS_BETWEEN_SAMPLES):
            parts = []
            for process in _tree(self._leader):
                with suppress(psutil.Error):  # it has ended in the meantime
                    parts.append((_what(process), process.memory_full_info().pss / 1e9))
            whole = sum(part for _, part in parts)
            if whole > self.peak.gigabytes:
                self.peak = Peak(whole, parts)


def _tree(leader: psutil.Process) -> list[psutil.Process]:
    with suppress(psutil.Error):
        return [leader, *leader.children(recursive=True)]
    return []


def _what(process: psutil.Process) -> str:
    """The script or module that a process runs."""
    words = [word for word in process.cmdline()[1:] if not word.startswith("-")]
    return words[0].rpartition("/")[2] if words else process.name()
