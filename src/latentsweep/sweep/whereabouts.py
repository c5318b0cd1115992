"""Where the study of a sweep is: noted in the sweep's directory, and found again by its name."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import optuna
from pydantic import TypeAdapter, ValidationError

from latentsweep.config.sweep import PostgreSQLStorageConfig, StorageConfig
from latentsweep.config.typed import did_you_mean, first_line
from latentsweep.errors import ConfigError
from latentsweep.sweep.storage import open_storage, shown
from latentsweep.tracking.files import read_json, write_json

WHEREABOUTS = "sweep.json"
_STORAGE: TypeAdapter[StorageConfig] = TypeAdapter(StorageConfig)


def write_whereabouts(directory: Path, study: str, storage: StorageConfig) -> None:
    """Note where the study of the sweep in `directory` is, without a password."""
    if isinstance(storage, PostgreSQLStorageConfig):
        storage = replace(storage, url=shown(storage))
    write_json(
        directory / WHEREABOUTS,
        {"study": study, "storage": _STORAGE.dump_python(storage, mode="json")},
    )


def find_sweep(name: str, parent: str) -> Path:
    """Directory of the sweep of that name; of the newest one where the name is empty.

    Raises:
        ConfigError: there is no such sweep.
    """
    sweeps = sorted(Path(parent).glob(f"*/{WHEREABOUTS}"), key=lambda path: path.stat().st_mtime)
    names = [path.parent.name for path in sweeps]
    if name in names or (names and not name):
        return Path(parent).absolute() / (name or names[-1])
    raise ConfigError(
        f"there is no sweep {name}" if name else "there is no sweep yet",
        found=f"in {parent}/: {', '.join(names) or 'none'}",
        expected="the name of one of those" if names else "",
        mend=did_you_mean(name, names) or "make sweep makes one",
    )


def find_study(name: str, parent: str) -> optuna.Study:
    """The study of the sweep of that name; of the newest one where the name is empty.

    Raises:
        ConfigError: there is no such sweep, or its storage cannot be reached.
    """
    directory = find_sweep(name, parent)
    content = read_json(directory / WHEREABOUTS)
    try:
        name, storage = str(content["study"]), _STORAGE.validate_python(content["storage"])
    except (KeyError, ValidationError) as error:
        raise ConfigError(
            f"cannot read {directory / WHEREABOUTS}",
            found=first_line(error),
            mend="give the sweep's own command again: it writes the file anew",
        ) from None
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        opened = open_storage(_with_address(storage), directory)
        return optuna.load_study(study_name=name, storage=opened)
    except KeyError:
        raise ConfigError(
            f"the study {name} is not in {shown(storage)}",
            mend="give the sweep's own command again: it makes the study anew",
        ) from None


def _with_address(storage: StorageConfig) -> StorageConfig:
    """The storage with the password that the environment may have, which is never noted."""
    if isinstance(storage, PostgreSQLStorageConfig) and os.environ.get("LATENTSWEEP_STORAGE_URL"):
        return replace(storage, url=None)
    return storage
