"""What the launcher of ranks answers to a signal that comes late."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from latentsweep.config.project import ROOT

_LAUNCHER = """
import sys
from latentsweep.training.ranks.torchrun import run_ranks
sys.exit(run_ranks([sys.executable, *sys.argv[1:]], 1))
"""
_RANK = """
import pathlib, sys, time
from latentsweep.training.ranks.torchrun import mark_finished
if sys.argv[1] == "finished":
    mark_finished()
pathlib.Path(sys.argv[2]).touch()
time.sleep(60)
"""


@pytest.mark.parametrize(("state", "code"), [("finished", 0), ("training", 143)])
def test_signal_is_answered_by_how_far_the_run_is(tmp_path: Path, state: str, code: int) -> None:
    script, there = tmp_path / "rank.py", tmp_path / "there"
    script.write_text(_RANK)
    command = [sys.executable, "-c", _LAUNCHER, str(script), state, str(there)]
    with subprocess.Popen(command, cwd=ROOT) as launcher:
        until = time.monotonic() + 60
        while not there.exists():
            assert time.monotonic() < until
            time.sleep(0.05)
        launcher.send_signal(signal.SIGTERM)
        assert launcher.wait(60) == code
