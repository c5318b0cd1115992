"""The journal of a run: an append-only file of records on local disk, which is the truth."""

import fcntl
import logging
import os
import time
from collections.abc import Iterator
from pathlib import Path

from latentsweep.errors import RunBusyError
from latentsweep.tracking.files import storage_error
from latentsweep.tracking.records import Record, from_line, to_line

JOURNAL_NAME = "journal.jsonl"
_PAUSES = (0.01, 0.05)  # seconds between tries to lock

_log = logging.getLogger(__name__)


class Journal:
    """The open journal file of one writer.

    A line that a crash left torn at the end is cut off on opening; nothing before it changes.

    Args:
        path: the file; created if missing.

    Raises:
        RunBusyError: if another process has the journal open for writing.
        StorageError: if the file cannot be opened or mended.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o644)
        except OSError as error:
            raise storage_error(path, error) from error
        try:
            _lock(self._descriptor)
            self._size = _whole_lines(path)
            os.ftruncate(self._descriptor, self._size)
            self._durable_size = -1
        except BlockingIOError as error:
            os.close(self._descriptor)
            raise RunBusyError(
                f"run directory {path.parent} is in use",
                found="another process is writing its journal",
                expected="one process a run",
                mend="wait for that process to end, or stop it",
            ) from error
        except OSError as error:
            os.close(self._descriptor)
            raise storage_error(path, error) from error

    def append(self, record: Record) -> None:
        """Write one record in one system call.

        Raises:
            StorageError: if the disk does not take the whole line; none of it is then left.
        """
        line = to_line(record)
        try:
            written = os.write(self._descriptor, line)
            # A full disk may take the first part of a line; the second try tells the reason.
            while written < len(line):
                written += os.write(self._descriptor, line[written:])
        except OSError as error:
            if self._descriptor >= 0:
                os.ftruncate(self._descriptor, self._size)
            raise storage_error(self.path, error) from error
        self._size += len(line)

    def flush(self) -> None:
        """Make every appended record survive a power cut.

        Raises:
            StorageError: if the disk fails.
        """
        if self._size == self._durable_size:
            return  # a disk takes milliseconds also for nothing new
        try:
            os.fdatasync(self._descriptor)
        except OSError as error:
            raise storage_error(self.path, error) from error
        self._durable_size = self._size

    def close(self) -> None:
        """Make every record durable and close the file; closing again does nothing."""
        if self._descriptor >= 0:
            self.flush()
            descriptor, self._descriptor = self._descriptor, -1
            os.close(descriptor)


def is_at_work(run_dir: Path) -> bool:
    """Whether some process has the run's journal open for writing at this moment."""
    try:
        with (run_dir / JOURNAL_NAME).open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except FileNotFoundError:
        return False
    return False


def make_durable(path: Path) -> None:
    """Have a journal that another process writes survive a power cut as it is now.

    Raises:
        OSError: if the disk fails.
    """
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fdatasync(descriptor)
    finally:
        os.close(descriptor)


def journal_size(run_dir: Path) -> int:
    """Bytes in the whole lines of a run's journal; 0 if it has none."""
    try:
        return _whole_lines(run_dir / JOURNAL_NAME)
    except FileNotFoundError:
        return 0


def is_behind_a_line(path: Path, offset: int) -> bool:
    """Whether a whole line ends at byte `offset`, so that reading may go on from there."""
    if offset == 0:
        return True
    try:
        with path.open("rb") as file:
            file.seek(offset - 1)
            return file.read(1) == b"\n"
    except OSError:
        return False


def read_journal(path: Path, offset: int = 0) -> Iterator[tuple[Record, int]]:
    """Yield each whole record from byte `offset` on, with the offset behind it.

    Ends at the end of the file or at a line still being written. A damaged line (a disk fault) is
    skipped with a warning, so that it does not hide what follows it.
    """
    with path.open("rb") as file:
        file.seek(offset)
        for line in file:
            if not line.endswith(b"\n"):
                return
            offset += len(line)
            try:
                record = from_line(line)
            except ValueError:
                _log.warning("%s: damaged line before byte %d skipped", path, offset)
                continue
            yield record, offset


def _lock(descriptor: int) -> None:
    """Hold the file until it is closed.

    Raises:
        BlockingIOError: another writer holds it; one who asks `is_at_work` does for a moment only.
    """
    for pause in _PAUSES:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(pause)
        else:
            return
    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _whole_lines(path: Path) -> int:
    """Bytes up to the end of the last line that has an end."""
    block = 8192
    with path.open("rb") as file:
        end = file.seek(0, os.SEEK_END)
        while end > 0:
            start = max(0, end - block)
            file.seek(start)
            newline = file.read(end - start).rfind(b"\n")
            if newline >= 0:
                return start + newline + 1
            end = start
    return 0
