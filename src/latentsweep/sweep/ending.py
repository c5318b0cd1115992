"""What a sweep leaves when it ends: report, best config, note, the parent run's status."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TextIO

import optuna
from optuna.storages import BaseStorage
from optuna.trial import FrozenTrial, TrialState

from latentsweep.config.tracking import TrackingConfig
from latentsweep.errors import RunBusyError
from latentsweep.sweep.attributes import METRICS, SLOT, STOPPED
from latentsweep.sweep.best_config import write_best
from latentsweep.sweep.best_model import best_run_tag, log_best_model
from latentsweep.sweep.composer import Composer
from latentsweep.sweep.parent import finish_parent
from latentsweep.sweep.plan import Plan
from latentsweep.sweep.report.best import best_trials
from latentsweep.sweep.report.note import summary_note
from latentsweep.sweep.report.page import REPORT_NAME, write_report
from latentsweep.sweep.slot import FINISHED
from latentsweep.sweep.study import has_ended
from latentsweep.tracking.journal import journal_size
from latentsweep.tracking.recorder import RunStatus
from latentsweep.tracking.report import SyncReport
from latentsweep.tracking.shipper import Shipper


def end_sweep(plan: Plan, storage: BaseStorage, composer: Composer, status: RunStatus) -> str:
    """Write what the sweep came to and put it on record; of several workers, one does it.

    Args:
        plan: the sweep.
        storage: where its study is.
        composer: composes the best trial's config.
        status: how the sweep ended.

    Returns:
        Why MLflow does not hold it all; empty where it does.
    """
    study = optuna.load_study(study_name=plan.study, storage=storage)
    with _ending(plan.directory) as lock:
        finished = sum(trial.state in FINISHED for trial in study.get_trials(deepcopy=False))
        if plan.detached and lock.read() == _end(plan, status, finished):
            return ""  # another worker did it
        tracking = composer.compose({}).tracking
        report = _put_on_record(study, plan.directory, tracking, status, composer)
        if report.complete:
            lock.truncate(0)
            lock.write(_end(plan, status, finished))
    return report.problem


def close_sweep(study: optuna.Study, directory: Path, tracking: TrackingConfig) -> str:
    """Put on record how a sweep stands that nobody works on any more, whatever ended it.

    Args:
        study: the sweep's.
        directory: the sweep's.
        tracking: where its record goes.

    Returns:
        Why MLflow does not hold it all; empty where it does.
    """
    with _ending(directory):
        finished = has_ended(study) and not study.user_attrs.get(STOPPED)
        status = status_of(study, finished=finished)
        return _put_on_record(study, directory, tracking, status).problem


def _put_on_record(
    study: optuna.Study,
    directory: Path,
    tracking: TrackingConfig,
    status: RunStatus,
    composer: Composer | None = None,
) -> SyncReport:
    """Write the report, with a composer the best config, and end the parent run with them."""
    shipper = Shipper(directory, tracking)
    shipper.begin()  # it imports MLflow while the report is drawn
    artifacts = {REPORT_NAME: write_report(study, directory, directory / REPORT_NAME)}
    best = best_trials(study, 1)
    problem = ""
    if best and composer:
        config = composer.compose(best[0].params)
        artifacts["best.yaml"] = write_best(config, directory)
        if tracking.log_model:
            problem = log_best_model(best[0], config, directory, shipper)
    trials = [trial for trial in study.get_trials(deepcopy=False) if SLOT in trial.user_attrs]
    try:
        report = finish_parent(
            directory,
            tracking,
            shipper,
            status=status,
            artifacts=artifacts,
            note=summary_note(study, directory),
            metrics=dict(best[0].user_attrs.get(METRICS, {})) if best else {},
            tags={**_tags(trials), **(best_run_tag(best[0], directory) if best else {})},
            step=sum(trial.state in FINISHED for trial in trials),
        )
    except RunBusyError as error:
        return SyncReport(complete=False, problem=str(error))
    return replace(report, problem=report.problem or problem)


@contextmanager
def _ending(directory: Path) -> Iterator[TextIO]:
    """What the last end has noted, for the one process that ends the sweep now."""
    with (directory / "end.lock").open("a+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        lock.seek(0)
        yield lock


def _end(plan: Plan, status: RunStatus, finished: int) -> str:
    """What tells one end of the sweep from another: each start adds to the record, too."""
    return f"{status.value} {finished} {journal_size(plan.directory)}"


def status_of(study: optuna.Study, *, finished: bool) -> RunStatus:
    """How a sweep stands that nobody works on any more."""
    if finished:
        return RunStatus.FINISHED
    return RunStatus.FAILED if study.user_attrs.get(STOPPED) else RunStatus.INTERRUPTED


def _tags(trials: list[FrozenTrial]) -> dict[str, str]:
    complete = sum(trial.state == TrialState.COMPLETE for trial in trials)
    pruned = sum(trial.state == TrialState.PRUNED for trial in trials)
    return {"complete": str(complete), "pruned": str(pruned)}
