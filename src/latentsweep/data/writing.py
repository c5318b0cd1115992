"""Writing into the data directory: what a person can mend, and results that appear whole."""

import errno
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from latentsweep.errors import StorageError


@contextmanager
def writing(directory: Path) -> Iterator[None]:
    """Tell a fault of the disk or of permissions as a StorageError that names `directory`."""
    try:
        yield
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        raise StorageError(
            f"The data directory {directory} cannot be written",
            found=error.strerror or str(error),
            expected="a directory with room for the data set",
            mend="free some space, or set data.dir to a directory on another disk"
            if full
            else "mend its permissions, or set data.dir to a directory of yours",
        ) from error


def make_once(directory: Path, write: Callable[[Path], None]) -> None:
    """Let `write` fill a new directory, and name it `directory` when it is complete.

    Nothing happens where it exists. Two processes may do this at once: the later one's work is
    thrown away.

    Raises:
        StorageError: where it cannot be written.
    """
    if directory.is_dir():
        return
    with writing(directory.parent):
        directory.parent.mkdir(parents=True, exist_ok=True)
        work = Path(tempfile.mkdtemp(prefix=".making-", dir=directory.parent))
        try:
            made = work / directory.name
            made.mkdir()
            write(made)
            _rename_unless_there(made, directory)
        finally:
            shutil.rmtree(work, ignore_errors=True)


def _rename_unless_there(made: Path, directory: Path) -> None:
    try:
        made.replace(directory)
    except OSError:
        if not directory.is_dir():
            raise
