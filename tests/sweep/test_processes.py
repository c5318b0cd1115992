"""Jobs as forked processes: what they send, and what becomes of those that cannot."""

import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hydra import compose, initialize_config_dir
from hydra._internal.callbacks import Callbacks
from hydra.core.global_hydra import GlobalHydra
from hydra.core.utils import JobReturn
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig

from latentsweep.config.project import CONFIG_DIRECTORY
from latentsweep.errors import SweepError
from latentsweep.sweep.processes import run_jobs


@pytest.fixture
def started(tmp_path: Path) -> Iterator[Any]:
    """Runs a function as so many jobs."""
    place = [f"hydra.sweep.dir={tmp_path}"]
    with initialize_config_dir(str(CONFIG_DIRECTORY), version_base="1.3"):
        config = compose("sweep", overrides=place, return_hydra_config=True)
        context = HydraContext(GlobalHydra.instance().config_loader(), Callbacks(config))

        def run(task: TaskFunction, jobs: int = 2) -> list[JobReturn]:
            return run_jobs(context, task, config, [place] * jobs, 0)

        yield run


def test_results_of_any_size_come_back_in_the_order_of_the_jobs(started: Any) -> None:
    results = started(lambda _: "x" * 3_000_000)
    assert [len(result.return_value) for result in results] == [3_000_000] * 2


def test_exception_of_a_job_is_the_caller_s_to_see(started: Any) -> None:
    def fail(_: DictConfig) -> None:
        raise ValueError("seven")

    for result in started(fail):
        with pytest.raises(SweepError, match="ValueError: seven"):
            _ = result.return_value


def test_result_that_cannot_be_sent_is_an_error_and_no_reason_to_start_again(
    started: Any, tmp_path: Path
) -> None:
    def answer(_: DictConfig) -> Any:
        with (tmp_path / "starts").open("a") as file:
            file.write("x")
        return threading.Lock()

    (result,) = started(answer, jobs=1)
    with pytest.raises(SweepError, match="pickle"):
        _ = result.return_value
    assert (tmp_path / "starts").read_text() == "x"


def test_killed_job_is_started_again_but_not_for_ever(started: Any, tmp_path: Path) -> None:
    def die(_: DictConfig) -> None:
        with (tmp_path / "starts").open("a") as file:
            file.write("x")
        os.kill(os.getpid(), signal.SIGKILL)

    (result,) = started(die, jobs=1)
    with pytest.raises(SweepError, match="again and again"):
        _ = result.return_value
    assert (tmp_path / "starts").read_text() == "x" * 6
