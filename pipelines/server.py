"""A team's MLflow server, with users: `python pipelines/server.py`; see docs/server.md.

The database is that of LATENTSWEEP_SERVER_DATABASE, the administrator MLFLOW_AUTH_ADMIN_USERNAME
with MLFLOW_AUTH_ADMIN_PASSWORD: passwords come by the environment alone.
"""

import os
from argparse import ArgumentParser
from pathlib import Path

from latentsweep.command import errors_to_terminal

_DIRECTORY = Path("mlflow-server")


def main() -> None:
    """Serve until Ctrl-C."""
    parser = ArgumentParser(description="Start a team's MLflow server, with users.")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--port", type=int, default=5000, help="port to listen on")
    parser.add_argument("--allowed", default="", help="names that others ask for it by: NAME,NAME")
    parser.add_argument("--artifacts", help="directory or object store that artifacts go to")
    parser.add_argument(
        "--directory", type=Path, default=_DIRECTORY, help="where its configuration is written"
    )
    parser.add_argument("--workers", type=int, default=2, help="processes that answer")
    parser.add_argument(
        "--login-seconds", type=int, default=60, help="how long a right login is remembered"
    )
    arguments = parser.parse_args()

    from latentsweep.tracking.team_server import TeamServer, serve

    server = TeamServer(
        host=arguments.host,
        port=arguments.port,
        allowed=tuple(arguments.allowed.replace(",", " ").split()),
        artifacts=arguments.artifacts or str(arguments.directory / "artifacts"),
        directory=arguments.directory,
        workers=arguments.workers,
        login_seconds=arguments.login_seconds,
    )
    serve(server, os.environ)


if __name__ == "__main__":
    with errors_to_terminal():
        main()
