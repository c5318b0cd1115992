"""A whole sweep, from Hydra's config to the final table: reads from top to bottom."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress

import optuna
from hydra.core.plugins import Plugins
from hydra.core.utils import JobReturn
from hydra.types import HydraContext
from omegaconf import DictConfig, open_dict

from latentsweep.config.typed import first_line
from latentsweep.errors import (
    ConfigError,
    InterruptedSweepError,
    LatentsweepError,
    SweepError,
)
from latentsweep.sweep.attributes import PARENT
from latentsweep.sweep.cluster import check_partition
from latentsweep.sweep.ending import end_sweep, status_of
from latentsweep.sweep.follow import following, show_end
from latentsweep.sweep.launching_process import LAUNCHER_NAME
from latentsweep.sweep.machine import count_workers, threads_a_worker
from latentsweep.sweep.parent import open_parent
from latentsweep.sweep.plan import Plan
from latentsweep.sweep.search import Search, read_search
from latentsweep.sweep.slots import Queue
from latentsweep.sweep.storage import open_storage
from latentsweep.sweep.study import check_study, make_study
from latentsweep.sweep.warm_start import warm_start
from latentsweep.sweep.whereabouts import find_study, write_whereabouts
from latentsweep.sweep.worker import Worker, WorkReport, read_splits
from latentsweep.tracking.files import storage_error, write_json
from latentsweep.tracking.report import sync_report

_LOCAL = "LatentsweepLocalLauncher"
_SLURM = "LatentsweepSlurmLauncher"


def run_sweep(context: HydraContext, config: DictConfig, arguments: Sequence[str]) -> None:
    """Check everything, queue the trials, launch the workers and show what came of it.

    Raises:
        LatentsweepError: nothing was started, or the sweep ended before its trials were finished.
    """

    def load(overrides: list[str]) -> DictConfig:
        return context.config_loader.load_sweep_config(config, overrides)

    search = read_search(load, arguments, build=True)
    plan = _prepare(search, config)
    with open_dict(config):
        config.hydra.sweep.dir = str(plan.directory)
    launcher = Plugins.instance().instantiate_launcher(
        hydra_context=context, task_function=Worker(plan, context, config), config=config
    )
    place = "hydra.sweep.dir='{}'".format(str(plan.directory).replace("'", "\\'"))
    jobs = [[*plan.fixed, place] for _ in range(plan.workers)]
    if plan.detached:
        launcher.launch(jobs, initial_job_idx=0)
        (plan.directory / LAUNCHER_NAME).unlink()  # from here on there is no launching process
        print(f"{plan.workers} workers are queued; make sweep-status STUDY={plan.study} shows them")
        return
    with following(plan):
        results = launcher.launch(jobs, initial_job_idx=0)
    _finish(plan, search, results)


def _prepare(search: Search, config: DictConfig) -> Plan:
    """Reach storage, data and tracking, then make the study and its queue."""
    sweep, directory = search.sweep, search.directory
    launcher = str(config.hydra.launcher.get("_target_", "")).rpartition(".")[2]
    workers = count_workers(sweep.workers, local=launcher == _LOCAL)
    if launcher == _SLURM:
        check_partition(config.hydra.launcher.get("partition"))
    read_splits(search.base.data, search.base.seed)
    made = not directory.exists()
    try:
        directory.mkdir(parents=True, exist_ok=True)
        storage = open_storage(sweep.storage, directory, workers, pooled=False)
        check_study(storage, search.study, search.settings)
        parent = open_parent(
            directory, search.base.tracking, None, search.study, sweep, search.fixed
        )
        study = make_study(storage, search.study, search.settings, sweep, str(directory))
        if sweep.warm_start:
            warm_start(study, find_study(sweep.warm_start, sweep.directory), search.space)
    except OSError as error:
        raise storage_error(directory, error) from None
    except ConfigError:
        with suppress(OSError):
            if made:
                directory.rmdir()  # nothing was put there
        raise
    study.set_user_attr(PARENT, parent.run_id if parent else "")
    write_whereabouts(directory, search.study, sweep.storage)
    write_json(directory / LAUNCHER_NAME, {"pid": os.getpid(), "host": os.uname().nodename})
    plan = Plan(
        study=search.study,
        directory=directory,
        sweep=sweep,
        space=search.space,
        fixed=search.fixed,
        parent=parent.run_id if parent else "",
        workers=workers,
        threads=threads_a_worker(workers) if launcher == _LOCAL else 0,
        detached=launcher == _SLURM,
    )
    Queue(storage, plan.study, plan.limits, workers).open_slots(search.enqueued)
    return plan


def _finish(plan: Plan, search: Search, results: Sequence[JobReturn]) -> None:
    """Write and show what the sweep came to, whatever ended it.

    Raises:
        LatentsweepError: it ended before its trials were finished.
    """
    storage = open_storage(plan.sweep.storage, plan.directory, plan.workers, pooled=False)
    queue = Queue(storage, plan.study, plan.limits, plan.workers)
    study = optuna.load_study(study_name=plan.study, storage=storage)
    finished = queue.is_finished()
    reports = [_report(result) for result in results]
    problem = end_sweep(plan, storage, search.composer, status_of(study, finished=finished))
    show_end(plan, study, search.base.tracking, problem or _unsynced(plan, reports))
    if finished:
        return
    raise _why_unfinished(queue.stopped, reports)


def _report(result: JobReturn) -> WorkReport:
    """A worker's own report, or one about a worker that could make none."""
    try:
        report = result.return_value
    except Exception as error:  # whatever a launcher brings back
        return WorkReport(error=first_line(error), exit_code=1)
    return report if isinstance(report, WorkReport) else WorkReport(error=str(report), exit_code=1)


def _unsynced(plan: Plan, reports: Sequence[WorkReport]) -> str:
    """What MLflow does not hold of the trials, now that all workers have left."""
    told = {run: problem for report in reports for run, problem in report.unsynced.items()}
    left = [run for run in sorted(told) if not sync_report(plan.directory / run).complete]
    if not left:
        return ""
    return f"{len(left)} of the trials' runs; {left[0]}: {told[left[0]]}"


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
    return SweepError(
        "the sweep ended before its trials were finished",
        found="\n".join(errors) or "its workers left",
        mend="the same command goes on",
    )
