"""Storages between processes: a real PostgreSQL server, a real proxy, a journal."""

import itertools
import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import optuna
import pytest
from optuna.trial import TrialState
from pydantic import TypeAdapter

from latentsweep.config.project import ROOT
from latentsweep.config.sweep import (
    GrpcStorageConfig,
    JournalStorageConfig,
    PostgreSQLStorageConfig,
    StorageConfig,
)
from latentsweep.errors import ConfigError
from latentsweep.sweep.storage import open_storage
from tests.ports import free_port

from .postgresql import PASSWORD, USER, PostgreSQL

_PROCESSES, _TRIALS = 4, 50


@contextmanager
def proxy(*arguments: str, url: str = "") -> Iterator[GrpcStorageConfig]:
    """`make sweep-proxy`."""
    port = free_port()
    command = [sys.executable, str(ROOT / "pipelines" / "storage_proxy.py"), f"--port={port}"]
    with subprocess.Popen(
        [*command, *arguments],
        env={"LATENTSWEEP_STORAGE_URL": url},
        stdout=subprocess.PIPE,
        text=True,
    ) as server:
        assert server.stdout is not None
        said = server.stdout.readline()
        assert f"127.0.0.1:{port}" in said
        assert PASSWORD not in said
        try:
            yield GrpcStorageConfig(host="127.0.0.1", port=port)
        finally:
            server.terminate()


@contextmanager
def storage_named(
    name: str, directory: Path, request: pytest.FixtureRequest
) -> Iterator[StorageConfig]:
    if name.endswith("journal"):
        journal = JournalStorageConfig(path=str(directory / "study.log"))
        if name == "journal":
            yield journal
        else:
            with proxy(f"--journal={journal.path}") as config:
                yield config
        return
    server: PostgreSQL = request.getfixturevalue("postgresql")
    url = server.create_database()
    if name == "postgresql":
        yield PostgreSQLStorageConfig(url=url)
    else:
        with proxy(url=url) as config:
            yield config


@pytest.mark.parametrize(
    "name", ["journal", "postgresql", "grpc before postgresql", "grpc before journal"]
)
def test_each_trial_is_claimed_once_and_failed_once(
    tmp_path: Path, request: pytest.FixtureRequest, name: str
) -> None:
    with storage_named(name, tmp_path, request) as config:
        study = optuna.create_study(study_name="study", storage=open_storage(config, tmp_path))
        for _ in range(_TRIALS):
            study.add_trial(optuna.create_trial(state=TrialState.WAITING))
        trials = sorted(trial._trial_id for trial in study.trials)
        told = TypeAdapter(StorageConfig).dump_json(config).decode()
        command = [sys.executable, "-m", "tests.integration.contest", told, "study"]
        contestants = [
            subprocess.Popen(
                command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
            )
            for _ in range(_PROCESSES)
        ]
        for contestant in contestants:
            assert said(contestant) == "ready\n"
        for state in (TrialState.RUNNING, TrialState.FAIL):
            for contestant in contestants:
                tell(contestant)
            got = [json.loads(said(contestant)) for contestant in contestants]
            assert sorted(itertools.chain(*got)) == trials
            assert {trial.state for trial in study.trials} == {state}
            assert len([share for share in got if share]) > 1  # or there was no contest
        for contestant in contestants:
            assert contestant.wait() == 0


def said(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    return process.stdout.readline()


def tell(process: "subprocess.Popen[str]") -> None:
    assert process.stdin is not None
    process.stdin.write("go\n")
    process.stdin.flush()


@pytest.mark.parametrize(
    ("wrong", "expected"),
    [
        (lambda url: url.replace(PASSWORD, "wrong-Password"), "refuses the user or the password"),
        (lambda url: url.replace(f":{PASSWORD}", ""), "refuses the user or the password"),
        (lambda url: url.replace(USER, "nobody"), "refuses the user or the password"),
        (lambda url: url.replace("/study_", "/none_"), "has no such database"),
    ],
    ids=["password", "no password", "user", "database"],
)
def test_postgresql_that_refuses_is_one_clear_message(
    postgresql: PostgreSQL, tmp_path: Path, wrong: Callable[[str], str], expected: str
) -> None:
    url = wrong(postgresql.create_database())
    with pytest.raises(ConfigError, match=expected) as caught:
        open_storage(PostgreSQLStorageConfig(url=url), tmp_path)
    assert "assword@" not in str(caught.value)
    assert PASSWORD not in str(caught.value)


def test_workers_may_open_a_new_database_at_once(postgresql: PostgreSQL, tmp_path: Path) -> None:
    config = PostgreSQLStorageConfig(url=postgresql.create_database())
    together = threading.Barrier(6)
    opened = []

    def open_one() -> None:
        together.wait()
        opened.append(open_storage(config, tmp_path))

    threads = [threading.Thread(target=open_one) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(opened) == 6


@pytest.mark.parametrize("name", ["postgresql", "grpc before postgresql"])
@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_server_that_restarts_during_a_sweep_ends_no_worker(
    postgresql: PostgreSQL, tmp_path: Path, request: pytest.FixtureRequest, name: str, mode: str
) -> None:
    with storage_named(name, tmp_path, request) as config:
        storage = open_storage(config, tmp_path)
        study = optuna.create_study(storage=storage)
        trial = study.ask()
        postgresql.stop(mode)
        away = threading.Thread(target=postgresql.start)
        away.start()
        trial.report(1.0, step=0)
        away.join()
        study.tell(trial, 1.0)
        assert [trial.state for trial in study.trials] == [TrialState.COMPLETE]
        assert study.trials[0].intermediate_values == {0: 1.0}


def test_process_that_forks_holds_no_connection(postgresql: PostgreSQL, tmp_path: Path) -> None:
    config = PostgreSQLStorageConfig(url=postgresql.create_database())
    optuna.create_study(storage=open_storage(config, tmp_path, pooled=False))
    assert postgresql.connections(config.url or "") == 0
