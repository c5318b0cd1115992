"""The sweeper as Hydra sees it. Hydra imports this at every start: nothing heavy here."""

from dataclasses import dataclass
from typing import Any

from hydra.core.config_store import ConfigStore
from hydra.plugins.sweeper import Sweeper
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig


@dataclass
class LatentsweepSweeperConf:
    """`hydra/sweeper=latentsweep`; what it is told stands in the `sweep` part of the config."""

    _target_: str = "hydra_plugins.latentsweep_sweeper.latentsweep_sweeper.LatentsweepSweeper"


ConfigStore.instance().store(
    group="hydra/sweeper",
    name="latentsweep",
    node=LatentsweepSweeperConf,
    provider="latentsweep_sweeper",
)


class LatentsweepSweeper(Sweeper):
    """Asynchronous sweeps of training runs, with pruning, by workers that stay alive."""

    def setup(
        self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig
    ) -> None:
        """Take what Hydra gives; the task is always a training run, so its function is unused."""
        self._context = hydra_context
        self.config: DictConfig = config

    def sweep(self, arguments: list[str]) -> Any:
        """Run the whole sweep; an error that a user can mend ends the process with its message."""
        from latentsweep.command import errors_to_terminal
        from latentsweep.sweep.launch import run_sweep

        with errors_to_terminal():
            run_sweep(self._context, self.config, arguments)
