"""What MLflow holds of a run, as far as the synchroniser's memory on disk tells."""

from dataclasses import dataclass
from pathlib import Path

from latentsweep.tracking.journal import journal_size
from latentsweep.tracking.progress import read_identity, read_progress
from latentsweep.tracking.uri import without_credentials


@dataclass(frozen=True)
class SyncReport:
    """What MLflow holds of a run.

    Attributes:
        complete: whether that is everything; True also where there is no MLflow (tracking=off).
        run_id: the MLflow run; None if it is not known (yet).
        experiment_id: its experiment.
        problem: why something is missing, in one line; empty if nothing is, or if the rest is on
            its way and all is well.
    """

    complete: bool
    run_id: str | None = None
    experiment_id: str | None = None
    problem: str = ""


def sync_report(run_dir: Path, end: int | None = None, uri: str | None = None) -> SyncReport:
    """What MLflow holds of a run at this moment.

    Args:
        run_dir: the run's directory.
        end: bytes of its journal that count, where the run may have been taken up elsewhere since;
            None: all.
        uri: absolute address of the store that is meant; None: the one that it is in.
    """
    progress = read_progress(run_dir)
    identity = read_identity(run_dir)
    if uri is not None and identity and identity.uri != without_credentials(uri):
        return SyncReport(complete=False, problem="" if progress.run_id else progress.problem)
    size = journal_size(run_dir)
    end = size if end is None else end
    # Of a run that goes on elsewhere the status is not this one's to ship.
    shipped = progress.offset >= end and (progress.settled or size > end)
    problem = "" if shipped else progress.problem
    if progress.refused:
        problem = problem or f"{progress.refused} things were refused or gone"
    return SyncReport(
        complete=shipped and progress.refused == 0,
        run_id=identity.run_id if identity else None,
        experiment_id=identity.experiment_id if identity else None,
        problem=problem,
    )
