import os
import time
import uuid
from pathlib import Path

from latentsweep.tracking.destination import Destination
from latentsweep.tracking.vanished import DIRECTORY_TAG, HOST_TAG, close_vanished


def test_only_silent_runs_of_this_machine_whose_directory_is_gone_are_closed(
    tmp_path: Path, uri: str
) -> None:
    from mlflow.tracking import MlflowClient

    client = MlflowClient(uri)
    name = uuid.uuid4().hex
    experiment = client.create_experiment(name)
    long_ago = int((time.time() - 3600) * 1000)
    (tmp_path / "there").mkdir()
    here = os.uname().nodename

    def running(directory: Path, host: str, started: int) -> str:
        tags = {HOST_TAG: host, DIRECTORY_TAG: str(directory)}
        made = client.create_run(experiment, start_time=started, tags=tags)
        return str(made.info.run_id)

    gone = running(tmp_path / "gone", here, long_ago)
    spoke = running(tmp_path / "gone", here, long_ago)
    client.log_metric(spoke, "a", 1.0)
    kept = [
        spoke,
        running(tmp_path / "there", here, long_ago),
        running(tmp_path / "gone", "another machine", long_ago),
        running(tmp_path / "gone", here, int(time.time() * 1000)),
        running(tmp_path / "unmounted" / "gone", here, long_ago),
    ]
    assert close_vanished(Destination(uri, name)) == [gone]
    closed = client.get_run(gone)
    assert (closed.info.status, closed.data.tags["status"]) == ("KILLED", "interrupted")
    assert closed.info.end_time == long_ago
    assert {client.get_run(run).info.status for run in kept} == {"RUNNING"}


def test_a_store_that_is_away_closes_nothing() -> None:
    assert close_vanished(Destination("http://127.0.0.1:9", "tests")) == []
