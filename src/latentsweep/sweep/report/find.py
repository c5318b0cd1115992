"""Sweeps by their names, from the record that each leaves in its directory."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import optuna
from optuna.storages import BaseStorage
from pydantic import TypeAdapter, ValidationError

from latentsweep.config.sweep import StorageConfig
from latentsweep.errors import ConfigError
from latentsweep.sweep.storage import open_storage
from latentsweep.tracking.files import read_json

RECORD_NAME = "sweep.json"
SWEEPS = "sweeps"


def find_study(name: str, directory: Path | str = SWEEPS) -> optuna.Study:
    """The study of a sweep.

    Args:
        name: the study's.
        directory: the one that holds the sweeps' directories.

    Raises:
        ConfigError: there is no such sweep, or its storage cannot be reached or lacks the study.
    """
    place = sweep_directory(name, directory)
    record = read_json(place / RECORD_NAME)
    storage = _storage(record, place)
    study_name = str(record.get("study", name))
    try:
        return optuna.load_study(study_name=study_name, storage=storage)
    except KeyError:
        known = sorted(study.study_name for study in storage.get_all_studies())
        raise ConfigError(
            f"the storage that {place / RECORD_NAME} names has no study {study_name}",
            found=", ".join(known) or "no study at all",
            mend="start the sweep once more: that makes the study anew",
        ) from None


def sweep_directory(name: str, directory: Path | str = SWEEPS) -> Path:
    """The directory of a sweep.

    Raises:
        ConfigError: there is no such sweep; lists those that there are.
    """
    known = sweeps_in(directory)
    for place in known:
        if name in (place.name, read_json(place / RECORD_NAME).get("study")):
            return place
    raise ConfigError(
        f"there is no sweep named {name} in {directory}",
        found=", ".join(place.name for place in reversed(known)) or "no sweep at all",
        mend="name one of those" if known else "make sweep",
    )


def newest_sweep(directory: Path | str = SWEEPS) -> str:
    """Name of the sweep that was started last.

    Raises:
        ConfigError: there is none.
    """
    known = sweeps_in(directory)
    if not known:
        raise ConfigError(f"there is no sweep in {directory}", mend="make sweep")
    return known[-1].name


def sweeps_in(directory: Path | str) -> list[Path]:
    """Directories of the sweeps, the one that was started last at the end."""
    records = sorted(
        Path(directory).glob(f"*/{RECORD_NAME}"), key=lambda path: path.stat().st_mtime
    )
    return [record.parent for record in records]


def _storage(record: dict[str, Any], directory: Path) -> BaseStorage:
    """Open the storage that a record names; a database's password comes from the environment.

    Raises:
        ConfigError: the record is damaged, or the storage cannot be reached.
    """
    settings = dict(record.get("storage") or {})
    if "***" in str(settings.get("url")):
        settings["url"] = None  # the whole address then comes from the environment
    try:
        config: StorageConfig = TypeAdapter(StorageConfig).validate_python(settings)
    except ValidationError:
        raise ConfigError(
            f"cannot read {directory / RECORD_NAME}",
            expected="the study's name and its storage's settings",
            mend="start the sweep once more: that writes it anew",
        ) from None
    return open_storage(config, directory)
