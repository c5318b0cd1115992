"""What the workers of a sweep spent their time on."""

from dataclasses import dataclass
from itertools import pairwise


@dataclass(frozen=True)
class TrialTimes:
    """One trial on one worker, seconds since 1970.

    Attributes:
        worker: who ran it.
        began: its first step.
        ended: its end.
    """

    worker: str
    began: float
    ended: float


@dataclass(frozen=True)
class WorkerTime:
    """Mean seconds of a worker; together they are the sweep's wall time.

    Attributes:
        training: in trials.
        starting: before its first trial: processes, imports, data.
        between: between its trials.
        waiting: done, while others still train and nothing is handed out.
        stopping: after the last trial of all.
    """

    training: float
    starting: float
    between: float
    waiting: float
    stopping: float


def longest_gap(trials: list[TrialTimes]) -> float:
    """Seconds from a trial's end to its worker's next first step, the longest; 0 without any."""
    gaps = [0.0]
    for name in {trial.worker for trial in trials}:
        own = sorted((t for t in trials if t.worker == name), key=lambda trial: trial.began)
        gaps += [after.began - before.ended for before, after in pairwise(own)]
    return max(gaps)


def of_batches(trials: list[TrialTimes], workers: int, started: float, ended: float) -> WorkerTime:
    """The time of a sweep that launches its trials in batches of `workers`.

    Args:
        trials: in any order.
        workers: how many there are.
        started: when the sweep's command was given.
        ended: when it returned.
    """
    in_order = sorted(trials, key=lambda trial: trial.began)
    batches = [in_order[first : first + workers] for first in range(0, len(in_order), workers)]
    training = between = waiting = 0.0
    end_before = started
    for batch in batches:
        batch_end = max(trial.ended for trial in batch)
        training += sum(trial.ended - trial.began for trial in batch)
        between += sum(trial.began - end_before for trial in batch)
        waiting += sum(batch_end - trial.ended for trial in batch)
        waiting += (workers - len(batch)) * (batch_end - end_before)
        end_before = batch_end
    starting = sum(trial.began - started for trial in batches[0])
    return WorkerTime(
        training=training / workers,
        starting=starting / workers,
        between=(between - starting) / workers,
        waiting=waiting / workers,
        stopping=ended - end_before,
    )


def of_queue(trials: list[TrialTimes], workers: int, started: float, ended: float) -> WorkerTime:
    """The time of a sweep whose workers take trial after trial from a queue.

    Args:
        trials: in any order.
        workers: how many there are.
        started: when the sweep's command was given.
        ended: when it returned.
    """
    last = max(trial.ended for trial in trials)
    training = sum(trial.ended - trial.began for trial in trials)
    starting = between = waiting = 0.0
    names = {trial.worker for trial in trials}
    for name in names:
        own = [trial for trial in trials if trial.worker == name]
        first = min(trial.began for trial in own)
        end = max(trial.ended for trial in own)
        starting += first - started
        between += end - first - sum(trial.ended - trial.began for trial in own)
        waiting += last - end
    waiting += (workers - len(names)) * (last - started)
    return WorkerTime(
        training=training / workers,
        starting=starting / workers,
        between=between / workers,
        waiting=waiting / workers,
        stopping=ended - last,
    )
