from collections.abc import Callable
from types import ModuleType

import pytest


@pytest.fixture
def worker_time(benchmark: Callable[[str], ModuleType]) -> ModuleType:
    return benchmark("worker_time")


def test_time_of_batches_counts_the_wait_at_each_batch_end(worker_time: ModuleType) -> None:
    times = worker_time.TrialTimes
    # Three trials in batches of two: the second batch leaves a worker without any.
    trials = [times("a", 110, 120), times("b", 112, 118), times("a", 121, 131)]
    time = worker_time.of_batches(trials, workers=2, started=100, ended=133)
    assert time.starting == (10 + 12) / 2
    assert time.training == (10 + 6 + 10) / 2
    assert time.between == 1 / 2
    assert time.waiting == (2 + 11) / 2
    assert time.stopping == 2


def test_time_of_a_queue_counts_waiting_only_at_its_end(worker_time: ModuleType) -> None:
    times = worker_time.TrialTimes
    trials = [times("a", 110, 120), times("b", 112, 118), times("b", 119, 131)]
    time = worker_time.of_queue(trials, workers=2, started=100, ended=133)
    assert time.starting == (10 + 12) / 2
    assert time.training == (10 + 6 + 12) / 2
    assert time.between == 1 / 2
    assert time.waiting == 11 / 2
    assert time.stopping == 2


def test_gap_is_from_a_trials_end_to_its_own_workers_next_first_step(
    worker_time: ModuleType,
) -> None:
    times = worker_time.TrialTimes
    trials = [times("a", 5, 9), times("b", 9.5, 12), times("a", 10, 11), times("a", 13, 15)]
    assert worker_time.longest_gap(trials) == 2
    assert worker_time.longest_gap(trials[:2]) == 0


@pytest.mark.parametrize("account", ["of_batches", "of_queue"])
def test_a_workers_times_add_up_to_the_wall_time(worker_time: ModuleType, account: str) -> None:
    times = worker_time.TrialTimes
    trials = [times("a", 3, 9), times("b", 4, 10), times("b", 12, 14.5), times("a", 11, 18)]
    time = getattr(worker_time, account)(trials, workers=2, started=0, ended=20.25)
    parts = (time.starting, time.training, time.between, time.waiting, time.stopping)
    assert sum(parts) == pytest.approx(20.25)
