"""Optuna's gRPC proxy before a study's database: `python pipelines/storage_proxy.py`.

The database is that of LATENTSWEEP_STORAGE_URL. Workers reach the proxy with
`storage=grpc sweep.storage.host=HOST`. It has no password of its own: whoever reaches its port may
read and change the studies. So it listens on this machine alone, unless told otherwise.
"""

import sys
import warnings
from argparse import ArgumentParser
from pathlib import Path

from latentsweep.command import errors_to_terminal
from latentsweep.errors import ConfigError


def main() -> None:
    """Serve until Ctrl-C."""
    parser = ArgumentParser(description="Serve a study's database to very many workers.")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--port", type=int, default=13000, help="port to listen on")
    parser.add_argument("--journal", type=Path, help="a journal file to serve instead")
    arguments = parser.parse_args()

    from optuna.exceptions import ExperimentalWarning
    from optuna.storages import run_grpc_proxy_server

    from latentsweep.config.sweep import JournalStorageConfig, PostgreSQLStorageConfig
    from latentsweep.sweep.storage import open_storage, shown

    config: JournalStorageConfig | PostgreSQLStorageConfig = PostgreSQLStorageConfig(url=None)
    if arguments.journal:
        config = JournalStorageConfig(path=str(arguments.journal))
    storage = open_storage(config, Path())
    print(f"{shown(config)} at {arguments.host}:{arguments.port} (Ctrl-C ends it)", flush=True)
    warnings.simplefilter("ignore", ExperimentalWarning)
    try:
        run_grpc_proxy_server(storage, host=arguments.host, port=arguments.port)
    except RuntimeError:
        raise ConfigError(
            f"cannot listen at {arguments.host}:{arguments.port}",
            expected="an address of this machine and a port that is free",
            mend="PORT=... (`--port`), and sweep.storage.port for the workers",
        ) from None
    except KeyboardInterrupt:
        sys.exit(0)


if __name__ == "__main__":
    with errors_to_terminal():
        main()
