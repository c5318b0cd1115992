"""Sweeps whose trials are trained by several ranks each."""

import json
import os
import re
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from optuna.trial import TrialState

from latentsweep.config.project import ROOT
from latentsweep.sweep.attributes import CONTINUES, METRICS, SLOT
from latentsweep.sweep.slot import FINISHED
from tests.pipelines.small_ranks import ranks_of

from .conftest import Sweep, begin, study_in
from .test_sweep import at_epoch, finished, recorded_epochs, wait_for, workers_of

TWO = ("sweep.workers=1", "sweep.ranks=2")
LONG = ("trainer.max_epochs=60", "sweep.n_trials=2", "pruner=none")


def test_two_ranks_a_trial_search_as_one_does(sweep: Sweep, tmp_path: Path) -> None:
    assert sweep("sweep.workers=1").returncode == 0
    alone = finished(study_in(tmp_path))
    assert sweep(*TWO, "sweep.study=pairs").returncode == 0
    pairs = finished(study_in(tmp_path, "pairs"))
    assert [trial.params for trial in pairs] == [trial.params for trial in alone]
    assert [trial.state for trial in pairs] == [trial.state for trial in alone]
    for mine, theirs in zip(pairs, alone, strict=True):
        assert mine.user_attrs[METRICS] == pytest.approx(theirs.user_attrs[METRICS], abs=1e-3)


def test_command_for_the_best_again_trains_it_on_as_many_ranks(
    sweep: Sweep, tmp_path: Path
) -> None:
    done = sweep(*TWO, "sweep.n_trials=1")
    assert "each trial is trained by 2 ranks" in done.stdout
    (words,) = re.findall(r"best again: \S+ (.*)", done.stdout)
    script, *options = shlex.split(words)
    assert [script, *options[:2]] == ["pipelines/launch.py", "--devices", "2"]
    again = subprocess.run(
        [sys.executable, str(ROOT / script), *options],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert again.returncode == 0, again.stderr
    (trial,) = finished(study_in(tmp_path))
    (summary,) = tmp_path.glob("runs/*/summary.json")
    assert json.loads(summary.read_text())["validation"]["elbo"] == trial.value
    assert re.search(r"time in training .* 2 ranks", again.stdout)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_gpus_that_are_not_there_are_refused_before_anything_is_queued(
    sweep: Sweep, tmp_path: Path
) -> None:
    done = sweep("trainer=gpu", "sweep.ranks=2")
    assert done.returncode == 2
    assert "GPUS= needs a GPU" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_rank_that_is_killed_costs_no_trial(tmp_path: Path) -> None:
    with begin(tmp_path, *TWO, *LONG) as running:
        study = wait_for(tmp_path, at_epoch(5, 1))
        (leader,) = workers_of(study)
        killed = next(trial for trial in study.trials if trial.state == TrialState.RUNNING)
        (follower,) = [pid for pid in ranks_of(leader) if is_rank(pid)]
        os.kill(follower, signal.SIGKILL)
        _, said = running.communicate(timeout=240)
    assert running.returncode == 0, said
    assert "Traceback" not in said
    trials = study_in(tmp_path).trials
    (again,) = [trial for trial in trials if trial.user_attrs.get(CONTINUES) == killed.number]
    assert again.params == killed.params
    assert set(recorded_epochs(tmp_path, again).values()) == {1}
    assert sorted(t.user_attrs[SLOT] for t in trials if t.state in FINISHED) == [0, 1]


def is_rank(pid: int) -> bool:
    """Whether a process is a fork of the sweep, not its synchroniser or heartbeat."""
    return b"sweep.py" in Path(f"/proc/{pid}/cmdline").read_bytes()


def test_sweep_of_ranks_that_is_asked_to_stop_goes_on(sweep: Sweep, tmp_path: Path) -> None:
    with begin(tmp_path, *TWO, *LONG) as running:
        wait_for(tmp_path, at_epoch(3, 1))
        running.send_signal(signal.SIGINT)
        _, said = running.communicate(timeout=120)
    assert running.returncode == 128 + signal.SIGINT, said
    assert sweep(*TWO, *LONG).returncode == 0
    assert len(finished(study_in(tmp_path))) == 2


def test_trial_that_fails_on_all_ranks_leaves_the_worker_at_work(
    sweep: Sweep, tmp_path: Path
) -> None:
    done = sweep(*TWO, "optimizer.learning_rate=1e20,1e-3", "sweep.max_failure_rate=0.9")
    assert done.returncode == 0, done.stderr
    assert len(finished(study_in(tmp_path))) == 4
    assert TrialState.FAIL in [trial.state for trial in study_in(tmp_path).trials]


def test_batch_that_the_ranks_cannot_share_is_refused(sweep: Sweep) -> None:
    done = sweep("sweep.ranks=3")
    assert done.returncode == 2
    assert "3 ranks cannot share a batch evenly" in done.stderr
