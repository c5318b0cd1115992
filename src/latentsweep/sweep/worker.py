"""A worker: claims trial after trial and runs them in this process until there is no more to do."""

from __future__ import annotations

import gc
import random
import sys
import time
import warnings
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace

import optuna
import torch
from hydra.types import HydraContext
from omegaconf import DictConfig
from optuna.exceptions import UpdateFinishedTrialError
from optuna.trial import FrozenTrial, TrialState

from latentsweep.config import TrainConfig
from latentsweep.config.checks import check
from latentsweep.data.describe import describe
from latentsweep.errors import (
    InterruptedTrainingError,
    LatentsweepError,
    RunBusyError,
    StorageError,
)
from latentsweep.randomness import Stream, seed_of
from latentsweep.sweep.attributes import METRICS
from latentsweep.sweep.composer import Composer
from latentsweep.sweep.ending import end_sweep
from latentsweep.sweep.following import WAIT, follow_leader, tell, worker_ranks
from latentsweep.sweep.plan import Plan
from latentsweep.sweep.pruners import build_pruner
from latentsweep.sweep.queue import Queue
from latentsweep.sweep.samplers import SHARED_SEED, build_sampler
from latentsweep.sweep.storage import open_storage
from latentsweep.sweep.trial import (
    TrialSupervisor,
    metrics_of,
    reason,
    run_trial,
    title,
    trial_config,
    values_of,
)
from latentsweep.sweep.unshipped import unshipped_runs
from latentsweep.tracking.courier import LOG_NAME, Courier
from latentsweep.tracking.recorder import RunStatus
from latentsweep.training.interruption import Interruption
from latentsweep.training.ranks.errors import LOST_RANK_EXIT, RankLostError
from latentsweep.training.ranks.ranks import Ranks
from latentsweep.training.requeue import Requeue
from latentsweep.training.summary import RunSummary

_LONGEST_PAUSE_SECONDS = 2.0
_FIRST_PAUSE_SECONDS = 0.1
# How long the worker that lost a trial may take to leave its run's directory.
_BUSY_SECONDS = 2.0
# After a signal a scheduler kills in 30 s by default; what is not shipped then others ship.
_HURRIED_SECONDS = 3.0


@dataclass(frozen=True)
class WorkReport:
    """How a worker left.

    Attributes:
        signal: the signal that asked it to stop, or None.
        error: what stopped it, in a line, or "".
        mend: what to do about that, or "".
        unsynced: why MLflow does not hold everything, by run directory, relative to the sweep's.
    """

    signal: int | None = None
    error: str = ""
    mend: str = ""
    unsynced: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Worker:
    """The task that a Hydra launcher starts; it holds nothing that cannot be pickled.

    Attributes:
        plan: what to do.
        context: Hydra's, which composes the trials' configs.
        config: Hydra's config of the sweep.
    """

    plan: Plan
    context: HydraContext
    config: DictConfig

    def __call__(self, _: DictConfig) -> WorkReport:
        """Work until nothing is left to do, or a signal asks to stop.

        Raises:
            LatentsweepError: what stopped it, where nobody waits for the report.
        """
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        warnings.filterwarnings("ignore", module="optuna")
        with Requeue() as requeue:
            interruption = Interruption(patient=requeue.in_job)
            interruption.listen()
            # Before any trial is claimed: a rank that does not come is no trial's fault.
            ranks = worker_ranks(self.plan.sweep.ranks, self.plan.meeting_seconds)
            if not ranks.leads:
                follow_leader(ranks, interruption)
                return WorkReport(signal=interruption.signal)
            try:
                return self._work(interruption, ranks)
            finally:
                if interruption.signal is not None:
                    requeue.leave(interruption.signal)
                # Until here the others have waited: the first that ends may end the whole job.
                if not ranks.broken:
                    with suppress(RankLostError):  # it would have nothing more to do
                        tell(ranks, None)
                ranks.close()

    def _work(self, interruption: Interruption, ranks: Ranks) -> WorkReport:
        try:
            work = _Work(self, interruption, ranks)
            try:
                work.until_done()
            finally:
                unsynced = work.close()
        except RankLostError:
            # As if this worker had died, which it does now: whoever sees that takes its trial up.
            sys.exit(LOST_RANK_EXIT)
        except LatentsweepError as error:
            if self.plan.detached and interruption.signal is None:
                raise
            found = f" ({error.found})" if error.found else ""
            return WorkReport(error=f"{error.what}{found}", mend=error.mend)
        return WorkReport(signal=interruption.signal, unsynced=unsynced)

    def compose(self, overrides: list[str]) -> DictConfig:
        """Hydra's config with overrides."""
        loader = self.context.config_loader
        return loader.load_sweep_config(self.config, [*self.plan.fixed, *overrides])


class _Work:
    """What one worker does, while it lives."""

    def __init__(self, worker: Worker, interruption: Interruption, ranks: Ranks) -> None:
        self._ranks = ranks
        self._plan = plan = worker.plan
        self._interruption = interruption
        self._composer = Composer(worker.compose, plan.space)
        storage = open_storage(plan.sweep.storage, plan.directory, plan.workers, create=False)
        self._queue = Queue(storage, plan.study, plan.limits, plan.workers)
        tracking = self._composer.compose({}).tracking
        log = plan.directory / LOG_NAME
        self._courier = Courier(tracking, log) if tracking.uri else None
        self._courier_seconds = tracking.wait_seconds

    def until_done(self) -> None:
        """Run trials until all that are wanted are finished."""
        pause = _FIRST_PAUSE_SECONDS
        gc.freeze()  # what is imported stays; looking through it after each trial takes 0.3 s
        while not self._interruption.requested:
            claimed = self._queue.claim(on_lost=self._interruption.abandon)
            if claimed is not None:
                pause = _FIRST_PAUSE_SECONDS
                self._run(claimed)
            elif self._queue.stopped or self._queue.is_finished():
                break
            else:  # others' trials are running, and one of them may be lost
                tell(self._ranks, WAIT)
                until = time.monotonic() + pause * (0.5 + random.random())
                while self._wait(until):
                    pass
                pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)

    def close(self) -> dict[str, str]:
        """Wait until MLflow holds the record, and end the sweep if nobody else will.

        Returns:
            Why MLflow does not hold everything, by run directory, relative to the sweep's.
        """
        unsynced: dict[str, str] = {}
        hurried = self._interruption.signal is not None
        try:
            finished = self._queue.is_finished()
            done = not hurried and (finished or bool(self._queue.stopped))
            if done and self._courier:
                for run in unshipped_runs(self._trials(), self._plan.directory):
                    self._courier.end(run)
        finally:
            if self._courier:
                seconds = min(_HURRIED_SECONDS, self._courier_seconds)
                left = self._courier.close(seconds if hurried else self._courier_seconds)
                unsynced = {
                    run.relative_to(self._plan.directory).as_posix(): report.problem
                    for run, report in left.items()
                }
        if done and self._plan.detached:
            status = RunStatus.FINISHED if finished else RunStatus.FAILED
            end_sweep(self._plan, self._queue.storage, self._composer, status)
        return unsynced

    def _run(self, claimed: FrozenTrial) -> None:
        """Run one trial, and see that it ends in the one way that is right for it."""
        trial_id = claimed._trial_id
        study = self._study(claimed.number)
        try:
            summary = self._train(optuna.Trial(study, trial_id), claimed)
        except InterruptedTrainingError:
            self._queue.hand_back(trial_id)
        except RankLostError:  # no failure of the trial, which another worker takes up
            raise
        except RunBusyError as error:  # by a worker that was taken for dead and has not noticed
            self._queue.set_aside(trial_id, reason(error))
        except StorageError:
            self._queue.hand_back(trial_id)
            raise
        except Exception as error:  # whatever a model, its data or its config can raise
            self._queue.fail(trial_id, reason(error))
        else:
            self._queue.let_go()
            self._tell(study, claimed, summary)
        if self._ranks.broken:
            sys.exit(LOST_RANK_EXIT)
        self._interruption.withdraw()  # that trial is over, whoever ended it
        gc.collect()
        if torch.cuda.is_available():
            torch.cuda.empty_cache()

    def _train(self, trial: optuna.Trial, claimed: FrozenTrial) -> RunSummary:
        plan = self._plan
        params = plan.space.suggest(trial)
        overrides = [*plan.fixed, *plan.space.overrides(params)]
        config = trial_config(self._composer.compose(params), claimed, plan.directory)
        check(config, describe(config.data))
        supervisor = TrialSupervisor(
            trial,
            objectives=plan.sweep.objectives,
            directory=plan.directory,
            tags={
                "mlflow.runName": title(trial.number, params),
                "mlflow.source.name": "pipelines/sweep.py",
                "latentsweep.study": plan.study,
                "mlflow.parentRunId": plan.parent,
            },
            interruption=self._interruption,
            ranks=self._ranks,
            courier=self._courier,
        )
        until = time.monotonic() + _BUSY_SECONDS
        return run_trial(
            _with_threads(config, plan.threads),
            [text for text in overrides if not text.startswith("sweep.")],
            supervisor,
            wait=lambda: self._wait(until),
        )

    def _wait(self, until: float) -> bool:
        time.sleep(_FIRST_PAUSE_SECONDS)
        return time.monotonic() < until and not self._interruption.requested

    def _tell(self, study: optuna.Study, trial: FrozenTrial, summary: RunSummary) -> None:
        """Report the end; someone who took the trial for lost has the last word."""
        with suppress(UpdateFinishedTrialError):
            self._queue.storage.set_trial_user_attr(trial._trial_id, METRICS, metrics_of(summary))
            if summary.stopped_early:
                study.tell(trial.number, state=TrialState.PRUNED, skip_if_finished=True)
            else:
                values = values_of(summary, self._plan.sweep.objectives)
                study.tell(trial.number, values, skip_if_finished=True)

    def _trials(self) -> list[FrozenTrial]:
        study = optuna.load_study(study_name=self._plan.study, storage=self._queue.storage)
        return study.get_trials(deepcopy=False)

    def _study(self, number: int) -> optuna.Study:
        """The study with a sampler of this trial's own: no two workers sample alike."""
        sweep = self._plan.sweep
        own = () if sweep.sampler["name"] in SHARED_SEED else (number,)
        seed = seed_of(sweep.seed, Stream.SAMPLER, *own) % 2**32
        objectives = len(sweep.objectives)
        return optuna.load_study(
            study_name=self._plan.study,
            storage=self._queue.storage,
            sampler=build_sampler(sweep.sampler, seed, self._plan.space, objectives),
            pruner=build_pruner(sweep.pruner),
        )


def _with_threads(config: TrainConfig, threads: int) -> TrainConfig:
    if config.trainer.threads or not threads:
        return config
    return replace(config, trainer=replace(config.trainer, threads=threads))
