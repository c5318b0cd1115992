"""Bringing MLflow to agree with journals that nobody ships any more: `make sync`.

Also run beside each new training and sweep, for the leftovers of earlier ones:
`python -m latentsweep.tracking.sync RUN_DIR ...`.
"""

import os
import subprocess
import sys
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from latentsweep.tracking.destination import (
    DESTINATION_NAME,
    Destination,
    read_destination,
    write_destination,
)
from latentsweep.tracking.instructions import Instruction
from latentsweep.tracking.journal import JOURNAL_NAME, is_at_work, journal_size
from latentsweep.tracking.nesting import sweep_in_store
from latentsweep.tracking.preflight import why_not
from latentsweep.tracking.progress import known_id, read_progress
from latentsweep.tracking.records_on_disk import find_records
from latentsweep.tracking.report import sync_report
from latentsweep.tracking.synchroniser import Synchroniser, set_up_process
from latentsweep.tracking.uri import resolve_uri, sqlite_file, without_credentials

LOG_NAME = ".sync.log"
DEFAULT_EXPERIMENT = "latentsweep"
_PATIENCE_SECONDS = 5.0
_LOWEST = 19
_UNKNOWN = "not everything arrived in time"
_MOST_LEFTOVERS = 1000  # beside one training; the next one takes more


@dataclass(frozen=True)
class SyncOutcome:
    """What became of the records that were looked at.

    Attributes:
        shipped: runs that MLflow holds whole now, and did not before.
        at_work: runs that their own process ships.
        homeless: runs that were told of no store.
        left: why MLflow does not hold everything, by run.
    """

    shipped: list[Path] = field(default_factory=list)
    at_work: list[Path] = field(default_factory=list)
    homeless: list[Path] = field(default_factory=list)
    left: Mapping[Path, str] = field(default_factory=dict)


def sync(
    records: Iterable[Path],
    to: Destination | None = None,
    *,
    again: bool = False,
    patience: float = _PATIENCE_SECONDS,
) -> SyncOutcome:
    """Ship what MLflow lacks of some runs, and close those whose trainer left without a word.

    Args:
        records: the runs' directories.
        to: where they are to go from now on, absolute; without an experiment: each into its own.
            None: where each was told to go.
        again: also those that MLflow holds whole, as far as is known here.
        patience: seconds without progress after which a store's runs are left.
    """
    outcome = SyncOutcome()
    left: dict[Path, str] = {}
    wanted: dict[Destination, list[Path]] = {}
    for run_dir in records:
        noted = read_destination(run_dir)
        destination = noted
        if to:
            own = noted.experiment if noted else DEFAULT_EXPERIMENT
            destination = replace(to, experiment=to.experiment or own)
        unusable = _why_unusable(run_dir, to)
        if unusable:
            left[run_dir] = unusable
        elif is_at_work(run_dir):
            outcome.at_work.append(run_dir)
        elif destination is None:
            outcome.homeless.append(run_dir)
        else:
            if to:
                write_destination(run_dir, destination.uri, destination.experiment)
            wanted.setdefault(destination, []).append(run_dir)
    for destination, run_dirs in wanted.items():
        file = sqlite_file(destination.uri)
        anew = again or (file is not None and not file.exists())
        waiting = [each for each in run_dirs if anew or _is_behind(each, destination.uri)]
        problem = why_not(destination.uri, destination.experiment) if waiting else ""
        if not problem:
            _ship(destination, waiting, patience)
            # Trials that were quicker than their sweep's own run, below which they belong.
            astray = [each for each in run_dirs if _is_astray(each, destination.uri)]
            _ship(destination, astray, patience)
            waiting += [each for each in astray if each not in waiting]
        for run_dir in waiting:
            report = sync_report(run_dir, uri=destination.uri)
            if not problem and report.complete:
                outcome.shipped.append(run_dir)
            else:
                left[run_dir] = problem or report.problem or _UNKNOWN
    return replace(outcome, left=left)


def show(outcome: SyncOutcome) -> None:
    """Print what became of the records."""
    if outcome.shipped:
        print(f"{_runs(outcome.shipped)} shipped")
    elif not outcome.left and not outcome.homeless:
        print("nothing to ship: MLflow was told all; ARGS=--all tells it again")
    if outcome.at_work:
        print(f"{_runs(outcome.at_work)} at work, shipped by a process of their own")
    if outcome.homeless:
        print(f"{_runs(outcome.homeless)} recorded without a store; make sync URI=... ships them")
    for run_dir, problem in outcome.left.items():
        print(f"not synced: {run_dir}: {problem}")


def _runs(run_dirs: list[Path]) -> str:
    return "1 run" if len(run_dirs) == 1 else f"{len(run_dirs)} runs"


def ship_leftovers(place: Path, uri: str, own: Path | None = None) -> None:
    """Have a process of its own ship what earlier runs in a directory left, if they left anything.

    Args:
        place: the directory that holds the runs' directories.
        uri: of the store; runs that go elsewhere are left to `make sync`.
        own: the run that is at work now.
    """
    with suppress(OSError):  # a courtesy, which must not stop anything
        _ship_leftovers(place, uri, own)


def _ship_leftovers(place: Path, uri: str, own: Path | None) -> None:
    wanted = without_credentials(resolve_uri(uri))
    found = []
    for run_dir in find_records([place]):
        destination = read_destination(run_dir)
        if run_dir == own or destination is None or destination.uri != wanted:
            continue
        if _is_behind(run_dir, wanted):
            found.append(str(run_dir))
    if found:
        command = [sys.executable, "-P", "-m", "latentsweep.tracking.sync"]
        (place / LOG_NAME).unlink(missing_ok=True)  # or it would grow for ever
        with (place / LOG_NAME).open("ab") as log:
            subprocess.Popen(
                [*command, *found[:_MOST_LEFTOVERS]],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                process_group=0,  # of no session of its own: see `Courier`
            )


def _why_unusable(run_dir: Path, to: Destination | None) -> str:
    """What keeps a run from being shipped whatever the store is like; empty where nothing does."""
    try:
        with (run_dir / JOURNAL_NAME).open("rb"):
            pass
    except OSError as error:
        return f"{JOURNAL_NAME} cannot be read: {error.strerror}"
    note = run_dir / DESTINATION_NAME
    if to is None and note.exists() and read_destination(run_dir) is None:
        return f"{note.name} is damaged; make sync RUN={run_dir} URI=... says anew where to"
    return ""


def _is_behind(run_dir: Path, uri: str) -> bool:
    """Whether a store lacks something; what MLflow refuses is not asked for again."""
    size, progress = journal_size(run_dir), read_progress(run_dir)
    if size == 0:
        return False  # its writer was killed before the first word
    if not known_id(run_dir, uri):
        return True
    return not progress.settled or progress.offset < size or _is_astray(run_dir, uri)


def _is_astray(run_dir: Path, uri: str) -> bool:
    """Whether a store holds a trial, and its sweep's run, but not the one below the other."""
    return sweep_in_store(run_dir, uri) not in ("", read_progress(run_dir).parent)


class _NoTrainer:
    """Stands where a trainer tells the synchroniser of runs."""

    gone = True

    def instructions(self, wait: float | None) -> list[Instruction]:
        """None: all runs are known from the start."""
        del wait
        return []


def _ship(destination: Destination, run_dirs: list[Path], patience: float) -> None:
    if not run_dirs:
        return
    synchroniser = Synchroniser(_NoTrainer(), destination.uri, destination.experiment, patience)
    for run_dir in run_dirs:
        synchroniser.add(run_dir, journal_size(run_dir))
    synchroniser.run()


def main() -> int:
    """Ship the named runs; the exit code is 0 if MLflow holds everything."""
    set_up_process()
    os.nice(_LOWEST)  # beside a training, which it is not to slow down
    return 1 if sync(map(Path, sys.argv[1:])).left else 0


if __name__ == "__main__":
    sys.exit(main())
