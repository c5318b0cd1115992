import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from latentsweep.config.tracking import TrackingConfig
from latentsweep.errors import ConfigError
from latentsweep.tracking.journal import read_journal
from latentsweep.tracking.progress import read_progress
from latentsweep.tracking.recorder import Recorder, RunStatus
from latentsweep.tracking.records import Status
from latentsweep.tracking.report import SyncReport
from latentsweep.tracking.session import Tracking

Config = Callable[..., TrackingConfig]


def statuses(run_dir: Path) -> list[RunStatus]:
    records = read_journal(run_dir / "journal.jsonl")
    return [record.status for record, _ in records if isinstance(record, Status)]


def test_importing_it_imports_nothing_heavy(child_environment: dict[str, str]) -> None:
    code = (
        "import sys, latentsweep.tracking.session\n"
        "heavy = 'mlflow matplotlib sklearn h5py psutil torch PIL sqlalchemy numpy'.split()\n"
        "print([name for name in heavy if name in sys.modules])"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, env=child_environment, capture_output=True, text=True)
    assert done.stdout == "[]\n", done.stderr


def test_with_tracking_off_the_journal_alone_is_written(
    tmp_path: Path, child_environment: dict[str, str]
) -> None:
    code = (
        "import sys; from pathlib import Path\n"
        "from latentsweep.config.tracking import TrackingConfig\n"
        "from latentsweep.tracking.recorder import RunStatus\n"
        "from latentsweep.tracking.session import Tracking\n"
        "config = TrackingConfig(name='off', uri=None, experiment='e', every_n_steps=1,\n"
        "    images_every_n_epochs=0, system_metrics_every_seconds=0.0, log_model=False,\n"
        "    wait_seconds=60.0)\n"
        "tracking = Tracking.start(Path(sys.argv[1]), config, 'uid')\n"
        "tracking.recorder.metrics({'a': 1.0}, 1)\n"
        "print(tracking.finish(RunStatus.FINISHED).complete, 'mlflow' in sys.modules)"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    done = subprocess.run(command, env=child_environment, capture_output=True, text=True)
    assert done.stdout == "True False\n", done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["journal.jsonl"]


@pytest.mark.parametrize(
    ("raised", "status"),
    [
        (None, RunStatus.FINISHED),
        (ValueError, RunStatus.FAILED),
        (KeyboardInterrupt, RunStatus.INTERRUPTED),
    ],
)
def test_leaving_the_context_tells_how_the_run_ended(
    tmp_path: Path, config: Config, raised: type[BaseException] | None, status: RunStatus
) -> None:
    def use() -> None:
        with Tracking.start(tmp_path, config("off", None)):
            if raised:
                raise raised

    if raised:
        with pytest.raises(raised):
            use()
    else:
        use()
    assert statuses(tmp_path) == [RunStatus.RUNNING, status]


def test_the_status_given_to_finish_counts_and_finishing_again_changes_nothing(
    tmp_path: Path, config: Config
) -> None:
    with Tracking.start(tmp_path, config("off", None)) as tracking:
        recorder: Recorder = tracking.recorder
        recorder.flush()
        first = tracking.finish(RunStatus.INTERRUPTED)
        assert tracking.finish(RunStatus.FINISHED) is first
    assert statuses(tmp_path) == [RunStatus.RUNNING, RunStatus.INTERRUPTED]
    assert first == SyncReport(complete=True)


def test_a_wrong_address_starts_nothing(tmp_path: Path, config: Config) -> None:
    with pytest.raises(ConfigError):
        Tracking.start(tmp_path / "run", config("server", "localhost:5000"))
    assert not (tmp_path / "run").exists()


def test_a_server_that_is_away_is_told_in_the_report_and_nothing_is_lost(
    tmp_path: Path, config: Config
) -> None:
    impatient = {**vars(config("server", "http://me:s3cret@127.0.0.1:9")), "wait_seconds": 0.1}
    tracking = Tracking.start(
        tmp_path, TrackingConfig(**{k: v for k, v in impatient.items() if k[0] != "_"})
    )
    process = tracking._shipper._courier._process
    assert process is not None
    try:
        tracking.recorder.metrics({"a": 1.0}, 1)
        deadline = time.monotonic() + 60
        while not read_progress(tmp_path).problem:
            assert time.monotonic() < deadline
            assert process.poll() is None
        report = tracking.finish(RunStatus.FINISHED)
        assert not report.complete
        assert "127.0.0.1" in report.problem
        log = (tmp_path / "synchroniser.log").read_text()
        assert "s3cret" not in log + report.problem + (tmp_path / "sync.json").read_text()
        assert "s3cret" not in Path(f"/proc/{process.pid}/cmdline").read_text()
    finally:
        process.kill()
        process.wait()
