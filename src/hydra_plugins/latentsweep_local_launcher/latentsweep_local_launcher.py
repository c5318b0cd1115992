"""Starts jobs as processes of this machine; all else is in `latentsweep.sweep.processes`."""

from collections.abc import Sequence
from dataclasses import dataclass

from hydra.core.config_store import ConfigStore
from hydra.core.utils import JobReturn
from hydra.plugins.launcher import Launcher
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig


@dataclass
class LatentsweepLocalLauncherConf:
    """`hydra/launcher=latentsweep_local`."""

    _target_: str = (
        "hydra_plugins.latentsweep_local_launcher.latentsweep_local_launcher"
        ".LatentsweepLocalLauncher"
    )


ConfigStore.instance().store(
    group="hydra/launcher",
    name="latentsweep_local",
    node=LatentsweepLocalLauncherConf,
    provider="latentsweep_local_launcher",
)


class LatentsweepLocalLauncher(Launcher):
    """Forks this process once a job, so that jobs share what it has read; replaces killed ones."""

    def setup(
        self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig
    ) -> None:
        """Take what Hydra gives."""
        self.hydra_context = hydra_context
        self.task_function = task_function
        self.config: DictConfig = config

    def launch(
        self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int
    ) -> Sequence[JobReturn]:
        """Run all jobs at once and wait for them."""
        from latentsweep.sweep.processes import run_jobs

        return run_jobs(
            self.hydra_context,
            self.task_function,
            self.config,
            [list(overrides) for overrides in job_overrides],
            initial_job_idx,
        )
