"""The address of a PostgreSQL database, as people write it, read without showing its password."""

from __future__ import annotations

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from latentsweep.errors import ConfigError

FORM = "postgresql://USER@HOST:PORT/DATABASE"
PASSWORD_PLACES = "the password in PGPASSWORD or ~/.pgpass"
_DRIVERS = ("postgresql", "postgres", "postgresql+psycopg")


def parse_address(text: str, source: str) -> URL:
    """Read an address, for psycopg 3.

    Args:
        text: what was given.
        source: what gave it: a key of the config, or a variable of the environment.

    Raises:
        ConfigError: it is none. The message shows nothing of it, since where the password begins
            and ends cannot be told.
    """
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        url = None
    if url is None or url.drivername not in _DRIVERS or "@" in (url.host or ""):
        raise ConfigError(
            f"{source} is no address of a PostgreSQL database",
            expected=f"{FORM}, {PASSWORD_PLACES}",
            mend="write the characters @ : / ? # % in a password as %40 %3A %2F %3F %23 %25",
        )
    return url.set(drivername="postgresql+psycopg")


def passwords(url: URL) -> list[str]:
    """What of the address nobody may see, in either place where it may stand."""
    return [str(value) for value in (url.password, url.query.get("password")) if value]


def without_password(url: URL) -> URL:
    """The address, its query too, without anything secret."""
    query = {key: value for key, value in url.query.items() if "password" not in key}
    # URL.set() takes None for "as it was".
    return URL.create(url.drivername, url.username, None, url.host, url.port, url.database, query)


def shown(url: URL) -> str:
    """The address as people write it, without anything secret."""
    plain = without_password(url).set(drivername="postgresql").render_as_string()
    return plain.replace("%2F", "/")
