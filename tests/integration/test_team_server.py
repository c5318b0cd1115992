"""A team's server: users before it, PostgreSQL behind it, and where its passwords are not."""

import json
import os
import shlex
import subprocess
import sys
from base64 import b64encode
from collections import Counter
from collections.abc import Iterator
from configparser import ConfigParser
from dataclasses import dataclass
from pathlib import Path
from secrets import token_urlsafe
from typing import Any
from urllib.parse import quote

import psycopg
import pytest
import requests

from latentsweep.config.project import ROOT
from latentsweep.errors import LatentsweepError
from latentsweep.tracking import team_server
from latentsweep.tracking.journal import JOURNAL_NAME, read_journal
from latentsweep.tracking.records import Metrics
from latentsweep.tracking.team_address import allowed_hosts, allowed_origins
from latentsweep.tracking.team_database import DATABASE_VARIABLE
from latentsweep.tracking.team_server import TeamServer
from tests.ports import free_port

from ..training.conftest import SMALL
from .cluster_sweep import files_with, run
from .mlflow_server import MlflowServer, running
from .postgresql import PASSWORD, USER, PostgreSQL

# Not in the source, which a run's record may hold: it has the differences to the last commit.
ADMIN, ADA, KEEPER = ((name, f"{token_urlsafe(12)}?/+") for name in ("root", "ada", "keeper"))
API = "/api/2.0/mlflow"
EXPERIMENT = "shared"
WITH_ADMIN = {"MLFLOW_AUTH_ADMIN_USERNAME": ADMIN[0], "MLFLOW_AUTH_ADMIN_PASSWORD": ADMIN[1]}


@dataclass(frozen=True)
class Team:
    """The server, as `make server` starts it, and what is around it."""

    server: MlflowServer
    database: str
    directory: Path

    def ask(self, path: str, user: tuple[str, str] | None, **content: Any) -> requests.Response:
        """Its answer to a user: to a POST with `content`, or else to a GET."""
        url = f"{self.server.url}{path}"
        if content:
            return requests.post(url, auth=user, json=content, timeout=30)
        return requests.get(url, auth=user, timeout=30)

    def make_experiment(self, name: str) -> str:
        """The id of an experiment that the administrator makes."""
        made = self.ask(f"{API}/experiments/create", ADMIN, name=name)
        assert made.ok, made.text
        return str(made.json()["experiment_id"])

    def grant(self, experiment: str, permission: str) -> None:
        """Let Ada have a permission for an experiment."""
        granted = self.ask(
            "/api/3.0/mlflow/users/permissions/grant",
            ADMIN,
            username=ADA[0],
            resource_type="experiment",
            resource_id=experiment,
            permission=permission,
        )
        assert granted.ok, granted.text

    def train(self, where: Path, password: str) -> subprocess.CompletedProcess[str]:
        """Train as Ada, with this password."""
        where.mkdir()
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("MLFLOW_TRACKING_USERNAME", ADA[0])
            patch.setenv("MLFLOW_TRACKING_PASSWORD", password)
            chosen = [override for override in SMALL if override != "tracking=off"]
            chosen += [f"tracking.uri={self.server.url}", f"tracking.experiment={EXPERIMENT}"]
            return run(where, "train.py", *chosen, "tracking=server", "trainer.max_epochs=1")


@pytest.fixture(scope="module")
def team(postgresql: PostgreSQL, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Team]:
    """A server with an administrator and Ada, who may edit one experiment."""
    directory = tmp_path_factory.mktemp("team")
    database, port = kept_database(postgresql), free_port()
    command = [sys.executable, str(ROOT / "pipelines" / "server.py"), "--port", str(port)]
    environment = {**os.environ, **WITH_ADMIN, DATABASE_VARIABLE: database}
    with running([*command, "--workers", "1"], port, directory, environment) as server:
        team = Team(server, database, directory)
        made = team.ask(f"{API}/users/create", ADMIN, username=ADA[0], password=ADA[1])
        assert made.ok, made.text
        team.grant(team.make_experiment(EXPERIMENT), "EDIT")
        yield team


@pytest.fixture(scope="module")
def trained(team: Team) -> Path:
    """Where Ada has trained a model."""
    where = team.directory / "training"
    done = team.train(where, ADA[1])
    assert done.returncode == 0, done.stderr
    assert "MLflow run:" in done.stdout
    assert "not synced" not in done.stdout
    (where / "output.txt").write_text(done.stdout + done.stderr)
    return where


def test_who_does_not_say_who_they_are_is_refused(team: Team) -> None:
    for path in (f"{API}/experiments/get?experiment_id=0", "/", "/version"):
        assert team.ask(path, None).status_code == 401
        assert team.ask(path, (ADMIN[0], "not-the-password")).status_code == 401
        assert team.ask(path, ADMIN).status_code == 200


def test_user_sees_what_was_granted_and_nothing_else(team: Team) -> None:
    experiment = team.make_experiment("private")
    path = f"{API}/experiments/get?experiment_id={experiment}"
    assert team.ask(path, ADA).status_code == 403
    team.grant(experiment, "READ")
    assert team.ask(path, ADA).status_code == 200
    renamed = {"experiment_id": experiment, "new_name": "mine"}
    assert team.ask(f"{API}/experiments/update", ADA, **renamed).status_code == 403
    other = {"username": "eve", "password": "Eves-own-words"}
    assert team.ask(f"{API}/users/create", ADA, **other).status_code == 403


def test_server_answers_to_its_own_names_only(team: Team) -> None:
    url = f"{team.server.url}{API}/experiments/get?experiment_id=0"
    for host, status in (("evil.example", 403), ("10.0.0.1", 403), ("localhost:6007", 200)):
        answer = requests.get(url, auth=ADMIN, headers={"Host": host}, timeout=30)
        assert answer.status_code == status


def test_run_arrives_whole_with_its_artifacts_through_the_server(team: Team, trained: Path) -> None:
    stored = read_store(team)
    assert stored["status"] == "FINISHED"
    (journal,) = trained.glob(f"runs/*/{JOURNAL_NAME}")
    points = Counter(
        (name, record.step)
        for record, _ in read_journal(journal)
        if isinstance(record, Metrics)
        for name in record.values
    )
    assert Counter((name, step) for name, step in stored["points"]) == points
    assert {"config.yaml", "checkpoints/best.ckpt", "checkpoints/last.ckpt"} <= {
        *stored["artifacts"]
    }
    kept = team.directory / "mlflow-server" / "artifacts"
    (config,) = kept.glob(f"*/{stored['id']}/artifacts/config.yaml")
    assert config.read_bytes() == (journal.parent / "files" / "config.yaml").read_bytes()
    assert kept.stat().st_mode & 0o077 == 0


def test_no_command_line_of_the_server_holds_a_password(team: Team) -> None:
    lines = [shlex.join(process.cmdline()) for process in team.server.processes()]
    assert len(lines) >= 2  # mlflow's own, and the one that answers
    for _, secret in (ADMIN, ADA, KEEPER):
        assert [line for line in lines if secret in line or quote(secret, safe="") in line] == []


@pytest.mark.parametrize("user", [ADMIN, ADA, KEEPER], ids=["administrator", "user", "database"])
def test_no_file_of_server_or_training_holds_a_password(
    team: Team, trained: Path, user: tuple[str, str]
) -> None:
    assert files_with(EXPERIMENT, trained)  # it does look
    assert files_with("NO_PERMISSIONS", team.directory)
    for form in forms(user[1]):
        assert files_with(form, team.directory) == []


def test_password_in_a_header_would_be_found() -> None:
    header = b64encode(f"{ADA[0]}:{ADA[1]}".encode()).decode()
    assert [form for form in forms(ADA[1]) if form in header]


def test_wrong_password_is_one_message_before_training(team: Team) -> None:
    where = team.directory / "refused"
    done = team.train(where, "not-her-password")
    assert done.returncode == 2
    assert done.stderr.startswith("latentsweep: the MLflow server at")
    assert "refuses who asks" in done.stderr
    assert "Traceback" not in done.stderr
    assert "not-her-password" not in done.stdout + done.stderr
    assert list(where.iterdir()) == []


class StartedError(Exception):
    """In the place of the server, so that a test sees what would have been started."""


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Begins a server, and gives its command line and environment."""

    def exec_(_: str, command: list[str], environment: dict[str, str]) -> None:
        raise StartedError(command, environment)

    monkeypatch.setattr(os, "execve", exec_)

    def begin(environment: dict[str, str], **changes: Any) -> tuple[list[str], dict[str, str]]:
        given = {"port": free_port(), "artifacts": str(tmp_path / "artifacts"), **changes}
        with pytest.raises(StartedError) as started:
            team_server.serve(TeamServer(directory=tmp_path / "server", **given), environment)
        command, settings = started.value.args
        return command, settings

    return begin


def test_administrator_who_is_there_needs_no_password_again(team: Team, start: Any) -> None:
    _, settings = start(
        {DATABASE_VARIABLE: team.database, **WITH_ADMIN, "MLFLOW_AUTH_ADMIN_PASSWORD": ""}
    )
    assert settings["MLFLOW_AUTH_ADMIN_USERNAME"] == ADMIN[0]


def test_password_of_an_address_by_socket_is_in_the_environment_alone(
    postgresql: PostgreSQL, start: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    url = postgresql.socket_url(postgresql.create_database())
    command, settings = start({DATABASE_VARIABLE: url, **WITH_ADMIN})
    assert DATABASE_VARIABLE not in settings
    assert settings.pop("PGPASSWORD") == PASSWORD
    assert settings["MLFLOW_ALLOW_PICKLE_DESERIALIZATION"] == "false"
    assert settings["MLFLOW_DISABLE_TELEMETRY"] == "true"
    assert settings["MLFLOW_SERVER_ENABLE_JOB_EXECUTION"] == "false"
    assert PASSWORD not in f"{command} {settings} {capsys.readouterr().out}"
    assert files_with(PASSWORD, tmp_path) == []
    config = ConfigParser()  # as MLflow reads it
    config.read(settings["MLFLOW_AUTH_CONFIG_PATH"])
    assert config["mlflow"]["database_uri"] == settings["MLFLOW_BACKEND_STORE_URI"]
    assert config["mlflow"]["default_permission"] == "NO_PERMISSIONS"


def test_clients_settings_and_such_as_open_the_server_do_not_reach_it(
    team: Team, start: Any
) -> None:
    opening = {"MLFLOW_SERVER_DISABLE_SECURITY_MIDDLEWARE": "true", "MLFLOW_WORKSPACE": "mine"}
    _, settings = start({DATABASE_VARIABLE: team.database, **WITH_ADMIN, **opening})
    assert not opening.keys() & settings.keys()


def test_each_start_has_a_secret_key_of_its_own_unless_one_is_given(team: Team, start: Any) -> None:
    environment = {DATABASE_VARIABLE: team.database, **WITH_ADMIN}
    keys = [start(environment)[1]["MLFLOW_FLASK_SERVER_SECRET_KEY"] for _ in range(2)]
    assert len(set(keys)) == 2
    assert min(map(len, keys)) >= 32
    given = {**environment, "MLFLOW_FLASK_SERVER_SECRET_KEY": "ours"}
    assert start(given)[1]["MLFLOW_FLASK_SERVER_SECRET_KEY"] == "ours"


@pytest.mark.parametrize(
    ("changes", "environment", "expected"),
    [
        ({}, {DATABASE_VARIABLE: ""}, "needs the address of its database"),
        ({}, {DATABASE_VARIABLE: "sqlite:///mlflow.db"}, "is no address of a PostgreSQL database"),
        ({}, {DATABASE_VARIABLE: "postgresql://me:a@b@c/d"}, "is no address of a PostgreSQL"),
        ({}, {DATABASE_VARIABLE: "postgresql:///d?sslpassword=x"}, "the pass phrase of a key"),
        ({}, {DATABASE_VARIABLE: "postgresql://me:pw@127.0.0.1:9/d"}, "cannot use the server's"),
        ({}, {"MLFLOW_AUTH_ADMIN_PASSWORD": ""}, "MLFLOW_AUTH_ADMIN_PASSWORD is not set"),
        ({}, {"MLFLOW_AUTH_ADMIN_PASSWORD": "short"}, "one that is too short"),
        ({}, {"MLFLOW_AUTH_ADMIN_PASSWORD": "password1234"}, "one that everyone knows"),
        ({"port": 0}, {}, "cannot listen at 127.0.0.1:0"),
        ({"host": "203.0.113.1", "allowed": ("a",)}, {}, "cannot listen at 203.0.113.1"),
        ({"host": "0.0.0.0"}, {}, "none of its names is allowed"),
        ({"host": "0.0.0.0", "allowed": ("*",)}, {}, "* is no name"),
        ({"allowed": ("https://login1",)}, {}, "https://login1 is no name"),
        ({"artifacts": "/dev/null/artifacts"}, {}, "cannot be written"),
        ({"directory": Path("/dev/null/server")}, {}, "cannot write /dev/null/server"),
    ],
)
def test_what_is_wrong_is_said_before_the_start(
    empty_database: str,
    tmp_path: Path,
    changes: dict[str, Any],
    environment: dict[str, str],
    expected: str,
) -> None:
    given = {"artifacts": str(tmp_path / "a"), "directory": tmp_path / "s", "port": free_port()}
    with pytest.raises(LatentsweepError) as refused:
        team_server.serve(
            TeamServer(**{**given, **changes}),
            {DATABASE_VARIABLE: empty_database, **WITH_ADMIN, **environment},
        )
    assert expected in str(refused.value)
    for secret in (PASSWORD, ADMIN[1], "a@b", "pw@"):
        assert secret not in str(refused.value)


@pytest.fixture(scope="module")
def empty_database(postgresql: PostgreSQL) -> str:
    return postgresql.create_database()


def test_port_that_is_taken_is_one_message(team: Team, tmp_path: Path) -> None:
    port = team.server.url.rpartition(":")[2]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(DATABASE_VARIABLE, team.database)
        done = run(tmp_path, "server.py", "--port", port)
    assert done.returncode == 2
    assert done.stderr.startswith(f"latentsweep: port {port} is taken")
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_database_of_another_mlflow_or_without_rights_is_refused(
    postgresql: PostgreSQL, start: Any
) -> None:
    url = postgresql.create_database()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE ROLE guest LOGIN PASSWORD 'a-guests-words'")
        connection.execute("REVOKE CREATE ON SCHEMA public FROM public")
        guest = url.replace(f"{USER}:{PASSWORD}", "guest:a-guests-words")
        with pytest.raises(LatentsweepError, match="the user may make no tables"):
            start({DATABASE_VARIABLE: guest, **WITH_ADMIN})
        connection.execute("CREATE TABLE alembic_version (version_num varchar)")
        connection.execute("CREATE TABLE experiments (name text, lifecycle_stage text)")
        connection.execute("ALTER TABLE experiments ADD artifact_location text")
        connection.execute("INSERT INTO alembic_version VALUES ('f00f00f00f00')")
    with pytest.raises(LatentsweepError, match="by a newer MLflow") as refused:
        start({DATABASE_VARIABLE: url, **WITH_ADMIN})
    assert PASSWORD not in str(refused.value)


def test_names_are_allowed_with_the_servers_port_and_as_a_proxy_passes_them_on() -> None:
    hosts = allowed_hosts("0.0.0.0", 5000, ["login1", "mlflow.example.org:8443", "*.cluster"])
    assert {"login1", "login1:5000", "mlflow.example.org:8443", "*.cluster:5000"} <= set(hosts)
    assert not {"*", "0.0.0.0:5000", "mlflow.example.org"} & set(hosts)
    assert "10.0.0.5:5000" in allowed_hosts("10.0.0.5", 5000, ["login1"])
    origins = allowed_origins(5000, ["login1", "mlflow.example.org:8443"])
    assert origins == ["https://login1", "http://login1:5000", "https://mlflow.example.org:8443"]


def test_make_passes_its_variables_on_and_not_the_shells_own() -> None:
    outer = ("ARGS", "MAKEFLAGS")  # of a `make test` around this
    environment = {name: text for name, text in os.environ.items() if name not in outer}
    given = ["PORT=5001", "ALLOWED=login1,login1.cluster", "ARTIFACTS=s3://bucket/mlflow"]
    done = subprocess.run(
        ["make", "-n", "server", *given],
        cwd=ROOT,
        env={**environment, "HOST": "of-this-shell"},
        capture_output=True,
        text=True,
        check=True,
    )
    lines = done.stdout.replace("\\\n", " ").splitlines()
    (line,) = [line for line in lines if "pipelines/server.py" in line]
    assert shlex.split(line)[3:] == [
        *("--port", "5001", "--allowed", "login1,login1.cluster"),
        *("--artifacts", "s3://bucket/mlflow"),
    ]


def kept_database(postgresql: PostgreSQL) -> str:
    """The address, with its password, of a database that belongs to a user who may do no more."""
    name, password = KEEPER
    url = postgresql.create_database()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"CREATE ROLE {name} LOGIN PASSWORD '{password}'")
        connection.execute(f"ALTER DATABASE {url.rpartition('/')[2]} OWNER TO {name}")
    return url.replace(f"{USER}:{PASSWORD}", f"{name}:{quote(password, safe='')}")


def read_store(team: Team) -> dict[str, Any]:
    """The one run that Ada sees, read in a process of its own."""
    probe = ROOT / "tests" / "training" / "read_store.py"
    user = {"MLFLOW_TRACKING_USERNAME": ADA[0], "MLFLOW_TRACKING_PASSWORD": ADA[1]}
    done = subprocess.run(
        [sys.executable, str(probe), team.server.url],
        env={**os.environ, **user},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    (stored,) = json.loads(done.stdout.splitlines()[-1])
    assert isinstance(stored, dict)
    return stored


def forms(secret: str) -> list[str]:
    """A secret as it is, as in an address, and in base64 wherever in a text it stands."""
    found = [secret, quote(secret, safe="")]
    for before in range(3):
        encoded = b64encode(b"\0" * before + secret.encode()).decode()
        # Characters at both ends are of the neighbours' bits, too.
        found.append(encoded[-(-before * 8 // 6) : (before + len(secret)) * 8 // 6])
    return found
