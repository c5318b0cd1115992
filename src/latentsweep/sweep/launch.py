"""A whole sweep, from Hydra's config to the final table: reads from top to bottom."""

from __future__ import annotations

from collections.abc import Sequence

import optuna
from hydra.core.plugins import Plugins
from hydra.core.utils import JobReturn
from hydra.types import HydraContext
from omegaconf import DictConfig, open_dict

from latentsweep.config.typed import first_line
from latentsweep.errors import (
    InterruptedSweepError,
    LatentsweepError,
    StorageError,
    SweepError,
)
from latentsweep.sweep.ending import end_sweep, status_of
from latentsweep.sweep.follow import following, show_end
from latentsweep.sweep.launching_process import LAUNCHER_NAME
from latentsweep.sweep.plan import Plan
from latentsweep.sweep.preparation import prepare
from latentsweep.sweep.queue import Queue
from latentsweep.sweep.search import Search, read_search
from latentsweep.sweep.storage import open_storage, shown
from latentsweep.sweep.unshipped import vanished_runs
from latentsweep.sweep.whereabouts import write_whereabouts
from latentsweep.sweep.worker import Worker, WorkReport
from latentsweep.tracking.report import sync_report


def run_sweep(context: HydraContext, config: DictConfig, arguments: Sequence[str]) -> None:
    """Check everything, queue the trials, launch the workers and show what came of it.

    Raises:
        LatentsweepError: nothing was started, or the sweep ended before its trials were finished.
    """

    def load(overrides: list[str]) -> DictConfig:
        return context.config_loader.load_sweep_config(config, overrides)

    print("checking the search space, the data and the record's store", flush=True)
    search = read_search(load, arguments, build=True)
    plan = prepare(search, config)
    with open_dict(config):
        config.hydra.sweep.dir = str(plan.directory)
        if plan.detached:
            config.hydra.launcher.tasks_per_node = plan.sweep.ranks
    launcher = Plugins.instance().instantiate_launcher(
        hydra_context=context, task_function=Worker(plan, context, config), config=config
    )
    place = "hydra.sweep.dir='{}'".format(str(plan.directory).replace("'", "\\'"))
    jobs = [[*plan.fixed, place] for _ in range(plan.workers)]
    if plan.sweep.ranks > 1:
        print(f"each trial is trained by {plan.sweep.ranks} ranks", flush=True)
    if plan.detached:
        launcher.launch(jobs, initial_job_idx=0)
        # From here on there is no launching process.
        (plan.directory / LAUNCHER_NAME).unlink(missing_ok=True)
        print(f"{plan.workers} workers are queued; make sweep-status STUDY={plan.study} shows them")
        return
    with following(plan):
        results = launcher.launch(jobs, initial_job_idx=0)
    _finish(plan, search, results)


def _finish(plan: Plan, search: Search, results: Sequence[JobReturn]) -> None:
    """Write and show what the sweep came to, whatever ended it.

    Raises:
        LatentsweepError: it ended before its trials were finished.
    """
    where = plan.sweep.storage
    storage = open_storage(where, plan.directory, plan.workers, pooled=False, create=False)
    try:
        study = optuna.load_study(study_name=plan.study, storage=storage)
    except KeyError:
        raise SweepError(
            f"the study {plan.study} is gone from its storage", found=shown(where)
        ) from None
    queue = Queue(storage, plan.study, plan.limits, plan.workers)
    finished = queue.is_finished()
    reports = [_report(result) for result in results]
    print("writing the report", flush=True)
    try:
        problem = end_sweep(plan, storage, search.composer, status_of(study, finished=finished))
    except StorageError as error:
        problem = first_line(error)
    write_whereabouts(plan.directory, plan.study, where, search.base.tracking)
    problem = problem or _unsynced(plan, reports)
    problem = f"{problem}; the same command ships the rest" if problem else _vanished(plan, study)
    show_end(plan, study, search.base.tracking, problem)
    if finished:
        return
    raise _why_unfinished(queue.stopped, reports)


def _report(result: JobReturn) -> WorkReport:
    """A worker's own report, or one about a worker that could make none."""
    try:
        report = result.return_value
    except Exception as error:  # whatever a launcher brings back
        return WorkReport(error=first_line(error))
    return report if isinstance(report, WorkReport) else WorkReport(error=str(report))


def _unsynced(plan: Plan, reports: Sequence[WorkReport]) -> str:
    """What MLflow does not hold of the trials, now that all workers have left."""
    told = {run: problem for report in reports for run, problem in report.unsynced.items()}
    left = [run for run in sorted(told) if not sync_report(plan.directory / run).complete]
    if not left:
        return ""
    return f"{len(left)} of the trials' runs; {left[0]}: {told[left[0]]}"


def _vanished(plan: Plan, study: optuna.Study) -> str:
    """What MLflow may never hold of the trials."""
    gone = vanished_runs(study.get_trials(deepcopy=False), plan.directory)
    return f"the records of {len(gone)} trials are gone, the first {gone[0]}" if gone else ""


def _why_unfinished(stopped: str, reports: Sequence[WorkReport]) -> LatentsweepError:
    if stopped:
        return SweepError(
            "the sweep was stopped: too many trials fail",
            found=stopped,
            expected="at most sweep.max_failure_rate of the trials",
            mend="look at traceback.txt of the failed runs; the same command goes on, and counts "
            "failures anew",
        )
    signals = [report.signal for report in reports if report.signal]
    if signals:
        return InterruptedSweepError(signals[0])
    errors = list(dict.fromkeys(report.error for report in reports if report.error))
    mends = list(dict.fromkeys(report.mend for report in reports if report.mend))
    return SweepError(
        "the sweep ended before its trials were finished",
        found="; ".join(errors) or "its workers left",
        mend="; ".join([*mends, "the same command goes on"]),
    )
