"""A run's directory: its identity, its lock, its files."""

import fcntl
import itertools
import json
import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TextIO

from latentsweep.config import TrainConfig
from latentsweep.config.digest import digest
from latentsweep.config.typed import first_line
from latentsweep.errors import RunBusyError, StorageError
from latentsweep.tracking.files import UNFINISHED, storage_error, write_json
from latentsweep.training.identity import RunIdentity
from latentsweep.training.same_launch import Launch

IDENTITY_FILE = "run.json"
SUMMARY_FILE = "summary.json"


@dataclass(frozen=True)
class RunDirectory:
    """Where one run keeps all it has.

    Attributes:
        path: the directory.
        uid: the run's own id, under which MLflow's run is found again.
        identity: what the run is.
        launch: what began it.
    """

    path: Path
    uid: str
    identity: RunIdentity
    launch: Launch

    @property
    def checkpoints(self) -> Path:
        """Directory of the checkpoints."""
        return self.path / "checkpoints"

    @property
    def summary(self) -> dict[str, Any] | None:
        """What a finished run came to; None while it is unfinished."""
        return _read_json(self.path / SUMMARY_FILE)

    def remove_torn(self) -> None:
        """Remove what a kill in the middle of a write left behind; the caller holds the lock."""
        for directory in self.path.iterdir():
            for path in directory.glob(f".*{UNFINISHED}") if directory.is_dir() else []:
                path.unlink()

    def finish(self, summary: dict[str, Any]) -> None:
        """Mark the run as finished."""
        write_json(self.path / SUMMARY_FILE, summary)

    def lock(self) -> TextIO:
        """Hold the run until the file is closed or the process ends, however it ends.

        Raises:
            RunBusyError: another process holds it.
            StorageError: it cannot be written.
        """
        try:
            file = (self.path / "run.lock").open("a+")
        except OSError as error:
            raise storage_error(self.path, error) from None
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            raise RunBusyError(
                f"the run {self.path} is being trained at this moment",
                found=f"by {file.read().strip() or 'another process'}",
                mend="wait for it, stop it, or train a second one with resume=never",
            ) from None
        try:
            file.truncate(0)
            file.write(f"process {os.getpid()} on {os.uname().nodename}\n")
            file.flush()
        except OSError as error:
            raise storage_error(self.path, error) from None
        return file


def create(parent: Path, name: str, identity: RunIdentity) -> RunDirectory:
    """Make a new run directory; `name` gets a number behind it where it is taken.

    The caller is `searching` in `parent`.

    Raises:
        StorageError: it cannot be made.
    """
    uid, launch = uuid.uuid4().hex, Launch.current()
    # Made under another name first, so that a directory with a run's name is always whole.
    unfinished = parent / f".{name}.{uid}"
    try:
        for killed in parent.glob(f".{name}.*"):
            shutil.rmtree(killed)
        unfinished.mkdir(parents=True)
        content = {"uid": uid, "identity": asdict(identity), "launch": asdict(launch)}
        write_json(unfinished / IDENTITY_FILE, content)
        path = next(path for path in _names(parent, name) if not os.path.lexists(path))
        unfinished.rename(path)
    except OSError as error:
        raise storage_error(parent, error) from None
    return RunDirectory(path, uid, identity, launch)


def _names(parent: Path, name: str) -> Iterator[Path]:
    yield parent / name
    for number in itertools.count(2):
        yield parent / f"{name}-{number}"


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
        raise storage_error(parent, error) from None
    with file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def find(parent: Path, name: str = "") -> list[RunDirectory]:
    """The run directories in `parent`, oldest first; damaged ones are passed over.

    Args:
        parent: the directory that holds them.
        name: name of the run that is looked for.

    Raises:
        StorageError: a directory of that very name is damaged.
    """
    runs = []
    for path in parent.glob("[!.]*"):
        try:
            run = read(path)
        except StorageError:
            if name and path.name.startswith(name):
                raise
            continue
        if run:
            runs.append(run)
    return sorted(runs, key=lambda run: (run.path / IDENTITY_FILE).stat().st_mtime_ns)


def find_finished(parent: Path, config: TrainConfig) -> RunDirectory | None:
    """The newest finished run of a config in `parent`, by whatever code; None without one."""
    of_it = [run for run in find(parent) if run.identity.config == digest(config)]
    return next((run for run in reversed(of_it) if run.summary is not None), None)


def read(path: Path) -> RunDirectory | None:
    """The run directory at `path`, or None where there is none.

    Raises:
        StorageError: there is one, and it is damaged.
    """
    content = _read_json(path / IDENTITY_FILE)
    if content is None:
        return None
    try:
        identity = RunIdentity(**content["identity"])
        return RunDirectory(
            path, str(content["uid"]), identity, Launch.recorded(content.get("launch"))
        )
    except (KeyError, TypeError) as error:
        raise _damaged(path / IDENTITY_FILE, error) from None


def _read_json(path: Path) -> dict[str, Any] | None:
    """A JSON object, or None where there is no file.

    Raises:
        StorageError: there is something else.
    """
    try:
        content = json.loads(path.read_text())
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError, RecursionError) as error:
        raise _damaged(path, error) from None
    if not isinstance(content, dict):
        raise _damaged(path, TypeError(f"a {type(content).__name__}"))
    return content


def _damaged(path: Path, error: Exception) -> StorageError:
    return StorageError(
        f"cannot read {path}",
        found=first_line(error),
        expected="what latentsweep wrote there",
        mend=f"move {path.parent} away, or mend the file",
    )
