"""Real servers."""

from collections.abc import Iterator

import pytest

from . import postgresql as postgresql_server
from . import slurm as slurm_cluster
from .postgresql import PostgreSQL
from .slurm import Cluster


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSQL]:
    """A PostgreSQL server; a test that stops it starts it again."""
    with postgresql_server.running() as server:
        yield server


@pytest.fixture(scope="session")
def session_cluster() -> Iterator[Cluster]:
    """A Slurm cluster that tells a job that it is pre-empted by the signal the job asked for."""
    with slurm_cluster.running() as cluster:
        yield cluster


@pytest.fixture
def slurm(session_cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cluster]:
    """That cluster, found by this process's commands too; empty again after the test."""
    use(session_cluster, monkeypatch)
    yield session_cluster
    session_cluster.cancel_all()


@pytest.fixture
def slurm_without_user_signal(monkeypatch: pytest.MonkeyPatch) -> Iterator[Cluster]:
    """A Slurm cluster, set up as most are, that tells a pre-empted job by SIGTERM alone."""
    with slurm_cluster.running(preemption="") as cluster:
        use(cluster, monkeypatch)
        yield cluster


def use(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let this process and those that it starts find the cluster's commands."""
    for name in ("SLURM_CONF", "PATH"):
        monkeypatch.setenv(name, cluster.environment[name])
