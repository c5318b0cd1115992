"""A run's directory: its identity, its lock, its files."""

import fcntl
import json
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TextIO

from latentsweep.errors import RunBusyError, StorageError
from latentsweep.training.identity import RunIdentity

IDENTITY_FILE = "run.json"
SUMMARY_FILE = "summary.json"


@dataclass(frozen=True)
class RunDirectory:
    """Where one run keeps all it has.

    Attributes:
        path: the directory.
        uid: the run's own id, under which MLflow's run is found again.
        identity: what the run is.
    """

    path: Path
    uid: str
    identity: RunIdentity

    @property
    def checkpoints(self) -> Path:
        """Directory of the checkpoints."""
        return self.path / "checkpoints"

    @property
    def summary(self) -> dict[str, Any] | None:
        """What a finished run came to; None while it is unfinished."""
        return _read_json(self.path / SUMMARY_FILE)

    def finish(self, summary: dict[str, Any]) -> None:
        """Mark the run as finished."""
        write_json(self.path / SUMMARY_FILE, summary)

    def lock(self) -> TextIO:
        """Hold the run until the file is closed or the process ends, however it ends.

        Raises:
            RunBusyError: another process holds it.
        """
        file = (self.path / "run.lock").open("a+")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            raise RunBusyError(
                f"the run {self.path} is being trained at this moment",
                found=f"by {file.read().strip() or 'another process'}",
                mend="wait for it, stop it, or train a second one with resume=never",
            ) from None
        file.truncate(0)
        file.write(f"process {os.getpid()} on {os.uname().nodename}\n")
        file.flush()
        return file


def create(parent: Path, name: str, identity: RunIdentity) -> RunDirectory:
    """Make a new run directory; `name` gets a number behind it where it is taken.

    Raises:
        StorageError: it cannot be made.
    """
    number = 1
    while True:
        path = parent / (name if number == 1 else f"{name}-{number}")
        try:
            path.mkdir(parents=True)
        except FileExistsError:
            if not path.is_dir():
                raise unwritable(parent, FileExistsError("a file is in its place")) from None
            number += 1
            continue
        except OSError as error:
            raise unwritable(parent, error) from None
        run = RunDirectory(path, uuid.uuid4().hex, identity)
        write_json(path / IDENTITY_FILE, {"uid": run.uid, "identity": asdict(identity)})
        return run


@contextmanager
def searching(parent: Path) -> Iterator[None]:
    """Keep other processes from finding or making runs in `parent` at the same time.

    Raises:
        StorageError: `parent` cannot be made or written.
    """
    try:
        parent.mkdir(parents=True, exist_ok=True)
        file = (parent / ".lock").open("a")
    except OSError as error:
        raise unwritable(parent, error) from None
    with file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def find(parent: Path) -> list[RunDirectory]:
    """The run directories in `parent`, oldest first."""
    if not parent.is_dir():
        return []
    runs = [run for path in parent.iterdir() if (run := read(path))]
    return sorted(runs, key=lambda run: (run.path / IDENTITY_FILE).stat().st_mtime_ns)


def read(path: Path) -> RunDirectory | None:
    """The run directory at `path`, or None where there is none."""
    content = _read_json(path / IDENTITY_FILE)
    if not content:
        return None
    return RunDirectory(path, content["uid"], RunIdentity(**content["identity"]))


def unwritable(path: Path, error: OSError) -> StorageError:
    """The error for a directory that cannot be written."""
    return StorageError(
        f"cannot write to {path}",
        found=error.strerror or str(error),
        expected="a directory with room and permission to write",
        mend="output_dir=DIRECTORY, or free some space",
    )


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Write a small file whole or not at all.

    Raises:
        StorageError: it cannot be written.
    """
    written = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        written.write_text(json.dumps(content, indent=2) + "\n")
        written.replace(path)
    except OSError as error:
        written.unlink(missing_ok=True)
        raise unwritable(path.parent, error) from None


def _read_json(path: Path) -> dict[str, Any] | None:
    try:
        content: dict[str, Any] = json.loads(path.read_text())
    except (FileNotFoundError, NotADirectoryError):
        return None
    except ValueError:
        raise StorageError(
            f"cannot read {path}", found="no JSON", mend="move that run's directory away"
        ) from None
    return content
