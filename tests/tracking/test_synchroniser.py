import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from latentsweep.config.tracking import TrackingConfig
from latentsweep.tracking.instructions import End, to_line
from latentsweep.tracking.journal import journal_size
from latentsweep.tracking.journal_recorder import JournalRecorder
from latentsweep.tracking.progress import Progress, read_identity, read_progress
from latentsweep.tracking.recorder import RunStatus
from latentsweep.tracking.session import Tracking

from ..integration.restarted_server import RestartedServer

Config = Callable[..., TrackingConfig]
Tell = Callable[..., Any]

TRAINER = """
import os, sys
from pathlib import Path
import numpy as np
from latentsweep.config.tracking import TrackingConfig
from latentsweep.tracking.recorder import RunStatus
from latentsweep.tracking.session import Tracking
run_dir, uri, end = Path(sys.argv[1]), sys.argv[2], sys.argv[5]
first, last = map(int, sys.argv[3:5])
config = TrackingConfig(name="local", uri=uri, experiment="tests", every_n_steps=1,
    images_every_n_epochs=1, system_metrics_every_seconds=0.0, log_model=False, wait_seconds=60.0)
tracking = Tracking.start(run_dir, config, run_dir.name)
tracking.recorder.params({"seed": 3})
for step in range(first, last):
    tracking.recorder.metrics({"train/loss": 1 / (step + 1), "train/kl": float(step)}, step)
    if step % 50 == 0:
        tracking.recorder.image("prior", np.full((4, 4), step % 256, np.uint8), step)
print(tracking._shipper._courier._process.pid, flush=True)
if end == "hang":
    sys.stdin.read()
report = tracking.finish(RunStatus.FINISHED)
print(report.complete, report.problem, flush=True)
"""


def until(condition: Callable[[], bool], seconds: float = 90.0) -> None:
    """Wait for a condition, without a fixed sleep before it is looked at."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "the condition did not come true"
        time.sleep(0.05)


def train(
    run_dir: Path, uri: str, steps: tuple[int, int], end: str, environment: dict[str, str]
) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", TRAINER, str(run_dir), uri, *map(str, steps), end]
    return subprocess.Popen(
        command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def settled(run_dir: Path) -> Progress | None:
    progress = read_progress(run_dir)
    return progress if progress.settled else None


def test_a_killed_trainers_run_is_interrupted_whole_and_resumed_without_duplicates(
    tmp_path: Path,
    uri: str,
    child_environment: dict[str, str],
    told_by_journal: Tell,
    told_by_mlflow: Tell,
) -> None:
    from mlflow.tracking import MlflowClient

    client = MlflowClient(uri)
    run_dir = tmp_path / f"run-{os.getpid()}"
    trainer = train(run_dir, uri, (0, 300), "hang", child_environment)
    assert trainer.stdout is not None
    assert trainer.stdout.readline().strip()
    # Killed before the synchroniser has even found the store, the worst moment.
    trainer.kill()
    trainer.communicate()
    until(lambda: settled(run_dir) is not None)
    first = read_progress(run_dir)
    run = client.get_run(first.run_id)
    assert (run.info.status, run.data.tags["status"]) == ("KILLED", "interrupted")
    assert told_by_mlflow(uri, first.run_id) == told_by_journal(run_dir)

    resumed = train(run_dir, uri, (200, 500), "hang", child_environment)
    until(lambda: client.get_run(first.run_id).info.status == "RUNNING")
    assert client.get_run(first.run_id).data.tags["status"] == "running"
    output, _ = resumed.communicate("")
    assert output.splitlines()[-1].startswith("True")
    content = told_by_mlflow(uri, first.run_id)
    assert content == told_by_journal(run_dir)
    steps = [step for name, _, _, step in content.points if name == "train/loss"]
    assert sorted(steps) == list(range(500))
    assert client.get_run(first.run_id).info.status == "FINISHED"


def test_a_trainer_killed_and_resumed_at_once_hands_over_to_the_new_synchroniser(
    tmp_path: Path,
    uri: str,
    child_environment: dict[str, str],
    told_by_journal: Tell,
    told_by_mlflow: Tell,
) -> None:
    run_dir = tmp_path / f"again-{os.getpid()}"
    trainer = train(run_dir, uri, (0, 200), "hang", child_environment)
    assert trainer.stdout is not None
    assert trainer.stdout.readline().strip()
    trainer.kill()
    trainer.communicate()
    resumed = train(run_dir, uri, (100, 300), "end", child_environment)
    output, _ = resumed.communicate()
    assert output.splitlines()[-1].startswith("True"), output
    run_id = read_progress(run_dir).run_id
    assert told_by_mlflow(uri, run_id) == told_by_journal(run_dir)
    assert (run_dir / "synchroniser.log").read_text() == ""


def test_two_runs_may_create_one_store_at_the_same_moment(
    tmp_path: Path, child_environment: dict[str, str], told_by_journal: Tell, told_by_mlflow: Tell
) -> None:
    fresh = f"sqlite:///{tmp_path}/sub/mlflow.db"
    run_dirs = [tmp_path / name for name in ("one", "two")]
    trainers = [train(run_dir, fresh, (0, 50), "end", child_environment) for run_dir in run_dirs]
    for trainer in trainers:
        output, _ = trainer.communicate()
        assert output.splitlines()[-1].startswith("True"), output
    identities = [read_identity(run_dir) for run_dir in run_dirs]
    assert identities[0]
    assert identities[1]
    assert identities[0].experiment_id == identities[1].experiment_id
    for run_dir, identity in zip(run_dirs, identities, strict=True):
        assert identity
        assert told_by_mlflow(fresh, identity.run_id) == told_by_journal(run_dir)
        assert (tmp_path / "sub/mlartifacts" / identity.run_id).is_dir()


def test_a_synchroniser_that_was_killed_is_replaced_at_the_end(
    tmp_path: Path, uri: str, config: Config, told_by_journal: Tell, told_by_mlflow: Tell
) -> None:
    tracking = Tracking.start(tmp_path, config("local", uri))
    tracking.recorder.metrics({"a": 1.0}, 1)
    assert tracking._shipper._courier._process is not None
    tracking._shipper._courier._process.kill()
    tracking._shipper._courier._process.wait()
    report = tracking.finish(RunStatus.FINISHED)
    assert report.complete, report.problem
    assert report.run_id
    assert told_by_mlflow(uri, report.run_id) == told_by_journal(tmp_path)


def test_signals_for_the_whole_job_do_not_end_the_synchroniser(
    tmp_path: Path, uri: str, config: Config
) -> None:
    tracking = Tracking.start(tmp_path, config("local", uri))
    assert tracking._shipper._courier._process is not None
    until(lambda: read_progress(tmp_path).run_id != "")
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGUSR2):
        tracking._shipper._courier._process.send_signal(number)
    tracking.recorder.metrics({"a": 1.0}, 1)
    size = (tmp_path / "journal.jsonl").stat().st_size
    until(lambda: read_progress(tmp_path).offset == size)
    assert tracking._shipper._courier._process.poll() is None
    assert os.getpgid(tracking._shipper._courier._process.pid) != os.getpgid(0)
    assert tracking.finish(RunStatus.FINISHED).complete


def test_with_the_trainer_gone_and_the_server_away_it_gives_up(
    tmp_path: Path, child_environment: dict[str, str]
) -> None:
    JournalRecorder(tmp_path).close()
    command = [sys.executable, "-m", "latentsweep.tracking.synchroniser"]
    command += ["--uri", "http://127.0.0.1:9", "--experiment", "tests", "--patience", "0"]
    told = to_line(End(tmp_path, journal_size(tmp_path)))
    done = subprocess.run(command, env=child_environment, input=told, capture_output=True)
    assert done.returncode == 1
    assert b"gave up" in done.stderr
    assert not read_progress(tmp_path).settled


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RestartedServer]:
    made = RestartedServer(tmp_path)
    yield made
    made.kill()


def test_a_server_that_comes_late_gets_everything(
    tmp_path: Path,
    server: RestartedServer,
    config: Config,
    told_by_journal: Tell,
    told_by_mlflow: Tell,
) -> None:
    run_dir = tmp_path / "run"
    tracking = Tracking.start(run_dir, config("server", server.address))
    for step in range(300):
        values = {f"train/m{index}": step / (index + 1) for index in range(5)}
        tracking.recorder.metrics(values, step)
    tracking.recorder.metrics({"odd": float("nan")}, 0)
    tracking.recorder.params({"seed": 1})
    tracking.recorder.text("notes/config.yaml", "seed: 1\n")
    until(lambda: read_progress(run_dir).problem != "")
    server.start()
    report = tracking.finish(RunStatus.FINISHED)
    assert report.complete, report.problem
    assert report.run_id
    assert told_by_mlflow(server.address, report.run_id) == told_by_journal(run_dir)
