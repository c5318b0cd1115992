"""Runs whose record nobody ships any more, since their worker died right after their end."""

from collections.abc import Iterable
from pathlib import Path

from optuna.trial import FrozenTrial

from latentsweep.sweep.attributes import RUN, SLOT
from latentsweep.sweep.slot import FINISHED
from latentsweep.tracking.journal import JOURNAL_NAME
from latentsweep.tracking.report import sync_report


def vanished_runs(trials: Iterable[FrozenTrial], directory: Path) -> list[str]:
    """Runs of finished trials whose record is gone, so that nobody can ship the rest of it.

    Args:
        trials: of the study.
        directory: the sweep's.
    """
    return sorted(
        trial.user_attrs[RUN]
        for trial in trials
        if SLOT in trial.user_attrs and RUN in trial.user_attrs and trial.state in FINISHED
        if not (directory / trial.user_attrs[RUN] / JOURNAL_NAME).exists()
    )


def unshipped_runs(trials: Iterable[FrozenTrial], directory: Path) -> list[Path]:
    """Runs of ended trials that MLflow does not hold everything of.

    Among them may be some that their worker ships at this moment: one waits for the other then.

    Args:
        trials: of the study.
        directory: the sweep's.
    """
    begun = [trial for trial in trials if SLOT in trial.user_attrs and RUN in trial.user_attrs]
    unfinished = {trial.user_attrs[RUN] for trial in begun if not trial.state.is_finished()}
    ended = {trial.user_attrs[RUN] for trial in begun} - unfinished
    return [
        directory / run
        for run in sorted(ended)
        if (directory / run / JOURNAL_NAME).exists() and not sync_report(directory / run).complete
    ]
