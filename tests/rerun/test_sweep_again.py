"""A whole sweep again: the same trials in the same order, or where they part."""

import json
import re
from pathlib import Path

import pytest

from latentsweep.tracking.recorded import read_recorded

from .conftest import SMALL, Project

SWEEP = [
    *(text for text in SMALL if not text.startswith("model.latent_size")),
    "trainer.max_epochs=3",
    "model.latent_size=range(2,9)",
    "sweep.n_trials=6",
    "sweep.sampler.n_startup_trials=2",
    "sweep.pruner.min_resource=1",
]


@pytest.fixture(scope="module")
def one(project: Project) -> Path:
    """A sweep of one worker."""
    project.run("sweep.py", *SWEEP, "sweep.study=one", "sweep.workers=1")
    return project.place / "sweeps" / "one"


def test_a_sweep_of_one_worker_is_repeated_trial_by_trial(project: Project, one: Path) -> None:
    told = project.run("rerun.py", "one")
    assert "IDENTICAL: 6 trials in the same order" in told
    (again,) = project.place.glob("reruns/one-1/rerun-of-one")
    assert read_recorded(one).tags["rerun.verdict"] == "IDENTICAL"
    assert read_recorded(again).tags["rerun_of"] == read_recorded(one).uid


def test_a_pruned_trial_is_trained_again_without_its_study_up_to_its_end(
    project: Project, one: Path
) -> None:
    trials = [read_recorded(path.parent) for path in one.glob("trials/*/*/journal.jsonl")]
    pruned = [run for run in trials if run.tags["optuna.trial.state"] == "PRUNED"]
    assert pruned, "no trial was pruned"
    (one / "study.log").rename(one / "away")
    told = project.run("rerun.py", pruned[0].reference)
    (one / "away").rename(one / "study.log")
    assert f"trial:      {pruned[0].tags['optuna.trial.number']} of the study one" in told
    assert "the same to the bit, and the last weights" in told
    provenance = json.loads(pruned[0].text("provenance-1.json") or "")
    assert provenance["study"] == "one"


def test_a_sweep_of_several_workers_tells_where_it_went_another_way(project: Project) -> None:
    project.run("sweep.py", *SWEEP, "sweep.study=two", "sweep.workers=2", "sweep.n_trials=8")
    told = project.run("rerun.py", "two", code=1)
    assert re.search(r"DIFFERENT: \d of 8 trials are the same", told)
    assert "2 workers on record, 1 again" in told
    assert re.search(r"\d trials have the same parameters", told)


@pytest.mark.usefixtures("one")
def test_what_is_for_single_runs_is_refused(project: Project) -> None:
    told = project.run("rerun.py", "one", "--steps", "5", code=2)
    assert "RUN= one of its trials" in told
