"""The PostgreSQL database of a team's server: its address, its password, and whether it answers."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy import Connection, create_engine, inspect, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError

from latentsweep.config.postgresql import (
    FORM,
    PASSWORD_PLACES,
    parse_address,
    passwords,
    shown,
    without_password,
)
from latentsweep.errors import ConfigError
from latentsweep.tracking.preflight.database import check_database

DATABASE_VARIABLE = "LATENTSWEEP_SERVER_DATABASE"
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
        return shown(self.url)


def team_database(environment: Mapping[str, str]) -> TeamDatabase:
    """The database that LATENTSWEEP_SERVER_DATABASE names.

    Raises:
        ConfigError: there is none, or it cannot be read.
    """
    given = environment.get(DATABASE_VARIABLE, "").strip()
    if not given:
        raise ConfigError(
            "a team's server needs the address of its database",
            found=f"{DATABASE_VARIABLE} is not set",
            expected=f"{FORM}, {PASSWORD_PLACES}",
            mend=f"export {DATABASE_VARIABLE}=postgresql://me@dbhost/mlflow",
        )
    url = parse_address(given, DATABASE_VARIABLE)
    if any("password" in key and key != "password" for key in url.query):
        raise ConfigError(
            f"{DATABASE_VARIABLE} holds the pass phrase of a key",
            expected="an address whose only secret is the user's password",
            mend="take a key without a pass phrase, which only this user may read",
        )
    return TeamDatabase(without_password(url), next(iter(passwords(url)), None))


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
