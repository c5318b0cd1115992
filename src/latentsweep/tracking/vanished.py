"""Runs that MLflow believes to be running, whose directory was taken away: nobody can end them."""

import os
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from latentsweep.tracking.destination import Destination
from latentsweep.tracking.preflight import why_not
from latentsweep.tracking.recorder import RunStatus
from latentsweep.tracking.store import open_store

if TYPE_CHECKING:
    from mlflow.entities import Run
    from mlflow.tracking import MlflowClient

HOST_TAG, DIRECTORY_TAG = "latentsweep.host", "latentsweep.directory"
_MOST = 1000
_TELLING = ("train/loss", "system/cpu_utilization_percentage")  # recorded while it goes on
_SILENT_SECONDS = 600.0  # one at work says something far more often


def close_vanished(destination: Destination) -> list[str]:
    """Close the runs of this machine whose directory is gone, as interrupted.

    A directory counts as gone where the one that held it is still there: a disk that is not
    mounted takes both away.

    Args:
        destination: the store, and the experiment in it.

    Returns:
        The ids of the runs that were closed; none where the store does not answer.
    """
    closed: list[str] = []
    if why_not(destination.uri, destination.experiment):
        return closed
    with suppress(Exception):  # each store has errors of its own, and this can wait
        client = open_store(destination.uri)
        experiment = client.get_experiment_by_name(destination.experiment)
        if experiment is None:
            return []
        here = f"tags.`{HOST_TAG}` = '{os.uname().nodename}'"
        for status in ("RUNNING", "SCHEDULED"):
            wanted = f"attributes.status = '{status}' AND {here}"
            for run in client.search_runs([experiment.experiment_id], wanted, max_results=_MOST):
                seen = _last_seen(client, run)
                if _is_gone(run, seen):
                    client.set_tag(run.info.run_id, "status", RunStatus.INTERRUPTED.value)
                    client.set_terminated(run.info.run_id, "KILLED", end_time=seen)
                    closed.append(run.info.run_id)
    return closed


def _is_gone(run: "Run", seen: int) -> bool:
    directory = Path(run.data.tags.get(DIRECTORY_TAG, "/"))
    silent = time.time() - seen / 1000
    return not directory.exists() and directory.parent.is_dir() and silent > _SILENT_SECONDS


def _last_seen(client: "MlflowClient", run: "Run") -> int:
    """When it said something last, in ms since 1970."""
    points = [
        client.get_metric_history(run.info.run_id, name)[-1].timestamp
        for name in run.data.metrics
        if name in _TELLING or len(run.data.metrics) == 1
    ]
    return int(max([run.info.start_time, *points]))
