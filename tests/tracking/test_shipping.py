import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from latentsweep.tracking.journal_recorder import JournalRecorder
from latentsweep.tracking.link import Link
from latentsweep.tracking.progress import read_identity, read_progress
from latentsweep.tracking.recorder import RunStatus
from latentsweep.tracking.shipping import gather

Ship = Callable[[Path, str], Link]
Tell = Callable[..., Any]


def record_everything(run_dir: Path, status: RunStatus | None = RunStatus.FINISHED) -> None:
    from matplotlib.figure import Figure

    recorder = JournalRecorder(run_dir)
    recorder.status(RunStatus.RUNNING)
    recorder.params({f"group.param{index}": "v" * index for index in range(130)})
    recorder.tags({"mlflow.runName": "a run", "colour": "red"})
    for step in range(250):
        recorder.metrics({f"train/m{index}": step / (index + 1) for index in range(9)}, step)
    recorder.metrics({"odd": math.nan}, 0)
    recorder.metrics({"odd": math.inf}, 1)
    recorder.metrics({"odd": -math.inf}, 2)
    recorder.tags({"colour": "blue"})
    for step in range(3):
        recorder.image("val/prior", np.full((8, 9), step, np.uint8), step)
        recorder.figure("curve.png", Figure())
    recorder.text("config.yaml", "seed: 1\n")
    (run_dir / "last.ckpt").write_bytes(b"weights")
    recorder.file(run_dir / "last.ckpt", "checkpoints/best.ckpt")
    if status:
        recorder.status(status)
    recorder.close()


def runs_of(uri: str, run_uid: str) -> list[Any]:
    from mlflow.tracking import MlflowClient

    client = MlflowClient(uri)
    experiment = client.get_experiment_by_name("tests")
    assert experiment is not None
    return list(
        client.search_runs([experiment.experiment_id], f"tags.`latentsweep.run_uid` = '{run_uid}'")
    )


def test_mlflow_holds_exactly_the_journal_also_after_replays(
    tmp_path: Path, uri: str, ship_all: Ship, told_by_journal: Tell, told_by_mlflow: Tell
) -> None:
    record_everything(tmp_path)
    ship_all(tmp_path, uri)
    progress = read_progress(tmp_path)
    assert progress.settled
    assert progress.refused == 0
    assert progress.offset == (tmp_path / "journal.jsonl").stat().st_size
    expected = told_by_journal(tmp_path)
    assert len(expected.points) == 250 * 9 + 3
    assert told_by_mlflow(uri, progress.run_id) == expected

    (tmp_path / "sync.json").unlink()
    ship_all(tmp_path, uri)
    (tmp_path / "sync.json").write_text('{"run_id": ')
    (tmp_path / "mlflow.json").unlink()
    ship_all(tmp_path, uri)
    assert told_by_mlflow(uri, progress.run_id) == expected
    run_uid = json.loads((tmp_path / "journal.jsonl").read_text().split("\n")[0])["run_uid"]
    (run,) = runs_of(uri, run_uid)
    assert run.info.run_id == progress.run_id
    assert run.info.run_name == "a run"
    assert (run.info.status, run.data.tags["status"]) == ("FINISHED", "finished")
    assert not Path("mlruns").exists()


@pytest.mark.parametrize(
    ("status", "stored"),
    [
        (RunStatus.FAILED, "FAILED"),
        (RunStatus.INTERRUPTED, "KILLED"),
        (None, "KILLED"),
    ],
)
def test_the_last_status_becomes_the_runs(
    tmp_path: Path, uri: str, ship_all: Ship, status: RunStatus | None, stored: str
) -> None:
    recorder = JournalRecorder(tmp_path)
    recorder.status(RunStatus.RUNNING)
    if status:
        recorder.status(status)
    recorder.close()
    ship_all(tmp_path, uri)
    (run,) = runs_of(uri, recorder.run_uid)
    assert run.info.status == stored
    assert run.data.tags["status"] == (status or RunStatus.INTERRUPTED)


def test_what_mlflow_refuses_does_not_hold_up_the_rest(
    tmp_path: Path, uri: str, ship_all: Ship, told_by_mlflow: Tell
) -> None:
    recorder = JournalRecorder(tmp_path)
    recorder.params({"seed": 1})
    ship_all(tmp_path, uri)
    recorder.params({"seed": 2, "other": 3})
    recorder.metrics({"fine": 1.0, "not:fine;": 1.0}, 0)
    recorder.text("gone.txt", "x")
    (tmp_path / "files/gone.txt").unlink()
    recorder.tags({"t": "u"})
    ship_all(tmp_path, uri)
    progress = read_progress(tmp_path)
    assert progress.refused == 3
    content = told_by_mlflow(uri, progress.run_id)
    assert content.params == {"seed": "1", "other": "3"}
    assert [point[0] for point in content.points] == ["fine"]
    assert content.tags == {"t": "u"}


def test_a_run_deleted_in_mlflow_comes_back_whole_as_a_new_one(
    tmp_path: Path, uri: str, ship_all: Ship, told_by_journal: Tell, told_by_mlflow: Tell
) -> None:
    from mlflow.tracking import MlflowClient

    recorder = JournalRecorder(tmp_path)
    recorder.metrics({"a": 1.0}, 0)
    link = ship_all(tmp_path, uri)
    old = read_progress(tmp_path).run_id
    MlflowClient(uri).delete_run(old)
    recorder.metrics({"a": 2.0}, 1)
    problem, _ = link.advance(None)
    assert "active" in problem
    assert link.advance(None) == ("", False)
    identity = read_identity(tmp_path)
    assert identity is not None
    assert identity.run_id != old
    assert told_by_mlflow(uri, identity.run_id) == told_by_journal(tmp_path)


def test_shipments_keep_to_the_size_of_a_call_and_miss_nothing(tmp_path: Path) -> None:
    recorder = JournalRecorder(tmp_path)
    for step in range(300):
        recorder.metrics({f"m{index}": 0.0 for index in range(7)}, step)
    path = tmp_path / "journal.jsonl"
    offset, points, sizes = 0, [], []
    while (shipment := gather(path, offset, None)).end > offset:
        offset = shipment.end
        sizes.append(len(shipment.points))
        points += [(name, step) for name, _, _, step in shipment.points]
    assert sizes == [994, 994, 112]
    assert points == [(f"m{index}", step) for step in range(300) for index in range(7)]


def test_a_shipment_ends_where_the_trainer_ended(tmp_path: Path) -> None:
    recorder = JournalRecorder(tmp_path)
    recorder.metrics({"a": 1.0}, 0)
    end = (tmp_path / "journal.jsonl").stat().st_size
    recorder.metrics({"a": 1.0}, 1)
    shipment = gather(tmp_path / "journal.jsonl", 0, end)
    assert shipment.end == end
    assert len(shipment.points) == 1
