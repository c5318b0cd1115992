"""A real MLflow server, by whatever command starts it."""

import os
import signal
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
import requests

from .slurm import wait_until


@dataclass(frozen=True)
class MlflowServer:
    """A server that answers.

    Attributes:
        url: its address.
        process: that was started; it leads the group of all processes of the server.
        log: what they write.
    """

    url: str
    process: "subprocess.Popen[bytes]"
    log: Path

    def processes(self) -> list[psutil.Process]:
        """All its processes that live."""
        found = []
        for process in psutil.process_iter():
            with suppress(ProcessLookupError, psutil.NoSuchProcess):
                own = os.getpgid(process.pid) == self.process.pid
                if own and process.status() != psutil.STATUS_ZOMBIE:
                    found.append(process)
        return found

    def answers(self) -> bool:
        """Whether it answers, and with anything but a fault of its own."""
        try:
            return requests.get(f"{self.url}/health", timeout=5).ok
        except requests.RequestException:
            return False


@contextmanager
def running(
    command: Sequence[str],
    port: int,
    directory: Path,
    environment: Mapping[str, str],
    *,
    ready: Callable[[MlflowServer], bool] = MlflowServer.answers,
    seconds: float = 120,
) -> Iterator[MlflowServer]:
    """The server that `command` starts, once it is ready; ended with all its processes.

    Args:
        command: becomes the server, or starts it as its child.
        port: of loopback that it listens on, and nothing else does: see `free_port`.
        directory: to start it in; its log is put there.
        environment: all of its environment.
        ready: asked until it says yes.
        seconds: that it has for that.
    """
    log = directory / f"mlflow-{port}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            list(command),
            cwd=directory,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    server = MlflowServer(f"http://127.0.0.1:{port}", process, log)

    def is_ready_or_gone() -> bool:
        return process.poll() is not None or ready(server)

    try:
        wait_until(is_ready_or_gone, seconds)
        assert process.poll() is None, log.read_text()
        yield server
    finally:
        _end(server)


def _end(server: MlflowServer) -> None:
    """End its whole group; its leader's id is free for others only once it has been waited for."""

    def is_gone() -> bool:
        return not server.processes()

    _signal(server, signal.SIGTERM)
    try:
        wait_until(is_gone, 10)
    except AssertionError:
        _signal(server, signal.SIGKILL)
        wait_until(is_gone, 10)
    finally:
        server.process.wait(timeout=10)


def _signal(server: MlflowServer, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.killpg(server.process.pid, number)
