from pathlib import Path

import pytest

from latentsweep.errors import ConfigError
from latentsweep.tracking.uri import resolve_uri, sqlite_file, without_credentials


def test_a_relative_sqlite_path_becomes_absolute(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert resolve_uri("sqlite:///mlflow.db") == f"sqlite:///{tmp_path}/mlflow.db"
    assert resolve_uri("sqlite:////a/b.db") == "sqlite:////a/b.db"
    assert sqlite_file(resolve_uri("sqlite:///mlflow.db")) == tmp_path / "mlflow.db"


@pytest.mark.parametrize(
    "uri",
    ["http://127.0.0.1:5000", "https://u:p@host/mlflow", "postgresql+psycopg://u:p@h/db"],
)
def test_addresses_of_servers_stay_as_they_are(uri: str) -> None:
    assert resolve_uri(uri) == uri
    assert sqlite_file(uri) is None


@pytest.mark.parametrize(
    "uri",
    [
        "",
        "mlruns",
        "file:///tmp/x",
        "sqlite:///",
        "http://",
        "sqlite",
        "http://localhost:abc",
        "http://[bad",
        "https://host:99999",
        "http://:5000",
        "sqlite:///m.db?mode=ro",
    ],
)
def test_what_is_no_address_is_refused(uri: str) -> None:
    with pytest.raises(ConfigError, match="no address of an MLflow store"):
        resolve_uri(uri)


def test_a_refused_address_does_not_show_its_password() -> None:
    with pytest.raises(ConfigError) as caught:
        resolve_uri("ftp://user:s3cret@host/x")
    assert "s3cret" not in str(caught.value)


def test_credentials_are_masked_wherever_they_stand() -> None:
    text = "at postgresql://me:pa@ss@h/db and http://me@h: https://h/a@b"
    assert without_credentials(text) == "at postgresql://***@h/db and http://***@h: https://h/a@b"
    assert without_credentials("http://me:pa/s3@cret@h:5000/x") == "http://***@h:5000/x"


def test_a_path_is_no_password() -> None:
    assert without_credentials("sqlite:////home/a:b@c/x.db") == "sqlite:////home/a:b@c/x.db"


def test_an_address_without_its_scheme_is_mended() -> None:
    with pytest.raises(ConfigError) as caught:
        resolve_uri("127.0.0.1:5000", "URI")
    assert caught.value.mend == "URI=http://127.0.0.1:5000"
