"""Records that a worker left behind: shipped at the sweep's end, or told."""

import json
from pathlib import Path

from optuna.trial import FrozenTrial, TrialState, create_trial

from latentsweep.sweep.attributes import RUN, SLOT
from latentsweep.sweep.unshipped import unshipped_runs
from latentsweep.tracking.journal import JOURNAL_NAME
from latentsweep.tracking.progress import read_progress
from latentsweep.tracking.report import sync_report

from .conftest import Sweep, study_in

TRACKED = ("tracking=local", "sweep.n_trials=2", "trainer.max_epochs=1")


def trial(run: str, state: TrialState) -> FrozenTrial:
    return create_trial(
        state=state,
        value=0.0 if state == TrialState.COMPLETE else None,
        user_attrs={SLOT: 0, RUN: run},
    )


def test_only_runs_that_nobody_works_on_are_taken(tmp_path: Path) -> None:
    for run in ("ended", "failed", "again"):
        (tmp_path / run).mkdir()
        (tmp_path / run / JOURNAL_NAME).write_text("{}\n")
    trials = [
        trial("ended", TrialState.COMPLETE),
        trial("failed", TrialState.FAIL),
        trial("again", TrialState.FAIL),
        trial("again", TrialState.RUNNING),
        trial("gone", TrialState.COMPLETE),
    ]
    assert unshipped_runs(trials, tmp_path) == [tmp_path / "ended", tmp_path / "failed"]


def test_what_a_dead_worker_left_is_shipped_or_told(sweep: Sweep, tmp_path: Path) -> None:
    assert "not synced" not in sweep(*TRACKED).stdout
    directory = tmp_path / "sweeps" / "small"
    left, refused = (directory / t.user_attrs[RUN] for t in study_in(tmp_path).trials)
    (left / "sync.json").unlink()
    told = json.loads((refused / "sync.json").read_text())
    (refused / "sync.json").write_text(json.dumps({**told, "refused": 2}))
    assert not sync_report(left).complete
    done = sweep(*TRACKED)
    assert done.returncode == 0, done.stderr
    assert sync_report(left).complete
    assert read_progress(refused).refused == 2
    said = " ".join(done.stdout.split())
    assert "not synced: 1 of the trials' runs" in said
    assert refused.name in said
