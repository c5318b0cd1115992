"""Is the MLflow store one that will take a run's record? Asked before training, without MLflow.

Importing MLflow takes seconds, and training needs none of it; these few questions are asked of the
server or the database directly. A store that is merely away is no mistake: the record is shipped
when it is back.
"""

from latentsweep.errors import LatentsweepError
from latentsweep.tracking.preflight.database import check_database
from latentsweep.tracking.preflight.server import check_server
from latentsweep.tracking.uri import resolve_uri, sqlite_file

__all__ = ["check_store", "trouble_with", "why_not"]


def why_not(uri: str, experiment: str) -> str:
    """Why a store that was good once takes nothing now, in a line; empty where it does.

    MLflow itself would ask a database that is away for more than a minute, and would make a store
    that belongs to another machine anew.

    Args:
        uri: absolute address of the store.
        experiment: name of the experiment.
    """
    file = sqlite_file(uri)
    if file is not None and not file.parent.is_dir():
        return f"there is no {file.parent} on this machine for the store {uri}"
    return trouble_with(uri, experiment)


def trouble_with(uri: str, experiment: str) -> str:
    """What `check_store` says, be it a refusal or not, in a line; empty where all is well."""
    try:
        return check_store(uri, experiment)
    except LatentsweepError as error:
        return " ".join(str(error).split())


def check_store(uri: str, experiment: str) -> str:
    """Refuse a store that cannot take the record.

    Args:
        uri: address of the store.
        experiment: name of the experiment, which need not exist yet.

    Returns:
        Why the store could not be asked, in a line; empty where all is well.

    Raises:
        ConfigError: `uri` is no address.
        TrackingError: the store is none of MLflow's, of another version, refuses this user, has
            the experiment deleted, or its artifacts cannot be written.
    """
    absolute = resolve_uri(uri)
    if absolute.startswith("http"):
        return check_server(absolute.rstrip("/"), experiment)
    return check_database(absolute, experiment)
