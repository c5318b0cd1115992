"""Real servers."""

from collections.abc import Iterator

import pytest

from . import postgresql as postgresql_server
from .postgresql import PostgreSQL


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSQL]:
    """A PostgreSQL server; a test that stops it starts it again."""
    with postgresql_server.running() as server:
        yield server
