"""The same search, run by the peer and by latentsweep, each in processes of its own."""

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from optuna.trial import FrozenTrial, TrialState

from benchmarks.peer_environment import OPTUNA_SWEEPER, PeerError
from benchmarks.worker_time import TrialTimes, WorkerTime, longest_gap, of_batches, of_queue
from latentsweep.config.project import ROOT
from latentsweep.config.sweep import JournalStorageConfig
from latentsweep.sweep.attributes import LEASE, RUN
from latentsweep.sweep.durations import epochs_of
from latentsweep.sweep.slot import FINISHED
from latentsweep.sweep.storage import open_storage
from latentsweep.tracking.journal import JOURNAL_NAME, read_journal
from latentsweep.tracking.records import Metrics

WORKERS = 2
_STUDY = "benchmark"


@dataclass(frozen=True)
class Size:
    """How much is searched.

    Attributes:
        trials: trials of the search.
        epochs: longest training of one.
    """

    trials: int
    epochs: int


@dataclass(frozen=True)
class Outcome:
    """What a search took and came to.

    Attributes:
        wall: seconds of the whole command.
        time: what a worker spent them on.
        trials: how many ended complete or pruned.
        epochs: epochs trained, over all trials.
        longest_gap: seconds from a trial's end to its worker's next first step, the longest.
        best: greatest ELBO on the validation images, nats per image.
        parameters: latent size and beta of the best trial.
    """

    wall: float
    time: WorkerTime
    trials: int
    epochs: int
    longest_gap: float
    best: float
    parameters: str


def by_peer(data: Path, directory: Path, size: Size) -> Outcome:
    """Run Hydra's own Optuna sweeper with joblib's workers, each of one thread.

    Args:
        data: directory with `train.npy` and `val.npy`.
        directory: where it may write.
        size: how much to search.

    Raises:
        PeerError: it cannot be installed, or fails.
    """
    times = directory / "times.jsonl"
    command = [
        str(OPTUNA_SWEEPER.python()),
        str(OPTUNA_SWEEPER.folder / "train.py"),
        "--multirun",
        f"data={data}",
        f"times={times}",
        f"max_epochs={size.epochs}",
        f"hydra.sweeper.n_trials={size.trials}",
        f"hydra.sweeper.n_jobs={WORKERS}",
        f"hydra.sweep.dir={directory / 'peer'}",
    ]
    started, ended = _run(command, directory / "peer.log", {"OMP_NUM_THREADS": "1"})
    trials = [json.loads(line) for line in times.read_text().splitlines()]
    on_workers = [
        TrialTimes(str(trial["pid"]), trial["first_step"], trial["ended"]) for trial in trials
    ]
    best = max(trials, key=lambda trial: trial["value"])
    return Outcome(
        ended - started,
        of_batches(on_workers, WORKERS, started, ended),
        len(trials),
        sum(trial["epochs"] for trial in trials),
        longest_gap(on_workers),
        best["value"],
        _shown(best["latent_size"], best["beta"]),
    )


def by_latentsweep(data: Path, directory: Path, size: Size, *extra: str) -> Outcome:
    """Run `pipelines/sweep.py` with its default search, record in MLflow included.

    Args:
        data: directory of the data sets.
        directory: where it may write; a directory of this search's own.
        size: how much to search.
        extra: overrides.

    Raises:
        PeerError: it fails.
    """
    command = [
        sys.executable,
        str(ROOT / "pipelines" / "sweep.py"),
        f"sweep.study={_STUDY}",
        f"sweep.directory={directory}",
        f"sweep.n_trials={size.trials}",
        f"sweep.workers={WORKERS}",
        "sweep.seed=1",
        f"trainer.max_epochs={size.epochs}",
        "trainer=cpu",
        "trainer.threads=1",
        f"data.dir={data}",
        f"tracking.uri=sqlite:///{directory}/mlflow.db",
        *extra,
    ]
    directory.mkdir()
    started, ended = _run(command, directory / "output.log", {})
    storage = open_storage(JournalStorageConfig(path=None), directory / _STUDY)
    trials = storage.get_all_trials(storage.get_study_id_from_name(_STUDY))
    finished = [trial for trial in trials if trial.state in FINISHED]
    on_workers = [_times_of(trial, directory / _STUDY) for trial in finished]
    # The last ELBO of a pruned trial is that of a shorter training.
    best = max((t for t in finished if t.state == TrialState.COMPLETE), key=_value_of)
    return Outcome(
        ended - started,
        of_queue(on_workers, WORKERS, started, ended),
        len(finished),
        sum(epochs_of(trial) for trial in finished),
        longest_gap(on_workers),
        _value_of(best),
        _shown(best.params["model.latent_size"], best.params["model.beta"]),
    )


def _times_of(trial: FrozenTrial, sweep: Path) -> TrialTimes:
    """When a trial trained, from the first loss on record; that of the first step is recorded."""
    journal = read_journal(sweep / trial.user_attrs[RUN] / JOURNAL_NAME)
    first_step = next(
        record.time / 1000  # milliseconds
        for record, _ in journal
        if isinstance(record, Metrics) and "train/loss" in record.values
    )
    assert trial.datetime_complete is not None
    worker = str(trial.user_attrs[LEASE]["pid"])
    return TrialTimes(worker, first_step, trial.datetime_complete.timestamp())


def _value_of(trial: FrozenTrial) -> float:
    assert trial.value is not None
    return trial.value


def _run(command: list[str], log: Path, environment: dict[str, str]) -> tuple[float, float]:
    """When a command began and ended, seconds since 1970."""
    started = time.time()
    with log.open("w") as output:
        done = subprocess.run(
            command,
            cwd=log.parent,
            env={**os.environ, **environment},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    ended = time.time()
    if done.returncode:
        said = log.read_text().strip().splitlines()
        raise PeerError(
            f"{Path(command[1]).relative_to(ROOT)} failed with exit code {done.returncode}",
            found="; ".join(line.strip() for line in said[-3:]),
        )
    return started, ended


def _shown(latent_size: int, beta: float) -> str:
    return f"{latent_size}, {beta:.2g}"
