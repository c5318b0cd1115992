"""A training command in a process of its own, whose signals are this one's."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import BinaryIO

from latentsweep.tracking.files import storage_error

_PASSED_ON = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2)
_TAIL = 20  # lines of its output that tell why it failed


def run_command(
    command: Sequence[str], environment: Mapping[str, str], output: Path | None = None
) -> int:
    """Run a command to its end; what it prints goes into a file, its messages to the terminal.

    Args:
        command: the program and its arguments.
        environment: of the process.
        output: takes what it prints, after what is there; None: the terminal does.

    Returns:
        The exit code, as a shell gives it: 128 and the signal for one that a signal ended.

    Raises:
        StorageError: the file cannot be written.
    """
    with _opened(output) as file:
        # In a group of its own, so that Ctrl-C reaches it once, by this process.
        process = subprocess.Popen(
            list(command), env=dict(environment), stdout=file, process_group=0
        )
        with _passing_on(process):
            code = process.wait()
    return 128 - code if code < 0 else code


@contextmanager
def _opened(output: Path | None) -> Iterator[BinaryIO | None]:
    if output is None:
        yield None
        return
    try:
        file = output.open("ab")
    except OSError as error:
        raise storage_error(output, error) from None
    with file:
        yield file


@contextmanager
def _passing_on(process: subprocess.Popen[bytes]) -> Iterator[None]:
    """Hand the signals that ask to stop on to a process, which saves its state first."""

    def pass_on(number: int, _: FrameType | None) -> None:
        process.send_signal(number)

    before = {number: signal.signal(number, pass_on) for number in _PASSED_ON}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def last_lines(output: Path) -> str:
    """The end of what a command printed."""
    try:
        return "\n".join(output.read_text(errors="replace").splitlines()[-_TAIL:])
    except OSError:
        return ""
