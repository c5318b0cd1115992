"""Whatever goes wrong with server, disk or trainer: MLflow comes to hold exactly the journal."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from latentsweep.config.project import ROOT
from latentsweep.tracking.journal import journal_size
from latentsweep.tracking.progress import PROGRESS_NAME, read_progress

from ..tracking.conftest import journal_content, mlflow_content
from .requirement import require
from .restarted_server import RestartedServer
from .slurm import wait_until

BACK_AFTER_SECONDS = 20.0
# Ten numbers a step, many steps: some 20 s of training, so that there is something to interrupt.
LONG = (
    "data=digits",
    "batch_size=64",
    "model.latent_size=3",
    "trainer=cpu",
    "trainer.threads=1",
    "trainer.progress_bar=false",
    "trainer.checkpoint_every_n_steps=100",
    "tracking=server",
    "tracking.every_n_steps=1",
    "tracking.images_every_n_epochs=20",
    "tracking.system_metrics_every_seconds=1",
    "tracking.wait_seconds=2",
    "tracking.log_model=false",
)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RestartedServer]:
    (tmp_path / "server").mkdir()
    made = RestartedServer(tmp_path / "server")
    yield made
    made.kill()


class Training:
    """A real run by the command that users give."""

    def __init__(self, directory: Path, server: RestartedServer, epochs: int) -> None:
        self.directory = directory
        self._overrides = [*LONG, f"tracking.uri={server.address}", f"trainer.max_epochs={epochs}"]
        self.process = self._start()

    def again(self) -> None:
        """Give the same command again."""
        self.process = self._start()

    def ended(self) -> str:
        """Wait for its end; what it printed."""
        output, errors = self.process.communicate(timeout=240)
        assert self.process.returncode == 0, errors
        return output

    @property
    def run_dir(self) -> Path:
        (found,) = self.directory.glob("runs/*/journal.jsonl")
        return found.parent

    def recorded(self, size: int) -> None:
        """Wait until the journal has so many bytes."""
        wait_until(lambda: len(list(self.directory.glob("runs/*/journal.jsonl"))) == 1, 120)
        wait_until(
            lambda: journal_size(self.run_dir) >= size or self.process.poll() is not None, 120
        )

    def _start(self) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, str(ROOT / "pipelines" / "train.py"), *self._overrides],
            cwd=self.directory,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )


def make_sync(directory: Path) -> subprocess.CompletedProcess[str]:
    """What `make sync` runs."""
    return subprocess.run(
        [sys.executable, str(ROOT / "pipelines" / "sync.py")],
        cwd=directory,
        capture_output=True,
        text=True,
        check=False,
    )


def agree(training: Training, server: RestartedServer, status: str = "FINISHED") -> None:
    """After `make sync` MLflow holds one run with exactly the journal's content."""
    from mlflow.tracking import MlflowClient

    # One that still ships by itself, or what it has left.
    wait_until(lambda: make_sync(training.directory).returncode == 0, 120)
    client = MlflowClient(server.address)
    (run,) = client.search_runs([client.get_experiment_by_name("latentsweep").experiment_id])
    assert run.info.status == status
    expected = journal_content(training.run_dir)
    assert len(expected.points) > 1000
    got = mlflow_content(server.address, run.info.run_id)
    assert (len(got.points), got.points == expected.points) == (len(expected.points), True)
    assert (got.params, got.tags, got.files) == (expected.params, expected.tags, expected.files)


def test_server_down_from_the_start_and_killed_in_the_middle_of_the_replay(
    tmp_path: Path, server: RestartedServer
) -> None:
    training = Training(tmp_path, server, epochs=60)
    output = training.ended()
    assert "not synced: " in output
    assert "make sync" in output
    server.start()
    sync = subprocess.Popen(
        [sys.executable, str(ROOT / "pipelines" / "sync.py")],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        text=True,
    )
    size = journal_size(training.run_dir)
    wait_until(lambda: read_progress(training.run_dir).offset > 0 or sync.poll() is not None, 60)
    server.kill()
    assert 0 < read_progress(training.run_dir).offset < size
    said, _ = sync.communicate(timeout=120)
    assert sync.returncode == 1
    assert "not synced: " in said
    server.start()
    agree(training, server)


def test_server_killed_in_the_middle_and_back_after_twenty_seconds(
    tmp_path: Path, server: RestartedServer
) -> None:
    server.start()
    training = Training(tmp_path, server, epochs=5000)
    training.recorded(100_000)
    wait_until(lambda: read_progress(training.run_dir).offset > 0, 60)
    server.kill()
    steps = journal_size(training.run_dir)
    time.sleep(BACK_AFTER_SECONDS)  # the fault itself, not a wait for anything
    assert training.process.poll() is None
    assert journal_size(training.run_dir) > steps  # it trained all the while
    server.start()
    shipped = read_progress(training.run_dir).offset
    wait_until(lambda: read_progress(training.run_dir).offset > shipped, 60)
    training.process.send_signal(signal.SIGTERM)
    training.process.communicate(timeout=120)
    assert training.process.returncode == 128 + signal.SIGTERM
    agree(training, server, status="KILLED")


def test_server_that_never_comes_back_and_a_lost_cursor(
    tmp_path: Path, server: RestartedServer
) -> None:
    server.start()
    training = Training(tmp_path, server, epochs=100)
    training.recorded(100_000)
    wait_until(lambda: read_progress(training.run_dir).offset > 0, 60)
    server.kill()
    assert "not synced: " in training.ended()
    assert make_sync(tmp_path).returncode == 1
    (training.run_dir / PROGRESS_NAME).unlink()
    server.start()
    agree(training, server)


def test_trainer_killed_at_random_moments_and_resumed(
    tmp_path: Path, server: RestartedServer
) -> None:
    server.start()
    training = Training(tmp_path, server, epochs=60)
    size = 0
    seed = int(os.environ.get("LATENTSWEEP_TEST_SEED", random.randrange(2**32)))
    print(f"LATENTSWEEP_TEST_SEED={seed} kills at the same moments")  # shown where the test fails
    moments = random.Random(seed)
    for _ in range(3):
        size += moments.randrange(20_000, 80_000)
        training.recorded(size)
        training.process.kill()
        training.process.communicate()
        if moments.random() < 0.5:
            (training.run_dir / PROGRESS_NAME).unlink(missing_ok=True)
        training.again()
    training.ended()
    agree(training, server)


@contextmanager
def small_disk(directory: Path) -> Iterator[Path]:
    """A disk of 6 MB."""
    directory.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", str(directory)]
    done = subprocess.run(mount, capture_output=True, text=True, check=False)
    require(done.returncode == 0, f"cannot mount a small disk: {done.stderr}")
    try:
        yield directory
    finally:
        subprocess.run(["umount", "--lazy", str(directory)], check=True)


def fill(disk: Path) -> Path:
    """Put a file on the disk that takes all the room that there is."""
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(b"\0" * 4096)
        except OSError:
            return filler


def test_artifacts_that_the_server_cannot_write_are_told_of_before_training(
    tmp_path: Path, server: RestartedServer
) -> None:
    (tmp_path / "server" / "artifacts").write_text("a file where a directory should be")
    server.start()
    training = Training(tmp_path, server, epochs=1)
    output, errors = training.process.communicate(timeout=120)
    assert training.process.returncode == 2
    assert "cannot store artifacts" in errors
    assert "Traceback" not in errors
    assert (output, list(tmp_path.glob("runs/*"))) == ("", [])


def test_servers_disk_is_full(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk") as disk:
        (tmp_path / "server").mkdir()
        server = RestartedServer(tmp_path / "server", disk)
        try:
            server.start()
            training = Training(tmp_path, server, epochs=60)
            training.recorded(50_000)
            wait_until(lambda: read_progress(training.run_dir).offset > 0, 60)
            filler = fill(disk)
            assert "not synced: " in training.ended()
            assert make_sync(tmp_path).returncode == 1
            filler.unlink()
            agree(training, server)
        finally:
            server.kill()
