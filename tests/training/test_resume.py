"""A run that was killed and resumed equals the run that was never killed, to the bit."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

DRIVER = Path(__file__).with_name("kill_and_resume.py")
# Three epochs of eleven steps, a checkpoint every four: before the first checkpoint, between two,
# on an epoch's last step, in validation, around the end of an epoch, in every phase of a write.
MOMENTS = [
    "training_step:1",
    "step_done:6",
    "step_done:11",
    "validation:2",
    "validated:1",
    "epoch_end:2",
    "epoch_end:3",
    "checkpoint_begun:3",
    "checkpoint_written:4",
    "checkpoint_renamed:2",
    "step_done:5+step_done:5+epoch_end:1",
]


CONV_MOMENTS = ["step_done:6", "checkpoint_written:2"]
Report = dict[str, dict[str, object]]


def kill_at(directory: Path, case: str, moments: list[str]) -> Report:
    done = subprocess.run(
        [sys.executable, str(DRIVER), str(directory), case, *moments],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    content: Report = json.loads(done.stdout.splitlines()[-1])
    return content


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Report:
    return kill_at(tmp_path_factory.mktemp("mlp"), "mlp", MOMENTS)


@pytest.fixture(scope="module")
def conv_report(tmp_path_factory: pytest.TempPathFactory) -> Report:
    return kill_at(tmp_path_factory.mktemp("conv"), "conv", CONV_MOMENTS)


def test_undisturbed_run_trains_every_step(report: Report) -> None:
    assert report["undisturbed"]["steps"] == 33


@pytest.mark.parametrize("moment", MOMENTS)
def test_killed_and_resumed_run_equals_undisturbed_one(report: Report, moment: str) -> None:
    assert report[moment]["kills"] == [9] * len(moment.split("+"))
    assert report[moment]["differing"] == []


@pytest.mark.parametrize("moment", CONV_MOMENTS)
def test_killed_convolutional_run_on_two_threads_equals_undisturbed_one(
    conv_report: Report, moment: str
) -> None:
    assert conv_report[moment] == {"kills": [9], "differing": []}
