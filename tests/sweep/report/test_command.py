import os
import subprocess
import sys
from pathlib import Path

import optuna

from latentsweep.config.compose import compose
from latentsweep.config.project import CONFIG_DIRECTORY, ROOT
from latentsweep.config.sweep import JournalStorageConfig
from latentsweep.config.typed import typed
from latentsweep.sweep.storage import open_storage
from latentsweep.sweep.whereabouts import WHEREABOUTS, write_whereabouts
from tests.sweep.report.made_up import sweep_study


def make(directory: Path, name: str, at: float = 1000.0) -> None:
    """A sweep of twelve trials in a journal, as if it was started `at` this time."""
    place = directory / name
    place.mkdir(parents=True)
    config = JournalStorageConfig(path=None)
    tracking = typed(compose(CONFIG_DIRECTORY, "train", ["tracking=off"])).tracking
    made = sweep_study(12, name=name)
    study = optuna.create_study(
        study_name=name, storage=open_storage(config, place), direction="maximize"
    )
    for key, value in made.user_attrs.items():
        study.set_user_attr(key, value)
    study.add_trials(made.get_trials(deepcopy=False))
    write_whereabouts(place, name, config, tracking)
    os.utime(place / WHEREABOUTS, (at, at))


def report(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "pipelines" / "report.py"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_command_writes_the_named_sweeps_report_and_says_nothing_but_where(
    tmp_path: Path,
) -> None:
    make(tmp_path, "one", at=1000)
    make(tmp_path, "two", at=2000)
    done = report("one", "--directory", str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert (done.stdout.strip(), done.stderr) == (str(tmp_path / "one" / "report.html"), "")
    assert "<h1>Best: latent size" in (tmp_path / "one" / "report.html").read_text()


def test_without_a_name_it_is_the_newest_sweeps(tmp_path: Path) -> None:
    make(tmp_path, "b", at=1000)
    make(tmp_path, "a", at=2000)
    done = report("--directory", str(tmp_path))
    assert Path(done.stdout.strip()) == tmp_path / "a" / "report.html"


def test_an_unknown_study_is_answered_with_those_there_are(tmp_path: Path) -> None:
    make(tmp_path, "one")
    done = report("three", "--directory", str(tmp_path))
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert "three" in done.stderr
    assert "one" in done.stderr
