"""A worker's ranks between two trials, and what they share."""

import subprocess
import sys
from typing import TypeVar

import pytest
import torch

from latentsweep.config import TrainConfig
from latentsweep.config.compose import compose
from latentsweep.config.project import CONFIG_DIRECTORY, ROOT
from latentsweep.config.typed import typed
from latentsweep.errors import ConfigError
from latentsweep.sweep import shared_splits
from latentsweep.sweep.machine import count_workers
from latentsweep.training.ranks.ranks import Ranks

T = TypeVar("T")

_KILLED_BETWEEN_TRIALS = """
import os, signal, sys
from latentsweep.sweep.following import WAIT, follow_leader, tell, worker_ranks
from latentsweep.sweep.forked_ranks import forked_ranks
from latentsweep.training.interruption import Interruption
from latentsweep.training.ranks.errors import RankLostError
from tests.pipelines.small_ranks import ranks_of

with forked_ranks(2) as rank:
    ranks = worker_ranks(2, 30.0)
    if rank:
        follow_leader(ranks, Interruption())
    else:
        tell(ranks, WAIT)
        os.kill(ranks_of(os.getpid())[0], signal.SIGKILL)
        try:
            tell(ranks, WAIT)
        except RankLostError:
            print("lost, broken:", ranks.broken)
"""


def test_rank_that_is_killed_between_two_trials_is_lost_and_no_trial_fails() -> None:
    command = [sys.executable, "-c", _KILLED_BETWEEN_TRIALS]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=90)
    assert "lost, broken: True" in done.stdout, done.stderr


class _FirstOfTwo(Ranks):
    size = 2

    def of_all(self, value: T) -> list[T]:
        return [value, value]


def test_ranks_share_data_that_was_not_read_before_they_were_forked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def config(seed: int) -> TrainConfig:
        return typed(compose(CONFIG_DIRECTORY, "train", ["data=digits", f"seed={seed}"]))

    shared = []

    def one_copy(_: Ranks, load: object) -> object:
        shared.append(load)
        return load()  # type: ignore[operator]

    monkeypatch.setattr(shared_splits, "one_copy_a_machine", one_copy)
    shared_splits.read_splits(config(0).data, 0)
    ranks = _FirstOfTwo()
    for seed, times in ((0, 0), (1, 1)):
        shared_splits.placed_splits(config(seed).data, seed, torch.device("cpu"), ranks)
        assert len(shared) == times


def test_ranks_of_trials_are_not_given_one_gpu_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert count_workers(0, 9, 2, local=True) == 1
    assert count_workers(4, 9, 1, local=True) == 4  # processes of their own may share one
    for workers, ranks in ((0, 4), (2, 2)):
        with pytest.raises(ConfigError, match="a GPU of its own"):
            count_workers(workers, 9, ranks, local=True)
