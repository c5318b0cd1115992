"""When things happened in the peer's trials, for the benchmark's account of its time."""

import json
import os
import time
from pathlib import Path

import pytorch_lightning as pl


class Times(pl.Callback):
    """Notes a trial's start, first step and end, seconds since the epoch.

    Args:
        path: file that one JSON object a trial is added to, or None.
    """

    def __init__(self, path: str | None) -> None:
        self._path = path
        self._times: dict[str, float] = {"started": time.time()}

    def on_train_batch_start(self, *_: object) -> None:
        """The first call is the trial's first step."""
        self._times.setdefault("first_step", time.time())

    def finish(self, **outcome: float) -> None:
        """Add the trial to the file, with its parameters and what it came to."""
        if self._path is None:
            return
        trial = {**self._times, "ended": time.time(), "pid": os.getpid(), **outcome}
        with Path(self._path).open("a") as file:
            file.write(json.dumps(trial) + "\n")
