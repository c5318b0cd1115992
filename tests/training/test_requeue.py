"""What a worker on a cluster does with the scheduler's signals."""

import os
import signal
from collections.abc import Iterator

import pytest

from latentsweep.training import requeue
from latentsweep.training.interruption import Interruption
from latentsweep.training.requeue import Requeue

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2)


@pytest.fixture(autouse=True)
def _handlers_as_before() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in _SIGNALS}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture
def requeued() -> list[int]:
    """The signals that submitit was given, in a job of its own."""
    given: list[int] = []
    signal.signal(signal.SIGUSR2, lambda number, _: given.append(number))
    return given


@pytest.mark.parametrize(
    ("number", "preempted", "expected"),
    [
        (signal.SIGUSR2, False, [signal.SIGUSR2]),
        (signal.SIGTERM, True, [signal.SIGUSR2]),
        (signal.SIGTERM, False, []),
    ],
    ids=["warned", "pre-empted", "cancelled"],
)
def test_job_is_queued_again_unless_it_was_cancelled(
    requeued: list[int],
    monkeypatch: pytest.MonkeyPatch,
    number: int,
    preempted: bool,
    expected: list[int],
) -> None:
    monkeypatch.setattr(requeue, "preempted", lambda: preempted)
    with Requeue() as job:
        Interruption(patient=job.in_job).listen()
        os.kill(os.getpid(), signal.SIGUSR2)
        assert requeued == [], "not before the worker has left its trial"
        job.leave(number)
    assert requeued == expected


def test_submitit_has_its_signal_back_afterwards(requeued: list[int]) -> None:
    with Requeue() as job:
        Interruption(patient=job.in_job).listen()
    os.kill(os.getpid(), signal.SIGUSR2)
    assert requeued == [signal.SIGUSR2]


def test_without_submitit_nothing_is_queued_again(monkeypatch: pytest.MonkeyPatch) -> None:
    signal.signal(signal.SIGUSR2, signal.SIG_DFL)
    monkeypatch.setattr(requeue, "preempted", lambda: pytest.fail("nobody is to be asked"))
    with Requeue() as job:
        assert not job.in_job
        job.leave(signal.SIGTERM)


@pytest.mark.usefixtures("requeued")
def test_first_of_a_schedulers_signals_counts_and_none_ends_the_worker() -> None:
    with Requeue() as job:
        interruption = Interruption(patient=job.in_job)
        interruption.listen()
        for number in (signal.SIGUSR2, signal.SIGTERM, signal.SIGTERM):
            os.kill(os.getpid(), number)
        assert interruption.signal == signal.SIGUSR2


def test_outside_a_cluster_the_second_signal_ends_the_process() -> None:
    interruption = Interruption()
    interruption.listen()
    os.kill(os.getpid(), signal.SIGTERM)
    assert interruption.requested
    assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL
