"""A sweep and its trials: which run belongs below which, told by where they lie."""

from pathlib import Path

from latentsweep.tracking.progress import known_id

TRIALS_FOLDER = "trials"


def sweep_of(run_dir: Path) -> Path | None:
    """The directory of the sweep that a trial's run lies in: SWEEP/trials/SLOT/RUN."""
    above = run_dir.absolute().parents
    return above[2] if len(above) > 2 and above[1].name == TRIALS_FOLDER else None


def sweep_in_store(run_dir: Path, uri: str) -> str:
    """The id of that sweep's own run in a store; empty while it has none there."""
    sweep = sweep_of(run_dir)
    return known_id(sweep, uri) if sweep else ""
