"""Questions to a database that MLflow keeps its records in."""

import importlib.util
import re
import sqlite3
import time
from collections.abc import Sequence
from contextlib import closing
from functools import cache
from pathlib import Path
from typing import Any

from latentsweep.config.typed import first_line
from latentsweep.errors import TrackingError
from latentsweep.tracking.preflight.artifacts import check_directory, local_directory
from latentsweep.tracking.preflight.experiments import deleted_experiment
from latentsweep.tracking.uri import sqlite_file, without_credentials

_SECONDS = 5
_STANDSTILL_SECONDS = 1.0  # after which a schema that has not changed will not
_REVISION = re.compile(r"^(revision|down_revision) = ['\"](\w+)['\"]", re.MULTILINE)


def check_database(uri: str, experiment: str) -> str:
    """See `check_store`, for a store that is a database."""
    file = sqlite_file(uri)
    if file is not None and not file.exists():
        if file.parent.exists():
            check_directory(file.parent, uri)
        check_directory(file.parent / "mlartifacts", uri)
        return ""
    shown = without_credentials(uri)
    if file is not None and file.is_dir():
        raise TrackingError(
            f"{file} is a directory",
            expected="an sqlite database that MLflow made, or no file",
            mend=f"tracking.uri=sqlite:///{file}/mlflow.db",
        )
    try:
        revisions, experiments = _read_settled(uri, file, experiment)
    except Exception as error:  # each database has errors of its own
        if _lacks_driver(error):
            raise TrackingError(
                f"there is no driver here for the database {shown}",
                found=first_line(error),
                expected="postgresql+psycopg://USER@HOST/DATABASE, whose driver is installed",
                mend="write it so, or install the driver that the address asks for",
            ) from None
        locked = isinstance(error, sqlite3.OperationalError) and "not a database" not in str(error)
        if file is not None and not locked:
            raise TrackingError(
                f"{file} is no MLflow store",
                found=without_credentials(first_line(error)),
                expected="an sqlite database that MLflow made, or no file",
                mend="move the file away, or name another one: tracking.uri=sqlite:///FILE",
            ) from None
        return f"the database {shown} does not answer"
    if revisions:
        _check_schema(str(revisions[0][0]), shown, uri)
    if experiments:
        stage, location = experiments[0]
        if stage != "active":
            raise deleted_experiment(experiment, shown)
        directory = local_directory(str(location))
        if directory:
            check_directory(directory, shown)
    elif file is not None:
        check_directory(file.parent / "mlartifacts", shown)
    return ""


def _lacks_driver(error: Exception) -> bool:
    from sqlalchemy.exc import NoSuchModuleError

    return isinstance(error, ImportError | NoSuchModuleError)


def _read_settled(
    uri: str, file: Path | None, experiment: str
) -> tuple[Sequence[Sequence[Any]], Sequence[Sequence[Any]]]:
    """What `_read` gives once no other process makes the database at this moment.

    Making one takes MLflow seconds, in which it has the schema of one older version after another.
    """
    before: object = None
    while True:
        found = _read(uri, file, experiment)
        revision = found[0][0][0] if found[0] else None
        if revision == before or revision == _schemas()[1]:
            return found
        before = revision
        time.sleep(_STANDSTILL_SECONDS)


def _read(
    uri: str, file: Path | None, experiment: str
) -> tuple[Sequence[Sequence[Any]], Sequence[Sequence[Any]]]:
    """The schema's revision, and (stage, artifact location) of the experiment, as rows.

    A database in which MLflow has made nothing yet has neither.
    """
    asked = "SELECT lifecycle_stage, artifact_location FROM experiments WHERE name = "
    if file is not None:
        opened = sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True, timeout=_SECONDS)
        with closing(opened) as database:
            tables = {row[0] for row in database.execute("SELECT name FROM sqlite_master")}
            if "alembic_version" not in tables:
                return [], []
            revisions = database.execute("SELECT version_num FROM alembic_version").fetchall()
            return revisions, database.execute(f"{asked}?", (experiment,)).fetchall()
    from sqlalchemy import create_engine, inspect, text

    engine = create_engine(uri, connect_args=_connect_arguments(uri))
    try:
        with engine.connect() as connection:
            if not inspect(connection).has_table("alembic_version"):
                return [], []
            schema = connection.execute(text("SELECT version_num FROM alembic_version")).all()
            found = connection.execute(text(f"{asked}:name"), {"name": experiment}).all()
            return schema, found
    finally:
        engine.dispose()


def _connect_arguments(uri: str) -> dict[str, int]:
    return {"connect_timeout": _SECONDS} if uri.startswith("postgresql") else {}


def _check_schema(revision: str, shown: str, uri: str) -> None:
    """Refuse a schema that the installed MLflow cannot use."""
    known, newest = _schemas()
    version = importlib.metadata.version("mlflow")
    if known and revision not in known:
        raise TrackingError(
            f"the store {shown} was made or changed by a newer MLflow",
            found=f"database schema {revision}",
            expected=f"schema {newest} of the installed MLflow {version}",
            mend="take another store (tracking.uri=sqlite:///FILE), or the copy of this one from "
            "before the change: MLflow changes a store when it opens it, and never back",
        )
    if known and revision != newest:
        raise TrackingError(
            f"the store {shown} was made by an older MLflow",
            found=f"database schema {revision}",
            expected=f"schema {newest} of the installed MLflow {version}",
            mend=f"make a copy of it, then: .venv/bin/mlflow db upgrade {without_credentials(uri)}",
        )


@cache
def _schemas() -> tuple[frozenset[str], str]:
    """The revisions that the installed MLflow knows, and the newest; read from its files."""
    found = importlib.util.find_spec("mlflow")
    if found is None or not found.submodule_search_locations:
        return frozenset(), ""
    place = Path(found.submodule_search_locations[0], "store", "db_migrations", "versions")
    revisions: set[str] = set()
    before: set[str] = set()
    for file in place.glob("*.py"):
        for name, value in _REVISION.findall(file.read_text(errors="replace")):
            (revisions if name == "revision" else before).add(value)
    newest = revisions - before
    return frozenset(revisions), newest.pop() if len(newest) == 1 else ""
