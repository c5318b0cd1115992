"""The storages that a sweep's queue is measured on, and the study that is put in them."""

from collections.abc import Iterator
from pathlib import Path

import optuna
from optuna.storages import BaseStorage

from benchmarks.postgresql import private_server
from latentsweep.config.sweep import JournalStorageConfig, PostgreSQLStorageConfig, StorageConfig
from latentsweep.sweep.attributes import N_TRIALS
from latentsweep.sweep.pruners import build_pruner
from latentsweep.sweep.samplers import build_sampler
from latentsweep.sweep.space import SearchSpace
from latentsweep.sweep.storage import open_storage

STUDY = "benchmark"
SPACE = SearchSpace.parse(
    {
        "model.latent_size": "tag(log, int(interval(2, 64)))",
        "model.beta": "tag(log, interval(0.1, 32))",
    },
    {},
    {},
    {"model.latent_size": 10, "model.beta": 1.0},
)
"""That of `conf/search_space/latent_size_beta.yaml`."""


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


def trial_study(opened: BaseStorage, number: int) -> optuna.Study:
    """The study as a worker opens it for each trial: default sampler and pruner, nothing kept."""
    return optuna.load_study(
        study_name=STUDY,
        storage=opened,
        sampler=build_sampler({"name": "tpe"}, number, SPACE, 1),
        pruner=build_pruner({"name": "median"}),
    )
