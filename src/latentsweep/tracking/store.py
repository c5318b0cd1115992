"""The MLflow store and this run's place in it. Imports mlflow: for the synchroniser alone."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from latentsweep.tracking.experiment import describe_experiment, experiment_tags
from latentsweep.tracking.uri import sqlite_file

if TYPE_CHECKING:
    from mlflow.tracking import MlflowClient

RUN_UID_TAG = "latentsweep.run_uid"

# The synchroniser has its own patience; the client's default is minutes of silent retries.
_CLIENT_SETTINGS = {
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0",  # repeated by the client, create_run makes two runs
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",
    "MLFLOW_ENABLE_ASYNC_LOGGING": "false",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_LOGGING_LEVEL": "WARNING",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "MLFLOW_ALLOW_PICKLE_DESERIALIZATION": "false",
    "GIT_PYTHON_REFRESH": "quiet",
}

_SECONDS_FOR_A_FILE = "300"


@dataclass(frozen=True)
class StoredRun:
    """The MLflow run that a journal is shipped to."""

    run_id: str
    experiment_id: str


def prepare_client() -> None:
    """Set MLflow's client up for this project; has its full effect before MLflow is imported."""
    os.environ.update(_CLIENT_SETTINGS)


@contextmanager
def patient_client() -> Iterator[None]:
    """Have the client wait for a server that passes a large file on to a slower store."""
    name = "MLFLOW_HTTP_REQUEST_TIMEOUT"
    os.environ[name] = _SECONDS_FOR_A_FILE
    try:
        yield
    finally:
        os.environ[name] = _CLIENT_SETTINGS[name]


def open_store(uri: str) -> "MlflowClient":
    """A client of the store at `uri` (absolute); a missing sqlite store is created.

    Raises:
        mlflow.exceptions.MlflowException: if the store does not answer.
    """
    prepare_client()
    from mlflow.tracking import MlflowClient

    with _alone(uri):
        client = MlflowClient(tracking_uri=uri)
        client.search_experiments(max_results=1)
    return client


def find_or_create_run(
    client: "MlflowClient", uri: str, experiment: str, run_uid: str, known_id: str, started: int
) -> StoredRun:
    """The run tagged with `run_uid`, looked up before one is created.

    Args:
        client: of the store at `uri`.
        uri: address of the store.
        experiment: name of the experiment for a new run; created if missing.
        run_uid: identity of the run.
        known_id: the MLflow id that this run had when last seen, or "".
        started: start of a new run in ms since 1970.

    Raises:
        mlflow.exceptions.MlflowException: if the store does not answer.
    """
    known = _known_run(client, known_id, run_uid) if known_id else None
    if known:
        return known
    with _alone(uri):
        experiment_id = _experiment(client, uri, experiment)
    found = client.search_runs([experiment_id], f"tags.`{RUN_UID_TAG}` = '{run_uid}'")
    if found:
        # More than one where a server went on with a call that had been given up on its way.
        oldest, *others = sorted(found, key=lambda run: (run.info.start_time, run.info.run_id))
        for other in others:
            client.delete_run(other.info.run_id)
        return StoredRun(oldest.info.run_id, experiment_id)
    run = client.create_run(experiment_id, start_time=started, tags={RUN_UID_TAG: run_uid})
    return StoredRun(run.info.run_id, experiment_id)


def _known_run(client: "MlflowClient", run_id: str, run_uid: str) -> StoredRun | None:
    from mlflow.exceptions import MlflowException

    try:
        run = client.get_run(run_id)
    except MlflowException as error:
        if error.error_code != "RESOURCE_DOES_NOT_EXIST":
            raise
        return None
    if run.info.lifecycle_stage != "active" or run.data.tags.get(RUN_UID_TAG) != run_uid:
        return None
    return StoredRun(run_id, run.info.experiment_id)


def _experiment(client: "MlflowClient", uri: str, name: str) -> str:
    from mlflow.exceptions import MlflowException

    experiment = client.get_experiment_by_name(name)
    if experiment is None:
        database = sqlite_file(uri)
        # Without a location of its own the experiment's artifacts would land below whatever
        # directory the first run happened to be started in.
        artifacts = (database.parent / "mlartifacts").as_uri() if database else None
        try:
            # With its tags, for many runs may begin at once, and setting one twice at once fails.
            return str(client.create_experiment(name, artifacts, experiment_tags()))
        except MlflowException:
            # Someone else was quicker, which a database behind a server tells in its own words.
            experiment = client.get_experiment_by_name(name)
            if experiment is None:
                raise
    with suppress(MlflowException):  # a decoration, which many may give it at once
        describe_experiment(client, experiment.experiment_id)
    return str(experiment.experiment_id)


@contextmanager
def _alone(uri: str) -> Iterator[None]:
    """Keep other processes from creating the same sqlite store at once, which makes both fail."""
    database: Path | None = sqlite_file(uri)
    if database is None:
        yield
        return
    database.parent.mkdir(parents=True, exist_ok=True)
    with database.with_name(f"{database.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
