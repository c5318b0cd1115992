"""64 workers, 2,000 trials that only sleep and report: what the queue and its storage bear."""

import multiprocessing
import random
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import optuna
from optuna.exceptions import UpdateFinishedTrialError
from rich.table import Table

from benchmarks.storages import SPACE, STUDY, new_study, storages, trial_study
from benchmarks.timed_storage import StorageTime
from latentsweep.config.sweep import StorageConfig
from latentsweep.sweep.attributes import METRICS, RUN, SLOT
from latentsweep.sweep.limits import Limits
from latentsweep.sweep.queue import Queue
from latentsweep.sweep.slot import FINISHED, slots_of
from latentsweep.sweep.storage import open_storage

_LIMITS = Limits(lease_seconds=30.0, max_resumptions=3, max_failure_rate=0.5)
_MOST_EPOCHS = 8
_LONGEST_EPOCH_SECONDS = 1.0
_SHORTEST_EPOCH_SECONDS = 0.05
_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 0.1, 2.0


@dataclass(frozen=True)
class Crowd:
    """How many workers run how many trials.

    Attributes:
        workers: processes.
        trials: trials wanted.
    """

    workers: int
    trials: int


@dataclass(frozen=True)
class WorkerRecord:
    """What one worker did.

    Attributes:
        slots: the slots it filled, one entry a trial.
        taken_away: trials that others took up, though it was alive.
        busy: seconds from its first look at the queue until that was empty.
        asleep: seconds of these in trials.
        in_storage: seconds of these in the storage's calls.
        processor: seconds of a processor that it took, from its start.
    """

    slots: tuple[int, ...]
    taken_away: int
    busy: float
    asleep: float
    in_storage: float
    processor: float


def measure(directory: Path, quick: bool) -> Iterator[Table]:
    """Run the crowd on each storage.

    Args:
        directory: an empty one.
        quick: 8 workers, 40 trials.

    Yields:
        a table a storage.
    """
    crowd = Crowd(8, 40) if quick else Crowd(64, 2000)
    for name, storage in storages(directory):
        yield _table(name, storage, directory, crowd)


def _table(name: str, storage: StorageConfig, directory: Path, crowd: Crowd) -> Table:
    seconds, records = _run(storage, directory, crowd)
    times_run = Counter(slot for record in records for slot in record.slots)
    kept = slots_of(_trials(storage, directory))
    filled = sum(slot.is_filled for slot in kept.values())
    finished = sum(trial.state in FINISHED for slot in kept.values() for trial in slot.trials)
    busy = sum(record.busy for record in records)
    in_trials = sum(record.asleep for record in records)
    in_storage = sum(record.in_storage for record in records)
    title = f"{crowd.workers} simulated workers, {crowd.trials} trials, {name}"
    table = Table("figure", "value", "goal", title=title)
    table.add_row("trials lost", str(crowd.trials - filled), "0")
    table.add_row("trials run twice", str(times_run.total() - len(times_run)), "0")
    table.add_row("finished beyond those wanted", str(finished - crowd.trials), "0")
    taken_away = sum(record.taken_away for record in records)
    table.add_row("taken from a worker that was alive", str(taken_away), "0")
    table.add_row("trials per second", f"{crowd.trials / seconds:.1f}", "")
    table.add_row("wall time", f"{seconds:.1f} s", "")
    table.add_row("workers' time in trials", f"{in_trials / busy:.1%}", "")
    table.add_row("workers' time in the storage", f"{in_storage / busy:.1%}", "")
    table.add_row("storage's time a trial", f"{in_storage / crowd.trials:.3f} s", "")
    processor = sum(record.processor for record in records)
    table.add_row("a worker's processor time a trial", f"{processor / crowd.trials:.3f} s", "")
    return table


def _run(storage: StorageConfig, directory: Path, crowd: Crowd) -> tuple[float, list[WorkerRecord]]:
    """Seconds from the first worker's start to the last one's end, and what each did."""
    new_study(storage, directory, crowd.trials)
    opened = open_storage(storage, directory, crowd.workers, pooled=False)
    Queue(opened, STUDY, _LIMITS, crowd.workers).open_slots()
    started = time.perf_counter()
    # Forked, so that a worker costs no import; none of them holds a connection yet.
    context = multiprocessing.get_context("fork")
    with ProcessPoolExecutor(crowd.workers, mp_context=context) as pool:
        jobs = [
            pool.submit(_work, storage, directory, crowd, each) for each in range(crowd.workers)
        ]
        records = [job.result() for job in jobs]
    return time.perf_counter() - started, records


def _work(storage: StorageConfig, directory: Path, crowd: Crowd, seed: int) -> WorkerRecord:
    """One worker, until all trials are finished."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    opened = open_storage(storage, directory, crowd.workers)
    clock = StorageTime(opened)
    queue = Queue(opened, STUDY, _LIMITS, crowd.workers)
    lengths = random.Random(seed)
    started = time.perf_counter()
    slots: list[int] = []
    asleep, waited, taken_away = 0.0, 0.0, 0
    pause = _FIRST_PAUSE_SECONDS
    while True:
        before, in_calls = time.perf_counter(), clock.seconds
        claimed = queue.claim()
        if claimed is None:
            if queue.is_finished():
                break
            time.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)
            waited += time.perf_counter() - before
            clock.seconds = in_calls
            continue
        pause = _FIRST_PAUSE_SECONDS
        trial = optuna.Trial(trial_study(opened, claimed.number), claimed._trial_id)
        try:
            asleep += _sleep_and_report(trial, len(claimed.intermediate_values), lengths)
            queue.let_go()
            _tell(trial)
        except UpdateFinishedTrialError:  # another worker has taken this one for dead
            queue.let_go()
            taken_away += 1
        else:
            slots.append(claimed.user_attrs[SLOT])
    busy = time.perf_counter() - started - waited
    return WorkerRecord(tuple(slots), taken_away, busy, asleep, clock.seconds, time.process_time())


def _sleep_and_report(trial: optuna.Trial, begun: int, lengths: random.Random) -> float:
    """What a trial asks of the storage, with sleep for epochs; seconds slept.

    It asks whether it is to be pruned and goes on in any case, so that the load is always the same.
    """
    beta = float(SPACE.suggest(trial)["model.beta"])
    pause = lengths.uniform(_SHORTEST_EPOCH_SECONDS, _LONGEST_EPOCH_SECONDS)
    trial.set_user_attr(RUN, str(trial.number))
    asleep = 0.0
    for epoch in range(1 + begun, 1 + lengths.randint(1, _MOST_EPOCHS)):
        before = time.perf_counter()
        time.sleep(pause)
        asleep += time.perf_counter() - before
        trial.report(beta, epoch)
        trial.should_prune()
    return asleep


def _tell(trial: optuna.Trial) -> None:
    """End a trial as a worker does."""
    value = trial.params["model.beta"]
    trial.set_user_attr(METRICS, {"val/elbo": value})
    trial.study.tell(trial, value, skip_if_finished=True)


def _trials(storage: StorageConfig, directory: Path) -> list[optuna.trial.FrozenTrial]:
    opened = open_storage(storage, directory, pooled=False)
    return optuna.load_study(study_name=STUDY, storage=opened).get_trials(deepcopy=False)
