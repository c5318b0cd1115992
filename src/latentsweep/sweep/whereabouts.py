"""Where a sweep's study and record are: noted in its directory, and found again by its name."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import optuna
from pydantic import TypeAdapter, ValidationError

from latentsweep.config.sweep import PostgreSQLStorageConfig, StorageConfig
from latentsweep.config.tracking import TrackingConfig
from latentsweep.config.typed import did_you_mean, first_line
from latentsweep.errors import ConfigError
from latentsweep.sweep.storage import open_storage, shown
from latentsweep.tracking.files import read_json, write_json
from latentsweep.tracking.uri import resolve_uri, without_credentials

WHEREABOUTS = "sweep.json"
_STORAGE: TypeAdapter[StorageConfig] = TypeAdapter(StorageConfig)
_TRACKING = TypeAdapter(TrackingConfig)


def write_whereabouts(
    directory: Path, study: str, storage: StorageConfig, tracking: TrackingConfig
) -> None:
    """Note where the study and the record of the sweep in `directory` are, without a password."""
    if isinstance(storage, PostgreSQLStorageConfig):
        storage = replace(storage, url=shown(storage))
    noted = {"study": study, "storage": _STORAGE.dump_python(storage, mode="json")}
    uri = resolve_uri(tracking.uri) if tracking.uri else None
    if uri is None or without_credentials(uri) == uri:
        noted["tracking"] = _TRACKING.dump_python(replace(tracking, uri=uri), mode="json")
    write_json(directory / WHEREABOUTS, noted)


def find_tracking(directory: Path) -> TrackingConfig | None:
    """Where the record of the sweep in `directory` goes; None where that is not noted."""
    try:
        return _TRACKING.validate_python(read_json(directory / WHEREABOUTS)["tracking"])
    except (KeyError, ValidationError):
        return None


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
        opened = open_storage(_with_address(storage), directory, create=False)
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
