"""Optuna's storage in an sqlite file or a PostgreSQL server, opened or refused with the reason."""

import re
import warnings
from contextlib import suppress
from pathlib import Path
from typing import Any

from optuna.exceptions import StorageInternalError
from optuna.storages import BaseStorage, RDBStorage, _CachedStorage
from sqlalchemy import NullPool
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError, IntegrityError, ProgrammingError

from latentsweep.config.postgresql import PASSWORD_PLACES, passwords, shown
from latentsweep.config.sweep import PostgreSQLStorageConfig
from latentsweep.errors import ConfigError
from latentsweep.sweep.database_address import URL_VARIABLE, address
from latentsweep.sweep.lean_database import LeanDatabase
from latentsweep.sweep.patience import patient

_TABLES = 15  # of Optuna's, and some to spare
# A worker whose node dies says no goodbye: without these its locks would outlive it by two hours.
_SERVER_SETTINGS = (
    "-c idle_in_transaction_session_timeout=60s -c tcp_keepalives_idle=15 "
    "-c tcp_keepalives_interval=5 -c tcp_keepalives_count=3"
)
_CONNECTION = {
    "connect_timeout": "5",  # seconds
    "keepalives_idle": "15",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "tcp_user_timeout": "30000",  # milliseconds; for what was sent and is not acknowledged
    "application_name": "latentsweep",
    "options": _SERVER_SETTINGS,
}
# What PostgreSQL says, what that means, and what to do.
_REFUSALS = (
    (
        r"password authentication failed|no password supplied",
        "PostgreSQL refuses the user or the password",
        f"check the user in the address, and {PASSWORD_PLACES}",
    ),
    (r'role "[^"]*" does not exist', "PostgreSQL knows no such user", "createuser USER"),
    (r'database "[^"]*" does not exist', "PostgreSQL has no such database", "createdb DATABASE"),
    (
        r"no pg_hba.conf entry|permission denied",
        "PostgreSQL does not let this user in",
        "ask who runs the server for the right to connect and to create tables",
    ),
    (
        r"too many clients|remaining connection slots",
        "PostgreSQL has no connection left",
        "raise its max_connections, or put `make sweep-proxy` in front of it",
    ),
)


def open_sqlite(path: Path) -> BaseStorage:
    """The study's database in `path`; created if it is missing.

    Raises:
        ConfigError: `path` is no such database, or cannot be read or written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # A report may read while the worker writes: it waits.
        url = URL.create("sqlite", database=str(path))
        return _CachedStorage(_open(url, connect_args={"timeout": 60}))
    except (DBAPIError, StorageInternalError, OSError) as error:
        raise ConfigError(
            f"cannot use {path} as the study's database",
            found=str(_root(error)),
            expected="an sqlite file that this user may read and write, or none",
            mend="sweep.storage.path=FILE names another",
        ) from None


def open_postgresql(config: PostgreSQLStorageConfig, *, pooled: bool) -> BaseStorage:
    """The study's database on a PostgreSQL server; its tables are made if they are missing.

    Args:
        config: with the address, or without: then the environment has it.
        pooled: keep connections open. A process that forks must not.

    Raises:
        ConfigError: no address, no driver, no server, no such database, or a wrong password.
    """
    url = address(config)
    query = {key: value for key, value in _CONNECTION.items() if key not in url.query}
    pool: dict[str, Any] = {"pool_pre_ping": True, "pool_size": 10, "max_overflow": 0}
    try:
        engine = pool if pooled else {"poolclass": NullPool}
        return patient(LeanDatabase(_open(url.update_query_dict(query), **engine)))
    except ImportError as error:
        raise ConfigError(
            "the driver for PostgreSQL is missing",
            found=str(_root(error)),
            expected="psycopg 3 with its library",
            mend="pip install 'psycopg[binary]'",
        ) from None
    except (DBAPIError, StorageInternalError) as error:
        raise _refusal(url, str(_root(error))) from None


def _open(url: URL, **engine: Any) -> RDBStorage:
    text = url.render_as_string(hide_password=False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for _ in range(_TABLES):
            # Another process may be making the tables at this moment: each try finds more of them.
            with suppress(IntegrityError, ProgrammingError):
                return RDBStorage(text, engine)
        return RDBStorage(text, engine)


def _root(error: BaseException) -> BaseException:
    """The driver's own error."""
    while (below := getattr(error, "orig", None) or error.__cause__) is not None:
        error = below
    return error


def _refusal(url: URL, found: str) -> ConfigError:
    for secret in passwords(url):
        found = found.replace(secret, "***")
    found = " ".join(found.split())
    for pattern, what, mend in _REFUSALS:
        if re.search(pattern, found):
            return ConfigError(f"{what}: {shown(url)}", found=found, mend=mend)
    return ConfigError(
        f"cannot reach the study's database {shown(url)}",
        found=found,
        expected="a PostgreSQL server that answers within 5 s",
        mend=f"start it, or mend the address in sweep.storage.url or {URL_VARIABLE}",
    )
