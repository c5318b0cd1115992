"""Training commands in processes of their own, whose signals are this one's."""

from __future__ import annotations

import os
import select
import signal
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import FrameType
from typing import BinaryIO

from latentsweep.rerun.errors import STOPS
from latentsweep.tracking.files import storage_error
from latentsweep.training.parent_process import become_own_group

_TAIL = 20  # lines of its output that tell why it failed


@dataclass(frozen=True)
class Command:
    """A command of a process of its own.

    Attributes:
        words: the program and its arguments.
        environment: of the process.
        output: takes what it prints, after what is there; None: the terminal does.
        errors_too: whether its messages go there, too, and not to the terminal.
    """

    words: Sequence[str]
    environment: Mapping[str, str]
    output: Path | None = None
    errors_too: bool = False


def run_command(command: Command) -> int:
    """Run a command to its end; what it prints goes into a file, its messages to the terminal.

    Returns:
        The exit code, as a shell gives it: 128 and the signal for one that a signal ended.

    Raises:
        StorageError: the file cannot be written.
    """
    ((_, code),) = run_commands([command], at_once=1)
    return code


def run_commands(
    commands: Sequence[Command],
    at_once: int,
    of_slot: Callable[[int], Mapping[str, str]] = lambda _: {},
) -> Iterator[tuple[int, int]]:
    """Run commands to their ends, some at a time; after a signal that asks to stop, none is begun.

    Whoever stops to iterate stops the commands: they are asked to save their state, and waited for.

    Args:
        commands: in the order in which they are begun.
        at_once: how many run at the same time.
        of_slot: what the environment of a command needs that runs as one of these, by a number from
            0 that no other has at that time.

    Yields:
        Place and exit code of each command as it ends, the code as a shell gives it; of those that
        were not begun that of the signal.

    Raises:
        StorageError: a file cannot be written.
    """
    waiting = list(enumerate(commands))
    running: dict[int, _Running] = {}  # by pidfd
    with _passing_on() as signals:
        try:
            while running or (waiting and not signals.asked):
                while waiting and len(running) < at_once and not signals.asked:
                    taken = {each.slot for each in running.values()}
                    slot = next(slot for slot in range(at_once) if slot not in taken)
                    place, command = waiting.pop(0)
                    process = _begun(command, of_slot(slot))
                    signals.started(process)
                    running[os.pidfd_open(process.pid)] = _Running(place, slot, process)
                ended, _, _ = select.select(list(running), [], [])
                for descriptor in ended:
                    one = running.pop(descriptor)
                    os.close(descriptor)
                    code = one.process.wait()
                    yield one.place, 128 - code if code < 0 else code
            for place, _ in waiting:
                yield place, 128 + signals.asked[0]
        finally:
            for one in running.values():
                one.process.send_signal(signal.SIGTERM)
            for descriptor, one in running.items():
                one.process.wait()
                os.close(descriptor)


@dataclass(frozen=True)
class _Running:
    place: int
    slot: int
    process: subprocess.Popen[bytes]


def _begun(command: Command, of_slot: Mapping[str, str]) -> subprocess.Popen[bytes]:
    # In a group of its own, so that Ctrl-C reaches it once, by this process. One that is left alone
    # saves its state and ends.
    begin = partial(become_own_group, os.getpid(), signal.SIGTERM)
    with _opened(command.output) as file:
        return subprocess.Popen(
            list(command.words),
            env={**command.environment, **of_slot},
            stdout=file,
            stderr=subprocess.STDOUT if command.errors_too else None,
            preexec_fn=begin,
        )


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


class _Signals:
    """What has been asked, and of whom it is to be asked, too."""

    def __init__(self) -> None:
        self.asked: list[int] = []
        self._processes: list[subprocess.Popen[bytes]] = []

    def pass_on(self, number: int, _: FrameType | None) -> None:
        self.asked.append(number)
        for process in self._processes:
            process.send_signal(number)

    def started(self, process: subprocess.Popen[bytes]) -> None:
        """Hear of a process; what was asked before it was there is handed on, too."""
        self._processes.append(process)
        for number in self.asked:
            process.send_signal(number)


@contextmanager
def _passing_on() -> Iterator[_Signals]:
    """Hand the signals that ask to stop on to processes, which save their state first."""
    signals = _Signals()
    before = {number: signal.signal(number, signals.pass_on) for number in STOPS}
    try:
        yield signals
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def last_lines(output: Path) -> str:
    """The end of what a command printed."""
    try:
        return "\n".join(output.read_text(errors="replace").splitlines()[-_TAIL:])
    except OSError:
        return ""
