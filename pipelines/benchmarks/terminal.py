"""Commands that believe themselves in a terminal, so that a progress bar is really drawn."""

from __future__ import annotations

import fcntl
import os
import pty
import struct
import subprocess
import termios
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from uuid import uuid4

import psutil

from latentsweep.errors import LatentsweepError

_SIZE = struct.pack("HHHH", 24, 80, 0, 0)  # rows and columns
_KEPT = 4000  # bytes of the output's end, for messages
_MARK = "LATENTSWEEP_BENCHMARK_COMMAND"  # inherited by all that a command starts
_SECONDS_FOR_THE_REST = 120.0  # beyond the synchroniser's patience


class CommandError(LatentsweepError):
    """A command that is measured failed."""


class Command:
    """A command on a pseudo-terminal, which reads what it draws and keeps only the end of it.

    Args:
        command: the program and its arguments.
        cwd: where it runs.
        environment: on top of this process's own.
        cores: those that it may use; None: all.
    """

    def __init__(
        self,
        command: list[str],
        cwd: Path,
        environment: Mapping[str, str] | None = None,
        cores: set[int] | None = None,
    ) -> None:
        self._words = command
        self._mark = uuid4().hex
        self._reading, terminal = pty.openpty()
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, _SIZE)
        self.process = subprocess.Popen(
            command,
            cwd=cwd,
            env={**os.environ, "TERM": "xterm-256color", _MARK: self._mark, **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=terminal,
            stderr=terminal,
            preexec_fn=(lambda: os.sched_setaffinity(0, cores)) if cores else None,
        )
        os.close(terminal)
        self._end = b""
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def wait(self, *accepted: int) -> None:
        """Wait for its end, and for the end of all that it started.

        An interrupted run leaves its synchroniser behind, which would take time from whatever is
        measured next, and write into a directory that is being removed.

        Args:
            accepted: exit codes beside 0 that are no failure.

        Raises:
            CommandError: it failed, or what it started goes on.
        """
        code = self.process.wait()
        self._wait_for_the_rest()
        self._reader.join(timeout=5)  # a background process may hold the terminal for longer
        if code not in (0, *accepted):
            lines = [line.strip() for line in self._end.decode(errors="replace").splitlines()]
            raise CommandError(
                f"{' '.join(Path(word).name for word in self._words[:3])} failed with exit code "
                f"{code}",
                found="; ".join([line for line in lines if line][-3:]),
            )

    def _wait_for_the_rest(self) -> None:
        deadline = time.monotonic() + _SECONDS_FOR_THE_REST
        while left := [process.pid for process in psutil.process_iter() if self._marked(process)]:
            if time.monotonic() > deadline:
                raise CommandError(
                    "what a command started has not ended",
                    found=f"processes {left} after {_SECONDS_FOR_THE_REST:g} s",
                )
            time.sleep(0.1)

    def _marked(self, process: psutil.Process) -> bool:
        with suppress(psutil.Error):
            return process.environ().get(_MARK) == self._mark
        return False

    def __enter__(self) -> Command:
        """End it with the block, however that ends."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """See `__enter__`."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def _read(self) -> None:
        try:
            while chunk := os.read(self._reading, 65536):
                self._end = (self._end + chunk)[-_KEPT:]
        except OSError:  # Linux says so of a terminal that nobody writes to any more
            pass
        finally:
            os.close(self._reading)
