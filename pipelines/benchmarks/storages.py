"""The storages that a sweep's queue is measured on, and the study that is put in them."""

from collections.abc import Iterator
from pathlib import Path

import optuna

from benchmarks.postgresql import private_server
from latentsweep.config.sweep import JournalStorageConfig, PostgreSQLStorageConfig, StorageConfig
from latentsweep.sweep.attributes import N_TRIALS
from latentsweep.sweep.storage import open_storage

STUDY = "benchmark"


def storages(directory: Path) -> Iterator[tuple[str, StorageConfig]]:
    """Name and address of each storage, which is there until the next one is asked for.

    Args:
        directory: where the journal file lies.

    Raises:
        NoServerError: after the journal, where there is no PostgreSQL.
    """
    yield "journal file", JournalStorageConfig(path=str(directory / "study.log"))
    with private_server(directory.parent) as url:
        yield "PostgreSQL", PostgreSQLStorageConfig(url=url)


def new_study(storage: StorageConfig, directory: Path, trials: int) -> optuna.Study:
    """The study, empty, in which `trials` trials are wanted."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    opened = open_storage(storage, directory, pooled=False)
    study = optuna.create_study(study_name=STUDY, storage=opened, direction="maximize")
    study.set_user_attr(N_TRIALS, trials)
    return study


def suggest(trial: optuna.Trial) -> tuple[int, float]:
    """Parameters of a trial, from the default search space."""
    latent_size = trial.suggest_int("model.latent_size", 2, 64, log=True)
    return latent_size, trial.suggest_float("model.beta", 0.1, 32, log=True)
