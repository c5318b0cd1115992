import json
from pathlib import Path

import pytest

from latentsweep.errors import ConfigError
from latentsweep.tracking.journal_recorder import JournalRecorder
from latentsweep.tracking.records_on_disk import find_records, find_run

RUN_ID = "0123456789abcdef0123456789abcdef"


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("runs/a", "runs/b", "sweeps/s", "sweeps/s/trials/0000/t"):
        JournalRecorder(tmp_path / name).close()
    identity = {"run_id": RUN_ID, "experiment_id": "1", "uri": "sqlite:////x.db"}
    (tmp_path / "runs/b/mlflow.json").write_text(json.dumps(identity))
    return tmp_path


def test_runs_sweeps_and_trials_are_found_once_each(places: Path) -> None:
    found = [path.relative_to(places).as_posix() for path in find_records(["runs", "sweeps"])]
    assert found == ["runs/a", "runs/b", "sweeps/s", "sweeps/s/trials/0000/t"]
    assert list(find_records(["sweeps/s", "sweeps"])) == [
        places / "sweeps/s",
        places / "sweeps/s/trials/0000/t",
    ]
    assert list(find_records(["nowhere"])) == []


@pytest.mark.parametrize("reference", ["runs/b", "b", RUN_ID])
def test_a_run_is_found_by_directory_name_and_mlflow_id(places: Path, reference: str) -> None:
    assert find_run(reference) == places / "runs/b"


@pytest.mark.parametrize(
    ("reference", "found"),
    [("f" * 32, "none with that MLflow id"), ("runs/c", "none of that name"), ("", "")],
)
@pytest.mark.usefixtures("places")
def test_a_run_that_does_not_exist_is_told_of(reference: str, found: str) -> None:
    with pytest.raises(ConfigError) as caught:
        find_run(reference)
    assert found in caught.value.found
    assert "RUN=" in caught.value.mend


def test_a_name_that_two_runs_have_is_no_guess(places: Path) -> None:
    JournalRecorder(places / "sweeps/s/trials/0001/b").close()
    with pytest.raises(ConfigError) as caught:
        find_run("b")
    assert caught.value.found == "runs/b, sweeps/s/trials/0001/b"
    assert find_run("sweeps/s/trials/0001/b") == places / "sweeps/s/trials/0001/b"


@pytest.mark.usefixtures("places")
def test_a_name_that_no_file_can_have_is_that_of_no_run() -> None:
    with pytest.raises(ConfigError, match="there is no run xxx"):
        find_run("x" * 300)


@pytest.mark.parametrize(
    ("reference", "mend"),
    [
        ("runs/b/checkpoints/best.ckpt", "RUN=runs/b"),
        ("digits-vae-z1", "did you mean digits-vae-z10"),
    ],
)
def test_what_was_meant_is_named(places: Path, reference: str, mend: str) -> None:
    JournalRecorder(places / "runs/digits-vae-z10").close()
    with pytest.raises(ConfigError) as caught:
        find_run(reference)
    assert caught.value.mend.startswith(mend)


def test_reruns_of_runs_and_of_sweeps_are_found(places: Path) -> None:
    names = ("reruns/a-1/again", "reruns/s-1/again", "reruns/s-1/again/trials/0000/t")
    for name in names:
        JournalRecorder(places / name).close()
    found = {path.relative_to(places).as_posix() for path in find_records(["reruns"])}
    assert found == set(names)
    assert find_run("t", ["reruns"]) == places / names[2]
