"""The sweep's own run in MLflow, under which its trials are nested: opened first, ended last.

Its journal lies in the sweep's directory, so that any worker can end what another process opened.
A trial is nested by the tag `mlflow.parentRunId`, which it may get at any time of its life.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pydantic import TypeAdapter

from latentsweep.config.sweep import SweepConfig
from latentsweep.config.tracking import TrackingConfig
from latentsweep.errors import TrackingError
from latentsweep.sweep.storage import shown
from latentsweep.tracking.destination import write_destination
from latentsweep.tracking.journal import JOURNAL_NAME, journal_size, read_journal
from latentsweep.tracking.journal_recorder import JournalRecorder
from latentsweep.tracking.progress import read_identity, read_progress
from latentsweep.tracking.recorder import RunStatus
from latentsweep.tracking.records import Params
from latentsweep.tracking.report import SyncReport
from latentsweep.tracking.shipper import Shipper
from latentsweep.tracking.uri import resolve_uri, without_credentials

# A store that refuses is asked again for so long; one that is only slow is waited for longer.
_PATIENCE_SECONDS = 5.0
_SLOW_STORE_SECONDS = 60.0
WORKERS_TAG = "latentsweep.workers"
SETTINGS_FILE = "sweep.yaml"
_LONGEST_NOTE = 8000  # characters that MLflow keeps of a tag


@dataclass(frozen=True)
class ParentRun:
    """Where the sweep is found in MLflow; `uri` is without credentials."""

    uri: str
    experiment_id: str
    run_id: str


def open_parent(
    directory: Path,
    tracking: TrackingConfig,
    uid: str | None,
    name: str,
    sweep: SweepConfig,
    fixed: Sequence[str] = (),
    workers: int = 1,
) -> ParentRun | None:
    """Start the sweep's run in MLflow, or go on with it, and leave it running.

    Args:
        directory: the sweep's.
        tracking: where the record goes.
        uid: the run's identity; None: the one of the record in `directory`, or a new one.
        name: of the study.
        sweep: what is searched and how.
        fixed: Hydra overrides of every trial.
        workers: how many there are.

    Returns:
        Where it is; None with `tracking=off`, where it is only recorded.

    Raises:
        TrackingError: MLflow cannot be reached; nothing was started.
        RunBusyError: another process opens or ends it at this moment.
        CheckpointError: the directory belongs to another sweep.
        StorageError: the directory cannot be written.
    """
    uri = resolve_uri(tracking.uri) if tracking.uri else ""  # refused before anything is written
    with closing(JournalRecorder(directory, uid)) as recorder:
        if uri:
            write_destination(directory, uri, tracking.experiment)
        recorder.status(RunStatus.RUNNING)
        recorder.tags(_tags(name, sweep, workers))
        if not _has_params(directory):  # MLflow lets none change
            recorder.params(_params(sweep))
        recorder.text(SETTINGS_FILE, _settings(sweep, fixed))
        recorder.status(RunStatus.HANDED_ON)
    if not tracking.uri:
        return None
    report = Shipper(directory, tracking, _PATIENCE_SECONDS).finish(_SLOW_STORE_SECONDS)
    progress = read_progress(directory)
    parent = find_parent(directory, tracking)
    if parent is None or not progress.settled or progress.offset < journal_size(directory):
        raise _unreachable(tracking.uri, report)
    return parent


def finish_parent(
    directory: Path,
    tracking: TrackingConfig,
    shipper: Shipper,
    *,
    status: RunStatus,
    artifacts: Mapping[str, Path],
    note: str,
    metrics: Mapping[str, float],
    tags: Mapping[str, str],
    step: int,
) -> SyncReport:
    """Record what the sweep came to and end its run; again after an extension, or for nothing.

    Args:
        directory: the sweep's.
        tracking: where the record goes.
        shipper: of that directory, begun.
        status: how the sweep ended.
        artifacts: files by their names in MLflow, such as `best.yaml` and `report.html`.
        note: markdown that the dashboard shows as the run's description.
        metrics: numbers such as the best value.
        tags: labels.
        step: trials that are finished, at which the metrics are recorded.

    Returns:
        What MLflow holds after `tracking.wait_seconds` at most.

    Raises:
        RunBusyError: another process opens or ends it at this moment.
        StorageError: the record cannot be written.
    """
    with closing(JournalRecorder(directory)) as recorder:
        for name, path in artifacts.items():
            recorder.file(path, name)
        recorder.metrics(metrics, step)
        recorder.tags({**tags, "mlflow.note.content": _whole_lines(note)})
        recorder.status(status)
    return shipper.finish(tracking.wait_seconds)


def find_parent(directory: Path, tracking: TrackingConfig) -> ParentRun | None:
    """Where the run of the sweep in `directory` is; None while nobody knows."""
    identity = read_identity(directory)
    if tracking.uri is None or identity is None:
        return None
    return ParentRun(without_credentials(tracking.uri), identity.experiment_id, identity.run_id)


def _tags(name: str, sweep: SweepConfig, workers: int) -> dict[str, str]:
    """What may change when the sweep is extended, and MLflow's own names."""
    return {
        "latentsweep.study": name,
        "latentsweep.kind": "sweep",
        "latentsweep.n_trials": str(sweep.n_trials),
        WORKERS_TAG: str(workers),
        "mlflow.runName": name,
        "mlflow.source.name": "pipelines/sweep.py",
        "mlflow.source.type": "LOCAL",
    }


def _params(sweep: SweepConfig) -> dict[str, object]:
    """What sweeps are compared by."""
    return {
        "objective": ", ".join(sweep.objectives),
        "sampler": _call(sweep.sampler),
        "pruner": _call(sweep.pruner),
        "seed": sweep.seed,
        **{f"space.{key}": expression for key, expression in sweep.search_space.items()},
    }


def _call(component: Mapping[str, Any]) -> str:
    """`tpe(n_startup_trials=10)`."""
    given = {key: value for key, value in component.items() if key != "name" and value is not None}
    arguments = ", ".join(f"{key}={value}" for key, value in given.items())
    return f"{component['name']}({arguments})"


def _settings(sweep: SweepConfig, fixed: Sequence[str]) -> str:
    values = TypeAdapter(SweepConfig).dump_python(sweep, mode="json")
    # Without the password that a database's address may hold.
    values["storage"] = shown(sweep.storage)
    return yaml.safe_dump({"sweep": values, "overrides": list(fixed)}, sort_keys=False)


def _has_params(directory: Path) -> bool:
    records = read_journal(directory / JOURNAL_NAME)
    return any(isinstance(record, Params) for record, _ in records)


def _whole_lines(note: str) -> str:
    """As many of its lines as MLflow keeps."""
    return note if len(note) <= _LONGEST_NOTE else note[:_LONGEST_NOTE].rpartition("\n")[0]


def _unreachable(uri: str, report: SyncReport) -> TrackingError:
    return TrackingError(
        f"MLflow cannot be reached at {without_credentials(uri)}",
        found=report.problem,
        expected="a store that takes the sweep's record, before any trial is queued",
        mend="start the server, mend tracking.uri, or record nothing: tracking=off",
    )
