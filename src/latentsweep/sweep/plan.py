"""What the workers of a sweep are told, once it is known to be sound."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from latentsweep.config.sweep import SweepConfig
from latentsweep.sweep.limits import Limits
from latentsweep.sweep.space import SearchSpace


@dataclass(frozen=True)
class Plan:
    """A sweep that is under way.

    Attributes:
        study: name of the study.
        directory: the sweep's, absolute.
        sweep: its settings.
        space: what is searched.
        fixed: overrides of every trial.
        parent: id of MLflow's parent run; "" with `tracking=off`.
        workers: how many there are.
        threads: of PyTorch, a rank; 0: one a core that it may use.
        meeting_seconds: how long a worker's ranks wait for each other.
        detached: whether nobody waits for the workers, so that the last one ends the sweep.
    """

    study: str
    directory: Path
    sweep: SweepConfig
    space: SearchSpace
    fixed: tuple[str, ...]
    parent: str
    workers: int
    threads: int
    meeting_seconds: float
    detached: bool

    @property
    def limits(self) -> Limits:
        """What the queue bears."""
        return Limits(
            lease_seconds=self.sweep.lease_seconds,
            max_resumptions=self.sweep.max_resumptions,
            max_failure_rate=self.sweep.max_failure_rate,
        )
