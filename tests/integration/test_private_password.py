"""A password in the address of the study's database, and what refuses a sweep before its start."""

import subprocess
import sys
from pathlib import Path

import optuna
import psutil
import pytest

from latentsweep.config.project import ROOT
from latentsweep.config.sweep import PostgreSQLStorageConfig
from latentsweep.sweep.attributes import N_TRIALS
from latentsweep.sweep.database_address import URL_VARIABLE
from latentsweep.sweep.slot import FINISHED
from latentsweep.sweep.storage import open_storage
from tests.ports import free_port

from .cluster_sweep import SMALL, files_with, run
from .postgresql import PASSWORD, PostgreSQL
from .slurm import wait_until

LOCAL = (*SMALL, "trainer.max_epochs=2", "sweep.n_trials=2")


def test_password_on_the_command_line_ends_up_nowhere(
    postgresql: PostgreSQL, tmp_path: Path
) -> None:
    url = postgresql.create_database()
    process = subprocess.Popen(
        [sys.executable, str(ROOT / "pipelines" / "sweep.py"), *LOCAL, f"sweep.storage.url={url}"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    launching = psutil.Process(process.pid)
    wait_until(lambda: len(launching.children()) >= 3, 60)  # two workers and who shows them
    lines = [" ".join(p.cmdline()) for p in (launching, *launching.children(recursive=True))]
    output, _ = process.communicate(timeout=120)
    assert process.returncode == 0, output
    assert [line for line in lines if PASSWORD in line] == []
    assert PASSWORD not in output
    assert files_with(PASSWORD, tmp_path) == []
    storage = open_storage(PostgreSQLStorageConfig(url=url), tmp_path)
    study = optuna.load_study(study_name="small", storage=storage)
    assert study.user_attrs[N_TRIALS] == len([t for t in study.trials if t.state in FINISHED])


def test_password_is_not_in_the_config_that_is_shown(tmp_path: Path) -> None:
    url = "sweep.storage.url=postgresql://me:s3cret@127.0.0.1/db"
    done = run(tmp_path, "sweep.py", "--cfg", "job", "storage=postgresql", url)
    assert done.returncode == 0, done.stderr
    assert "name: postgresql" in done.stdout
    assert "s3cret" not in done.stdout


@pytest.mark.parametrize(
    ("overrides", "expected"),
    [
        ([], "refuses the user or the password"),
        (["hydra/launcher=latentsweep_slurm"], "no Slurm here"),
    ],
    ids=["wrong password", "no Slurm"],
)
def test_sweep_that_cannot_work_is_refused_before_anything_is_queued(
    postgresql: PostgreSQL,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    overrides: list[str],
    expected: str,
) -> None:
    url = postgresql.create_database()
    monkeypatch.setenv(URL_VARIABLE, url.replace(PASSWORD, "wrong-Password"))
    monkeypatch.setenv("PATH", str(tmp_path))
    refused(tmp_path, expected, *overrides)
    assert open_storage(PostgreSQLStorageConfig(url=url), tmp_path).get_all_studies() == []


def test_server_that_is_away_is_one_message(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(URL_VARIABLE, f"postgresql://user:{PASSWORD}@127.0.0.1:{free_port()}/study")
    refused(tmp_path, "cannot reach the study's database")


@pytest.mark.usefixtures("slurm")
def test_partition_that_is_missing_is_one_message(tmp_path: Path) -> None:
    overrides = ("hydra/launcher=latentsweep_slurm", "hydra.launcher.partition=fast")
    refused(tmp_path, "there is no partition fast", *overrides)


def refused(directory: Path, expected: str, *overrides: str) -> None:
    """See that a sweep is refused with one message, leaving nothing."""
    done = run(directory, "sweep.py", *LOCAL, *overrides)
    assert done.returncode == 2, done.stdout + done.stderr
    assert expected in done.stderr
    assert "Traceback" not in done.stderr
    assert "assword" not in done.stderr.replace("password", "")
    assert not list(directory.glob("sweeps/*"))
