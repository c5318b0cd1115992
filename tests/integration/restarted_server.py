"""A real `mlflow server` that tests kill and start again, always at the same address."""

import os
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

from .postgresql import free_port
from .slurm import wait_until


class RestartedServer:
    """One MLflow server on loopback with an sqlite store.

    Args:
        directory: of its log, of its database and its artifacts.
        store: directory of the database, where that is another one.
    """

    def __init__(self, directory: Path, store: Path | None = None) -> None:
        port = free_port()
        self.address = f"http://127.0.0.1:{port}"
        self._log = directory / "server.log"
        self._command = [sys.executable, "-m", "mlflow", "server", "--workers", "1"]
        self._command += ["--host", "127.0.0.1", "--port", str(port)]
        self._command += ["--allowed-hosts", f"127.0.0.1:{port}"]
        self._command += ["--backend-store-uri", f"sqlite:///{store or directory}/server.db"]
        self._command += ["--artifacts-destination", str((store or directory) / "artifacts")]
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it answers."""
        environment = {
            **os.environ,
            "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
            "MLFLOW_DISABLE_TELEMETRY": "true",
        }
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command, env=environment, stdout=log, stderr=log, start_new_session=True
            )
        wait_until(self._answers, 120)

    def kill(self) -> None:
        """SIGKILL it and its workers: it leads a process group of its own."""
        if self._process is not None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.address}/health", timeout=2) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False
