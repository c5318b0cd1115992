"""A real `mlflow server` for the time of a measurement, which may be killed and started again."""

import os
import re
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

from benchmarks.background import kill
from latentsweep.errors import LatentsweepError

_SECONDS_TO_START = 120.0
_CALL = re.compile(r'"[A-Z]+ /api/\S+?/mlflow[\w-]*/([^\s?]+)\S* HTTP/[\d.]+" (\d{3})')


class ServerDidNotStartError(LatentsweepError):
    """The server does not answer."""


class MlflowServer:
    """One server with one worker on loopback, its database in `directory`.

    Args:
        directory: an empty one.
        gives_way: whether it runs on processor time that nobody else wants, as if it were on
            another machine, but for the caches and the memory's bandwidth.

    Attributes:
        address: where it answers.
        database: the file that holds what it was told.
        leader: process id of its group's leader; None while it is down.
    """

    def __init__(self, directory: Path, *, gives_way: bool = False) -> None:
        self._log = directory / "server.log"
        self._artifacts = directory / "artifacts"
        self._gives_way = gives_way
        self._port = _free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self.address = f"http://127.0.0.1:{self._port}"
        self.database = directory / "server.db"

    @property
    def leader(self) -> int | None:
        """See the class."""
        return self._process.pid if self._process else None

    def start(self) -> None:
        """Start it and wait until it answers.

        Raises:
            ServerDidNotStartError: it does not.
        """
        command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1"]
        command += ["--port", str(self._port), "--workers", "1"]
        command += ["--backend-store-uri", f"sqlite:///{self.database}"]
        command += ["--artifacts-destination", str(self._artifacts)]
        environment = {
            **os.environ,
            "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
            "MLFLOW_DISABLE_TELEMETRY": "true",
        }
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                command,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                # Linux weighs a priority only against others of the same session (autogroup).
                start_new_session=not self._gives_way,
                process_group=0 if self._gives_way else None,
                preexec_fn=_give_way if self._gives_way else None,
            )
        wait_until(self._answers, _SECONDS_TO_START, "the MLflow server answers")

    def kill(self) -> None:
        """End it with SIGKILL, its workers too; it may be started again."""
        if self._process:
            kill([self._process.pid])
            self._process.wait()
            self._process = None

    def calls(self) -> list[tuple[str, int]]:
        """What each call of its API asked for, such as `runs/create`, and its HTTP status."""
        return [(name, int(status)) for name, status in _CALL.findall(self._log.read_text())]

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.address}/health", timeout=5) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False


def wait_until(condition: Callable[[], bool], seconds: float, what: str) -> None:
    """Wait for a condition.

    Raises:
        ServerDidNotStartError: it did not come true in time.
    """
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise ServerDidNotStartError(f"not within {seconds:g} s: {what}")
        time.sleep(0.02)


def _give_way() -> None:
    os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
