"""Shipping stays out of training's way: its priority, its rests, and when neither counts."""

import os
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from latentsweep.config.tracking import TrackingConfig
from latentsweep.tracking.courier import Courier
from latentsweep.tracking.gentle_thread import GentleThread
from latentsweep.tracking.instructions import Instruction
from latentsweep.tracking.synchroniser import Synchroniser


class _Trainer:
    gone = False

    def instructions(self, wait: float | None) -> list[Instruction]:
        del wait
        return []


class _Delivery:
    """One that always has more to ship, and tells who shipped it."""

    due = 0.0
    done = False
    complete = False
    busy = False

    def __init__(self) -> None:
        self.threads: list[int] = []

    def step(self) -> bool:
        self.threads.append(threading.get_native_id())
        time.sleep(0.05)
        return True


@pytest.fixture
def synchroniser() -> Synchroniser:
    made = Synchroniser(_Trainer(), "sqlite:///unused.db", "tests", 1.0)
    made._deliveries[Path("run")] = _Delivery()  # type: ignore[assignment]
    return made


def _threads(synchroniser: Synchroniser) -> list[int]:
    (delivery,) = synchroniser._deliveries.values()
    assert isinstance(delivery, _Delivery)
    return delivery.threads


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere priority is the process's")
def test_only_the_gentle_thread_gives_way() -> None:
    gentle = GentleThread()
    assert gentle.call(lambda: os.sched_getscheduler(threading.get_native_id())) == os.SCHED_IDLE
    assert os.sched_getscheduler(threading.get_native_id()) == os.SCHED_OTHER


def test_where_priorities_are_forbidden_it_works_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def forbid(*_: object) -> None:
        raise PermissionError("not here")

    monkeypatch.setattr(os, "sched_setscheduler", forbid)
    assert GentleThread().call(lambda: 7) == 7


def test_what_the_gentle_thread_raises_arrives() -> None:
    with pytest.raises(ZeroDivisionError):
        GentleThread().call(lambda: 1 // 0)


def test_first_step_is_not_gentle_and_those_after_it_are(synchroniser: Synchroniser) -> None:
    synchroniser._step()
    synchroniser._rests_until = 0.0
    synchroniser._step()
    first, second = _threads(synchroniser)
    assert first == threading.get_native_id() != second


def test_a_gentle_step_is_followed_by_a_rest_as_long(synchroniser: Synchroniser) -> None:
    synchroniser._step()
    synchroniser._rests_until = 0.0
    began = time.monotonic()
    synchroniser._step()
    ended = time.monotonic()
    worked = synchroniser._rests_until - ended  # but for what lies between two looks at the clock
    assert 0.0 < worked <= ended - began
    synchroniser._rests_until = ended + 1000.0
    assert not synchroniser._step(), "it rests"
    assert len(_threads(synchroniser)) == 2


def test_after_a_gentle_step_that_starved_the_next_one_is_not_gentle(
    synchroniser: Synchroniser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("latentsweep.tracking.synchroniser._STARVED", 0.01)
    for _ in range(4):
        synchroniser._rests_until = 0.0
        synchroniser._step()
    own = threading.get_native_id()
    assert [thread == own for thread in _threads(synchroniser)] == [True, False, True, False]


def test_without_a_trainer_there_is_no_rest_and_no_gentleness(synchroniser: Synchroniser) -> None:
    synchroniser._step()
    synchroniser._rests_until = 0.0
    synchroniser._step()
    synchroniser._trainer.gone = True
    assert not synchroniser._idle_seconds()
    assert synchroniser._step()
    assert _threads(synchroniser)[-1] == threading.get_native_id()


def test_the_process_is_in_the_trainers_session_but_not_in_its_group(
    tmp_path: Path, uri: str, config: Callable[..., TrackingConfig]
) -> None:
    courier: Any = Courier(config("local", uri), tmp_path / "synchroniser.log")
    try:
        pid = courier._process.pid
        assert os.getsid(pid) == os.getsid(0), "priorities count within a session alone"
        assert os.getpgid(pid) == pid, "Ctrl-C does not reach it"
    finally:
        assert courier.close(60) == {}
