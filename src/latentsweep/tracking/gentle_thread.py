"""A thread that takes processor time which hardly anybody else wants."""

import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

_Result = TypeVar("_Result")


class GentleThread:
    """Carries out calls one by one under SCHED_IDLE: whoever else wants the core has it at once.

    A thread and not the whole process, since only root may raise a priority again, and the end of a
    run is not to wait. On systems other than Linux it is an ordinary thread.

    Measured on two cores, training with two threads beside a program that never rests. Where
    training leaves a core at times (GOMP_SPINCOUNT=10000), that program gets 22 % of a core and
    steps take no longer (-1.5 %, -5.7 to 2.4); at nice 19 they take 24 % longer (9 to 42), for such
    a program keeps its core until the next tick. Where training never leaves a core it gets 0.6 %
    of one, and steps take 3 % longer as at nice 19; at nice 5 it is 29 %.
    """

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(1, "gentle", initializer=_lower)

    def call(self, function: Callable[[], _Result]) -> _Result:
        """Call `function` there and wait for what it returns."""
        return self._pool.submit(function).result()


def _lower() -> None:
    """Lower the priority of the calling thread alone, which only Linux can."""
    if sys.platform == "linux":
        os.sched_setscheduler(threading.get_native_id(), os.SCHED_IDLE, os.sched_param(0))
