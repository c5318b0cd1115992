"""Where a run's record is to go: noted in its directory, so that anyone may ship it later."""

from dataclasses import asdict, dataclass
from pathlib import Path

from latentsweep.tracking.files import read_json, write_json
from latentsweep.tracking.uri import without_credentials

DESTINATION_NAME = "destination.json"


@dataclass(frozen=True)
class Destination:
    """An MLflow store and an experiment in it.

    Attributes:
        uri: absolute address of the store, without credentials.
        experiment: name of the experiment for a new run.
    """

    uri: str
    experiment: str


def read_destination(run_dir: Path) -> Destination | None:
    """Where the run's record is to go; None where it was told of no store, or that is damaged."""
    content = read_json(run_dir / DESTINATION_NAME)
    uri, experiment = content.get("uri"), content.get("experiment")
    if isinstance(uri, str) and isinstance(experiment, str) and uri and experiment:
        return Destination(uri, experiment)
    return None


def write_destination(run_dir: Path, uri: str, experiment: str) -> None:
    """Note where the run's record is to go.

    Args:
        run_dir: the run's directory.
        uri: absolute address of the store; credentials in it are left out.
        experiment: name of the experiment.

    Raises:
        StorageError: if the disk refuses.
    """
    destination = Destination(without_credentials(uri), experiment)
    if read_destination(run_dir) != destination:
        write_json(run_dir / DESTINATION_NAME, asdict(destination))
