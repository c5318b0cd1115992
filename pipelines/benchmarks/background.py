"""The processes beside training: found, stopped for a moment, and the processor time they took."""

import os
import signal
from collections.abc import Iterable
from contextlib import suppress

import psutil

_MODULE = "latentsweep.tracking.synchroniser"


def synchronisers() -> list[int]:
    """Process ids of this process's synchronisers; each leads a group of its own."""
    found = []
    for child in psutil.Process().children():
        with suppress(psutil.Error):
            if _MODULE in child.cmdline():
                found.append(child.pid)
    return found


def freeze(leaders: Iterable[int]) -> None:
    """Stop the groups of processes that `leaders` lead, where they are."""
    _signal(leaders, signal.SIGSTOP)


def thaw(leaders: Iterable[int]) -> None:
    """Let them go on."""
    _signal(leaders, signal.SIGCONT)


def kill(leaders: Iterable[int]) -> None:
    """End them as a power cut would."""
    _signal(leaders, signal.SIGKILL)


def processor_seconds(leaders: Iterable[int]) -> float:
    """Processor time of the living processes of these groups since their start."""
    total = 0.0
    for leader in leaders:
        with suppress(psutil.Error):
            process = psutil.Process(leader)
            for each in (process, *process.children(recursive=True)):
                with suppress(psutil.Error):
                    times = each.cpu_times()
                    total += times.user + times.system
    return total


def foreign_seconds() -> float:
    """Processor time of this machine since its start that nobody here took: others were at work.

    What a hypervisor gave to other machines counts, too.
    """
    times = psutil.cpu_times()
    busy = sum(times) - times.idle - times.iowait - times.guest - times.guest_nice
    return float(busy) - processor_seconds([os.getpid()])


def _signal(leaders: Iterable[int], number: signal.Signals) -> None:
    for leader in leaders:
        with suppress(ProcessLookupError):
            os.killpg(leader, number)
