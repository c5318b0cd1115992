"""A resolved config as a file that `pipelines/train.py` takes as its root config."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from latentsweep.config.project import CONFIG_DIRECTORY
from latentsweep.tracking.files import write_whole


def write_root(
    path: Path, values: Mapping[str, Any], header: str, config_directory: Path = CONFIG_DIRECTORY
) -> None:
    """Write a config that runs by itself: `--config-path DIRECTORY --config-name NAME`.

    Args:
        path: the file, DIRECTORY/NAME.yaml; its directory is made if missing.
        values: the resolved config, nested.
        header: comment at its top.
        config_directory: `conf/` of the code that is to run it.

    Raises:
        StorageError: it cannot be written.
    """
    whole = {**_hydra_settings(config_directory), **values}
    text = header + yaml.safe_dump(whole, sort_keys=False, allow_unicode=True)
    write_whole(path, lambda file: file.write(text.encode()))


def _hydra_settings(config_directory: Path) -> dict[str, Any]:
    """Those settings of Hydra in `conf/train.yaml` that no typed config holds."""
    root = yaml.safe_load((config_directory / "train.yaml").read_text())
    overrides = [
        entry
        for entry in root["defaults"]
        if isinstance(entry, dict) and any(key.startswith("override ") for key in entry)
    ]
    return {"defaults": ["_self_", *overrides], "hydra": root["hydra"]}
