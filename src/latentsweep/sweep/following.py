"""A worker's ranks other than the first: they train what rank 0 tells them to."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import torch

from latentsweep.config import TrainConfig
from latentsweep.config.trainer import TrainerConfig
from latentsweep.data.splits import Splits
from latentsweep.errors import LatentsweepError
from latentsweep.sweep.shared_splits import placed_splits
from latentsweep.training.interruption import Interruption
from latentsweep.training.ranks.errors import LOST_RANK_EXIT
from latentsweep.training.ranks.opening import form_group
from latentsweep.training.ranks.placement import find_placement
from latentsweep.training.ranks.ranks import ALONE, Ranks
from latentsweep.training.run import train
from latentsweep.training.supervisor import Supervisor


@dataclass(frozen=True)
class TrialTask:
    """What all ranks of a worker train now.

    Attributes:
        config: of the trial.
        overrides: what a person gives for the same run.
    """

    config: TrainConfig
    overrides: tuple[str, ...]


# Said while there is nothing to do, so that nobody takes rank 0 for dead.
WAIT = "wait"
Task = TrialTask | str | None


def worker_ranks(count: int, meeting_seconds: float) -> Ranks:
    """The ranks of this worker, all of them present.

    Args:
        count: how many there should be.
        meeting_seconds: how long they wait for each other.

    Raises:
        LatentsweepError: they cannot meet, or are not so many.
    """
    if count == 1:
        return ALONE
    placement = find_placement()
    if placement is None or placement.size != count:
        raise LatentsweepError(
            "the launcher did not start this worker's ranks",
            found=f"{placement.size if placement else 1} processes",
            expected=f"sweep.ranks={count}",
            mend="hydra/launcher=latentsweep_local or latentsweep_slurm, or sweep.ranks=1",
        )
    return form_group(placement, meeting_seconds)


def tell(ranks: Ranks, task: Task) -> Task:
    """What rank 0 says between two trials, on every rank.

    Raises:
        RankLostError: one of them is gone.
    """
    with ranks.together():
        return ranks.from_leader(lambda: task)


class WorkerSupervisor(Supervisor):
    """Of a run on a worker's ranks; by itself that of ranks for which rank 0 decides everything.

    Args:
        ranks: the worker's.
        interruption: this process's own.
    """

    def __init__(self, ranks: Ranks, interruption: Interruption) -> None:
        super().__init__()
        self.interruption = interruption
        self._ranks = ranks

    @contextmanager
    def ranks(self, trainer: TrainerConfig) -> Iterator[Ranks]:
        """The worker's, which stay from trial to trial."""
        with self._ranks.together():
            yield self._ranks

    def splits(self, config: TrainConfig, device: torch.device, ranks: Ranks) -> Splits:
        """The data that earlier trials have read."""
        return placed_splits(config.data, config.seed, device, ranks)


def follow_leader(ranks: Ranks, interruption: Interruption) -> None:
    """Train trial after trial, as rank 0 says, until it says that there are no more.

    Raises:
        SystemExit: the connection to the other ranks is lost.
    """
    while True:
        with suppress(LatentsweepError):  # rank 0 tells of it
            task = tell(ranks, None)
            if task is None:
                return
            if isinstance(task, TrialTask):
                supervisor = WorkerSupervisor(ranks, interruption)
                train(task.config, list(task.overrides), supervisor)
        if ranks.broken:
            sys.exit(LOST_RANK_EXIT)
        interruption.withdraw()
