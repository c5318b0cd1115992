"""How long a process waits for the storage of its study."""

import functools
import threading
import time
from collections.abc import Callable
from typing import Any

from optuna.storages import BaseStorage


class StorageTime:
    """Adds up the time of a storage's calls, from whichever thread.

    Args:
        storage: whose methods are replaced by ones that keep the time.

    Attributes:
        seconds: in its calls so far.
        calls: how many there were.
    """

    def __init__(self, storage: BaseStorage) -> None:
        self.seconds, self.calls = 0.0, 0
        self._inside = threading.local()
        for name in vars(BaseStorage):
            if not name.startswith("_"):
                setattr(storage, name, self._timed(getattr(storage, name)))

    def _timed(self, method: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(method)
        def call(*args: Any, **kwargs: Any) -> Any:
            if getattr(self._inside, "call", False):  # a method that another one uses
                return method(*args, **kwargs)
            self._inside.call = True
            started = time.perf_counter()
            try:
                return method(*args, **kwargs)
            finally:
                self.seconds += time.perf_counter() - started
                self.calls += 1
                self._inside.call = False

        return call
