"""How long a worker waits for the parameters of its next trial, after many trials."""

import random
import statistics
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import optuna
from optuna.trial import TrialState, create_trial
from rich.table import Table

from benchmarks.storages import SPACE, STUDY, new_study, storages, trial_study
from latentsweep.config.sweep import PostgreSQLStorageConfig, StorageConfig
from latentsweep.sweep.attributes import N_TRIALS, SLOT
from latentsweep.sweep.limits import Limits
from latentsweep.sweep.queue import Queue
from latentsweep.sweep.storage import open_storage

_FINISHED = (100, 1000, 5000)
_REPEATS = 20
_EPOCHS = 8
# For filling only: the commits that are measured wait for the disk as they do by default.
_HASTY = "?options=-c synchronous_commit%3Doff"


def measure(directory: Path, quick: bool) -> Iterator[Table]:
    """Fill a study step by step, and ask for parameters at each step.

    Args:
        directory: an empty one.
        quick: stop at the first step.

    Yields:
        a table a storage.
    """
    for name, storage in storages(directory):
        table = Table(title=f"ms in a study with many trials, TPE, {name} ({_REPEATS} repeats)")
        for heading in ("finished", "suggest (goal < 100)", "claim", "should_prune"):
            table.add_column(heading, justify="right")
        finished = _FINISHED[:1] if quick else _FINISHED
        new_study(storage, directory, finished[-1])
        filled = 0
        for count in finished:
            _fill(storage, directory, filled, count)
            filled = count + _REPEATS
            waits = (_spread(seconds) for seconds in _measure(storage, directory))
            table.add_row(str(count), *waits)
        yield table


def _fill(storage: StorageConfig, directory: Path, first: int, end: int) -> None:
    """Add finished trials in the slots from `first` to before `end`, as a sweep leaves them."""
    if isinstance(storage, PostgreSQLStorageConfig):
        storage = replace(storage, url=f"{storage.url}{_HASTY}")
    opened = open_storage(storage, directory)
    study_id = opened.get_study_id_from_name(STUDY)
    drawn = random.Random(first)
    for slot in range(first, end):
        values = {"model.latent_size": drawn.randint(2, 64), "model.beta": drawn.uniform(0.1, 32)}
        last = drawn.randint(0, _EPOCHS - 1)
        elbos = {epoch: drawn.gauss(-300, 20) for epoch in range(last + 1)}
        trial = create_trial(
            state=TrialState.COMPLETE if last == _EPOCHS - 1 else TrialState.PRUNED,
            params=values,
            distributions=SPACE.distributions(),
            value=elbos[last],
            intermediate_values=elbos,
            user_attrs={SLOT: slot},
        )
        opened.create_new_trial(study_id, template_trial=trial)


def _measure(storage: StorageConfig, directory: Path) -> tuple[list[float], ...]:
    """Seconds of suggesting, claiming and asking whether to prune, each repeat."""
    opened = open_storage(storage, directory)
    limits = Limits(lease_seconds=30.0, max_resumptions=3, max_failure_rate=0.5)
    queue = Queue(opened, STUDY, limits, 1)
    study = optuna.load_study(study_name=STUDY, storage=opened)
    first = len(study.get_trials(deepcopy=False))
    study.set_user_attr(N_TRIALS, first + _REPEATS)
    for slot in range(first, first + _REPEATS):
        study.enqueue_trial({}, user_attrs={SLOT: slot})
    suggesting: list[float] = []
    claiming: list[float] = []
    pruning: list[float] = []
    for _ in range(_REPEATS):
        times = [time.perf_counter()]
        claimed = queue.claim()
        assert claimed is not None
        times.append(time.perf_counter())
        trial = optuna.Trial(trial_study(opened, claimed.number), claimed._trial_id)
        SPACE.suggest(trial)
        times.append(time.perf_counter())
        trial.report(-300.0, 1)
        times.append(time.perf_counter())
        trial.should_prune()
        times.append(time.perf_counter())
        for seconds, index in ((claiming, 0), (suggesting, 1), (pruning, 3)):
            seconds.append(times[index + 1] - times[index])
        queue.let_go()
        study.tell(trial, -300.0)
    return suggesting, claiming, pruning


def _spread(seconds: list[float]) -> str:
    low, middle, high = min(seconds), statistics.median(seconds), max(seconds)
    return f"{middle * 1e3:.0f} ({low * 1e3:.0f} to {high * 1e3:.0f})"
