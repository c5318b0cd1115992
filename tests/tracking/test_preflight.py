import http.server
import shutil
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from latentsweep.errors import ConfigError, LatentsweepError, TrackingError
from latentsweep.tracking.preflight import check_store
from latentsweep.tracking.uri import sqlite_file


@pytest.fixture
def store(tmp_path: Path, uri: str) -> Path:
    """A copy of a store that MLflow made."""
    made = sqlite_file(uri)
    assert made
    return Path(shutil.copy(made, tmp_path / "mlflow.db"))


def change(store: Path, statement: str) -> str:
    with sqlite3.connect(store) as database:
        database.execute(statement)
    database.close()
    return f"sqlite:///{store}"


def refusal(uri: str, experiment: str = "tests") -> LatentsweepError:
    with pytest.raises(LatentsweepError) as caught:
        check_store(uri, experiment)
    return caught.value


def test_a_store_that_mlflow_made_or_will_make_is_welcome(store: Path, tmp_path: Path) -> None:
    assert check_store(f"sqlite:///{store}", "tests") == ""
    assert check_store(f"sqlite:///{tmp_path}/new/mlflow.db", "tests") == ""
    assert not (tmp_path / "new").exists()


def test_what_is_no_address_is_refused() -> None:
    assert isinstance(refusal("localhost:5000"), ConfigError)


def test_a_newer_schema_is_refused_before_mlflow_could_change_it(store: Path) -> None:
    error = refusal(change(store, "UPDATE alembic_version SET version_num = 'f00000000001'"))
    assert "newer MLflow" in error.what
    assert "f00000000001" in error.found


def test_an_older_schema_is_refused_with_the_command_that_mends_it(store: Path) -> None:
    error = refusal(change(store, "UPDATE alembic_version SET version_num = '0c779009ac13'"))
    assert "older MLflow" in error.what
    assert "mlflow db upgrade" in error.mend


def test_a_deleted_experiment_is_refused(store: Path) -> None:
    address = change(store, "UPDATE experiments SET lifecycle_stage = 'deleted'")
    error = refusal(address, "Default")
    assert isinstance(error, TrackingError)
    assert "the experiment Default is deleted" in error.what
    assert "tracking.experiment=" in error.mend
    assert check_store(address, "another") == ""


def test_a_file_that_is_no_store_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mlflow.db").write_text("no database, but long enough to look like one\n" * 100)
    error = refusal(f"sqlite:///{tmp_path}/mlflow.db")
    assert "no MLflow store" in error.what


def test_a_locked_store_is_only_away(store: Path) -> None:
    with closing(sqlite3.connect(store)) as writer:
        writer.execute("PRAGMA locking_mode=EXCLUSIVE")
        writer.execute("BEGIN EXCLUSIVE")
        assert "does not answer" in check_store(f"sqlite:///{store}", "tests")


def test_artifacts_that_cannot_be_written_are_refused(store: Path, tmp_path: Path) -> None:
    (tmp_path / "mlartifacts").write_text("a file where a directory should be")
    error = refusal(f"sqlite:///{store}", "another")
    assert "artifacts cannot be written" in error.what
    assert "mlartifacts: Not a directory" in error.found


@contextmanager
def answering(answers: dict[str, tuple[int, str]]) -> Iterator[str]:
    """A server that gives one answer a path: other versions of MLflow do not install beside it."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, text = answers.get(self.path.partition("?")[0], (404, "not here"))
            self.send_response(status)
            self.end_headers()
            self.wfile.write(text.encode())

        def do_PUT(self) -> None:
            self.do_GET()

        def do_DELETE(self) -> None:
            self.do_GET()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


BY_NAME = "/api/2.0/mlflow/experiments/get-by-name"


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        ({"/version": (200, "2.9.2")}, "another major version"),
        ({"/version": (200, "<html>a shop</html>")}, "no MLflow server"),
        ({}, "no MLflow server"),
        (
            {"/version": (200, "3.1.0"), BY_NAME: (403, "Invalid Host header - blocked")},
            "does not answer to that name",
        ),
        ({"/version": (200, "3.1.0"), BY_NAME: (401, "who are you")}, "refuses who asks"),
        ({"/version": (401, ""), BY_NAME: (403, "not yours")}, "refuses the experiment tests"),
        (
            {
                "/version": (200, "3.1.0"),
                BY_NAME: (200, '{"experiment": {"lifecycle_stage": "deleted"}}'),
            },
            "the experiment tests is deleted",
        ),
    ],
)
def test_a_server_that_cannot_take_the_record_is_refused(
    answers: dict[str, tuple[int, str]], said: str
) -> None:
    with answering(answers) as address:
        assert said in refusal(address).what


def test_a_server_that_is_only_away_is_no_mistake(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", "me")
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", "s3cret")
    said = check_store("http://127.0.0.1:9", "tests")
    assert said == "the server at http://127.0.0.1:9 does not answer"


def test_a_server_in_trouble_is_no_mistake() -> None:
    with answering({"/version": (502, "bad gateway"), BY_NAME: (502, "")}) as address:
        assert "in trouble" in check_store(address, "tests")
    with answering({"/version": (200, "3.17.0"), BY_NAME: (500, "")}) as address:
        assert "in trouble (HTTP 500)" in check_store(address, "tests")


def test_a_database_without_its_driver_is_refused() -> None:
    error = refusal("mysql+nosuchdriver://me@127.0.0.1:9/mlflow")
    assert "no driver" in error.what
    error = refusal("postgresql+psycopg2://me@127.0.0.1:9/mlflow")
    assert "psycopg2" in error.found
    assert "postgresql+psycopg://" in error.expected


def test_a_directory_is_no_store(tmp_path: Path) -> None:
    error = refusal(f"sqlite:///{tmp_path}")
    assert "is a directory" in error.what
    assert error.mend == f"tracking.uri=sqlite:///{tmp_path}/mlflow.db"


def test_the_question_is_asked_without_mlflow(
    store: Path, child_environment: dict[str, str]
) -> None:

    code = (
        "import sys; from latentsweep.tracking.preflight import check_store\n"
        f"check_store('sqlite:///{store}', 'tests'); check_store('http://127.0.0.1:9', 'tests')\n"
        "print('mlflow' in sys.modules, 'torch' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env=child_environment, capture_output=True, text=True
    )
    assert done.stdout == "False False\n", done.stderr


def test_a_store_that_another_process_is_making_is_waited_for(
    tmp_path: Path, child_environment: dict[str, str]
) -> None:
    address = f"sqlite:///{tmp_path}/mlflow.db"
    code = f"from latentsweep.tracking.store import open_store; open_store('{address}')"
    maker = subprocess.Popen([sys.executable, "-c", code], env=child_environment)
    while maker.poll() is None:
        assert check_store(address, "tests") == ""
    assert maker.returncode == 0
