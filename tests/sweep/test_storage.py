"""Storages in files: what they survive, and what is said of those that cannot be used."""

import os
import resource
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import optuna
import pytest
from optuna.storages import BaseStorage
from optuna.trial import TrialState

from latentsweep.config.sweep import (
    GrpcStorageConfig,
    JournalStorageConfig,
    PostgreSQLStorageConfig,
    SQLiteStorageConfig,
    StorageConfig,
)
from latentsweep.errors import ConfigError, StorageError
from latentsweep.sweep import journal_storage
from latentsweep.sweep.storage import file_of, open_storage, shown

JOURNAL = JournalStorageConfig(path=None)
SECRET = "s3cret-word"


def study_in(storage: BaseStorage) -> optuna.Study:
    return optuna.create_study(study_name="study", storage=storage, load_if_exists=True)


def add_trial(storage: BaseStorage) -> None:
    trial = study_in(storage).ask()
    storage.set_trial_state_values(trial._trial_id, TrialState.COMPLETE, [1.0])


def states(directory: Path) -> list[TrialState]:
    return [trial.state for trial in study_in(open_storage(JOURNAL, directory)).trials]


@contextmanager
def file_size_limit(size: int) -> Iterator[None]:
    """A disk that is full once a file has `size` bytes: the last write is cut short."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_worker_killed_while_it_writes_holds_up_nobody(tmp_path: Path) -> None:
    storage = open_storage(JOURNAL, tmp_path)
    add_trial(storage)
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        study = study_in(open_storage(JOURNAL, tmp_path))

        def stop_before_the_end(_: int) -> None:
            os.write(writing, b"x")
            signal.pause()

        journal_storage.os.fsync = stop_before_the_end  # type: ignore[assignment]
        study.ask()
        os._exit(0)
    assert os.read(reading, 1) == b"x"
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    started = time.monotonic()
    add_trial(storage)
    assert time.monotonic() - started < 10  # Optuna's own lock is stuck for 30 s
    assert states(tmp_path) == [TrialState.COMPLETE, TrialState.RUNNING, TrialState.COMPLETE]


def test_line_cut_short_at_any_byte_loses_nothing_else(tmp_path: Path) -> None:
    storage = open_storage(JOURNAL, tmp_path)
    add_trial(storage)
    path = file_of(JOURNAL, tmp_path)
    before = path.read_bytes()
    study_in(storage).ask()
    line = path.read_bytes()[len(before) :]
    assert line.endswith(b"\n")
    for cut in {0, 1, *range(5, len(line), 8), len(line) - 1}:
        path.write_bytes(before + line[:cut])
        reader = open_storage(JOURNAL, tmp_path)  # has read the file before it is mended
        add_trial(open_storage(JOURNAL, tmp_path))
        assert [trial.state for trial in study_in(reader).trials] == [TrialState.COMPLETE] * 2
        assert states(tmp_path) == [TrialState.COMPLETE] * 2


def test_torn_line_longer_than_a_block_is_cut_off_whole(tmp_path: Path) -> None:
    add_trial(open_storage(JOURNAL, tmp_path))
    with file_of(JOURNAL, tmp_path).open("ab") as file:
        file.write(b'{"op_code":8,"user_attr":"' + b"x" * 200_000)
    add_trial(open_storage(JOURNAL, tmp_path))
    assert states(tmp_path) == [TrialState.COMPLETE] * 2


@pytest.mark.parametrize("room", [0, 1, 40])
def test_full_disk_is_told_and_the_study_goes_on_once_there_is_room(
    tmp_path: Path, room: int
) -> None:
    storage = open_storage(JOURNAL, tmp_path)
    add_trial(storage)
    path = file_of(JOURNAL, tmp_path)
    before = path.read_bytes()
    with file_size_limit(len(before) + room), pytest.raises(StorageError) as caught:
        study_in(storage).ask()
    assert str(path) in str(caught.value)
    assert caught.value.mend
    assert path.read_bytes() == before
    add_trial(storage)
    assert states(tmp_path) == [TrialState.COMPLETE] * 2


def test_how_a_trial_stands_is_on_the_disk_before_anyone_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage = open_storage(JOURNAL, tmp_path)
    study = study_in(storage)
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", lambda file: synced.append(os.fstat(file).st_size))
    trial = study.ask()
    assert synced
    synced.clear()
    trial.report(1.0, step=0)
    assert not synced, "a report waits for what settles the trial"
    study.tell(trial, 1.0)
    assert synced == [(tmp_path / "study.log").stat().st_size]


def test_journal_removed_during_a_sweep_is_not_begun_anew(tmp_path: Path) -> None:
    storage = open_storage(JOURNAL, tmp_path)
    add_trial(storage)
    file_of(JOURNAL, tmp_path).unlink()
    with pytest.raises(StorageError, match="removed it"):
        study_in(storage).ask()
    with pytest.raises(StorageError, match="removed it"):
        storage.get_all_studies()
    with pytest.raises(ConfigError, match="removed it"):
        open_storage(JOURNAL, tmp_path, create=False)
    assert not file_of(JOURNAL, tmp_path).exists()


@pytest.mark.parametrize("config", [JournalStorageConfig, SQLiteStorageConfig])
@pytest.mark.parametrize("content", [b"notes\n", b"notes", b"\xff\xfe\x00\n", b'{"a": 1}\n', None])
def test_file_of_another_kind_is_refused_and_left_alone(
    tmp_path: Path,
    config: type[JournalStorageConfig] | type[SQLiteStorageConfig],
    content: bytes | None,
) -> None:
    path = tmp_path / "file"
    if content is None:
        path.mkdir()
    else:
        path.write_bytes(content)
    with pytest.raises(ConfigError) as caught:
        open_storage(config(path=str(path)), tmp_path)
    assert str(path) in str(caught.value)
    if content is not None:
        assert path.read_bytes() == content


def test_journal_that_is_damaged_in_its_middle_is_refused(tmp_path: Path) -> None:
    add_trial(open_storage(JOURNAL, tmp_path))
    path = file_of(JOURNAL, tmp_path)
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([*lines[:-1], b"damage\n", lines[-1]]))
    with pytest.raises(ConfigError, match="no study's journal"):
        open_storage(JOURNAL, tmp_path)


def test_sqlite_is_refused_for_several_workers_with_the_reason(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="22 to 40"):
        open_storage(SQLiteStorageConfig(path=None), tmp_path, workers=2)
    assert list(tmp_path.iterdir()) == []


def test_sqlite_serves_one_worker(tmp_path: Path) -> None:
    storage = open_storage(SQLiteStorageConfig(path=None), tmp_path, workers=1)
    add_trial(storage)
    assert (tmp_path / "study.db").exists()


@pytest.mark.parametrize(
    "url",
    [
        f"postgresql://sweeper:{SECRET}@127.0.0.1:1/study",
        f"postgresql://sweeper@127.0.0.1:1/study?password={SECRET}",
        f"mysql://sweeper:{SECRET}@127.0.0.1:1/study",
        f"postgresql://sweeper:a@{SECRET}@127.0.0.1:1/study",
        f"postgresql://sweeper:{SECRET}/study",
        SECRET,
    ],
)
@pytest.mark.parametrize("source", ["config", "environment"])
def test_server_that_cannot_be_reached_is_told_without_its_password(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, url: str, source: str
) -> None:
    config = PostgreSQLStorageConfig(url=url if source == "config" else None)
    monkeypatch.setenv("LATENTSWEEP_STORAGE_URL", url if source == "environment" else "")
    with pytest.raises(ConfigError) as caught:
        open_storage(config, tmp_path)
    assert SECRET not in str(caught.value)
    # A traceback would show those that it was raised from.
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


def test_postgresql_without_an_address_says_where_to_give_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("LATENTSWEEP_STORAGE_URL", raising=False)
    with pytest.raises(ConfigError, match="LATENTSWEEP_STORAGE_URL"):
        open_storage(PostgreSQLStorageConfig(url=None), tmp_path)


def test_missing_driver_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(ConfigError, match="psycopg"):
        open_storage(PostgreSQLStorageConfig(url="postgresql://u@127.0.0.1:1/study"), tmp_path)


def test_proxy_that_does_not_answer_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("latentsweep.sweep.storage._PROXY_SECONDS", 0.1)
    with pytest.raises(ConfigError, match=r"127\.0\.0\.1:1"):
        open_storage(GrpcStorageConfig(host="127.0.0.1", port=1), tmp_path)


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        (JOURNAL, "journal study.log"),
        (SQLiteStorageConfig(path="a.db"), "sqlite a.db"),
        (GrpcStorageConfig(host="h", port=13000), "grpc h:13000"),
        (
            PostgreSQLStorageConfig(url=f"postgresql://u:{SECRET}@h:5/d?password={SECRET}"),
            "postgresql://u@h:5/d",
        ),
        (
            PostgreSQLStorageConfig(url=f"postgresql+psycopg://u:{SECRET}@/d?host=/run&port=5"),
            "postgresql://u@/d?host=/run&port=5",
        ),
    ],
)
def test_storage_is_shown_without_its_password(config: StorageConfig, expected: str) -> None:
    assert shown(config) == expected
