"""Where a study is kept: opened, and named without its password."""

import warnings
from pathlib import Path

from optuna.exceptions import ExperimentalWarning
from optuna.storages import BaseStorage, GrpcStorageProxy

from latentsweep.config.sweep import (
    GrpcStorageConfig,
    JournalStorageConfig,
    PostgreSQLStorageConfig,
    SQLiteStorageConfig,
    StorageConfig,
)
from latentsweep.errors import ConfigError
from latentsweep.sweep.journal_storage import open_journal

_PROXY_SECONDS = 5.0


def open_storage(
    config: StorageConfig,
    directory: Path,
    workers: int = 1,
    *,
    pooled: bool = True,
    create: bool = True,
) -> BaseStorage:
    """Optuna's storage, reached and ready.

    Args:
        config: which one.
        directory: the sweep's, where a file without a name of its own lies.
        workers: processes that will run trials.
        pooled: keep connections to a database open. A process that forks must not.
        create: make a journal that is missing. Once a sweep is under way, none is to be.

    Raises:
        ConfigError: it cannot be reached or used, or does not bear so many workers.
    """
    match config:
        case JournalStorageConfig():
            return open_journal(file_of(config, directory), create=create)
        case SQLiteStorageConfig():
            _one_worker(workers)
            from latentsweep.sweep.database_storage import open_sqlite

            return open_sqlite(file_of(config, directory))
        case PostgreSQLStorageConfig():
            from latentsweep.sweep.database_storage import open_postgresql

            return open_postgresql(config, pooled=pooled)
        case GrpcStorageConfig():
            return _open_proxy(config)


def file_of(config: JournalStorageConfig | SQLiteStorageConfig, directory: Path) -> Path:
    """The file that a study without a server is kept in."""
    default = "study.log" if isinstance(config, JournalStorageConfig) else "study.db"
    return Path(config.path) if config.path else directory / default


def shown(config: StorageConfig) -> str:
    """The storage as it may be shown and recorded: never with a password.

    Raises:
        ConfigError: a PostgreSQL server's address is missing or cannot be read.
    """
    match config:
        case JournalStorageConfig():
            return f"journal {config.path or 'study.log'}"
        case SQLiteStorageConfig():
            return f"sqlite {config.path or 'study.db'}"
        case PostgreSQLStorageConfig():
            from latentsweep.config import postgresql
            from latentsweep.sweep.database_address import address

            return postgresql.shown(address(config))
        case GrpcStorageConfig():
            return f"grpc {config.host}:{config.port}"


def _one_worker(workers: int) -> None:
    if workers > 1:
        raise ConfigError(
            "sqlite loses trials when several workers use it",
            found=f"storage=sqlite with {workers} workers (measured: 60 trials by 6 workers, of "
            "which 22 to 40 were kept, in 7 of 7 tries)",
            expected="one worker, or another storage",
            mend="storage=journal or storage=postgresql; or sweep.workers=1",
        )


def _open_proxy(config: GrpcStorageConfig) -> BaseStorage:
    from latentsweep.sweep.patience import patient

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)
        proxy = GrpcStorageProxy(host=config.host, port=config.port)
    try:
        proxy.wait_server_ready(_PROXY_SECONDS)
    except ConnectionError:
        raise ConfigError(
            f"no storage proxy answers at {config.host}:{config.port}",
            expected=f"`make sweep-proxy` there, answering within {_PROXY_SECONDS:g} s",
            mend="start it, or set sweep.storage.host and sweep.storage.port to where it runs",
        ) from None
    return patient(proxy)
