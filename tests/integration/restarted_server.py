"""A real `mlflow server` that tests kill and start again, always at the same address."""

import os
import signal
import sys
from contextlib import ExitStack
from pathlib import Path

from tests.ports import free_port

from .mlflow_server import MlflowServer, running


class RestartedServer:
    """One MLflow server on loopback with an sqlite store.

    Args:
        directory: of its log, of its database and its artifacts.
        store: directory of the database, where that is another one.
    """

    def __init__(self, directory: Path, store: Path | None = None) -> None:
        self._port = free_port()
        self.address = f"http://127.0.0.1:{self._port}"
        self._directory = directory
        self._command = [sys.executable, "-m", "mlflow", "server", "--workers", "1"]
        self._command += ["--host", "127.0.0.1", "--port", str(self._port)]
        self._command += ["--allowed-hosts", f"127.0.0.1:{self._port}"]
        self._command += ["--backend-store-uri", f"sqlite:///{store or directory}/server.db"]
        self._command += ["--artifacts-destination", str((store or directory) / "artifacts")]
        self._running: MlflowServer | None = None
        self._end = ExitStack()

    def start(self) -> None:
        """Start it and wait until it answers."""
        environment = {
            **os.environ,
            "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
            "MLFLOW_DISABLE_TELEMETRY": "true",
        }
        self._running = self._end.enter_context(
            running(self._command, self._port, self._directory, environment)
        )

    def kill(self) -> None:
        """SIGKILL it and its workers: it leads a process group of its own."""
        if self._running is not None:
            os.killpg(self._running.process.pid, signal.SIGKILL)
            self._running = None
            self._end.close()
