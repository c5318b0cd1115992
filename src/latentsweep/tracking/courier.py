"""The synchroniser's process as its owner sees it: told of runs, replaced if killed, waited for."""

from __future__ import annotations

import logging
import os
import select
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from latentsweep.config.tracking import TrackingConfig
from latentsweep.tracking.files import storage_error
from latentsweep.tracking.instructions import Begin, End, Instruction, to_line
from latentsweep.tracking.journal import journal_size
from latentsweep.tracking.report import SyncReport, sync_report
from latentsweep.tracking.uri import resolve_uri

LOG_NAME = "synchroniser.log"
_STARTS = 3
_UNNOTICED_SECONDS = 8.0  # a shorter wait needs no word
_LEAST_PATIENCE = 10.0
# At each word to the synchroniser so many of the ended runs are looked at, to forget the shipped.
_LOOKED_AT = 4

_log = logging.getLogger(__name__)


class Courier:
    """Ships the journals of one run after the other, or of several at once, in one process.

    That process outlives this one if it must. No call but `close` waits for it.

    Args:
        config: where the records go; with `tracking=off` there is no process.
        log: file for what the process has to say.
        patience: seconds without progress after which the process, once left alone, gives up;
            None: `wait_seconds`, ten at least.

    Raises:
        ConfigError: if `config.uri` is no address.
        StorageError: if the log cannot be written.
    """

    def __init__(self, config: TrackingConfig, log: Path, patience: float | None = None) -> None:
        self._experiment = config.experiment
        self._patience = patience or max(_LEAST_PATIENCE, config.wait_seconds)
        self._log = log.absolute()
        self._uri = None if config.uri is None else resolve_uri(config.uri)
        self._running: set[Path] = set()
        self._ended: dict[Path, int] = {}  # with the journal's size at that moment
        self._unsent = b""
        self._process: subprocess.Popen[bytes] | None = None
        if self._uri:
            try:
                self._log.open("ab").close()
            except OSError as error:
                raise storage_error(self._log, error) from error
            self._process = self._start()

    def shipper(self, run_dir: Path) -> CourierShipper:
        """What `Tracking` takes to have a run's record shipped by this process."""
        return CourierShipper(self, run_dir)

    def begin(self, run_dir: Path) -> None:
        """A run is at work and its journal is there: ship it as it grows."""
        if self._uri is None:
            return
        run_dir = run_dir.absolute()
        self._ended.pop(run_dir, None)
        self._running.add(run_dir)
        self._tell(Begin(run_dir))

    def end(self, run_dir: Path) -> SyncReport:
        """A run's journal is closed: ship the rest and how it ended.

        A run that was not begun here will do, such as one whose worker died after its end.

        Returns:
            What MLflow holds so far; what it lacks is on its way and no problem.
        """
        if self._uri is None:
            return SyncReport(complete=True)
        run_dir = run_dir.absolute()
        self._running.discard(run_dir)
        self._ended[run_dir] = journal_size(run_dir)
        self._tell(End(run_dir, self._ended[run_dir]))
        return replace(sync_report(run_dir, uri=self._uri), problem="")

    def close(self, seconds: float, *, tell: bool = False) -> dict[Path, SyncReport]:
        """Let the process ship the rest and end, and wait for that.

        One that was killed is replaced, since journals are whole and another one can go on.

        Args:
            seconds: how long to wait; after that it goes on by itself.
            tell: whether to say so on the terminal, where that takes long.

        Returns:
            The runs that MLflow does not hold everything of.
        """
        if self._process is None and not self._running and not self._ended:
            return {}
        deadline = time.monotonic() + seconds
        problem = "the synchroniser ended early"
        for _ in range(_STARTS):
            process = self._alive()
            if process is None:
                problem = "the synchroniser cannot be started"
                break
            self._send(deadline)
            assert process.stdin is not None
            process.stdin.close()
            try:
                status = _wait(process, deadline, tell)
            except subprocess.TimeoutExpired:
                problem = (
                    f"MLflow does not hold everything after {seconds:g} s; shipping goes on in the "
                    "background"
                )
                break
            if status >= 0:  # it ended by itself and said why
                break
        self._process = None
        return self._left(problem)

    def _left(self, problem: str) -> dict[Path, SyncReport]:
        """Reports of the runs that are not shipped whole, `problem` where none is known."""
        left = {}
        runs: dict[Path, int | None] = {**dict.fromkeys(self._running), **self._ended}
        for run_dir, end in runs.items():
            report = sync_report(run_dir, end, self._uri)
            if not report.complete:
                text = f"{report.problem or problem} (see {self._log})"
                left[run_dir] = replace(report, problem=text)
        self._running.clear()
        self._ended.clear()
        return left

    def _tell(self, instruction: Instruction) -> None:
        self._forget_shipped()
        process = self._process
        self._alive()
        if self._process is process:  # a new one was told of everything
            self._unsent += to_line(instruction)
        self._send()

    def _forget_shipped(self) -> None:
        for run_dir in list(self._ended)[:_LOOKED_AT]:
            end = self._ended.pop(run_dir)
            if not sync_report(run_dir, end, self._uri).complete:
                self._ended[run_dir] = end

    def _send(self, deadline: float = 0.0) -> None:
        """Write what the pipe takes: a process that hangs must not hold up the training.

        Args:
            deadline: until when to wait for the pipe to take the rest.
        """
        if self._process is None:
            return  # the next one is told of everything
        assert self._process.stdin is not None
        pipe = self._process.stdin.fileno()
        while self._unsent:
            try:
                self._unsent = self._unsent[os.write(pipe, self._unsent) :]
            except BlockingIOError:
                left = deadline - time.monotonic()
                if left <= 0:
                    return
                select.select([], [pipe], [], left)
            except BrokenPipeError:
                return  # it was killed this very moment; its successor is told everything

    def _alive(self) -> subprocess.Popen[bytes] | None:
        """The process; a new one, told of all runs, if there is none or it has ended."""
        if self._process is None or self._process.poll() is not None:
            self._process = self._start()
        return self._process

    def _start(self) -> subprocess.Popen[bytes] | None:
        """Start it in a group of its own, so that Ctrl-C in the terminal does not reach it.

        Returns:
            None where the system has no room for it, which is no reason to stop training: at the
            next word it is tried again.
        """
        command = [sys.executable, "-P", "-m", "latentsweep.tracking.synchroniser"]
        command += ["--experiment", self._experiment, "--patience", str(self._patience)]
        try:
            with self._log.open("ab") as log:
                process = subprocess.Popen(
                    command,
                    bufsize=0,
                    stdin=subprocess.PIPE,
                    stdout=log,
                    stderr=log,
                    # No session of its own: Linux shares time out among sessions first
                    # (sched_autogroup), so that no priority would count against training.
                    process_group=0,
                    # By the environment, for a command line shows its password to everyone.
                    env={**os.environ, "MLFLOW_TRACKING_URI": self._uri or ""},
                )
        except OSError as error:
            _log.warning("the process that ships to MLflow cannot be started: %s", error)
            return None
        assert process.stdin is not None
        os.set_blocking(process.stdin.fileno(), False)
        begun = [to_line(Begin(run_dir)) for run_dir in self._running]
        ended = [to_line(End(run_dir, size)) for run_dir, size in self._ended.items()]
        self._unsent = b"".join(begun + ended)
        return process


def _wait(process: subprocess.Popen[bytes], deadline: float, tell: bool) -> int:
    """Wait for the process to end.

    Raises:
        subprocess.TimeoutExpired: it goes on.
    """
    left = deadline - time.monotonic()
    if tell and left > _UNNOTICED_SECONDS:
        with suppress(subprocess.TimeoutExpired):
            return process.wait(_UNNOTICED_SECONDS)
        print(f"waiting up to {left:.0f} s for MLflow to take the rest", file=sys.stderr)
    return process.wait(max(0.0, deadline - time.monotonic()))


class CourierShipper:
    """One run's part of a courier; see `Shipping`."""

    def __init__(self, courier: Courier, run_dir: Path) -> None:
        self._courier = courier
        self._run_dir = run_dir

    def begin(self) -> None:
        """See `Shipping.begin` in `session`."""
        self._courier.begin(self._run_dir)

    def finish(self, seconds: float) -> SyncReport:
        """See `Shipping.finish` in `session`; does not wait."""
        return self._courier.end(self._run_dir)
