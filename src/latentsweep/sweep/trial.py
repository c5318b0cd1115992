"""One trial: a training run that reports each validation to Optuna and may be pruned there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import optuna
from optuna.exceptions import UpdateFinishedTrialError

from latentsweep.config import TrainConfig
from latentsweep.config.tracking import TrackingConfig
from latentsweep.config.typed import first_line
from latentsweep.errors import RunBusyError
from latentsweep.sweep.attributes import EPOCHS, RUN, SLOT
from latentsweep.sweep.following import TrialTask, WorkerSupervisor, tell
from latentsweep.tracking.courier import Courier
from latentsweep.tracking.nesting import TRIALS_FOLDER
from latentsweep.tracking.session import Shipping
from latentsweep.training.interruption import Interruption
from latentsweep.training.ranks.ranks import Ranks
from latentsweep.training.run import train
from latentsweep.training.summary import RunSummary

STATE_TAG = "optuna.trial.state"


class TrialSupervisor(WorkerSupervisor):
    """Stands between one run and one trial.

    Args:
        trial: the trial.
        objectives: metrics that are optimised, with their split.
        directory: the sweep's.
        tags: what every trial of the sweep is tagged with in MLflow.
        interruption: the worker's own.
        ranks: the worker's.
        courier: ships the records; None with `tracking=off`.
    """

    exports_model = False  # of the best trial alone, once the sweep has ended

    def __init__(
        self,
        trial: optuna.Trial,
        *,
        objectives: tuple[str, ...],
        directory: Path,
        tags: Mapping[str, str],
        interruption: Interruption,
        ranks: Ranks,
        courier: Courier | None,
    ) -> None:
        super().__init__(ranks, interruption)
        self._trial = trial
        self._objectives = objectives
        self._directory = directory
        self._tags = tags
        self._courier = courier

    def share(self, task: TrialTask) -> None:
        """Have the worker's other ranks train the same."""
        tell(self._ranks, task)

    def shipper(self, run_dir: Path, tracking: TrackingConfig) -> Shipping | None:
        """The worker's."""
        return self._courier.shipper(run_dir) if self._courier else None

    def began(self, run_dir: Path) -> dict[str, str]:
        """Note where the run is, and tag it as this trial's."""
        relative = run_dir.absolute().relative_to(self._directory).as_posix()
        self._trial.set_user_attr(RUN, relative)
        return {
            **self._tags,
            "optuna.trial.number": str(self._trial.number),
            STATE_TAG: "RUNNING",
        }

    def validated(self, epoch: int, metrics: Mapping[str, float]) -> bool:
        """Report the objective; a sweep with several of them knows no pruning."""
        try:
            if len(self._objectives) > 1:
                self._trial.set_user_attr(EPOCHS, epoch)  # Optuna takes no reports of several
                return False
            self._trial.report(metrics[self._objectives[0].removeprefix("val/")], epoch)
        except UpdateFinishedTrialError:  # another worker has taken this one for dead
            self.interruption.abandon()
            return False
        return self._trial.should_prune()

    def ship_leftovers(self, config: TrainConfig, run_dir: Path) -> None:
        """The sweep's own process does that."""

    def ended(self, *, stopped: bool) -> dict[str, str]:
        """Tag the run with how the trial ended."""
        return {STATE_TAG: "PRUNED" if stopped else "COMPLETE"}

    def failed(self, error: Exception) -> dict[str, str]:
        """Tag the run with how the trial ended."""
        return {STATE_TAG: "FAIL"}


def run_trial(
    config: TrainConfig, overrides: list[str], supervisor: TrialSupervisor, wait: Callable[[], bool]
) -> RunSummary:
    """Train one trial to its end.

    Args:
        config: of the trial.
        overrides: what a person gives for the same run.
        supervisor: of the trial.
        wait: waits a little for the run's directory, which a worker that lost the trial may not
            have left yet; False: no more.

    Raises:
        LatentsweepError: the run could not be trained to its end.
    """
    task = TrialTask(config, tuple(overrides))
    while True:
        supervisor.share(task)
        try:
            return train(config, overrides, supervisor)
        except RunBusyError:
            if not wait():
                raise


def trial_config(
    config: TrainConfig, trial: optuna.trial.FrozenTrial, directory: Path
) -> TrainConfig:
    """The config of a trial's run, in a directory of its slot's own."""
    folder = directory / TRIALS_FOLDER / f"{trial.user_attrs[SLOT]:04d}"
    return replace(config, output_dir=str(folder), resume="auto")


def title(number: int, params: Mapping[str, object]) -> str:
    """A trial's name in MLflow: its number and its parameters, without their groups."""
    values = {key.rpartition(".")[2]: value for key, value in params.items()}
    shown = [f"{k}={v:.3g}" if isinstance(v, float) else f"{k}={v}" for k, v in values.items()]
    return f"trial {number}: {' '.join(shown)}"


def values_of(summary: RunSummary, objectives: tuple[str, ...]) -> list[float]:
    """The objectives' values after the last epoch."""
    return [summary.validation[name.removeprefix("val/")] for name in objectives]


def metrics_of(summary: RunSummary) -> dict[str, float]:
    """All metrics of the validation split after the last epoch, by name with the split's."""
    return {f"val/{name}": value for name, value in summary.validation.items()}


def reason(error: BaseException) -> str:
    """An error in one line, with its kind where it is none that a user is meant to see."""
    return f"{type(error).__name__}: {first_line(error)}"
