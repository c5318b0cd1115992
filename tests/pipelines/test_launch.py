"""The command that starts ranks: what it refuses, and in how many words."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from latentsweep.config.project import CONFIG_DIRECTORY, ROOT
from latentsweep.training.ranks.meeting import MEETING_EXIT
from tests.pipelines.small_ranks import SMALL, journals, ranks_of, wait_for_steps
from tests.ports import free_port


def command(script: str, *arguments: str) -> list[str]:
    return [sys.executable, str(ROOT / "pipelines" / script), *arguments, *SMALL]


def run(
    directory: Path, script: str, *arguments: str, environment: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(script, *arguments),
        cwd=directory,
        env={**os.environ, **(environment or {})},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


REFUSED = {
    "more ranks than cores bear": (["--devices", "128"], "DEVICES=128"),
    "GPUs that are not there": (["--gpus", "2", "batch_size=128"], "GPUS= needs a GPU"),
    "a batch that two ranks cannot share": (["--devices", "3"], "cannot share a batch evenly"),
    "half a rank": (["--devices", "2.5"], "DEVICES=2.5"),
    "a cluster nobody knows": (["--cluster", "kube"], "CLUSTER=kube"),
    "several nodes without a cluster": (["--nodes", "2"], "need a cluster"),
    "another trainer": (["--devices", "2", "trainer=cpu"], "trainer=cpu trains in one process"),
    "an unknown key": (["--devices", "2", "trainer.max_epoch=2"], "unknown key"),
}


@pytest.mark.parametrize("mistake", REFUSED)
def test_mistake_is_told_once_and_nothing_is_started(tmp_path: Path, mistake: str) -> None:
    arguments, message = REFUSED[mistake]
    done = run(tmp_path, "launch.py", *arguments)
    assert done.returncode == 2
    assert message in done.stderr
    assert done.stderr.count("latentsweep: ") == 1
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_directory_of_a_config_may_have_any_name(tmp_path: Path) -> None:
    shutil.copytree(CONFIG_DIRECTORY, tmp_path / "a=b")
    done = run(tmp_path, "launch.py", "--devices", "2", "--config-path", "a=b", "--cfg", "job")
    assert done.returncode == 0, done.stderr
    assert "name: ddp" in done.stdout


def test_config_is_shown_for_ranks_too(tmp_path: Path) -> None:
    done = run(tmp_path, "launch.py", "--devices", "2", "--cfg", "job")
    assert done.returncode == 0, done.stderr
    assert "name: ddp" in done.stdout


@pytest.mark.parametrize(
    "nonsense",
    [
        {"RANK": "foo", "WORLD_SIZE": "bar"},
        {"RANK": "0", "WORLD_SIZE": "0", "MASTER_ADDR": "localhost", "MASTER_PORT": "29511"},
        {"RANK": "0", "WORLD_SIZE": "2", "MASTER_ADDR": "localhost", "MASTER_PORT": "99999"},
        {"RANK": "7", "WORLD_SIZE": "3", "MASTER_ADDR": "localhost", "MASTER_PORT": "29511"},
    ],
    ids=["no numbers", "nobody", "no port", "beyond the last"],
)
def test_nonsense_of_a_launcher_is_refused_at_once(
    tmp_path: Path, nonsense: dict[str, str]
) -> None:
    done = run(tmp_path, "train.py", environment=nonsense)
    assert done.returncode == 2
    assert "cannot tell which rank this process is" in done.stderr
    assert "Traceback" not in done.stderr


def test_directory_without_room_for_the_meeting_is_named(tmp_path: Path) -> None:
    place = {"LATENTSWEEP_MEETING_FILE": str(tmp_path / "gone" / "ranks")}
    place |= {"RANK": "0", "WORLD_SIZE": "2", "LOCAL_RANK": "0", "LOCAL_WORLD_SIZE": "2"}
    done = run(tmp_path, "train.py", "trainer=ddp", environment=place)
    assert done.returncode == MEETING_EXIT
    assert f"there is no directory {tmp_path / 'gone'}" in done.stderr


def test_ranks_whose_launcher_is_killed_save_and_leave(tmp_path: Path) -> None:
    arguments = ("--devices", "2", "trainer.max_epochs=4000", "tracking.every_n_steps=1")
    words = [text for text in command("launch.py", *arguments) if text != "trainer.max_epochs=1"]
    with subprocess.Popen(words, cwd=tmp_path, stderr=subprocess.DEVNULL) as launched:
        wait_for_steps(tmp_path)
        ranks = ranks_of(launched.pid)
        launched.kill()
    until = time.monotonic() + 30
    while any(Path(f"/proc/{rank}").exists() for rank in ranks):
        assert time.monotonic() < until
        time.sleep(0.05)
    (journal,) = journals(tmp_path)
    assert (journal.parent / "checkpoints" / "last.ckpt").exists()
    assert '"interrupted"' in journal.read_text()


def test_ddp_without_ranks_is_told_how_to_start_them(tmp_path: Path) -> None:
    done = run(tmp_path, "train.py", "trainer=ddp", environment={"PYTHONPROFILEIMPORTTIME": "1"})
    assert "lightning" not in done.stderr.lower()
    assert "| torch\n" not in done.stderr
    assert done.returncode == 2
    assert "make train DEVICES=2" in done.stderr


def test_ranks_that_wait_in_vain_name_address_and_limit(tmp_path: Path) -> None:
    port = str(free_port())
    address = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port, "WORLD_SIZE": "2"}
    for rank, message in (("1", "cannot reach rank 0 at"), ("0", "no rank 1 within 2 s")):
        began = time.monotonic()
        place = {**address, "RANK": rank, "LOCAL_RANK": "0", "LOCAL_WORLD_SIZE": "1"}
        done = run(
            tmp_path, "train.py", "trainer=ddp", "trainer.meeting_seconds=2", environment=place
        )
        assert done.returncode == MEETING_EXIT
        assert time.monotonic() - began < 60
        assert f"127.0.0.1:{port}" in done.stderr
        assert message in done.stderr
        assert "Traceback" not in done.stderr


@pytest.mark.parametrize("resume", ["auto", "never"])
def test_killed_rank_is_replaced_and_the_run_ends_well(tmp_path: Path, resume: str) -> None:
    arguments = ("--devices", "2", "trainer.max_epochs=40", "tracking.every_n_steps=1")
    arguments += (f"resume={resume}",)
    with subprocess.Popen(
        [text for text in command("launch.py", *arguments) if text != "trainer.max_epochs=1"],
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        text=True,
    ) as launched:
        wait_for_steps(tmp_path)
        os.kill(max(ranks_of(launched.pid)), signal.SIGKILL)
        _, said = launched.communicate(timeout=120)
    assert launched.returncode == 0, said
    assert "a rank was killed by SIGKILL; all start again" in said
    assert len(journals(tmp_path)) == 1
