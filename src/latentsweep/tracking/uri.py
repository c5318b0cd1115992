"""Addresses of MLflow stores: which are allowed, made absolute, shown without credentials."""

import re
from pathlib import Path
from urllib.parse import urlsplit

from latentsweep.errors import ConfigError

SQLITE = "sqlite:///"
DEFAULT_STORE = f"{SQLITE}mlflow.db"  # of tracking=local
_ADDRESS = re.compile(r"(https?|(postgresql|mysql|mssql)(\+\w+)?)://\S+")
_HOST_AND_PORT = re.compile(r"[\w.-]+:\d+(/\S*)?")
# Also with a / in the password, which is none of a path's: those of files are left alone.
_CREDENTIALS = re.compile(r"(?<=://)(?<!sqlite://)(?<!file://)(?:[^/\s]*@|[^\s@]*:\S*@)")


def resolve_uri(uri: str, key: str = "tracking.uri") -> str:
    """The address with a relative sqlite path made absolute against the working directory.

    Args:
        uri: of a store.
        key: what the user knows it by.

    Raises:
        ConfigError: if `uri` is no address of an MLflow store.
    """
    if uri.startswith(SQLITE) and uri != SQLITE and "?" not in uri:
        return SQLITE + str(Path(uri.removeprefix(SQLITE)).absolute())
    if _ADDRESS.fullmatch(uri) and (not uri.startswith("http") or _has_host_and_port(uri)):
        return uri
    mend = f"{key}=sqlite:///mlflow.db keeps the record in a file here"
    raise ConfigError(
        f"{key} is no address of an MLflow store",
        found=without_credentials(uri) or "nothing",
        expected="sqlite:///FILE, http(s)://HOST:PORT, or postgresql+psycopg://USER@HOST/DATABASE",
        mend=f"{key}=http://{uri}" if _HOST_AND_PORT.fullmatch(uri) else mend,
    )


def _has_host_and_port(uri: str) -> bool:
    """Whether there is a host, and a port that is one, if any."""
    try:
        parts = urlsplit(uri)
        return bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def sqlite_file(uri: str) -> Path | None:
    """The database file of a sqlite address; None for any other address."""
    return Path(uri.removeprefix(SQLITE)) if uri.startswith(SQLITE) else None


def without_credentials(text: str) -> str:
    """`text` with the user and password of every address in it replaced by `***`."""
    return _CREDENTIALS.sub("***@", text)
