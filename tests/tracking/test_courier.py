import fcntl
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from latentsweep.config.tracking import TrackingConfig
from latentsweep.tracking.courier import Courier
from latentsweep.tracking.delivery import Delivery
from latentsweep.tracking.instructions import Begin, End, from_line, to_line
from latentsweep.tracking.journal import journal_size
from latentsweep.tracking.journal_recorder import JournalRecorder
from latentsweep.tracking.progress import read_progress
from latentsweep.tracking.recorder import RunStatus
from latentsweep.tracking.report import SyncReport, sync_report
from latentsweep.tracking.session import Tracking

from .test_synchroniser import until

Tell = Callable[..., Any]

WORKER = """
import sys
from pathlib import Path
from latentsweep.config.tracking import TrackingConfig
from latentsweep.tracking.courier import Courier
from latentsweep.tracking.recorder import RunStatus
from latentsweep.tracking.session import Tracking
base, uri = Path(sys.argv[1]), sys.argv[2]
config = TrackingConfig(name="local", uri=uri, experiment="tests", every_n_steps=1,
    images_every_n_epochs=1, system_metrics_every_seconds=0.0, log_model=False, wait_seconds=60.0)
courier = Courier(config, base / "synchroniser.log")
for name in ("ended", "left"):
    run_dir = base / name
    tracking = Tracking.start(run_dir, config, None, courier.shipper(run_dir))
    for step in range(200):
        tracking.recorder.metrics({"train/loss": 1 / (step + 1)}, step)
    if name == "ended":
        tracking.finish(RunStatus.FINISHED)
print("recorded", flush=True)
sys.stdin.read()
"""


@pytest.fixture(scope="module")
def courier(tmp_path_factory: pytest.TempPathFactory, uri: str) -> Iterator[Courier]:
    """One process for all runs of this file, as in a sweep's worker."""
    made = Courier(_config(uri), tmp_path_factory.mktemp("courier") / "synchroniser.log")
    yield made
    assert made.close(60) == {}


@pytest.fixture
def own_courier(tmp_path: Path, uri: str) -> Iterator[Courier]:
    """One that a test may stop or kill; nothing of it stays behind."""
    made = Courier(_config(uri), tmp_path / "synchroniser.log")
    yield made
    if made._process:
        made._process.kill()
        made._process.wait()


def _config(uri: str | None) -> TrackingConfig:
    return TrackingConfig(
        name="local" if uri else "off",
        uri=uri,
        experiment="tests",
        every_n_steps=1,
        images_every_n_epochs=1,
        system_metrics_every_seconds=0.0,
        log_model=False,
        wait_seconds=60.0,
    )


def start(courier: Courier, run_dir: Path, uri: str) -> Tracking:
    tracking = Tracking.start(run_dir, _config(uri), None, courier.shipper(run_dir))
    tracking.recorder.metrics({"train/loss": 1.0}, 0)
    return tracking


def status_of(uri: str, run_dir: Path) -> tuple[str, str]:
    """MLflow's status of a run, and the tag that says it in this project's words."""
    from mlflow.tracking import MlflowClient

    run = MlflowClient(uri).get_run(read_progress(run_dir).run_id)
    return run.info.status, run.data.tags["status"]


def settled(run_dir: Path) -> bool:
    return sync_report(run_dir).complete


@pytest.mark.parametrize("name", ["/a/b", "/with space/ä", "/new\nline", "/odd\udc80bytes"])
def test_an_instruction_survives_its_line(name: str) -> None:
    for instruction in (Begin(Path(name)), End(Path(name), 17)):
        line = to_line(instruction)
        assert line.count(b"\n") == 1
        assert from_line(line) == instruction


@pytest.mark.parametrize("line", [b"", b"{}", b"[1]", b'{"end": "/a"}', b'{"begin": 3}', b'{"be'])
def test_what_is_no_instruction_is_refused(line: bytes) -> None:
    with pytest.raises(ValueError, match="no instruction"):
        from_line(line)


def test_a_run_that_ends_is_settled_while_another_one_goes_on(
    tmp_path: Path, uri: str, courier: Courier, told_by_journal: Tell, told_by_mlflow: Tell
) -> None:
    process = courier._process
    long, short = (start(courier, tmp_path / name, uri) for name in ("long", "short"))
    report = short.finish(RunStatus.FINISHED)
    assert report.problem == ""
    assert not report.complete
    until(lambda: settled(tmp_path / "short"))
    until(lambda: read_progress(tmp_path / "long").offset > 0)
    assert status_of(uri, tmp_path / "short") == ("FINISHED", "finished")
    assert status_of(uri, tmp_path / "long") == ("RUNNING", "running")
    long.finish(RunStatus.FAILED)
    until(lambda: settled(tmp_path / "long"))
    assert status_of(uri, tmp_path / "long") == ("FAILED", "failed")
    for name in ("long", "short"):
        run_dir = tmp_path / name
        run_id = read_progress(run_dir).run_id
        assert told_by_mlflow(uri, run_id) == told_by_journal(run_dir)
        assert not (run_dir / "synchroniser.log").exists()
    assert courier._process is process


def test_a_run_taken_up_again_by_the_same_worker_is_running_again(
    tmp_path: Path, uri: str, courier: Courier
) -> None:
    for end in (RunStatus.INTERRUPTED, RunStatus.FINISHED):
        tracking = start(courier, tmp_path, uri)
        until(lambda: read_progress(tmp_path).run_id != "")
        until(lambda: status_of(uri, tmp_path) == ("RUNNING", "running"))
        tracking.finish(end)
        until(lambda: settled(tmp_path))
    assert status_of(uri, tmp_path) == ("FINISHED", "finished")


def test_a_run_taken_up_again_in_the_middle_of_its_delivery_is_running_again(
    tmp_path: Path, uri: str
) -> None:
    recorder = JournalRecorder(tmp_path)
    recorder.status(RunStatus.INTERRUPTED)
    recorder.metrics({"train/loss": 1.0}, 0)
    delivery = Delivery(tmp_path, uri, "tests", journal_size(tmp_path))
    assert delivery.step()
    assert not delivery.done
    delivery.begin_again()
    assert delivery.step()
    assert status_of(uri, tmp_path) == ("RUNNING", "running")


def test_a_run_that_goes_on_in_other_processes_keeps_running_in_mlflow(
    tmp_path: Path, uri: str, courier: Courier
) -> None:
    from mlflow.tracking import MlflowClient

    start(courier, tmp_path, uri).finish(RunStatus.HANDED_ON)
    until(lambda: settled(tmp_path))
    assert status_of(uri, tmp_path) == ("RUNNING", "running")
    run = MlflowClient(uri).get_run(read_progress(tmp_path).run_id)
    assert run.info.end_time is None


def test_a_run_that_another_synchroniser_ships_does_not_hold_up_the_others(
    tmp_path: Path, uri: str, courier: Courier
) -> None:
    held, free = tmp_path / "held", tmp_path / "free"
    held.mkdir()
    with (held / "sync.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for run_dir in (held, free):
            start(courier, run_dir, uri).finish(RunStatus.FINISHED)
        until(lambda: settled(free))
        assert read_progress(held).run_id == ""
    until(lambda: settled(held))
    assert status_of(uri, held) == ("FINISHED", "finished")


def test_a_run_that_fails_to_ship_does_not_hold_up_the_others(
    tmp_path: Path, uri: str, courier: Courier
) -> None:
    bad, good = tmp_path / "bad", tmp_path / "good"
    (bad / "mlflow.json" / "in the way").mkdir(parents=True)
    for run_dir in (bad, good):
        start(courier, run_dir, uri).finish(RunStatus.FINISHED)
    until(lambda: settled(good))
    assert not settled(bad)
    (bad / "mlflow.json" / "in the way").rmdir()
    (bad / "mlflow.json").rmdir()
    until(lambda: settled(bad))


def test_how_a_run_stood_before_it_was_taken_up_elsewhere_no_longer_counts(
    tmp_path: Path, uri: str, ship_all: Callable[[Path, str], Any]
) -> None:
    recorder = JournalRecorder(tmp_path)
    recorder.status(RunStatus.INTERRUPTED)
    end = journal_size(tmp_path)
    recorder.status(RunStatus.FINISHED)
    recorder.close()
    ship_all(tmp_path, uri)
    late = Delivery(tmp_path, uri, "tests", end)
    until(lambda: late.step() and late.done)
    assert late.complete
    assert status_of(uri, tmp_path) == ("FINISHED", "finished")
    assert sync_report(tmp_path, end).complete


def test_a_killed_synchroniser_is_replaced_and_told_of_all_that_is_left(
    tmp_path: Path, uri: str, own_courier: Courier
) -> None:
    courier = own_courier
    running, ended, later = (tmp_path / name for name in ("running", "ended", "later"))
    first = courier._process
    assert first
    os.kill(first.pid, signal.SIGSTOP)  # so that it cannot have shipped anything
    on_the_way = start(courier, running, uri)
    start(courier, ended, uri).finish(RunStatus.FINISHED)
    first.kill()
    first.wait()
    last = start(courier, later, uri)
    assert courier._process is not first
    until(lambda: settled(ended))
    until(lambda: read_progress(running).offset > 0)
    assert courier._process
    courier._process.kill()
    on_the_way.finish(RunStatus.FINISHED)
    last.finish(RunStatus.FINISHED)
    assert courier.close(60) == {}
    assert [status_of(uri, run_dir)[0] for run_dir in (running, ended, later)] == ["FINISHED"] * 3


def test_a_synchroniser_that_hangs_holds_up_nobody_and_hears_all_of_it_later(
    tmp_path: Path, uri: str, own_courier: Courier
) -> None:
    courier = own_courier
    assert courier._process
    os.kill(courier._process.pid, signal.SIGSTOP)
    start(courier, tmp_path / "first", uri).finish(RunStatus.FINISHED)
    for _ in range(2000):  # more than a pipe takes
        courier.begin(tmp_path / "last")
    tracking = start(courier, tmp_path / "last", uri)
    tracking.finish(RunStatus.FINISHED)
    assert courier._unsent
    os.kill(courier._process.pid, signal.SIGCONT)
    assert courier.close(60) == {}
    assert status_of(uri, tmp_path / "last") == ("FINISHED", "finished")


def test_a_killed_workers_runs_are_shipped_and_the_one_at_work_is_interrupted(
    tmp_path: Path,
    uri: str,
    child_environment: dict[str, str],
    told_by_journal: Tell,
    told_by_mlflow: Tell,
) -> None:
    command = [sys.executable, "-c", WORKER, str(tmp_path), uri]
    worker = subprocess.Popen(
        command, env=child_environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert worker.stdout
    assert worker.stdout.readline() == "recorded\n"
    worker.kill()
    worker.communicate()
    for name, expected in (("ended", "FINISHED"), ("left", "KILLED")):
        run_dir = tmp_path / name
        until(lambda run_dir=run_dir: settled(run_dir))
        assert status_of(uri, run_dir)[0] == expected
        run_id = read_progress(run_dir).run_id
        assert told_by_mlflow(uri, run_id) == told_by_journal(run_dir)
    assert (tmp_path / "synchroniser.log").read_text() == ""


def test_a_run_that_nobody_begins_is_shipped_for_a_worker_that_died(
    tmp_path: Path, uri: str, courier: Courier
) -> None:
    recorder = JournalRecorder(tmp_path)
    recorder.status(RunStatus.FINISHED)
    recorder.close()
    courier.shipper(tmp_path).finish(0)
    until(lambda: settled(tmp_path))
    assert status_of(uri, tmp_path) == ("FINISHED", "finished")


def test_closing_tells_which_runs_mlflow_does_not_hold(tmp_path: Path) -> None:
    address = "http://me:s3cret@127.0.0.1:9"
    courier = Courier(_config(address), tmp_path / "synchroniser.log")
    process = courier._process
    assert process
    try:
        run_dir = tmp_path / "run"
        start(courier, run_dir, address).finish(RunStatus.FINISHED)
        until(lambda: read_progress(run_dir).problem != "")
        left = courier.close(0.1)
        assert list(left) == [run_dir]
        assert "127.0.0.1" in left[run_dir].problem
        assert "s3cret" not in left[run_dir].problem + (tmp_path / "synchroniser.log").read_text()
        assert courier.close(0.1) == {}
    finally:
        process.kill()
        process.wait()


def test_shipped_runs_are_forgotten(tmp_path: Path, uri: str, courier: Courier) -> None:
    for number in range(6):
        run_dir = tmp_path / str(number)
        start(courier, run_dir, uri).finish(RunStatus.FINISHED)
        until(lambda run_dir=run_dir: settled(run_dir))
    start(courier, tmp_path / "last", uri).finish(RunStatus.FINISHED)
    assert len(courier._ended) <= 2
    assert courier._running == set()


def test_with_tracking_off_there_is_no_process(tmp_path: Path) -> None:
    courier = Courier(_config(None), tmp_path / "synchroniser.log")
    tracking = Tracking.start(tmp_path, _config(None), None, courier.shipper(tmp_path))
    assert tracking.finish(RunStatus.FINISHED) == SyncReport(complete=True)
    assert courier.close(60) == {}
    assert courier._process is None
    assert [path.name for path in tmp_path.iterdir()] == ["journal.jsonl"]


def test_a_system_that_starts_no_process_does_not_stop_training(
    tmp_path: Path, uri: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise BlockingIOError(11, "Resource temporarily unavailable")

    with monkeypatch.context() as full:
        full.setattr(subprocess, "Popen", refuse)
        courier = Courier(_config(uri), tmp_path / "synchroniser.log")
        tracking = start(courier, tmp_path / "run", uri)
        tracking.recorder.metrics({"train/loss": 1.0}, 1)
        tracking.finish(RunStatus.FINISHED)
        left = courier.close(1.0)
    assert "cannot be started" in left[tmp_path / "run"].problem
    again = start(courier, tmp_path / "other", uri)
    again.finish(RunStatus.FINISHED)
    assert courier.close(60.0) == {}
    assert settled(tmp_path / "other")
