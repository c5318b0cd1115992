"""Optuna's journal in one file that survives killed writers and full disks."""

import errno
import fcntl
import json
import os
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.storages.journal._storage import JournalOperation

from latentsweep.config.typed import first_line
from latentsweep.errors import ConfigError, StorageError

_NEXT_TO = "set sweep.storage.path to a file on a disk that has some"
_MENDS = {
    errno.ENOSPC: f"free some space, then the same command goes on; or {_NEXT_TO}",
    errno.EDQUOT: f"free some of your quota, then the same command goes on; or {_NEXT_TO}",
    errno.EFBIG: "raise the file size limit (ulimit -f), then the same command goes on",
    errno.ENOENT: "someone removed it while the sweep ran: put it back, or start a new study",
    errno.ENOLCK: "this disk has no file locks: set sweep.storage.path to another, "
    "or use storage=postgresql",
}
_LOG = b'{"op_code":'
# What must outlive a crash of the machine: which trials there are, and how they stand. Nobody else
# writes while one waits for the disk, for 4 ms; what a running trial reports in between gets there
# with the next of these, since all are lines of one file.
_SETTLING = (
    JournalOperation.CREATE_STUDY,
    JournalOperation.DELETE_STUDY,
    JournalOperation.SET_STUDY_USER_ATTR,
    JournalOperation.SET_STUDY_SYSTEM_ATTR,
    JournalOperation.CREATE_TRIAL,
    JournalOperation.SET_TRIAL_STATE_VALUES,
)
_TAIL = 1 << 16  # bytes in which the last line's start is looked for at a time


class LockedJournal(JournalFileBackend):
    """A journal file whose lock the kernel releases when its holder dies.

    Optuna's own lock is a symbolic link: one that a killed worker leaves behind stops all others
    for 30 seconds. And a line that was cut short, by a kill or a full disk, makes every later
    reader fail: here it is cut off before the next line is written. It was never acknowledged, and
    readers stop in front of it, so that nothing is lost.

    Args:
        path: the file; created if it is missing.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(str(path))  # whose own lock is made, but never acquired
        self._path = path

    def read_logs(self, log_number_from: int) -> Generator[dict[str, Any], None, None]:
        """The logs from one on.

        Raises:
            StorageError: the disk refuses, or the file is gone.
        """
        try:
            yield from super().read_logs(log_number_from)
        except OSError as error:
            raise _refused("read", self._path, error) from error

    def append_logs(self, logs: list[dict[str, Any]]) -> None:
        """Write the logs, a line each, all or none.

        Raises:
            StorageError: the disk refuses; the file is then as it was before.
        """
        lines = b"".join(json.dumps(log, separators=(",", ":")).encode() + b"\n" for log in logs)
        try:
            with _locked(self._path) as file:
                end = _cut_torn_line(file)
                try:
                    _write(file, lines)
                    if any(log["op_code"] in _SETTLING for log in logs):
                        os.fsync(file)
                except OSError:
                    os.ftruncate(file, end)
                    raise
        except OSError as error:
            raise _refused("write", self._path, error) from error


def open_journal(path: Path, *, create: bool = True) -> JournalStorage:
    """The journal in `path`, read to its end.

    Args:
        path: the file.
        create: make it if it is missing.

    Raises:
        ConfigError: `path` is no journal, or cannot be read or written.
    """
    try:
        if create:
            path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a+b" if create else "r+b") as file:
            file.seek(0)
            start = file.readline()
    except OSError as error:
        raise ConfigError(
            f"cannot open the study's journal {path}",
            found=error.strerror or str(error),
            expected="a file that this user may read and write",
            mend="sweep.storage.path=FILE" if create else _MENDS.get(error.errno or 0, ""),
        ) from None
    if not _is_log(start):
        raise _not_a_journal(path, "a file of another kind")
    try:
        return JournalStorage(LockedJournal(path))
    except (ValueError, KeyError, TypeError, AssertionError) as error:
        raise _not_a_journal(path, first_line(error)) from None


def _refused(what: str, path: Path, error: OSError) -> StorageError:
    return StorageError(
        f"cannot {what} the study's journal {path}",
        found=error.strerror or str(error),
        expected="a disk that keeps the trials' record",
        mend=_MENDS.get(error.errno or 0, "check the disk that holds it"),
    )


def _not_a_journal(path: Path, found: str) -> ConfigError:
    return ConfigError(
        f"{path} is no study's journal",
        found=found,
        expected="a file that Optuna's journal storage wrote, or none",
        mend="sweep.storage.path=FILE names another",
    )


def _is_log(line: bytes) -> bool:
    """Whether a journal may begin so; its first line may be torn."""
    if not line.endswith(b"\n"):
        return line.startswith(_LOG) or _LOG.startswith(line)
    try:
        log = json.loads(line)
    except ValueError:
        return False
    return isinstance(log, dict) and "op_code" in log


@contextmanager
def _locked(path: Path) -> Iterator[int]:
    """The file, open for reading and writing, while no other process has it so."""
    # Without O_CREAT: in a new, empty file other workers' trials would be missing.
    file = os.open(path, os.O_RDWR | os.O_APPEND)
    try:
        fcntl.flock(file, fcntl.LOCK_EX)
        try:
            yield file
        finally:
            # Closing alone does not release it while a process forked meanwhile has it open, too.
            fcntl.flock(file, fcntl.LOCK_UN)
    finally:
        os.close(file)


def _cut_torn_line(file: int) -> int:
    """Cut off what follows the last complete line; the size of what is left, in bytes."""
    size = end = os.fstat(file).st_size
    while end:
        start = max(0, end - _TAIL)
        newline = os.pread(file, end - start, start).rfind(b"\n")
        if newline >= 0:
            end = start + newline + 1
            break
        end = start
    if end < size:
        os.ftruncate(file, end)
    return end


def _write(file: int, data: bytes) -> None:
    """Write all of `data`: a nearly full disk takes a part of it without complaint."""
    while data:
        data = data[os.write(file, data) :]
