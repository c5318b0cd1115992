"""The PostgreSQL database of a team's server: its address, its password, and whether it answers."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy import Connection, create_engine, inspect, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError

from latentsweep.errors import ConfigError
from latentsweep.tracking.preflight.database import check_database

DATABASE_VARIABLE = "LATENTSWEEP_SERVER_DATABASE"
_FORM = "postgresql://USER@HOST:PORT/DATABASE, its password in PGPASSWORD or ~/.pgpass"
_EXAMPLE = f"export {DATABASE_VARIABLE}=postgresql://me@dbhost/mlflow"
_DRIVERS = ("postgresql", "postgres", "postgresql+psycopg")
_SECONDS = 5


@dataclass(frozen=True)
class TeamDatabase:
    """Where the server keeps its records and its users.

    Attributes:
        url: the address, without a password.
        password: the one that stood in the address; None: libpq finds one, or needs none.
    """

    url: URL
    password: str | None = field(repr=False)

    @property
    def address(self) -> str:
        """The address as MLflow takes it, for psycopg 3; without a password."""
        return self.url.render_as_string()

    @property
    def shown(self) -> str:
        """The address as people write it; without a password."""
        plain = self.url.set(drivername="postgresql").render_as_string()
        return plain.replace("%2F", "/")


def team_database(environment: Mapping[str, str]) -> TeamDatabase:
    """The database that LATENTSWEEP_SERVER_DATABASE names.

    Raises:
        ConfigError: there is none, or it cannot be read. The message shows nothing of it, since
            where the password begins and ends cannot be told.
    """
    given = environment.get(DATABASE_VARIABLE, "").strip()
    if not given:
        raise ConfigError(
            "a team's server needs the address of its database",
            found=f"{DATABASE_VARIABLE} is not set",
            expected=_FORM,
            mend=_EXAMPLE,
        )
    try:
        url = make_url(given)
    except (ArgumentError, ValueError):
        url = None
    if url is None or url.drivername not in _DRIVERS or "@" in (url.host or ""):
        raise ConfigError(
            f"{DATABASE_VARIABLE} is no address of a PostgreSQL database",
            expected=_FORM,
            mend=f"{_EXAMPLE}; in a password, write @ : / ? # % as %40 %3A %2F %3F %23 %25",
        )
    password = url.password or url.query.get("password")
    url = url.set(drivername="postgresql+psycopg").difference_update_query(["password"])
    if any("password" in key for key in url.query):
        raise ConfigError(
            f"{DATABASE_VARIABLE} holds the pass phrase of a key",
            expected="an address whose only secret is the user's password",
            mend="take a key without a pass phrase, which only this user may read",
        )
    # URL.set() takes None for "as it was".
    bare = URL.create(url.drivername, url.username, None, url.host, url.port, url.database)
    return TeamDatabase(bare.set(query=url.query), str(password) if password else None)


def has_user(database: TeamDatabase, name: str) -> bool:
    """Whether the server has made this user already, in a database that is fit for it.

    Raises:
        ConfigError: it does not answer, refuses this user, or lets nobody make tables.
        TrackingError: another version of MLflow made its tables.
    """
    # Whoever reads the error sees no password: neither psycopg nor PostgreSQL repeats one.
    secret = {"password": database.password} if database.password else {}
    engine = create_engine(
        database.url, connect_args={"connect_timeout": _SECONDS, **secret}, hide_parameters=True
    )
    try:
        with engine.connect() as connection:
            known = _has_row(connection, name)
            may_make_tables = connection.scalar(
                text("SELECT has_schema_privilege(current_schema(), 'CREATE')")
            )
    except DBAPIError as error:
        raise ConfigError(
            f"cannot use the server's database {database.shown}",
            found=" ".join(str(error.orig).split()),
            expected=f"a PostgreSQL server that answers within {_SECONDS} s, and a database on it "
            "that this user may change",
            mend=f"start it, make the database (createdb), or mend {DATABASE_VARIABLE} and "
            "PGPASSWORD",
        ) from None
    finally:
        engine.dispose()
    if not may_make_tables:
        raise ConfigError(
            f"the user may make no tables in {database.shown}",
            expected="a database of the server's own",
            mend="createdb --owner=USER DATABASE",
        )
    with_secret = database.url.set(password=database.password)
    check_database(with_secret.render_as_string(hide_password=False), experiment="")
    return known


def _has_row(connection: Connection, name: str) -> bool:
    if not inspect(connection).has_table("users"):
        return False
    asked = text("SELECT 1 FROM users WHERE username = :name")
    return connection.scalar(asked, {"name": name}) is not None
