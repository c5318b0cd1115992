"""A real PostgreSQL server on loopback, with password authentication."""

import os
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.ports import free_port

from .requirement import program, require_programs

USER, PASSWORD = "sweeper", "a-Password-of-tests"


class PostgreSQL:
    """The server: started by `running`, stopped and started again by tests."""

    def __init__(self, directory: Path, port: int) -> None:
        self.directory, self.port = directory, port
        self.log = directory / "log"

    def url(self, database: str, password: str = PASSWORD) -> str:
        """The address of a database."""
        return f"postgresql://{USER}:{password}@127.0.0.1:{self.port}/{database}"

    def socket_url(self, url: str) -> str:
        """The same address by a socket in the file system, which network namespaces share."""
        return url.replace(f"127.0.0.1:{self.port}", "") + (
            f"?host={self.directory}&port={self.port}"
        )

    def create_database(self) -> str:
        """The address of a new, empty database."""
        name = f"study_{uuid.uuid4().hex[:12]}"
        connect = ["-h", str(self.directory), "-p", str(self.port), "-U", USER]
        self._as_owner("createdb", *connect, name)
        return self.url(name)

    def connections(self, url: str) -> int:
        """How many connections to that database are open, this question's aside."""
        import psycopg

        name = url.rpartition("/")[2]
        with psycopg.connect(self.url("postgres")) as connection:
            counted = connection.execute(
                "select count(*) from pg_stat_activity where datname = %s", [name]
            ).fetchone()
        assert counted
        return int(counted[0])

    def start(self) -> None:
        """Start it and wait until it answers."""
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -c fsync=off"
        options += f" -c unix_socket_directories={self.directory}"
        data = str(self.directory / "data")
        self._as_owner("pg_ctl", "start", "-w", "-D", data, "-l", str(self.log), "-o", options)

    def stop(self, mode: str = "fast") -> None:
        """Stop it: `fast` breaks connections off, `immediate` is a crash."""
        self._as_owner("pg_ctl", "stop", "-w", "-D", str(self.directory / "data"), "-m", mode)

    def initialise(self) -> None:
        """Make its files."""
        secret = self.directory / "password"
        secret.write_text(PASSWORD)
        self._as_owner(
            *("initdb", "-D", str(self.directory / "data"), "-U", USER, "-E", "UTF8", "--no-sync"),
            *("--auth=scram-sha-256", "--locale=C", f"--pwfile={secret}"),
        )

    def _as_owner(self, name: str, *arguments: str) -> None:
        """Run one of its programs: as the user postgres where this process is root."""
        drop = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
        found = program(name)
        assert found
        done = subprocess.run(
            [*(drop if os.geteuid() == 0 else []), found, *arguments],
            cwd=self.directory,
            env={"PATH": os.environ["PATH"], "PGPASSWORD": PASSWORD, "LC_ALL": "C"},
            stdin=subprocess.DEVNULL,
            stdout=(self.directory / "commands.log").open("a"),
            stderr=subprocess.STDOUT,
            check=False,
        )
        assert done.returncode == 0, (self.directory / "commands.log").read_text()


@contextmanager
def running() -> Iterator[PostgreSQL]:
    """A new server, gone with its files at the end."""
    require_programs(["initdb", "pg_ctl", "createdb"], "postgresql")
    # Not pytest's directory, which the user postgres may not enter.
    directory = Path(tempfile.mkdtemp(prefix="latentsweep-postgresql-"))
    if os.geteuid() == 0:
        shutil.chown(directory, "postgres", "postgres")
    server = PostgreSQL(directory, free_port())
    try:
        server.initialise()
        server.start()
        try:
            yield server
        finally:
            if (directory / "data" / "postmaster.pid").exists():
                server.stop("immediate")
    finally:
        shutil.rmtree(directory)
