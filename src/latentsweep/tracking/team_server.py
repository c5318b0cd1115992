"""A team's MLflow server: PostgreSQL behind it, users before it, artifacts through it.

No password stands in a command line or a file. The database's goes to the server as PGPASSWORD,
the administrator's as MLflow reads it, and both only in the environment of the server's processes.
"""

import os
import secrets
import sys
import tempfile
from collections.abc import Mapping
from configparser import ConfigParser
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from latentsweep.errors import ConfigError
from latentsweep.tracking.dashboard import SAFE_SETTINGS
from latentsweep.tracking.preflight.artifacts import local_directory
from latentsweep.tracking.team_address import allowed_hosts, allowed_origins, check_listening
from latentsweep.tracking.team_database import (
    DATABASE_VARIABLE,
    TeamDatabase,
    has_user,
    team_database,
)

_ADMIN = "MLFLOW_AUTH_ADMIN_USERNAME"
_ADMIN_PASSWORD = "MLFLOW_AUTH_ADMIN_PASSWORD"
_SECRET_KEY = "MLFLOW_FLASK_SERVER_SECRET_KEY"
_LEAST_PASSWORD = 12  # characters; mlflow.utils.validation
_PUBLIC_PASSWORD = "password1234"  # older MLflow's own, which this one refuses
# Settings of a client, or such as would open what is closed here.
_NOT_FOR_A_SERVER = (
    DATABASE_VARIABLE,
    "MLFLOW_ARTIFACTS_ONLY",
    "MLFLOW_DEFAULT_ARTIFACT_ROOT",
    "MLFLOW_ENABLE_WORKSPACES",
    "MLFLOW_EXPOSE_PROMETHEUS",
    "MLFLOW_GUNICORN_OPTS",
    "MLFLOW_READ_REPLICA_BACKEND_STORE_URI",
    "MLFLOW_REGISTRY_STORE_URI",
    "MLFLOW_SERVER_DISABLE_SECURITY_MIDDLEWARE",
    "MLFLOW_STATIC_PREFIX",
    "MLFLOW_TRACKING_PASSWORD",
    "MLFLOW_TRACKING_TOKEN",
    "MLFLOW_TRACKING_URI",
    "MLFLOW_TRACKING_USERNAME",
    "MLFLOW_UVICORN_OPTS",
    "MLFLOW_WORKSPACE",
)


@dataclass(frozen=True, kw_only=True)
class TeamServer:
    """How a team's server is started.

    Attributes:
        host: to listen on.
        port: to listen on.
        allowed: names by which other machines ask for it.
        artifacts: directory, or address of an object store, that its artifacts go to.
        directory: where its configuration is written, which holds no secret.
        workers: processes that answer.
        login_seconds: how long each of them remembers a login that was right; 0: not at all.
    """

    host: str = "127.0.0.1"
    port: int = 5000
    allowed: tuple[str, ...] = ()
    artifacts: str
    directory: Path
    workers: int = 2
    login_seconds: int = 60


def serve(server: TeamServer, environment: Mapping[str, str]) -> NoReturn:
    """Check everything, say what is served where, then become the server.

    Args:
        server: how it is started.
        environment: holds the database's address and all passwords.

    Raises:
        ConfigError: something is missing or cannot be; nothing was started or written.
        TrackingError: another version of MLflow made the database's tables.
    """
    database = team_database(environment)
    check_listening(server.host, server.port, server.allowed)
    admin = environment.get(_ADMIN) or "admin"
    known = has_user(database, admin)
    if not known:
        _check_password(admin, environment.get(_ADMIN_PASSWORD, ""))
    _make_writable(server.artifacts)
    config = _write_config(server, database)
    _announce(server, database, admin, known=known, has_key=bool(environment.get(_SECRET_KEY)))
    settings = _settings(environment, database, admin, config)
    os.execve(sys.executable, _command(server), settings)


def _check_password(admin: str, password: str) -> None:
    """Refuse a password that MLflow makes no administrator with.

    Raises:
        ConfigError: there is none, or it is too short or known to everyone.
    """
    if len(password) >= _LEAST_PASSWORD and password != _PUBLIC_PASSWORD:
        return
    reason = "one that everyone knows" if password == _PUBLIC_PASSWORD else "one that is too short"
    raise ConfigError(
        f"the administrator {admin} is to be made, and needs a password",
        found=reason if password else f"{_ADMIN_PASSWORD} is not set",
        expected=f"at least {_LEAST_PASSWORD} characters in {_ADMIN_PASSWORD}",
        mend=f"read -rsp 'password: ' {_ADMIN_PASSWORD}; export {_ADMIN_PASSWORD}",
    )


def _make_writable(artifacts: str) -> None:
    """Make the directory of the artifacts, which other users of the machine may not enter.

    Raises:
        ConfigError: no file can be made in it.
    """
    directory = local_directory(artifacts)
    if directory is None:
        return
    try:
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        with tempfile.TemporaryFile(dir=directory):
            pass
    except OSError as error:
        raise ConfigError(
            f"the artifacts' directory {directory} cannot be written",
            found=error.strerror or str(error),
            expected="a directory that this user may make files in",
            mend="mend its permissions, or make server ARTIFACTS=DIRECTORY",
        ) from None


def _write_config(server: TeamServer, database: TeamDatabase) -> Path:
    """Write the configuration of the users, which holds no secret.

    Raises:
        ConfigError: the directory cannot be written.
    """
    config = ConfigParser(interpolation=None)
    config["mlflow"] = {
        "default_permission": "NO_PERMISSIONS",
        "grant_default_workspace_access": "false",
        # MLflow's parser takes %% for %.
        "database_uri": database.address.replace("%", "%%"),
        "authorization_function": "mlflow.server.auth:authenticate_request_basic_auth",
        "auth_cache_ttl_seconds": str(server.login_seconds),
    }
    path = server.directory / f"auth-{server.port}.ini"
    try:
        server.directory.mkdir(parents=True, exist_ok=True)
        with path.open("w") as file:
            config.write(file)
    except OSError as error:
        raise ConfigError(
            f"cannot write {path}",
            found=error.strerror or str(error),
            mend="mend its permissions, or name another directory: --directory",
        ) from None
    return path.absolute()


def _announce(
    server: TeamServer, database: TeamDatabase, admin: str, *, known: bool, has_key: bool
) -> None:
    """Say what is served where."""
    made = f"is there; {_ADMIN_PASSWORD} does not change the password"
    print(f"team server:    http://{server.host}:{server.port} (Ctrl-C ends it)")
    print(f"records, users: {database.shown}")
    print(f"artifacts:      {server.artifacts}")
    print(f"administrator:  {admin} {made if known else 'is made now'}")
    if not has_key:
        print("secret key:     made for this start, and sign-up forms do not outlive it; several")
        print(f"                servers behind one name need one in common: {_SECRET_KEY}")
    sys.stdout.flush()


def _settings(
    environment: Mapping[str, str], database: TeamDatabase, admin: str, config: Path
) -> dict[str, str]:
    """The server's environment: the only place where its passwords are."""
    kept = {name: text for name, text in environment.items() if name not in _NOT_FOR_A_SERVER}
    if database.password:
        kept["PGPASSWORD"] = database.password
    return {
        **kept,
        **SAFE_SETTINGS,
        "MLFLOW_BACKEND_STORE_URI": database.address,
        "MLFLOW_AUTH_CONFIG_PATH": str(config),
        _ADMIN: admin,
        _SECRET_KEY: environment.get(_SECRET_KEY) or secrets.token_hex(32),
    }


def _command(server: TeamServer) -> list[str]:
    """The server's command line, which everyone on the machine may read."""
    hosts = allowed_hosts(server.host, server.port, server.allowed)
    origins = allowed_origins(server.port, server.allowed)
    return [
        *(sys.executable, "-m", "mlflow", "server", "--app-name", "basic-auth"),
        *("--host", server.host, "--port", str(server.port), "--workers", str(server.workers)),
        *("--serve-artifacts", "--artifacts-destination", server.artifacts),
        *("--allowed-hosts", ",".join(hosts)),
        *(("--cors-allowed-origins", ",".join(origins)) if origins else ()),
    ]
