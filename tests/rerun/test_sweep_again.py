"""A whole sweep again: the same trials in the same order, or where they part."""

import json
import re
import shutil
from pathlib import Path

import pytest

from latentsweep.rerun.recorded_sweep import read_sweep
from latentsweep.rerun.sweep_comparison import compare_sweeps
from latentsweep.tracking.recorded import read_recorded
from latentsweep.tracking.recorder import RunStatus
from latentsweep.tracking.records import Record, Status, Tags, to_line

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
    assert read_recorded(one).tags["rerun.verdict"].startswith("IDENTICAL: 6 trials")
    assert read_recorded(again).tags["rerun_of"] == read_recorded(one).uid


def test_a_pruned_trial_is_trained_again_without_its_study_up_to_its_end(
    project: Project, one: Path
) -> None:
    trials = [read_recorded(path.parent) for path in one.glob("trials/*/*/journal.jsonl")]
    pruned = [run for run in trials if run.tags["optuna.trial.state"] == "PRUNED"]
    assert pruned, "no trial was pruned"
    (one / "study.log").rename(one / "away")
    told = project.run("rerun.py", str(Path(pruned[0].reference).parent))
    (one / "away").rename(one / "study.log")
    assert f"trial:      {pruned[0].tags['optuna.trial.number']} of the study one" in told
    assert "the same to the bit, and the last weights" in told
    provenance = json.loads(pruned[0].text("provenance-1.json") or "")
    assert provenance["study"] == "one"


def test_a_sweep_that_was_left_is_compared_up_to_there(project: Project, one: Path) -> None:
    left = project.place / "sweeps" / "left"
    shutil.copytree(one, left)
    journals = sorted(left.glob("trials/*/*/journal.jsonl"), key=_number)
    append(journals[-1], Tags(0, {"optuna.trial.state": "RUNNING"}))
    append(left / "journal.jsonl", Status(0, RunStatus.INTERRUPTED))
    told = project.run("rerun.py", str(left), "--code", "current")
    assert "IDENTICAL: 5 trials in the same order" in told
    shutil.rmtree(left)


def _number(journal: Path) -> int:
    return int(read_recorded(journal.parent).tags["optuna.trial.number"])


def append(journal: Path, record: Record) -> None:
    with journal.open("ab") as file:
        file.write(to_line(record))


def test_where_two_sweeps_parted_is_told(one: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    shutil.copytree(one, other)
    append(other / "journal.jsonl", Tags(0, {"latentsweep.workers": "3"}))
    journals = sorted(other.glob("trials/*/*/journal.jsonl"), key=_number)
    config = journals[2].parent / "files" / "config.yaml"
    config.write_text(re.sub(r"beta: .*", "beta: 7.5", config.read_text()))
    first = read_sweep(read_recorded(other), tmp_path)
    second = read_sweep(read_recorded(one), tmp_path)
    lines, same = compare_sweeps(first, second)
    assert not same
    assert lines[0] == "DIFFERENT: 2 of 6 trials are the same, from the first on"
    assert "config model.beta (7.5, now " in lines[1]
    assert "5 trials have the same parameters" in lines[2]
    assert "3 workers on record, 1 again" in lines[3]
    append(journals[0], Tags(0, {"optuna.trial.state": "FAIL"}))
    lines, _ = compare_sweeps(read_sweep(read_recorded(other), tmp_path), second)
    assert re.search(r"fail at step \d+ on record, \w+ at step \d+ again", lines[1])


def test_a_sweep_of_several_workers_tells_where_it_went_another_way(project: Project) -> None:
    project.run("sweep.py", *SWEEP, "sweep.study=two", "sweep.workers=2", "sweep.n_trials=8")
    told = project.run("rerun.py", "two", code=None)
    if "IDENTICAL: 8 trials" in told:  # the second worker came too late to matter
        return
    assert re.search(r"DIFFERENT: \d of 8 trials are the same", told)
    assert "2 workers on record, 1 again" in told
    assert re.search(r"\d trials have the same parameters", told)


@pytest.mark.usefixtures("one")
def test_what_is_for_single_runs_is_refused(project: Project) -> None:
    told = project.run("rerun.py", "one", "--steps", "5", code=2)
    assert "sweeps/one/trials/0000" in told
