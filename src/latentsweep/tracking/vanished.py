"""Runs that MLflow believes to be running, whose directory was taken away: nobody can end them."""

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

from latentsweep.tracking.destination import Destination
from latentsweep.tracking.recorder import RunStatus
from latentsweep.tracking.store import open_store

if TYPE_CHECKING:
    from mlflow.entities import Run

HOST_TAG, DIRECTORY_TAG = "latentsweep.host", "latentsweep.directory"
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
    from mlflow.exceptions import MlflowException

    closed = []
    try:
        client = open_store(destination.uri)
        experiment = client.get_experiment_by_name(destination.experiment)
        if experiment is None:
            return []
        here = f"tags.`{HOST_TAG}` = '{os.uname().nodename}'"
        for status in ("RUNNING", "SCHEDULED"):
            wanted = f"attributes.status = '{status}' AND {here}"
            for run in client.search_runs([experiment.experiment_id], wanted):
                if _is_gone(run):
                    client.set_tag(run.info.run_id, "status", RunStatus.INTERRUPTED.value)
                    client.set_terminated(run.info.run_id, "KILLED", end_time=_last_seen(run))
                    closed.append(run.info.run_id)
    except MlflowException:
        return closed
    return closed


def _is_gone(run: "Run") -> bool:
    directory = Path(run.data.tags.get(DIRECTORY_TAG, "/"))
    silent = time.time() - _last_seen(run) / 1000
    return not directory.exists() and directory.parent.is_dir() and silent > _SILENT_SECONDS


def _last_seen(run: "Run") -> int:
    """When it said something last, in ms since 1970."""
    points = [point.timestamp for point in run.data._metric_objs]
    return int(max([run.info.start_time, *points]))
