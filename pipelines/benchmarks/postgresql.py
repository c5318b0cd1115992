"""A PostgreSQL server for the time of a measurement, on loopback, in a directory of its own."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from latentsweep.errors import LatentsweepError

_USER = "postgres"
_CONNECTIONS = 300
_INSTALLED = "/usr/lib/postgresql"


class NoServerError(LatentsweepError):
    """PostgreSQL is not installed here, or does not start."""


@contextmanager
def private_server(disk: Path) -> Iterator[str]:
    """Run a server as it comes, with its safe defaults, and yield its address.

    Args:
        disk: where its directory is made; other users must be able to reach it.

    Raises:
        NoServerError: it is not installed here, or does not start.
    """
    programs = _programs()
    with tempfile.TemporaryDirectory(prefix="latentsweep-postgresql-", dir=disk) as place:
        home = Path(place) / "home"
        home.mkdir()
        as_user = _as_unprivileged(Path(place), home)
        port = _free_port()
        data, log = home / "data", home / "server.log"
        options = f"-c listen_addresses=127.0.0.1 -p {port} -k {home} -N {_CONNECTIONS}"
        control = [*as_user, str(programs / "pg_ctl"), "-D", str(data), "-w"]
        initdb = [str(programs / "initdb"), "-D", str(data), "-U", _USER, "--auth=trust"]
        _call([*as_user, *initdb], home)
        _call([*control, "-l", str(log), "-o", options, "start"], home)
        try:
            yield f"postgresql://{_USER}@127.0.0.1:{port}/postgres"
        finally:
            _call([*control, "-m", "immediate", "stop"], home)


def _programs() -> Path:
    """Directory of initdb and pg_ctl: Debian keeps them off the PATH."""
    on_path = shutil.which("initdb")
    found = [Path(on_path)] if on_path else sorted(Path(_INSTALLED).glob("*/bin/initdb"))
    if not found:
        raise NoServerError(
            "PostgreSQL is not installed here",
            found=f"no initdb on the PATH or in {_INSTALLED}",
            mend="apt-get install postgresql",
        )
    return found[-1].parent


def _as_unprivileged(place: Path, home: Path) -> list[str]:
    """What to put before a command: the server refuses to run as root."""
    if os.getuid() != 0:
        return []
    try:
        user = pwd.getpwnam(_USER)
    except KeyError:
        raise NoServerError(
            f"PostgreSQL does not run as root, and there is no user {_USER}"
        ) from None
    place.chmod(0o711)
    os.chown(home, user.pw_uid, user.pw_gid)
    ids = [f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}"]
    return ["setpriv", *ids, "--clear-groups"]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _call(command: list[str], directory: Path) -> None:
    # Not captured: the server would hold the pipe open, and nothing would ever read its end.
    output = directory / "output"
    with output.open("w") as file:
        done = subprocess.run(command, cwd=directory, stdout=file, stderr=subprocess.STDOUT)
    if done.returncode:
        said = output.read_text().strip().splitlines()
        raise NoServerError("PostgreSQL does not start", found=said[-1] if said else "no reason")
