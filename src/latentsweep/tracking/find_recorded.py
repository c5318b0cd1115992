"""The recorded run that a person means: a directory, an MLflow id, a registered model."""

from pathlib import Path

from latentsweep.errors import ConfigError
from latentsweep.tracking.recorded import RecordedRun, read_recorded
from latentsweep.tracking.records_on_disk import RUN_ID, find_run
from latentsweep.tracking.stored_runs import StoredRuns
from latentsweep.tracking.uri import DEFAULT_STORE


def find_recorded(reference: str, uri: str, directory: Path) -> RecordedRun:
    """The record that a person means; of one that lies here, its directory's.

    Args:
        reference: a run's directory or name, the id of its MLflow run, or a registered model.
        uri: of the store to ask for what does not lie here; empty: this directory's own.
        directory: where files go that are fetched; must exist.

    Raises:
        LatentsweepError: there is no such run.
    """
    try:
        return read_recorded(find_run(reference))
    except ConfigError:
        if not _may_be_stored(reference):
            raise  # of a name that is none of a run's here
    store = StoredRuns(uri or DEFAULT_STORE)
    if RUN_ID.fullmatch(reference):
        return store.recorded(reference, directory)
    run_id = store.run_of_model(reference)
    try:
        return read_recorded(find_run(run_id))
    except ConfigError:
        return store.recorded(run_id, directory)


def _may_be_stored(reference: str) -> bool:
    """Whether it looks like an id or a model's name, and not like a directory."""
    is_model = reference.startswith("models:/") or "@" in reference
    return bool(RUN_ID.fullmatch(reference)) or is_model
