"""Solvers that keep to one thread."""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


def in_one_thread(metric: Callable[P, R]) -> Callable[P, R]:
    """Let the libraries that a metric calls have one thread each while it runs.

    Their pieces of work are so small that threads wait for each other most of the time, and by
    spinning: on two cores that others used too, all scores took 45 s in two threads and 8 s in one.
    Sums are then in one order too, whatever the number of cores.
    """

    @wraps(metric)
    def limited(*args: P.args, **kwargs: P.kwargs) -> R:
        # Those that are loaded count: not yet loaded, scikit-learn's own would be left out.
        import sklearn.ensemble  # noqa: F401
        from threadpoolctl import threadpool_limits

        with threadpool_limits(limits=1):
            return metric(*args, **kwargs)

    return limited
