"""A training command in a process of its own, whose signals are this one's."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import FrameType
from typing import BinaryIO

from latentsweep.rerun.errors import STOPS
from latentsweep.tracking.files import storage_error
from latentsweep.training.parent_process import become_own_group

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
        # One that is left alone saves its state and ends.
        begin = partial(become_own_group, os.getpid(), signal.SIGTERM)
        with _passing_on() as started:
            process = subprocess.Popen(
                list(command), env=dict(environment), stdout=file, preexec_fn=begin
            )
            started(process)
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
def _passing_on() -> Iterator[Callable[[subprocess.Popen[bytes]], None]]:
    """Hand the signals that ask to stop on to a process, which saves its state first.

    Yields:
        What is told of the process once it is there; a signal of before then is handed on, too.
    """
    processes: list[subprocess.Popen[bytes]] = []
    early: list[int] = []

    def pass_on(number: int, _: FrameType | None) -> None:
        if processes:
            processes[0].send_signal(number)
        else:
            early.append(number)

    def started(process: subprocess.Popen[bytes]) -> None:
        processes.append(process)
        for number in early:
            process.send_signal(number)

    before = {number: signal.signal(number, pass_on) for number in STOPS}
    try:
        yield started
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def last_lines(output: Path) -> str:
    """The end of what a command printed."""
    try:
        return "\n".join(output.read_text(errors="replace").splitlines()[-_TAIL:])
    except OSError:
        return ""
