"""How many workers a machine bears."""

import pytest

from latentsweep.errors import ConfigError
from latentsweep.sweep.machine import cores, count_workers, threads_a_worker


@pytest.mark.parametrize(
    ("wanted", "trials", "local", "expected"),
    [(3, 30, False, 3), (64, 30, False, 30), (2, 1, True, 1), (1000, 1, True, 1)],
)
def test_no_more_workers_than_trials(wanted: int, trials: int, local: bool, expected: int) -> None:
    assert count_workers(wanted, trials, 1, local=local) == expected


def test_left_open_it_is_one_a_core_or_gpu() -> None:
    import torch

    devices = torch.cuda.device_count() or cores()
    assert count_workers(0, 10_000, 1, local=True) == devices
    assert count_workers(0, 10_000, 2, local=True) == max(1, devices // 2)


@pytest.mark.parametrize(
    ("wanted", "local", "says"),
    [(0, False, "sweep.workers is needed"), (1_000_000, True, "more than this machine bears")],
)
def test_a_number_that_cannot_work_is_refused(wanted: int, local: bool, says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        count_workers(wanted, 10**7, 1, local=local)


def test_workers_share_the_cores() -> None:
    assert threads_a_worker(1) == cores()
    assert threads_a_worker(10**6) == 1
