"""The command itself: exit codes, signals, what stays on disk."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from latentsweep.config.project import ROOT
from latentsweep.tracking.journal import JOURNAL_NAME, read_journal
from latentsweep.tracking.records import Metrics

from .conftest import SMALL

COMMAND = [sys.executable, str(ROOT / "pipelines" / "train.py")]


def run(directory: Path, *overrides: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *overrides], cwd=directory, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize(
    "overrides",
    [
        ["model.latent_sise=3"],
        ["model=vae", "model.beta=2"],
        ["data=arrays", "data.path=none.npy"],
        ["trainer"],
        ["--config-name", "none"],
        ["+model.surprise=1"],
        ["--multirun", "model.beta=1,2"],
        ["--resolve"],
        ["--config-dir", "/no/such/directory"],
    ],
)
def test_mistake_is_one_message_with_exit_code_2_and_nothing_on_disk(
    tmp_path: Path, overrides: list[str]
) -> None:
    done = run(tmp_path, *overrides)
    assert done.returncode == 2
    assert done.stderr.startswith("latentsweep: ")
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    assert list(tmp_path.iterdir()) == []


def test_help_and_config_errors_import_nothing_heavy(tmp_path: Path) -> None:
    probe = (
        "import sys, runpy\n"
        "sys.argv = ['train.py'] + sys.argv[1:]\n"
        f"try: runpy.run_path({COMMAND[1]!r}, run_name='__main__')\n"
        "except SystemExit: pass\n"
        "print([m for m in ('torch', 'mlflow', 'pytorch_lightning', 'matplotlib', 'sklearn')"
        " if m in sys.modules])\n"
    )
    for argument in ("--help", "model.latent_sise=3", "output_dir=/dev/null/runs"):
        done = subprocess.run(
            [sys.executable, "-c", probe, argument],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.stdout.splitlines()[-1] == "[]", done.stderr
    assert "cannot write /dev/null/runs" in done.stderr


def test_summary_names_what_a_person_needs_next(tmp_path: Path) -> None:
    done = run(tmp_path, *SMALL)
    assert done.returncode == 0, done.stderr
    for word in ("ELBO", "reconstruction", "KL", "active units", "last.ckpt", "again:"):
        assert word in done.stdout
    again = re.search(r"again: +(.*)", done.stdout)
    assert again
    repeated = subprocess.run(
        again.group(1), shell=True, cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert repeated.returncode == 0, repeated.stderr
    assert elbo(repeated.stdout) == elbo(done.stdout)


def elbo(output: str) -> str:
    found = re.search(r"ELBO \(KL weight 1\) *\D (-?[\d.]+)", output)
    assert found, output
    return found.group(1)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signal_saves_the_state_and_the_same_command_goes_on(
    tmp_path: Path, number: signal.Signals
) -> None:
    overrides = [*SMALL, "trainer.max_epochs=100", "tracking.images_every_n_epochs=0"]
    process = subprocess.Popen([*COMMAND, *overrides], cwd=tmp_path, stderr=subprocess.PIPE)
    wait_for_step(tmp_path, 30)
    process.send_signal(number)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 128 + number
    assert b"the same command goes on" in errors
    assert b"Traceback" not in errors
    resumed = run(tmp_path, *overrides)
    assert resumed.returncode == 0, resumed.stderr
    (journal,) = tmp_path.glob(f"runs/*/{JOURNAL_NAME}")
    steps = [r.step for r, _ in read_journal(journal) if "train/loss" in getattr(r, "values", {})]
    assert steps == list(range(1, 1101))


def wait_for_step(directory: Path, step: int) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        for journal in directory.glob(f"runs/*/{JOURNAL_NAME}"):
            steps = [r.step for r, _ in read_journal(journal) if isinstance(r, Metrics)]
            if steps and max(steps) >= step:
                return
        os.sched_yield()
    raise TimeoutError(f"no step {step} in {directory}")


@pytest.mark.parametrize(
    "override", ["tracking.uri=foo", "resume=/no/such/run", "data.image_size=100000"]
)
def test_mistake_that_needs_no_data_is_told_before_it_is_read(
    tmp_path: Path, override: str
) -> None:
    data = ["data=celeba"] if "image_size" in override else SMALL
    done = run(tmp_path, *data, override)
    assert done.returncode == 2
    assert done.stderr.startswith("latentsweep: ")
    assert list(tmp_path.iterdir()) == []


def test_ascii_terminal_is_no_reason_to_fail(tmp_path: Path) -> None:
    done = subprocess.run(
        [*COMMAND, *SMALL, "trainer.progress_bar=true"],
        cwd=tmp_path,
        env={**os.environ, "LC_ALL": "C", "PYTHONIOENCODING": "ascii", "TERM": "dumb"},
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
