"""The address of a PostgreSQL server, from the config or the environment, and without password."""

import os

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from latentsweep.config.sweep import PostgreSQLStorageConfig
from latentsweep.errors import ConfigError

URL_VARIABLE = "LATENTSWEEP_STORAGE_URL"
PASSWORDS = "the password in PGPASSWORD or ~/.pgpass"
_FORM = "postgresql://USER@HOST:PORT/DATABASE"
_DRIVERS = ("postgresql", "postgres", "postgresql+psycopg")


def address(config: PostgreSQLStorageConfig) -> URL:
    """The server's address, from the config or else from LATENTSWEEP_STORAGE_URL.

    Raises:
        ConfigError: there is none, or it cannot be read. The message shows nothing of it, since
            where the password begins and ends cannot be told.
    """
    text = config.url or os.environ.get(URL_VARIABLE, "")
    source = "sweep.storage.url" if config.url else URL_VARIABLE
    if not text:
        raise ConfigError(
            "storage=postgresql needs the server's address",
            found=f"neither sweep.storage.url nor {URL_VARIABLE}",
            expected=f"{_FORM}, {PASSWORDS}",
            mend=f"export {URL_VARIABLE}={_FORM}",
        )
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        url = None
    if url is None or url.drivername not in _DRIVERS or "@" in (url.host or ""):
        raise ConfigError(
            f"{source} is no address of a PostgreSQL server",
            expected=f"{_FORM}, {PASSWORDS}",
            mend="write the characters @ : / ? # % in a password as %40 %3A %2F %3F %23 %25",
        )
    return url.set(drivername="postgresql+psycopg")


def passwords(url: URL) -> list[str]:
    """What of the address nobody may see, in either place where it may stand."""
    return [str(value) for value in (url.password, url.query.get("password")) if value]


def without_password(url: URL) -> str:
    """The address as it may be shown and recorded."""
    query = {key: value for key, value in url.query.items() if "password" not in key}
    plain = URL.create("postgresql", url.username, None, url.host, url.port, url.database, query)
    return plain.render_as_string().replace("%2F", "/")
