"""What ranks find out about each other before they train, and when one of them fails."""

import os
import subprocess
import sys
from typing import Any, TypeVar

import pytest

from latentsweep.config.project import ROOT
from latentsweep.errors import ConfigError
from latentsweep.training.cores import cores
from latentsweep.training.device import set_threads
from latentsweep.training.ranks.agreement import refuse_too_few
from latentsweep.training.ranks.ranks import Ranks
from tests.ports import free_port

from .conftest import Small

T = TypeVar("T")


class Four(Ranks):
    """The first of four ranks, whose others say what they are told to."""

    size = local_size = 4

    def __init__(self, others: Any) -> None:
        self._others = others

    def of_all(self, value: T) -> list[T]:
        return [value, *[self._others or value] * 3]


def test_ranks_that_have_the_same_cores_share_them(small: Small) -> None:
    trainer = small("trainer.threads=0").trainer
    before = set_threads(small().trainer)
    try:
        assert set_threads(trainer, Four(None)) == max(1, cores() // 4)
        assert set_threads(trainer, Four(("another node", (0, 1)))) == cores()
        bound = (os.uname().nodename, (98, 99))
        assert set_threads(trainer, Four(bound)) == cores()
    finally:
        set_threads(small(f"trainer.threads={before}").trainer)


def test_validation_split_of_which_a_rank_has_nothing_is_refused() -> None:
    refuse_too_few(4, Four(None))
    with pytest.raises(ConfigError, match="cannot share the validation split") as refused:
        refuse_too_few(3, Four(None))
    assert refused.value.common


_LEADER_FAILS_FIRST = """
import sys, time
from latentsweep.command import errors_to_terminal
from latentsweep.training.ranks.group import RankGroup
from latentsweep.training.ranks.placement import required_placement

ranks = RankGroup(required_placement(), cuda=False, seconds=30)
with errors_to_terminal(), ranks.together():
    if ranks.leads:
        raise ValueError("a bug")
    time.sleep(1.5)  # busy with a step, while rank 0 leaves and takes the store along
    ranks.of_all(None)
"""


def test_bug_of_rank_0_is_not_taken_for_a_lost_rank_by_one_that_is_late() -> None:
    place = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(free_port()), "WORLD_SIZE": "2"}
    started = [
        subprocess.Popen(
            [sys.executable, "-c", _LEADER_FAILS_FIRST],
            cwd=ROOT,
            env={**os.environ, **place, "RANK": str(rank), "LOCAL_RANK": str(rank)},
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in range(2)
    ]
    said = [rank.communicate(timeout=90)[1] for rank in started]
    assert [rank.returncode for rank in started] == [1, 1], said
    assert "a bug" in said[0]
    assert "a bug" not in said[1]
