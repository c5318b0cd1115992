import json
import os
import subprocess
import sys
from pathlib import Path

import optuna
import pytest

from latentsweep.config.project import ROOT
from latentsweep.config.sweep import JournalStorageConfig
from latentsweep.errors import ConfigError
from latentsweep.sweep.report.find import find_study, newest_sweep, sweep_directory
from latentsweep.sweep.storage import open_storage
from tests.sweep.report.made_up import sweep_study


def make(directory: Path, name: str, at: float = 1000.0) -> None:
    """A sweep of twelve trials in a journal, as if it was started `at` this time."""
    place = directory / name
    place.mkdir(parents=True)
    storage = open_storage(JournalStorageConfig(path=None), place)
    made = sweep_study(12, name=name)
    study = optuna.create_study(study_name=name, storage=storage, direction="maximize")
    for key, value in made.user_attrs.items():
        study.set_user_attr(key, value)
    study.add_trials(made.get_trials(deepcopy=False))
    record = {"study": name, "storage": {"name": "journal", "path": None}}
    (place / "sweep.json").write_text(json.dumps(record))
    os.utime(place / "sweep.json", (at, at))


def report(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "pipelines" / "report.py"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_a_study_is_found_by_its_name(tmp_path: Path) -> None:
    make(tmp_path, "one")
    assert len(find_study("one", tmp_path).trials) >= 12


def test_the_newest_sweep_is_the_one_started_last(tmp_path: Path) -> None:
    make(tmp_path, "a", at=2000)
    make(tmp_path, "b", at=1000)
    assert newest_sweep(tmp_path) == "a"


def test_an_unknown_sweep_is_answered_with_those_there_are(tmp_path: Path) -> None:
    make(tmp_path, "one")
    with pytest.raises(ConfigError, match=r"named three[\s\S]*one"):
        sweep_directory("three", tmp_path)


def test_without_any_sweep_that_is_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="there is no sweep in"):
        newest_sweep(tmp_path)


def test_a_damaged_record_is_told_by_its_name(tmp_path: Path) -> None:
    make(tmp_path, "one")
    (tmp_path / "one" / "sweep.json").write_text('{"study": "one", "storage": {"name": "disk"}}')
    with pytest.raises(ConfigError, match=r"sweep\.json"):
        find_study("one", tmp_path)


def test_a_record_without_its_study_is_told(tmp_path: Path) -> None:
    make(tmp_path, "one")
    record = {"study": "gone", "storage": {"name": "journal", "path": None}}
    (tmp_path / "one" / "sweep.json").write_text(json.dumps(record))
    with pytest.raises(ConfigError, match=r"no study gone[\s\S]*found: +one"):
        find_study("one", tmp_path)


def test_the_command_writes_the_newest_sweeps_report(tmp_path: Path) -> None:
    make(tmp_path, "one")
    done = report("--directory", str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert Path(done.stdout.strip()) == tmp_path / "one" / "report.html"
    assert (tmp_path / "one" / "report.html").stat().st_size > 1e6


def test_the_command_refuses_an_unknown_study_without_a_traceback(tmp_path: Path) -> None:
    done = report("nothing", "--directory", str(tmp_path))
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert "nothing" in done.stderr
