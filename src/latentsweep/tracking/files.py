"""Files that appear whole or not at all, and what to say when the disk refuses."""

import errno
import json
import os
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, BinaryIO

from latentsweep.errors import StorageError

# How the name of a file ends that is being written, or was when its writer was killed.
UNFINISHED = ".unfinished"
_SET = "set output_dir (of a sweep: sweep.directory) to"
_MENDS = {
    errno.ENOSPC: f"free some space, or {_SET} a disk that has some",
    errno.EDQUOT: f"free some of your quota, or {_SET} another disk",
    errno.EFBIG: f"raise the file size limit (ulimit -f), or {_SET} another disk",
    errno.EROFS: f"{_SET} a disk that is not read-only",
    errno.ENOTDIR: f"move away the file in its way, or {_SET} another directory",
    errno.EACCES: f"{_SET} a directory that you may write, or mend its permissions",
    errno.EPERM: f"{_SET} a directory that you may write, or mend its permissions",
}


def storage_error(path: Path, error: OSError) -> StorageError:
    """The error to show for an operating system's refusal to write `path`."""
    return StorageError(
        f"cannot write {path}",
        found=error.strerror or str(error),
        expected="a disk that takes the run's record",
        mend=_MENDS.get(error.errno or 0, "check the disk that holds output_dir"),
    )


def check_writable(directory: Path) -> None:
    """Refuse a directory in which this user can make nothing; it need not exist yet.

    Raises:
        StorageError: it is such a one.
    """
    refusal = why_unwritable(directory)
    if refusal:
        raise storage_error(directory, refusal)


def why_unwritable(directory: Path) -> OSError | None:
    """What would keep this user from making something in a directory that need not exist yet.

    Root may write everywhere but on a disk that is read-only.
    """
    whole = directory.absolute()
    there = next(path for path in (whole, *whole.parents) if os.path.lexists(path))
    if not there.is_dir():
        reason = errno.ENOTDIR
    elif not os.access(there, os.W_OK | os.X_OK, effective_ids=True):
        reason = errno.EROFS if os.statvfs(there).f_flag & os.ST_RDONLY else errno.EACCES
    else:
        return None
    return OSError(reason, os.strerror(reason), str(there))


def write_whole(path: Path, write: Callable[[BinaryIO], object]) -> None:
    """Let `write` fill a file that then appears under `path` at once, replacing an older one.

    Raises:
        StorageError: if the disk refuses; nothing then appears under `path`.
    """
    writer = f"{os.getpid()}-{threading.get_ident()}"
    partial = path.with_name(f".{path.name}.{writer}{UNFINISHED}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with partial.open("wb") as file:
                write(file)
                file.flush()
                os.fsync(file.fileno())
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)
    except OSError as error:
        raise storage_error(path, error) from error


def write_json(path: Path, content: Mapping[str, object]) -> None:
    """Write `content` to `path`, whole or not at all.

    Raises:
        StorageError: if the disk refuses.
    """
    encoded = json.dumps(content, indent=2).encode() + b"\n"
    write_whole(path, lambda file: file.write(encoded))


def read_json(path: Path) -> dict[str, Any]:
    """The object in `path`; empty if the file is missing, unreadable or holds none."""
    try:
        content = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}
