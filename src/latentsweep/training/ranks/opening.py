"""The ranks that a config asks for, or that a command was started as."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from latentsweep.config.trainer import TrainerConfig
from latentsweep.errors import ConfigError
from latentsweep.training.parent_process import end_with
from latentsweep.training.ranks.errors import QuietError
from latentsweep.training.ranks.group import RankGroup
from latentsweep.training.ranks.placement import (
    LAUNCHER,
    Placement,
    find_placement,
    required_placement,
)
from latentsweep.training.ranks.ranks import ALONE, Ranks
from latentsweep.training.ranks.torchrun import mark_finished

_MEETING_SECONDS = 60.0


def open_ranks(config: TrainerConfig) -> Ranks:
    """The ranks that this process belongs to, all of them present.

    Raises:
        ConfigError: none were started for `trainer=ddp`, or some were for another trainer.
        MeetingError: they cannot meet.
    """
    if config.name == "ddp":
        if LAUNCHER in os.environ:
            end_with(int(os.environ[LAUNCHER]), signal.SIGTERM)
        return form_group(required_placement(), config.meeting_seconds)
    # Tasks of srun may well be runs of their own.
    placement = find_placement() if "RANK" in os.environ else None
    if placement and placement.size > 1:
        if placement.rank:
            raise QuietError(ConfigError.exit_code)
        raise ConfigError(
            f"trainer={config.name} trains in one process",
            found=f"{placement.size} ranks",
            mend="trainer=ddp",
        )
    return ALONE


@contextmanager
def started_ranks() -> Iterator[Ranks]:
    """The ranks that `run_ranks` has started this process among; none but itself where it has not.

    Raises:
        LatentsweepError: they cannot meet, or one of them failed.
    """
    if LAUNCHER not in os.environ:
        yield ALONE
        return
    end_with(int(os.environ[LAUNCHER]), signal.SIGTERM)
    with until_done(form_group(required_placement(), _MEETING_SECONDS)) as ranks:
        yield ranks


@contextmanager
def until_done(ranks: Ranks) -> Iterator[Ranks]:
    """The ranks, within whose work none waits in vain; afterwards they part.

    Raises:
        LatentsweepError: one of them failed.
    """
    try:
        with ranks.together():
            yield ranks
        if ranks.leads:
            mark_finished()
    finally:
        ranks.close()


def form_group(placement: Placement, seconds: float) -> Ranks:
    """The ranks that meet as `placement` says.

    Raises:
        MeetingError: they cannot meet.
    """
    if placement.size == 1:
        return ALONE
    return RankGroup(placement, cuda=torch.cuda.is_available(), seconds=seconds)
