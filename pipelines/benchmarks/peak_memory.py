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
    """The greatest sample of each quantity.

    Attributes:
        gigabytes: proportional set size of all processes; memory that several share counts once.
        resident: resident set size of all processes, in gigabytes; memory that several share
            counts in each.
        parts: proportional set size of each process at its greatest sum, by what it runs.
    """

    gigabytes: float = 0.0
    resident: float = 0.0
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
            parts, resident = [], 0.0
            for process in _tree(self._leader):
                with suppress(psutil.Error):  # it has ended in the meantime
                    held = process.memory_full_info()
                    parts.append((_what(process), held.pss / 1e9))
                    resident += held.rss / 1e9
            whole, before = sum(part for _, part in parts), self.peak
            resident = max(resident, before.resident)
            if whole > before.gigabytes:
                self.peak = Peak(whole, resident, parts)
            else:
                self.peak = Peak(before.gigabytes, resident, before.parts)


def _tree(leader: psutil.Process) -> list[psutil.Process]:
    with suppress(psutil.Error):
        return [leader, *leader.children(recursive=True)]
    return []


def _what(process: psutil.Process) -> str:
    """The script or module that a process runs."""
    words = [word for word in process.cmdline()[1:] if not word.startswith("-")]
    return words[0].rpartition("/")[2] if words else process.name()
