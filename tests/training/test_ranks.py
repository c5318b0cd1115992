"""Several ranks give the answer of one, leave together, and lose nothing, whatever befalls them."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from latentsweep.config.project import ROOT
from latentsweep.training.ranks.errors import LOST_RANK_EXIT

# What the issue of ranks asks for: float32 sums in another order.
LOSS, ELBO = 1e-5, 0.01
PREEMPTIONS = 50


def forked(directory: Path, *arguments: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "tests.training.forked_ranks", str(directory), *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    report: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return report


CASES = {
    "warm-up": ["trainer.max_epochs=10"],
    "capacity": ["kl_schedule=capacity", "kl_schedule.max_capacity=5.0", "kl_schedule.steps=20"],
    "convolutions, free bits": [
        *("network=conv", "network.hidden_size=16", "likelihood=gaussian", "model.free_bits=0.5")
    ],
    "shuffled codes, discriminator": [
        # A few steps: a discriminator's training doubles a rounding's difference at each later one.
        *("model=factor_vae", "batch_size=512", "trainer.max_epochs=1")
    ],
}


@pytest.mark.parametrize("case", CASES)
def test_two_and_four_ranks_agree_with_one(tmp_path: Path, case: str) -> None:
    report = forked(tmp_path, "same", *CASES[case])
    for ranks in ("2", "4"):
        assert report[ranks]["loss"] < LOSS
        assert report[ranks]["elbo"] < ELBO
    if case == "warm-up":
        assert report["2"]["losses"] == 110


def test_run_that_goes_on_with_other_numbers_of_ranks_agrees(tmp_path: Path) -> None:
    report = forked(tmp_path, "devices")
    assert set(report["codes"]) == {143}
    assert report["loss"] < LOSS
    assert report["elbo"] < ELBO


@pytest.fixture(scope="module")
def preempted(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return forked(tmp_path_factory.mktemp("preempted"), "preempt", str(PREEMPTIONS), "0")


def test_fifty_preemptions_at_random_moments_change_no_bit(preempted: dict[str, Any]) -> None:
    assert len(preempted["codes"]) == PREEMPTIONS
    assert preempted["differing"] == []


def test_preempted_ranks_leave_with_the_same_code_and_never_with_success(
    preempted: dict[str, Any],
) -> None:
    for number, first, second in preempted["codes"]:
        expected = 128 + number if number == 15 else preempted["requeue"]
        assert first == second == expected


def test_every_preemption_is_on_record(preempted: dict[str, Any]) -> None:
    *before, last = preempted["ended"]
    assert last == "finished"
    assert len(before) == PREEMPTIONS
    assert set(before) == {"pre-empted", "interrupted"}


def test_four_ranks_go_on_to_the_bit(tmp_path: Path) -> None:
    # The order of several summands shows in the sum; that of two does not.
    report = forked(tmp_path, "preempt", "4", "1", "4")
    assert report["differing"] == []


def test_rank_that_is_killed_takes_the_other_along_and_nothing_is_lost(tmp_path: Path) -> None:
    report = forked(tmp_path, "kill", "0")
    assert report["codes"] == [[-9, LOST_RANK_EXIT], [LOST_RANK_EXIT, -9]]
    assert max(report["seconds"]) < 30
    assert report["differing"] == []


FAILURES = {
    "code": ("the ranks do not have the same code", 2, []),
    "data": ("the ranks do not have the same data", 2, []),
    "bug": ("rank 1 on", 1, ["failed"]),
    "disk": ("cannot write the checkpoint", 1, ["failed"]),
}


@pytest.mark.parametrize("how", FAILURES)
def test_what_is_wrong_with_one_rank_is_said_once(tmp_path: Path, how: str) -> None:
    message, code, ended = FAILURES[how]
    report = forked(tmp_path / how, "fail", how)
    assert report["codes"] == [code, code]
    assert report["said"].count("latentsweep: ") == 1
    assert f"latentsweep: {message}" in report["said"]
    assert report["ended"] == ended
    # Nobody waits for a rank that has failed, though its error's frames hold its connections.
    assert report["seconds"] < 30
    # A bug shows where it is.
    assert report["said"].count("Traceback") == (1 if how == "bug" else 0)
