"""Addresses of MLflow stores: which are allowed, made absolute, shown without credentials."""

import re
from pathlib import Path

from latentsweep.errors import ConfigError

SQLITE = "sqlite:///"
_ADDRESS = re.compile(r"(https?|(postgresql|mysql|mssql)(\+\w+)?)://\S+")
_CREDENTIALS = re.compile(r"(?<=://)[^/\s]*@")


def resolve_uri(uri: str) -> str:
    """The address with a relative sqlite path made absolute against the working directory.

    Raises:
        ConfigError: if `uri` is no address of an MLflow store.
    """
    if uri.startswith(SQLITE) and uri != SQLITE:
        return SQLITE + str(Path(uri.removeprefix(SQLITE)).absolute())
    if _ADDRESS.fullmatch(uri):
        return uri
    raise ConfigError(
        "tracking.uri is no address of an MLflow store",
        found=without_credentials(uri) or "nothing",
        expected="sqlite:///FILE, http(s)://HOST:PORT, or postgresql:// mysql:// mssql://...",
        mend="tracking.uri=sqlite:///mlflow.db keeps the record in a file here",
    )


def sqlite_file(uri: str) -> Path | None:
    """The database file of a sqlite address; None for any other address."""
    return Path(uri.removeprefix(SQLITE)) if uri.startswith(SQLITE) else None


def without_credentials(text: str) -> str:
    """`text` with the user and password of every address in it replaced by `***`."""
    return _CREDENTIALS.sub("***@", text)
