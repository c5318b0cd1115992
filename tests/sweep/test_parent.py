"""The sweep's own run in MLflow."""

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from latentsweep.config.sweep import PostgreSQLStorageConfig, SweepConfig
from latentsweep.config.tracking import TrackingConfig
from latentsweep.errors import RunBusyError, TrackingError
from latentsweep.sweep.parent import ParentRun, find_parent, finish_parent, open_parent
from latentsweep.tracking.journal import read_journal
from latentsweep.tracking.journal_recorder import JournalRecorder
from latentsweep.tracking.progress import read_progress
from latentsweep.tracking.recorder import RunStatus
from latentsweep.tracking.records import Status
from latentsweep.tracking.report import SyncReport
from latentsweep.tracking.shipper import Shipper

os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"

SWEEP = SweepConfig(
    study="tiny",
    directory="sweeps",
    n_trials=3,
    workers=1,
    objective="val/elbo",
    direction=None,
    ranks=1,
    seed=7,
    search_space={"model.beta": "tag(log, interval(0.1, 32))"},
    when={},
    enqueue=(),
    warm_start=None,
    lease_seconds=30.0,
    max_resumptions=3,
    max_failure_rate=0.5,
    sampler={"name": "tpe", "n_startup_trials": 10},
    pruner={"name": "none"},
    storage=PostgreSQLStorageConfig(url="postgresql+psycopg://me:s3cret@host/db?password=s3cret"),
)


def tracking_to(uri: str | None) -> TrackingConfig:
    return TrackingConfig(
        name="local" if uri else "off",
        uri=uri,
        experiment="tests",
        every_n_steps=1,
        images_every_n_epochs=1,
        system_metrics_every_seconds=5.0,
        log_model=False,
        wait_seconds=60.0,
    )


@pytest.fixture(scope="module")
def tracking(tmp_path_factory: pytest.TempPathFactory) -> TrackingConfig:
    return tracking_to(f"sqlite:///{tmp_path_factory.mktemp('store')}/mlflow.db")


def stored(tracking: TrackingConfig, run_id: str) -> Any:
    from mlflow.tracking import MlflowClient

    return MlflowClient(tracking.uri).get_run(run_id)


def artifact(tracking: TrackingConfig, run_id: str, name: str) -> str:
    from mlflow.tracking import MlflowClient

    return Path(MlflowClient(tracking.uri).download_artifacts(run_id, name)).read_text()


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("sweeps") / "tiny"


@pytest.fixture(scope="module")
def opened(directory: Path, tracking: TrackingConfig) -> ParentRun:
    parent = open_parent(directory, tracking, "uid-of-tiny", "tiny", SWEEP, ["data=digits"])
    assert parent is not None
    return parent


def finish(directory: Path, tracking: TrackingConfig, best: float, trials: int) -> SyncReport:
    report = directory / "report.html"
    report.write_text(f"<html>{best}</html>")
    shipper = Shipper(directory, tracking)
    shipper.begin()
    return finish_parent(
        directory,
        tracking,
        shipper,
        status=RunStatus.FINISHED,
        artifacts={"report.html": report},
        note=f"best: {best}\n" + "a line of a long table\n" * 1000,
        metrics={"best/val/elbo": best},
        tags={"latentsweep.best_trial": str(trials)},
        step=trials,
    )


def test_an_opened_sweep_is_running_in_mlflow_with_its_settings(
    directory: Path, tracking: TrackingConfig, opened: ParentRun
) -> None:
    run = stored(tracking, opened.run_id)
    assert (run.info.status, run.info.end_time) == ("RUNNING", None)
    assert run.info.run_name == "tiny"
    assert run.info.experiment_id == opened.experiment_id
    expected = {
        "status": "running",
        "latentsweep.study": "tiny",
        "latentsweep.kind": "sweep",
        "mlflow.source.name": "pipelines/sweep.py",
    }
    assert expected.items() <= run.data.tags.items()
    assert run.data.params == {
        "objective": "val/elbo",
        "sampler": "tpe(n_startup_trials=10)",
        "pruner": "none()",
        "seed": "7",
        "space.model.beta": "tag(log, interval(0.1, 32))",
    }
    settings = artifact(tracking, opened.run_id, "sweep.yaml")
    assert "data=digits" in settings
    assert "lease_seconds: 30.0" in settings
    everything = "".join(p.read_text() for p in directory.rglob("*") if p.is_file())
    assert "s3cret" not in settings + everything
    assert find_parent(directory, tracking) == opened


def test_trials_are_found_under_their_sweep_also_if_told_so_later(
    tracking: TrackingConfig, opened: ParentRun
) -> None:
    from mlflow.tracking import MlflowClient

    client = MlflowClient(tracking.uri)
    child = client.create_run(opened.experiment_id).info.run_id
    client.set_tag(child, "mlflow.parentRunId", opened.run_id)
    found = client.search_runs(
        [opened.experiment_id], f"tags.mlflow.parentRunId = '{opened.run_id}'"
    )
    assert [run.info.run_id for run in found] == [child]
    assert client.get_parent_run(child).info.run_id == opened.run_id


def test_a_sweep_ends_and_is_extended_and_ends_again_in_one_run(
    directory: Path, tracking: TrackingConfig, opened: ParentRun
) -> None:
    assert finish(directory, tracking, -30.0, 3).complete
    run = stored(tracking, opened.run_id)
    assert (run.info.status, run.data.tags["status"]) == ("FINISHED", "finished")
    note = run.data.tags["mlflow.note.content"]
    assert note.startswith("best: -30.0\n")
    assert len(note) <= 8000
    assert note.endswith("a line of a long table")
    assert artifact(tracking, opened.run_id, "report.html") == "<html>-30.0</html>"

    longer = replace(SWEEP, n_trials=5, sampler={"name": "random"})
    assert open_parent(directory, tracking, "uid-of-tiny", "tiny", longer) == opened
    run = stored(tracking, opened.run_id)
    assert (run.info.status, run.data.tags["status"]) == ("RUNNING", "running")
    assert run.data.tags["latentsweep.n_trials"] == "5"
    assert "random" in artifact(tracking, opened.run_id, "sweep.yaml")

    for _ in range(2):  # the second changes nothing
        assert finish(directory, tracking, -29.0, 5).complete
        run = stored(tracking, opened.run_id)
        assert run.info.status == "FINISHED"
        assert run.data.metrics == {"best/val/elbo": -29.0}
        assert run.data.tags["latentsweep.best_trial"] == "5"
        assert artifact(tracking, opened.run_id, "report.html") == "<html>-29.0</html>"
    assert read_progress(directory).refused == 0


@pytest.fixture
def another_process(directory: Path) -> Iterator[None]:
    """Holds the sweep's journal."""
    recorder = JournalRecorder(directory)
    yield
    recorder.close()


@pytest.mark.usefixtures("opened", "another_process")
@pytest.mark.parametrize(
    "call",
    [
        lambda where, tracking: open_parent(where, tracking, "uid-of-tiny", "tiny", SWEEP),
        lambda where, tracking: finish(where, tracking, 0.0, 1),
    ],
    ids=["open", "finish"],
)
def test_one_process_at_a_time_writes_the_sweeps_record(
    directory: Path, tracking: TrackingConfig, call: Callable[[Path, TrackingConfig], object]
) -> None:
    with pytest.raises(RunBusyError, match="in use"):
        call(directory, tracking)


def test_a_store_that_is_away_stops_the_sweep_before_it_starts(tmp_path: Path) -> None:
    away = tracking_to("http://me:s3cret@127.0.0.1:9")
    with pytest.raises(TrackingError, match=r"reached at http://\*\*\*@127\.0\.0\.1:9") as caught:
        open_parent(tmp_path, away, "uid", "tiny", SWEEP)
    assert caught.value.exit_code == 2
    assert caught.value.found
    assert "s3cret" not in str(caught.value)


def test_with_tracking_off_a_sweep_has_no_run_but_a_record(tmp_path: Path) -> None:
    off = tracking_to(None)
    assert open_parent(tmp_path, off, "uid", "tiny", SWEEP) is None
    assert find_parent(tmp_path, off) is None
    assert finish(tmp_path, off, 0.0, 1).complete
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "files",
        "journal.jsonl",
        "report.html",
    ]
    statuses = [
        record.status
        for record, _ in read_journal(tmp_path / "journal.jsonl")
        if isinstance(record, Status)
    ]
    assert statuses == [RunStatus.RUNNING, RunStatus.HANDED_ON, RunStatus.FINISHED]
