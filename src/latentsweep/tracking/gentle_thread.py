"""A thread that takes processor time which hardly anybody else wants."""

import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TypeVar

_Result = TypeVar("_Result")


class GentleThread:
    """Carries out calls one by one under SCHED_IDLE: whoever else wants the core has it at once.

    A thread and not the whole process, since only root may raise a priority again, and the end of a
    run is not to wait. On systems other than Linux it is an ordinary thread.

    Beside training that leaves a core at times (two threads on two cores, GOMP_SPINCOUNT=10000)
    steps then take no longer, roughly; at nice 19 they take about a fifth longer, for whoever has
    a core keeps it until the next tick.
    """

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(1, "gentle", initializer=_lower)

    def call(self, function: Callable[[], _Result]) -> _Result:
        """Call `function` there and wait for what it returns."""
        return self._pool.submit(function).result()


def _lower() -> None:
    """Lower the priority of the calling thread alone, which only Linux can."""
    if sys.platform == "linux":
        with suppress(OSError):  # some containers forbid it
            os.sched_setscheduler(threading.get_native_id(), os.SCHED_IDLE, os.sched_param(0))
