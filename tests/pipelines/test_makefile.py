"""Variables that make would pass over in silence."""

import os
import subprocess

import pytest

from latentsweep.config.project import ROOT


def make(*arguments: str) -> subprocess.CompletedProcess[str]:
    own = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    return subprocess.run(
        ["make", "-n", *arguments], cwd=ROOT, env=own, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("given", ["data=digits", "trainer.max_epochs=1", "WORKER=2"])
def test_a_setting_outside_of_args_is_refused_with_the_mend(given: str) -> None:
    done = make("train", given)
    assert done.returncode == 2
    assert f'ARGS="{given}"' in done.stderr
    assert done.stdout == ""


def test_variables_of_the_makefile_are_taken() -> None:
    done = make("promote", "RUN=runs/a b", "URI=http://127.0.0.1:1", "ARGS=--alias x")
    assert done.returncode == 0, done.stderr
    assert "'runs/a b'" in done.stdout
    assert "--uri 'http://127.0.0.1:1' --alias x" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "trainer"),
    [([], "trainer=gpu"), (["ARGS=trainer=cpu"], "trainer=cpu")],
    ids=["left open", "given"],
)
def test_gpus_of_a_sweep_are_asked_for_and_not_only_counted(
    arguments: list[str], trainer: str
) -> None:
    words = make("sweep", "GPUS=2", *arguments).stdout.split()
    assert "sweep.ranks=2" in words
    assert [word for word in words if word.startswith("trainer=")] == [trainer]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], []),
        (["FULL=0"], []),
        (["FULL=1", "ONLY=burda_vae"], ["--full", "--only", "'burda_vae'"]),
    ],
)
def test_published_rows_are_verified_only_where_that_is_asked_for(
    arguments: list[str], words: list[str]
) -> None:
    done = make("verify", *arguments)
    assert done.returncode == 0, done.stderr
    assert done.stdout.partition("pipelines/verify.py")[2].split() == words
