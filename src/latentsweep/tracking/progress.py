"""How far a journal is shipped: the synchroniser's memory, which anyone may read."""

from dataclasses import asdict, dataclass
from pathlib import Path

from latentsweep.tracking.files import read_json, write_json
from latentsweep.tracking.uri import without_credentials

PROGRESS_NAME = "sync.json"
IDENTITY_NAME = "mlflow.json"


@dataclass(frozen=True)
class Progress:
    """What MLflow holds of a run's journal.

    Attributes:
        run_id: the MLflow run that this is about.
        offset: bytes of the journal that are shipped.
        refused: things left out for good: refused by MLflow, or files that were gone.
        settled: whether the run's final status is shipped, too.
        parent: the MLflow run that it was put below; empty where it stands for itself.
        problem: why shipping does not go on at present; empty if it does.
    """

    run_id: str = ""
    offset: int = 0
    refused: int = 0
    settled: bool = False
    problem: str = ""
    parent: str = ""


def read_progress(run_dir: Path) -> Progress:
    """The progress on record; from nothing, if that is lost or unreadable."""
    content = read_json(run_dir / PROGRESS_NAME)
    try:
        return Progress(
            run_id=str(content["run_id"]),
            offset=max(0, int(content["offset"])),
            refused=int(content["refused"]),
            settled=bool(content["settled"]),
            problem=str(content["problem"]),
            parent=str(content.get("parent", "")),
        )
    except (KeyError, TypeError, ValueError, OverflowError):
        return Progress()


def write_progress(run_dir: Path, progress: Progress) -> None:
    """Put `progress` on record, whole or not at all.

    Raises:
        StorageError: if the disk refuses.
    """
    write_json(run_dir / PROGRESS_NAME, asdict(progress))


@dataclass(frozen=True)
class Identity:
    """Where a run is found in MLflow; `uri` is without credentials."""

    run_id: str
    experiment_id: str
    uri: str


def read_identity(run_dir: Path) -> Identity | None:
    """Where the run is found in MLflow; None as long as nobody knows."""
    content = read_json(run_dir / IDENTITY_NAME)
    try:
        return Identity(**{name: str(content[name]) for name in ("run_id", "experiment_id", "uri")})
    except KeyError:
        return None


def known_id(run_dir: Path, uri: str) -> str:
    """The run's id in a store; empty while it is not known to have one there."""
    known = read_identity(run_dir)
    return known.run_id if known and known.uri == without_credentials(uri) else ""


def write_identity(run_dir: Path, identity: Identity) -> None:
    """Put the run's place in MLflow on record.

    Raises:
        StorageError: if the disk refuses.
    """
    shown = {**asdict(identity), "uri": without_credentials(identity.uri)}
    write_json(run_dir / IDENTITY_NAME, shown)
