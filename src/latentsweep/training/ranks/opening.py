"""The ranks that a config asks for."""

import os

import torch

from latentsweep.config.trainer import TrainerConfig
from latentsweep.errors import ConfigError
from latentsweep.training.ranks.group import RankGroup
from latentsweep.training.ranks.placement import Placement, find_placement
from latentsweep.training.ranks.ranks import ALONE, Ranks


def open_ranks(config: TrainerConfig) -> Ranks:
    """The ranks that this process belongs to, all of them present.

    Raises:
        ConfigError: none were started for `trainer=ddp`, or some were for another trainer.
        MeetingError: they cannot meet.
    """
    if config.name != "ddp":
        # Tasks of srun may well be runs of their own.
        placement = find_placement() if "RANK" in os.environ else None
        if placement and placement.size > 1:
            raise ConfigError(
                f"trainer={config.name} trains in one process",
                found=f"{placement.size} ranks",
                mend="trainer=ddp",
            )
        return ALONE
    placement = find_placement()
    if placement is None:
        raise ConfigError(
            "trainer=ddp needs ranks that are started from outside",
            found="one process by itself",
            expected="the ranks of torchrun or srun",
            mend="make train DEVICES=2, make train CLUSTER=slurm NODES=2, or trainer=auto",
        )
    return form_group(placement, config.meeting_seconds)


def form_group(placement: Placement, seconds: float) -> Ranks:
    """The ranks that meet as `placement` says.

    Raises:
        MeetingError: they cannot meet.
    """
    if placement.size == 1:
        return ALONE
    return RankGroup(placement, cuda=torch.cuda.is_available(), seconds=seconds)
